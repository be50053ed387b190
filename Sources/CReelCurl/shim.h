#pragma once
#include <curl/curl.h>

// curl_easy_setopt is variadic: one shim for each type of argument.
static inline CURLcode creelcurl_set_long(
    CURL *_Nonnull easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}

// curl_easy_setopt is variadic; for the options that take a curl_off_t.
static inline CURLcode creelcurl_set_offset(
    CURL *_Nonnull easy, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(easy, option, value);
}

// curl_easy_setopt is variadic; libcurl copies the string, but for POSTFIELDS.
static inline CURLcode creelcurl_set_string(
    CURL *_Nonnull easy, CURLoption option, const char *_Nonnull value) {
    return curl_easy_setopt(easy, option, value);
}

// curl_easy_setopt is variadic; for what is handed back to callbacks, and for bytes to copy.
static inline CURLcode creelcurl_set_pointer(
    CURL *_Nonnull easy, CURLoption option, const void *_Nullable value) {
    return curl_easy_setopt(easy, option, value);
}

// curl_easy_setopt is variadic; for the list of header lines, which must outlive the transfer.
static inline CURLcode creelcurl_set_list(
    CURL *_Nonnull easy, CURLoption option, struct curl_slist *_Nullable value) {
    return curl_easy_setopt(easy, option, value);
}

// curl_easy_setopt is variadic; for WRITEFUNCTION, HEADERFUNCTION and READFUNCTION.
static inline CURLcode creelcurl_set_write_function(
    CURL *_Nonnull easy, CURLoption option,
    size_t (*_Nonnull function)(
        char *_Nonnull bytes, size_t size, size_t count, void *_Nullable context)) {
    return curl_easy_setopt(easy, option, function);
}

// curl_easy_setopt is variadic; for SEEKFUNCTION.
static inline CURLcode creelcurl_set_seek_function(
    CURL *_Nonnull easy,
    int (*_Nonnull function)(void *_Nullable context, curl_off_t offset, int origin)) {
    return curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, function);
}

// curl_easy_setopt is variadic; for OPENSOCKETFUNCTION.
static inline CURLcode creelcurl_set_open_socket_function(
    CURL *_Nonnull easy,
    curl_socket_t (*_Nonnull function)(
        void *_Nullable context, curlsocktype purpose, struct curl_sockaddr *_Nonnull address)) {
    return curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, function);
}

// curl_easy_setopt is variadic; for PREREQFUNCTION.
static inline CURLcode creelcurl_set_prereq_function(
    CURL *_Nonnull easy,
    int (*_Nonnull function)(
        void *_Nullable context, char *_Nullable remote, char *_Nullable local, int remotePort,
        int localPort)) {
    return curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, function);
}

// curl_easy_getinfo is variadic; for the numbers that are a curl_off_t.
static inline CURLcode creelcurl_get_offset(
    CURL *_Nonnull easy, CURLINFO information, curl_off_t *_Nonnull value) {
    return curl_easy_getinfo(easy, information, value);
}

// curl_easy_getinfo is variadic; for the numbers that are a long.
static inline CURLcode creelcurl_get_long(
    CURL *_Nonnull easy, CURLINFO information, long *_Nonnull value) {
    return curl_easy_getinfo(easy, information, value);
}

// curl_multi_setopt is variadic.
static inline CURLMcode creelcurl_multi_set_long(
    CURLM *_Nonnull multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

// The address reaches beyond the one field that the structure declares, so Swift cannot copy it.
static inline const void *_Nonnull creelcurl_address(
    const struct curl_sockaddr *_Nonnull address) {
    return &address->addr;
}
