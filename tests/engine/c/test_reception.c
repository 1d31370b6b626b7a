#include "reception.h"

#include <string.h>

#include "check.h"

static struct reception reception;
static uint64_t now_us;

static void begin(void)
{
    memset(&reception, 0, sizeof reception);
    reception_set_clock(&reception, 8);
    now_us = 1000000000;
}

static void hear(uint32_t ssrc, uint16_t sequence, uint64_t after_us)
{
    now_us += after_us;
    struct rtp_packet packet = {.ssrc = ssrc, .sequence = sequence, .timestamp = sequence * 160u};
    reception_packet(&reception, &packet, now_us, true);
}

static void loss_across_the_wrap(void)
{
    begin();
    for (uint32_t i = 65000; i < 66000; i++)
        if (i % 10 != 0 || i == 65000)
            hear(1, (uint16_t)i, 20000);
    CHECK_EQUAL(reception.received, 901);
    CHECK_EQUAL(reception_lost(&reception), 99);
}

static void steady_arrivals_have_no_jitter(void)
{
    begin();
    for (uint32_t i = 0; i < 60000; i += 3) /* also across loss */
        hear(1, (uint16_t)i, 60000);
    CHECK_EQUAL(reception_jitter_us(&reception), 0);
    CHECK_EQUAL(reception_lost(&reception), 2 * 19999);
}

static void reordering_and_duplicates_are_no_loss(void)
{
    begin();
    uint16_t order[] = {5, 4, 7, 6, 6, 9, 8, 10};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        hear(1, order[i], 20000);
    CHECK_EQUAL(reception.received, 8);
    CHECK_EQUAL(reception_lost(&reception), 0);
}

static void restart_keeps_what_was_lost(void)
{
    begin();
    hear(1, 1, 0);
    hear(1, 4, 20000); /* two lost */
    hear(2, 40000, 20000);
    hear(2, 40002, 20000); /* one lost */
    hear(2, 100, 20000);   /* the same SSRC, an impossible jump */
    hear(2, 101, 20000);
    CHECK_EQUAL(reception_lost(&reception), 3);
    CHECK_EQUAL(reception.received, 6);
}

static void jitter_settles_at_the_mean_deviation(void)
{
    begin();
    /* Arrivals alternate by 10 ms: |D| is 80 samples each time, which J approaches. */
    for (uint16_t i = 0; i < 400; i++)
        hear(1, i, i % 2 ? 30000 : 10000);
    uint32_t jitter = reception_jitter_us(&reception);
    CHECK(jitter > 9000 && jitter < 11000);
    /* A clock that restarts adds nothing. */
    struct rtp_packet packet = {.ssrc = 1, .sequence = 400, .timestamp = 0x7FFFFFFF};
    reception_packet(&reception, &packet, now_us + 20000, true);
    CHECK(reception_jitter_us(&reception) <= jitter);
}

void test_reception(void)
{
    loss_across_the_wrap();
    steady_arrivals_have_no_jitter();
    reordering_and_duplicates_are_no_loss();
    restart_keeps_what_was_lost();
    jitter_settles_at_the_mean_deviation();
}
