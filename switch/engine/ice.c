#include "ice.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

enum {
    HEADER_BYTES = 20,
    INTEGRITY_BYTES = 20,
    REQUEST_BYTES_MAX = 1280, /* one with a username of the longest kind has 900 */

    BINDING_REQUEST = 0x0001,
    BINDING_SUCCESS = 0x0101,

    USERNAME = 0x0006,
    MESSAGE_INTEGRITY = 0x0008,
    XOR_MAPPED_ADDRESS = 0x0020,
    USE_CANDIDATE = 0x0025,
    FINGERPRINT = 0x8028,
    ICE_CONTROLLED = 0x8029,
};

static const uint8_t magic_cookie[4] = {0x21, 0x12, 0xA4, 0x42};

struct ice {
    char username[2 * ICE_TEXT_BYTES_MAX + 2];
    char password[ICE_TEXT_BYTES_MAX + 1];
    size_t username_bytes, password_bytes;
};

struct ice *ice_new(const char *username, const char *password)
{
    struct ice *ice = calloc(1, sizeof *ice);
    if (ice == NULL)
        return NULL;
    ice->username_bytes = strlen(username);
    ice->password_bytes = strlen(password);
    if (ice->username_bytes >= sizeof ice->username || ice->password_bytes >= sizeof ice->password) {
        free(ice);
        return NULL;
    }
    memcpy(ice->username, username, ice->username_bytes);
    memcpy(ice->password, password, ice->password_bytes);
    return ice;
}

void ice_free(struct ice *ice)
{
    if (ice != NULL)
        explicit_bzero(ice, sizeof *ice);
    free(ice);
}

static uint16_t read16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static void write16(uint8_t *at, size_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static uint32_t crc32(const uint8_t *at, size_t bytes)
{
    uint32_t crc = 0xFFFFFFFF;
    for (size_t i = 0; i < bytes; i++) {
        crc ^= at[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (0xEDB88320 & (0 - (crc & 1)));
    }
    return ~crc;
}

/* RFC 8489 section 14.5: over all before the attribute, with the length as if the message ended behind it. */
static bool integrity(const struct ice *ice, const uint8_t *message, size_t before, uint8_t tag[INTEGRITY_BYTES])
{
    uint8_t copy[REQUEST_BYTES_MAX];
    unsigned tag_bytes = INTEGRITY_BYTES;
    memcpy(copy, message, before);
    write16(copy + 2, before + 4 + INTEGRITY_BYTES - HEADER_BYTES);
    return HMAC(EVP_sha1(), ice->password, (int)ice->password_bytes, copy, before, tag, &tag_bytes) != NULL;
}

static bool equal_in_constant_time(const uint8_t *left, const uint8_t *right, size_t bytes)
{
    uint8_t difference = 0;
    for (size_t i = 0; i < bytes; i++)
        difference |= left[i] ^ right[i];
    return difference == 0;
}

struct request {
    bool named, authentic, nominates, controlled;
};

/* Reads the attributes up to MESSAGE-INTEGRITY; what stands behind it is not protected, and not read. */
static bool read_request(const struct ice *ice, const uint8_t *datagram, size_t bytes, struct request *request)
{
    size_t at = HEADER_BYTES;
    while (at + 4 <= bytes) {
        uint16_t type = read16(datagram + at), length = read16(datagram + at + 2);
        const uint8_t *value = datagram + at + 4;
        if (at + 4 + length > bytes)
            return false;
        if (type == USERNAME)
            request->named = length == ice->username_bytes && memcmp(value, ice->username, length) == 0;
        else if (type == USE_CANDIDATE)
            request->nominates = true;
        else if (type == ICE_CONTROLLED)
            request->controlled = true;
        else if (type == MESSAGE_INTEGRITY) {
            uint8_t tag[INTEGRITY_BYTES];
            request->authentic = length == INTEGRITY_BYTES && integrity(ice, datagram, at, tag) &&
                                 equal_in_constant_time(tag, value, INTEGRITY_BYTES);
            return true;
        }
        at += 4 + ((size_t)length + 3) / 4 * 4;
    }
    return false;
}

static size_t write_mapped(uint8_t *at, const struct address *source, const uint8_t *transaction)
{
    bool is_v4 = source->any.sa_family == AF_INET;
    size_t length = is_v4 ? 4 : 16;
    const uint8_t *port = (const uint8_t *)(is_v4 ? &source->v4.sin_port : &source->v6.sin6_port);
    const uint8_t *host = is_v4 ? (const uint8_t *)&source->v4.sin_addr : source->v6.sin6_addr.s6_addr;
    write16(at, XOR_MAPPED_ADDRESS);
    write16(at + 2, 4 + length);
    at[4] = 0;
    at[5] = is_v4 ? 1 : 2;
    at[6] = port[0] ^ magic_cookie[0];
    at[7] = port[1] ^ magic_cookie[1];
    for (size_t i = 0; i < length; i++)
        at[8 + i] = host[i] ^ (i < 4 ? magic_cookie[i] : transaction[i - 4]);
    return 8 + length;
}

static size_t write_answer(const struct ice *ice, const uint8_t *request, const struct address *source, uint8_t *answer)
{
    write16(answer, BINDING_SUCCESS);
    memcpy(answer + 4, request + 4, 16); /* cookie and transaction */
    size_t at = HEADER_BYTES + write_mapped(answer + HEADER_BYTES, source, request + 8);
    write16(answer + at, MESSAGE_INTEGRITY);
    write16(answer + at + 2, INTEGRITY_BYTES);
    if (!integrity(ice, answer, at, answer + at + 4))
        return 0;
    at += 4 + INTEGRITY_BYTES;
    write16(answer + 2, at + 8 - HEADER_BYTES);
    uint32_t sum = crc32(answer, at) ^ 0x5354554E;
    write16(answer + at, FINGERPRINT);
    write16(answer + at + 2, 4);
    write16(answer + at + 4, sum >> 16);
    write16(answer + at + 6, sum & 0xFFFF);
    return at + 8;
}

enum ice_verdict ice_check(const struct ice *ice, const uint8_t *datagram, size_t bytes, const struct address *source,
                           uint8_t answer[ICE_ANSWER_BYTES_MAX], size_t *answer_bytes)
{
    struct request request = {0};
    if (bytes < HEADER_BYTES || bytes > REQUEST_BYTES_MAX || bytes % 4 != 0 || read16(datagram) != BINDING_REQUEST ||
        read16(datagram + 2) != bytes - HEADER_BYTES || memcmp(datagram + 4, magic_cookie, 4) != 0 ||
        !read_request(ice, datagram, bytes, &request) || !request.named || !request.authentic)
        return ICE_REFUSED;
    /* RFC 8445 section 7.3.1.1: a lite agent is always the controlled one, so its peer must not be. */
    if (request.controlled)
        return ICE_REFUSED;
    *answer_bytes = write_answer(ice, datagram, source, answer);
    if (*answer_bytes == 0)
        return ICE_REFUSED;
    return request.nominates ? ICE_NOMINATED : ICE_CHECKED;
}
