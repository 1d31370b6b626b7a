#include "latch.h"

#include <arpa/inet.h>
#include <string.h>

#include "check.h"

static struct address address(uint16_t port)
{
    struct address made;
    memset(&made, 0, sizeof made);
    made.length = sizeof made.v4;
    made.v4.sin_family = AF_INET;
    made.v4.sin_port = htons(port);
    made.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return made;
}

static struct latch latch;
static uint64_t now_us;

static enum latch_verdict packet(uint16_t port, uint32_t ssrc, uint16_t sequence)
{
    struct address announced = address(1000), source = address(port);
    struct rtp_packet received = {.ssrc = ssrc, .sequence = sequence};
    now_us += 20000;
    return latch_judge(&latch, &announced, &source, &received, now_us);
}

static void begin(void)
{
    latch_open(&latch);
    now_us = 5000000;
}

static void announced_is_believed_at_once(void)
{
    begin();
    CHECK(packet(1000, 1, 7) == LATCH_CHANGED);
    CHECK(packet(1000, 1, 8) == LATCH_ACCEPTED);
    CHECK(packet(1000, 2, 999) == LATCH_ACCEPTED); /* a new SSRC of the same peer */
}

static void other_source_needs_packets_in_sequence(void)
{
    begin();
    CHECK(packet(2000, 1, 65534) == LATCH_REFUSED);
    CHECK(packet(2000, 1, 65535) == LATCH_REFUSED);
    CHECK(packet(2000, 1, 0) == LATCH_CHANGED);

    begin();
    CHECK(packet(2000, 1, 10) == LATCH_REFUSED);
    CHECK(packet(2000, 1, 11) == LATCH_REFUSED);
    CHECK(packet(2000, 1, 13) == LATCH_REFUSED);
    CHECK(packet(2000, 2, 14) == LATCH_REFUSED);
    CHECK(packet(2000, 2, 15) == LATCH_REFUSED);
    CHECK(packet(2000, 2, 16) == LATCH_CHANGED);
}

static void real_source_is_found_beside_others(void)
{
    begin();
    for (uint16_t i = 0; i < 2; i++) {
        CHECK(packet(2000, 1, i) == LATCH_REFUSED);
        CHECK(packet(3000, 2, 50) == LATCH_REFUSED);
        CHECK(packet(4000, 3, (uint16_t)(i * 9)) == LATCH_REFUSED);
    }
    CHECK(packet(2000, 1, 2) == LATCH_CHANGED);
}

static void nobody_takes_over_a_live_stream(void)
{
    begin();
    packet(1000, 1, 1);
    for (uint16_t i = 0; i < 1000; i++) {
        CHECK(packet(2000, 1, (uint16_t)(i + 2)) == LATCH_REFUSED);
        CHECK(packet(1000, 1, (uint16_t)(i + 2)) == LATCH_ACCEPTED);
    }
}

static void silence_opens_it(void)
{
    begin();
    packet(1000, 1, 1);
    now_us += 1900 * 1000;
    CHECK(packet(2000, 9, 1) == LATCH_REFUSED);
    CHECK(packet(2000, 9, 2) == LATCH_REFUSED);
    CHECK(packet(2000, 9, 3) == LATCH_REFUSED); /* 1.96 s: still too early */
    now_us += 100 * 1000;
    CHECK(packet(2000, 9, 4) == LATCH_REFUSED);
    CHECK(packet(2000, 9, 5) == LATCH_REFUSED);
    CHECK(packet(2000, 9, 6) == LATCH_CHANGED);
    CHECK(packet(3000, 1, 2) == LATCH_REFUSED);
}

static void continued_sequence_opens_it_sooner(void)
{
    begin();
    for (uint16_t i = 0; i < 3; i++)
        packet(2000, 1, i);
    now_us += 300 * 1000;
    CHECK(packet(3000, 1, 18) == LATCH_REFUSED);
    CHECK(packet(3000, 1, 19) == LATCH_REFUSED);
    CHECK(packet(3000, 1, 20) == LATCH_CHANGED);
    now_us += 300 * 1000;
    CHECK(packet(4000, 1, 5000) == LATCH_REFUSED);
    CHECK(packet(4000, 1, 5001) == LATCH_REFUSED);
    CHECK(packet(4000, 1, 5002) == LATCH_REFUSED);
}

static void announced_takes_it_back(void)
{
    begin();
    for (uint16_t i = 0; i < 3; i++)
        packet(2000, 1, i);
    CHECK(packet(1000, 5, 1) == LATCH_REFUSED);
    CHECK(packet(2000, 1, 3) == LATCH_ACCEPTED);
    CHECK(packet(1000, 5, 2) == LATCH_REFUSED);
    CHECK(packet(1000, 5, 3) == LATCH_CHANGED);
    CHECK(packet(2000, 1, 4) == LATCH_REFUSED);
}

static void versions_of_ip_differ(void)
{
    struct address v4 = address(1000), v6;
    memset(&v6, 0, sizeof v6);
    v6.length = sizeof v6.v6;
    v6.v6.sin6_family = AF_INET6;
    v6.v6.sin6_port = v4.v4.sin_port;
    CHECK(address_equal(&v6, &v6));
    CHECK(!address_equal(&v4, &v6));
    struct address none = {.length = 0};
    CHECK(!address_equal(&none, &none));
}

/* Ten thousand tries by sources that guess: while the peer speaks none gets in, whatever SSRC and sequence they claim, and
 * however many they are; nor may they keep the peer from coming back behind a new mapping. */
static void an_attack_takes_nothing_over(void)
{
    begin();
    CHECK(packet(1000, 77, 0) == LATCH_CHANGED);
    uint32_t random = 1;
    uint16_t sequence = 0;
    for (int turn = 0; turn < 2500; turn++) {
        for (int stranger = 0; stranger < 3; stranger++) {
            random = random * 1664525 + 1013904223;
            uint16_t port = (uint16_t)(3000 + (turn % 4 == 0 ? 0 : random >> 16) % 40000);
            uint16_t guess = (uint16_t)(turn % 2 ? random >> 8 : sequence + 1u);
            now_us -= 19000; /* they send as fast as they like */
            CHECK(packet(port, turn % 3 ? 77 : random, guess) == LATCH_REFUSED);
        }
        CHECK(packet(1000, 77, ++sequence) == LATCH_ACCEPTED);
    }
    CHECK(address_equal(&latch.source, &(struct address){.v4 = address(1000).v4, .length = sizeof latch.source.v4}));
    /* The phone's NAT gives it another port; strangers go on. */
    int waited = 0;
    while (packet(2000, 77, ++sequence) != LATCH_CHANGED) {
        CHECK(packet((uint16_t)(3000 + waited), 5, (uint16_t)waited) == LATCH_REFUSED);
        CHECK(++waited < 30);
    }
    CHECK(packet(2000, 77, ++sequence) == LATCH_ACCEPTED);
}

void test_latch(void)
{
    announced_is_believed_at_once();
    other_source_needs_packets_in_sequence();
    real_source_is_found_beside_others();
    nobody_takes_over_a_live_stream();
    silence_opens_it();
    continued_sequence_opens_it_sooner();
    announced_takes_it_back();
    versions_of_ip_differ();
    an_attack_takes_nothing_over();
}
