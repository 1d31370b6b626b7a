#include "security.h"

#include <dlfcn.h>
#include <srtp2/srtp.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "bytes.h"

/* Found when the switch starts and not when it is built: a machine without it serves calls in the clear. */
static struct {
    __typeof__(&srtp_init) init;
    __typeof__(&srtp_create) create;
    __typeof__(&srtp_dealloc) dealloc;
    __typeof__(&srtp_protect) protect;
    __typeof__(&srtp_unprotect) unprotect;
    __typeof__(&srtp_protect_rtcp) protect_rtcp;
    __typeof__(&srtp_unprotect_rtcp) unprotect_rtcp;
    void (*set[SUITES])(srtp_crypto_policy_t *);
} library;

static const char *const SET_NAMES[SUITES] = {
    "srtp_crypto_policy_set_rtp_default", /* libsrtp's name for AES_CM_128_HMAC_SHA1_80 */
    "srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32",
    "srtp_crypto_policy_set_aes_gcm_128_16_auth",
    "srtp_crypto_policy_set_aes_gcm_256_16_auth",
};

static bool loaded;

struct security {
    srtp_t inbound, outbound;
    /* Who was heard under the inbound key: libsrtp keeps a list without an end, and walks it for each packet. */
    uint32_t heard[SOURCES_MAX];
    uint32_t heard_count;
};

static void set_suite(srtp_policy_t *policy, enum srtp_suite suite)
{
    library.set[suite](&policy->rtp);
    /* RFC 4568 section 6.2.2: the short tag is for RTP alone. */
    library.set[suite == SUITE_AES_CM_128_HMAC_SHA1_32 ? SUITE_AES_CM_128_HMAC_SHA1_80 : suite](&policy->rtcp);
}

size_t security_key_bytes(enum srtp_suite suite)
{
    static const size_t bytes[SUITES] = {30, 30, 28, 44};
    return bytes[suite];
}

/* Into `*function`, whatever its type. False where the library has no such name. */
static bool find(void *handle, const char *name, void *function)
{
    void *found = dlsym(handle, name);
    memcpy(function, &found, sizeof found);
    return found != NULL;
}

static bool find_all(void *handle)
{
    for (int suite = 0; suite < SUITES; suite++)
        if (!find(handle, SET_NAMES[suite], &library.set[suite]))
            return false;
    return find(handle, "srtp_init", &library.init) && find(handle, "srtp_create", &library.create) &&
           find(handle, "srtp_dealloc", &library.dealloc) && find(handle, "srtp_protect", &library.protect) &&
           find(handle, "srtp_unprotect", &library.unprotect) &&
           find(handle, "srtp_protect_rtcp", &library.protect_rtcp) &&
           find(handle, "srtp_unprotect_rtcp", &library.unprotect_rtcp);
}

const char *security_load(void)
{
    if (loaded)
        return NULL;
    void *handle = dlopen(SRTP_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL)
        return dlerror();
    if (!find_all(handle)) {
        dlclose(handle);
        return "it is no libsrtp of version 2";
    }
    if (library.init() != srtp_err_status_ok) {
        dlclose(handle);
        return "it does not pass its own self-test";
    }
    loaded = true;
    return NULL;
}

static bool make(srtp_t *session, enum srtp_suite suite, srtp_ssrc_type_t direction, const uint8_t *key)
{
    uint8_t copy[SRTP_KEY_BYTES_MAX];
    memcpy(copy, key, security_key_bytes(suite));
    srtp_policy_t policy = {.ssrc = {.type = direction}, .key = copy, .window_size = 128};
    set_suite(&policy, suite);
    bool made = library.create(session, &policy) == srtp_err_status_ok;
    explicit_bzero(copy, sizeof copy);
    return made;
}

struct security *security_new(enum srtp_suite suite, const uint8_t *inbound_key, const uint8_t *outbound_key)
{
    struct security *security = loaded ? calloc(1, sizeof *security) : NULL;
    if (security == NULL)
        return NULL;
    if (!make(&security->inbound, suite, ssrc_any_inbound, inbound_key) ||
        !make(&security->outbound, suite, ssrc_any_outbound, outbound_key)) {
        security_free(security);
        return NULL;
    }
    return security;
}

void security_free(struct security *security)
{
    if (security == NULL)
        return;
    if (security->inbound != NULL)
        library.dealloc(security->inbound);
    if (security->outbound != NULL)
        library.dealloc(security->outbound);
    free(security);
}

static void swap(srtp_t *left, srtp_t *right)
{
    srtp_t kept = *left;
    *left = *right;
    *right = kept;
}

void security_continue(struct security *security, struct security *before, bool inbound, bool outbound)
{
    if (inbound) {
        swap(&security->inbound, &before->inbound);
        memcpy(security->heard, before->heard, sizeof security->heard);
        security->heard_count = before->heard_count;
    }
    if (outbound)
        swap(&security->outbound, &before->outbound);
}

static bool is_known(const struct security *security, uint32_t ssrc)
{
    for (uint32_t i = 0; i < security->heard_count; i++)
        if (security->heard[i] == ssrc)
            return true;
    return false;
}

/* One of `ssrc` may be tried at all, and is remembered once it was `authentic`. */
static bool may_hear(struct security *security, uint32_t ssrc, bool authentic)
{
    if (is_known(security, ssrc))
        return true;
    if (security->heard_count == SOURCES_MAX)
        return false;
    if (authentic)
        security->heard[security->heard_count++] = ssrc;
    return true;
}

bool security_open(struct security *security, uint8_t *datagram, size_t *bytes)
{
    int length = (int)*bytes;
    uint32_t ssrc = read32(datagram + 8);
    if (!may_hear(security, ssrc, false) ||
        library.unprotect(security->inbound, datagram, &length) != srtp_err_status_ok)
        return false;
    may_hear(security, ssrc, true);
    *bytes = (size_t)length;
    return true;
}

bool security_seal(struct security *security, uint8_t *datagram, size_t *bytes)
{
    int length = (int)*bytes;
    if (library.protect(security->outbound, datagram, &length) != srtp_err_status_ok)
        return false;
    *bytes = (size_t)length;
    return true;
}

bool security_open_control(struct security *security, uint8_t *datagram, size_t *bytes)
{
    int length = (int)*bytes;
    uint32_t ssrc = length < 8 ? 0 : read32(datagram + 4);
    if (!may_hear(security, ssrc, false) ||
        library.unprotect_rtcp(security->inbound, datagram, &length) != srtp_err_status_ok)
        return false;
    may_hear(security, ssrc, true);
    *bytes = (size_t)length;
    return true;
}

bool security_seal_control(struct security *security, uint8_t *datagram, size_t *bytes)
{
    int length = (int)*bytes;
    if (library.protect_rtcp(security->outbound, datagram, &length) != srtp_err_status_ok)
        return false;
    *bytes = (size_t)length;
    return true;
}
