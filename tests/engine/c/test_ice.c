/* Any bytes at all in place of a check, under the sanitizers. What an honest check gets is tested from Python. */
#include "ice.h"

#include <arpa/inet.h>
#include <string.h>

#include "check.h"
#include "control.h"

static uint32_t seed = 20240607;

static uint32_t draw(uint32_t below)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % below;
}

static const uint8_t request[] = {
    0x00, 0x01, 0x00, 0x2C, 0x21, 0x12, 0xA4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, /* header */
    0x00, 0x06, 0x00, 0x03, 'a',  ':',  'b',  0,                                           /* USERNAME */
    0x00, 0x25, 0x00, 0x00,                                                                /* USE-CANDIDATE */
    0x00, 0x08, 0x00, 0x14, 0,    0,    0,    0,    0, 0, 0, 0, 0, 0, 0, 0, 0, 0,  0,  0, 0, 0, 0, 0,
    0x80, 0x28, 0x00, 0x04, 0,    0,    0,    0,
};

/* RFC 7675 section 5.1: 30 s after the last check nothing more is sent; a check later begins again. */
static void consent_expires(struct ice *ice)
{
    const uint64_t checked_us = 7000000, consent_us = 30000000;
    struct stream stream = {.open = true, .ice = ice, .checked_us = checked_us};
    stream.destination = (struct address){.v4.sin_family = AF_INET, .length = sizeof stream.destination.v4};
    for (uint64_t now_us = checked_us; now_us <= checked_us + consent_us; now_us += 1000000) {
        control_second(&stream, now_us);
        CHECK(stream.destination.length != 0);
    }
    control_second(&stream, checked_us + consent_us + 1);
    CHECK_EQUAL(stream.destination.length, 0);
    /* Without ICE nobody checks, and nothing expires. */
    stream.destination.length = sizeof stream.destination.v4;
    stream.ice = NULL;
    control_second(&stream, checked_us + 100 * consent_us);
    CHECK(stream.destination.length != 0);
}

void test_ice(void)
{
    struct ice *ice = ice_new("a:b", "password");
    struct address source = {.v4.sin_family = AF_INET, .length = sizeof source.v4};
    uint8_t answer[ICE_ANSWER_BYTES_MAX];
    size_t answer_bytes;
    CHECK(ice != NULL);
    consent_expires(ice);
    for (int round = 0; round < 200000; round++) {
        uint8_t *datagram = malloc(sizeof request); /* at its own end, so that reading on is seen */
        CHECK(datagram != NULL);
        memcpy(datagram, request, sizeof request);
        size_t bytes = draw(4) == 0 ? draw(sizeof request + 1) : sizeof request;
        for (uint32_t changes = draw(4); changes > 0; changes--)
            datagram[draw(sizeof request)] = (uint8_t)draw(256);
        if (draw(2))
            datagram[3] = (uint8_t)(bytes - 20);
        uint8_t *exact = malloc(bytes == 0 ? 1 : bytes);
        CHECK(exact != NULL);
        memcpy(exact, datagram, bytes);
        CHECK_EQUAL(ice_check(ice, exact, bytes, &source, answer, &answer_bytes), ICE_REFUSED);
        free(exact);
        free(datagram);
    }
    ice_free(ice);
    ice_free(NULL);
    char longest[2 * ICE_TEXT_BYTES_MAX + 3];
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    CHECK(ice_new(longest, "password") == NULL);
    CHECK(ice_new("a:b", longest) == NULL);
}
