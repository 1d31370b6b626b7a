/* Two ends of a secured stream, under the sanitizers. */
#include "security.h"

#include <string.h>

#include "check.h"

static uint8_t here[SRTP_KEY_BYTES_MAX], there[SRTP_KEY_BYTES_MAX];

enum { PACKET_BYTES = 172 };

static size_t make_packet(uint8_t *datagram, uint16_t sequence)
{
    memset(datagram, 0, PACKET_BYTES);
    datagram[0] = 0x80;
    datagram[2] = (uint8_t)(sequence >> 8);
    datagram[3] = (uint8_t)sequence;
    memset(datagram + 12, 0x55, PACKET_BYTES - 12);
    return PACKET_BYTES;
}

static void each_suite_opens_what_it_sealed(enum srtp_suite suite)
{
    struct security *left = security_new(suite, here, there), *right = security_new(suite, there, here);
    CHECK(left != NULL && right != NULL);
    for (uint32_t sequence = 65530; sequence < 65550; sequence++) {
        _Alignas(8) uint8_t datagram[PACKET_BYTES + SRTP_TAG_BYTES_MAX], copy[sizeof datagram];
        size_t bytes = make_packet(datagram, (uint16_t)sequence);
        CHECK(security_seal(left, datagram, &bytes));
        CHECK(bytes > PACKET_BYTES && bytes <= sizeof datagram);
        CHECK(datagram[12] != 0x55 || datagram[13] != 0x55 || datagram[14] != 0x55);
        memcpy(copy, datagram, bytes);

        size_t copy_bytes = bytes;
        copy[20] ^= 1;
        CHECK(!security_open(right, copy, &copy_bytes));
        memcpy(copy, datagram, bytes);
        CHECK(security_open(right, datagram, &bytes));
        CHECK_EQUAL(bytes, PACKET_BYTES);
        CHECK_EQUAL(datagram[12], 0x55);
        CHECK(!security_open(right, copy, &copy_bytes)); /* replayed */
    }
    security_free(left);
    security_free(right);
}

static void short_and_foreign_bytes_are_refused(void)
{
    struct security *security = security_new(SUITE_AES_CM_128_HMAC_SHA1_80, here, there);
    for (size_t length = 12; length < 64; length++) {
        _Alignas(8) uint8_t datagram[64] = {0x80};
        size_t bytes = length;
        CHECK(!security_open(security, datagram, &bytes));
    }
    security_free(security);
    security_free(NULL);
}

void test_security(void)
{
    CHECK(security_load() == NULL && security_load() == NULL);
    for (size_t i = 0; i < sizeof here; i++) {
        here[i] = (uint8_t)(3 * i + 1);
        there[i] = (uint8_t)(7 * i + 2);
    }
    for (int suite = 0; suite < SUITES; suite++)
        each_suite_opens_what_it_sealed((enum srtp_suite)suite);
    short_and_foreign_bytes_are_refused();
}
