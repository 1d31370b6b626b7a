/* What an ear makes of loss and delay (ITU-T G.107), and when somebody hears nothing. */
#include "quality.h"

#include <math.h>
#include <string.h>

#include "check.h"
#include "emodel.h"

static double r_of(double loss, double burst, double delay_ms)
{
    struct impairments given = {.codec = CODEC_PCMU, .loss = loss, .burst = burst, .delay_ms = delay_ms};
    return emodel_r(&given);
}

static void nothing_impairs_the_default_connection(void)
{
    CHECK(fabs(r_of(0, 0, 0) - 93.2) < 0.05); /* G.107 section 7.1 */
    CHECK_EQUAL(emodel_mos_100(93.2), 441);
    /* Annex B: the bounds of the categories of G.109. */
    CHECK_EQUAL(emodel_mos_100(90), 434);
    CHECK_EQUAL(emodel_mos_100(80), 402);
    CHECK_EQUAL(emodel_mos_100(70), 360);
    CHECK_EQUAL(emodel_mos_100(60), 310);
    CHECK_EQUAL(emodel_mos_100(50), 258);
    CHECK(emodel_mos_100(0) == 100 && emodel_mos_100(-4) == 100 && emodel_mos_100(2) == 100);
    CHECK_EQUAL(emodel_mos_100(101), 450);
}

/* Cole and Rosenbluth (2001) fitted two straight lines (with a corner at 177 ms) to the model's delay: an answer of another kind. */
static void delay_is_near_the_published_fit(void)
{
    for (double delay_ms = 0; delay_ms <= 300; delay_ms += 10) {
        double fit = 93.2 - 0.024 * delay_ms - (delay_ms > 177.3 ? 0.11 * (delay_ms - 177.3) : 0);
        CHECK(fabs(r_of(0, 0, delay_ms) - fit) < 1.2);
    }
}

static void loss_weighs_by_g113(void)
{
    /* Ie-eff = 95 * 1 / (1 + 25.1), of 1% lost one by one. */
    CHECK(fabs(r_of(0, 0, 0) - r_of(0.01, 1, 0) - 95.0 / 26.1) < 0.01);
    CHECK(r_of(0.05, 4, 0) < r_of(0.05, 1, 0));
    CHECK(r_of(0.05, 0.5, 0) == r_of(0.05, 1, 0));
    double before = r_of(0, 0, 0);
    for (double loss = 0.01; loss <= 1; loss += 0.01) {
        double r = r_of(loss, 1 / (1 - loss), 50);
        CHECK(r >= 0 && r < before);
        before = r;
    }
    CHECK(r_of(1, 1e9, 400) >= 0);
}

static struct reception reception;
static struct peer_view peer;
static struct quality quality;
static struct quality_scene scene;

static void begin(void)
{
    memset(&reception, 0, sizeof reception);
    reception_set_clock(&reception, SAMPLES_PER_MS);
    memset(&peer, 0, sizeof peer);
    memset(&quality, 0, sizeof quality);
    scene = (struct quality_scene){.reception = &reception, .peer = &peer, .codec = CODEC_PCMA, .packet_ms = 20,
                                   .sends = true, .receives = true, .bridged = true};
}

/* A second in which so many of 50 packets arrive, and so many leave. */
static void second(int arrive, int leave)
{
    static uint64_t now_us;
    for (int i = 0; i < 50; i++) {
        static uint16_t sequence;
        struct rtp_packet packet = {.ssrc = 1, .sequence = sequence++, .timestamp = sequence * 160u};
        now_us += 20000;
        if (i < arrive)
            reception_packet(&reception, &packet, now_us, true);
    }
    scene.sent += (uint64_t)leave;
    quality_look(&quality, &scene);
}

static uint64_t seen(int value)
{
    struct quality_view view;
    quality_see(&quality, &scene, &view);
    return view.values[value];
}

static void a_bad_spell_is_seen_and_remembered(void)
{
    begin();
    CHECK_EQUAL(seen(Q_MOS_HEARD), 0);
    for (int i = 0; i < 10; i++)
        quality.loud = true, second(50, 50);
    CHECK(seen(Q_MOS_NOW) >= 435 && seen(Q_MOS_HEARD) >= 435);
    for (int i = 0; i < 5; i++)
        quality.loud = true, second(40, 50);
    CHECK(seen(Q_MOS_NOW) < 300);
    uint64_t bad = seen(Q_MOS_NOW);
    for (int i = 0; i < 10; i++)
        quality.loud = true, second(50, 50);
    CHECK(seen(Q_MOS_NOW) >= 430);
    CHECK_EQUAL(seen(Q_MOS_WORST), bad);
    CHECK(seen(Q_MOS_HEARD) > bad && seen(Q_MOS_HEARD) < 435);
    CHECK_EQUAL(seen(Q_PACKETS_LOST), 50);
    CHECK_EQUAL(seen(Q_MOS_PEER), 0);
    peer = (struct peer_view){.reports = 1, .lost = 250, .sent_then = scene.sent, .jitter_us = 5000};
    CHECK(seen(Q_MOS_PEER) > 100 && seen(Q_MOS_PEER) < 320);
    peer.round_trip_us = 700000;
    CHECK(seen(Q_MOS_HEARD) < 360);
}

static void who_hears_nobody_is_told_of(void)
{
    begin();
    for (int i = 0; i < NOBODY_HEARD_S; i++) {
        CHECK_EQUAL(quality.alarms, 0);
        second(0, 50);
    }
    CHECK_EQUAL(quality.alarms, 1 << ALARM_NO_AUDIO);
    second(1, 50);
    CHECK_EQUAL(quality.alarms, 0);
    CHECK_EQUAL(quality.alarms_ever, 1 << ALARM_NO_AUDIO);
    /* Not where nobody speaks, nor on hold. */
    for (int i = 0; i < 3 * NOBODY_HEARD_S; i++)
        second(0, 0);
    scene.receives = false;
    for (int i = 0; i < 3 * NOBODY_HEARD_S; i++)
        second(0, 50);
    CHECK_EQUAL(quality.alarms, 0);
}

static void dead_air_silence_and_a_deaf_peer(void)
{
    begin();
    scene.bridged = false;
    for (int i = 0; i < NOBODY_HEARD_S; i++)
        second(50, 0);
    CHECK_EQUAL(quality.alarms, 1 << ALARM_DEAD_AIR);
    second(50, 1);
    CHECK_EQUAL(quality.alarms, 0);
    scene.bridged = true;
    for (int i = 0; i < SILENCE_S; i++)
        second(50, 50);
    CHECK_EQUAL(quality.alarms, 1 << ALARM_SILENCE);
    quality.loud = true;
    second(50, 50);
    CHECK_EQUAL(quality.alarms, 0);
    peer.deaf = DEAF_REPORTS;
    quality.loud = true;
    second(50, 50);
    CHECK_EQUAL(quality.alarms, 1 << ALARM_NOT_HEARD);
}

static void silence_is_below_a_thousandth(void)
{
    uint8_t payload[160];
    for (int law = 0; law < 2; law++) {
        enum codec_id codec = law == 0 ? CODEC_PCMU : CODEC_PCMA;
        for (int value = -32768; value < 32768; value += 8) {
            uint8_t code = law == 0 ? g711_ulaw_encode((int16_t)value) : g711_alaw_encode((int16_t)value);
            bool loud = quality_is_loud(codec, &code, 1);
            if (abs(value) > 60)
                CHECK(loud);
            if (abs(value) < 24)
                CHECK(!loud);
        }
        memset(payload, law == 0 ? G711_ULAW_SILENCE : G711_ALAW_SILENCE, sizeof payload);
        CHECK(!quality_is_loud(codec, payload, sizeof payload));
        payload[159] = 0;
        CHECK(quality_is_loud(codec, payload, sizeof payload));
    }
    CHECK(quality_is_loud(CODEC_OPUS, payload, 1)); /* nobody can tell without decoding it */
}

static void published_views_are_whole(void)
{
    struct published published = {0};
    struct quality_view view = {{0}}, read;
    for (int i = 0; i < QUALITY_VALUES; i++)
        view.values[i] = (uint64_t)i + 1;
    quality_publish(&published, &view);
    CHECK(quality_read(&published, &read) && memcmp(&view, &read, sizeof view) == 0);
    atomic_store(&published.version, 3);
    CHECK(!quality_read(&published, &read));
}

void test_quality(void)
{
    nothing_impairs_the_default_connection();
    delay_is_near_the_published_fit();
    loss_weighs_by_g113();
    a_bad_spell_is_seen_and_remembered();
    who_hears_nobody_is_told_of();
    dead_air_silence_and_a_deaf_peer();
    silence_is_below_a_thousandth();
    published_views_are_whole();
}
