#pragma once
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/pemerr.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/sslerr.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

/// Keys a context for HMAC with SHA-256.
///
/// Here because the parameter list is an array that ends in a value a macro makes, and its text
/// is a `char *` that a Swift string cannot lend beyond one call.
static inline int creelopenssl_hmac_sha256_init(EVP_MAC_CTX * _Nonnull context,
                                                const unsigned char * _Nonnull key,
                                                size_t byte_count) {
    char digest[] = "SHA256";
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    return EVP_MAC_init(context, key, byte_count, parameters);
}

/// Here because SSL_CTX_set_min_proto_version is a macro over SSL_CTX_ctrl.
static inline int creelopenssl_set_oldest_version(SSL_CTX * _Nonnull context, int version) {
    return (int)SSL_CTX_set_min_proto_version(context, version);
}

/// Here because SSL_CTX_set_max_proto_version is a macro over SSL_CTX_ctrl.
static inline int creelopenssl_set_newest_version(SSL_CTX * _Nonnull context, int version) {
    return (int)SSL_CTX_set_max_proto_version(context, version);
}

/// Here because SSL_CTX_set_mode is a macro over SSL_CTX_ctrl.
static inline void creelopenssl_set_mode(SSL_CTX * _Nonnull context, uint32_t mode) {
    SSL_CTX_set_mode(context, mode);
}

/// Here because SSL_CTX_set1_groups_list is a macro over SSL_CTX_ctrl.
static inline int creelopenssl_set_groups(SSL_CTX * _Nonnull context, const char * _Nonnull list) {
    return (int)SSL_CTX_set1_groups_list(context, list);
}

/// Here because SSL_CTX_set_session_cache_mode is a macro over SSL_CTX_ctrl.
static inline void creelopenssl_set_cache_mode(SSL_CTX * _Nonnull context, long mode) {
    SSL_CTX_set_session_cache_mode(context, mode);
}

/// Here because SSL_CTX_add1_chain_cert is a macro over SSL_CTX_ctrl.
static inline int creelopenssl_add_chain_certificate(SSL_CTX * _Nonnull context,
                                                     X509 * _Nonnull certificate) {
    return (int)SSL_CTX_add1_chain_cert(context, certificate);
}

/// Here because SSL_set_tlsext_host_name is a macro over SSL_ctrl.
static inline int creelopenssl_set_server_name(SSL * _Nonnull ssl, const char * _Nonnull name) {
    return (int)SSL_set_tlsext_host_name(ssl, name);
}

/// Here because BIO_set_retry_read and BIO_clear_retry_flags are macros.
static inline void creelopenssl_retry_reading(BIO * _Nonnull bio) {
    BIO_clear_retry_flags(bio);
    BIO_set_retry_read(bio);
}

/// Here because BIO_clear_retry_flags is a macro.
static inline void creelopenssl_retry_nothing(BIO * _Nonnull bio) {
    BIO_clear_retry_flags(bio);
}

/// Here because ERR_GET_REASON and ERR_GET_LIB test a bit whose macro is a signed overflow in Swift.
static inline int creelopenssl_reason(unsigned long code) {
    return ERR_GET_REASON(code);
}

/// Here because ERR_GET_LIB is beside ERR_GET_REASON.
static inline int creelopenssl_library(unsigned long code) {
    return ERR_GET_LIB(code);
}

/// Here because the options are macros over SSL_OP_BIT, which Swift does not import.
static inline uint64_t creelopenssl_strict_options(void) {
    return SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
           SSL_OP_PRIORITIZE_CHACHA;
}
