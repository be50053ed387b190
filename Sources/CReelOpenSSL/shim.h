#pragma once
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

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
