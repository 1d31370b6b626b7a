#include "ear.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "mouth.h"

enum { FRAME = 80, PACKET = 160, START_US = 1000000, PLC_DELAY = 30 };

static struct ear *new_ear(const struct codec *codec)
{
    struct ear *ear = calloc(1, ear_bytes(codec));
    CHECK(ear != NULL);
    ear_init(ear, codec);
    return ear;
}

static int16_t voice(int at)
{
    /* A saw of 100 Hz that any period resembles. */
    return (int16_t)(at % 80 * 200 - 8000);
}

static void put(struct ear *ear, int number, uint64_t now_us)
{
    uint8_t payload[PACKET];
    for (int i = 0; i < PACKET; i++)
        payload[i] = g711_alaw_encode(voice(number * PACKET + i));
    struct rtp_packet packet = {
        .payload = payload,
        .payload_bytes = sizeof payload,
        .sequence = (uint16_t)(65500 + number),
        .timestamp = 0xFFFFFF00u + (uint32_t)number * PACKET,
        .ssrc = 7,
        .payload_type = 8,
    };
    ear_put(ear, &packet, now_us);
}

static int difference(const int16_t *heard, int at)
{
    int worst = 0;
    for (int i = 0; i < FRAME; i++) {
        int apart = abs(heard[i] - voice(at + i));
        worst = apart > worst ? apart : worst;
    }
    return worst;
}

/* On a network without jitter all is heard as it was said, less what the first target and the codec's seam hold back. */
static void what_is_said_is_heard(void)
{
    struct ear *ear = new_ear(&g711_alaw_codec);
    int heard = 0;
    CHECK(ear_is_quiet(ear));
    for (int tick = 0; tick < 400; tick++) {
        uint64_t now_us = START_US + (uint64_t)tick * 10000;
        if (tick % 2 == 0)
            put(ear, tick / 2, now_us);
        ear_take(ear, now_us);
        CHECK(!ear_is_quiet(ear) || tick < 4);
        /* Once the delay has come down, in steps that are whole periods of the voice. */
        if (tick > 100)
            heard += difference(ear->frame, tick * FRAME - PLC_DELAY) < 300;
    }
    struct ear_counts counts;
    ear_counts(ear, &counts);
    CHECK_EQUAL(heard, 299);
    CHECK_EQUAL(counts.jitter.packets, 200);
    CHECK_EQUAL(counts.concealed_ms, 0);
    CHECK(counts.cut_ms >= 10 && counts.cut_ms <= 20);
    CHECK_EQUAL(counts.jitter.target_ms, 15);
    for (int tick = 0; tick < 150; tick++)
        ear_take(ear, START_US + 4000000 + (uint64_t)tick * 10000);
    CHECK(ear_is_quiet(ear));
    free(ear);
}

/* RFC 3389: what the peer does not say is heard as its noise, from its time on and until it speaks. */
static void silence_is_filled_with_the_noise_that_was_told(void)
{
    struct ear *ear = new_ear(&g711_alaw_codec);
    uint8_t level[] = {40}; /* -40 dBov: an amplitude of 328 */
    struct rtp_packet noise = {
        .payload = level,
        .payload_bytes = 1,
        .sequence = (uint16_t)(65500 + 20),
        .timestamp = 0xFFFFFF00u + 20 * PACKET,
        .ssrc = 7,
        .payload_type = 13,
    };
    for (int tick = 0; tick < 300; tick++) {
        uint64_t now_us = START_US + (uint64_t)tick * 10000;
        if (tick < 40 && tick % 2 == 0)
            put(ear, tick / 2, now_us);
        if (tick == 40)
            ear_noise(ear, &noise);
        ear_take(ear, now_us);
        int64_t energy = 0;
        for (int i = 0; i < FRAME; i++)
            energy += ear->frame[i] * ear->frame[i];
        if (tick > 20 && tick < 40)
            CHECK(energy / FRAME > 1000000);
        if (tick > 50)
            CHECK(energy / FRAME > 50 * 50 && energy / FRAME < 1000 * 1000);
        CHECK(tick <= 50 || (!ear->spoken && !ear_is_quiet(ear)));
    }
    struct ear_counts counts;
    ear_counts(ear, &counts);
    CHECK_EQUAL(counts.concealed_ms, 0);
    free(ear);
}

/* A payload that no packet may have is counted and concealed; the ear goes on. */
static void malformed_payloads_are_counted(void)
{
    struct ear *ear = new_ear(&g711_ulaw_codec);
    uint8_t payload[1000] = {0};
    struct rtp_packet packet = {.payload = payload, .payload_bytes = sizeof payload};
    ear_put(ear, &packet, START_US);
    packet.payload_bytes = 0;
    ear_put(ear, &packet, START_US);
    ear_take(ear, START_US);
    struct ear_counts counts;
    ear_counts(ear, &counts);
    CHECK_EQUAL(counts.malformed, 2);
    CHECK_EQUAL(counts.frames, 0);
    free(ear);
}

static uint32_t random_state;

/* Numerical Recipes' generator: tests need the same numbers everywhere, and no more. */
static uint32_t random_below(uint32_t limit)
{
    random_state = random_state * 1664525 + 1013904223;
    return (uint32_t)((uint64_t)random_state * limit >> 32);
}

/* Whatever arrives and whenever, each tick gives a frame, and no memory is touched that is not the ear's. */
static void any_packets_at_any_time(const struct codec *codec, uint32_t seed)
{
    struct ear *ear = new_ear(codec);
    uint8_t payload[1400];
    uint64_t now_us = START_US;
    struct rtp_packet packet = {.payload = payload, .sequence = 60000, .ssrc = 1};
    random_state = seed;
    for (int tick = 0; tick < 2000; tick++) {
        now_us += random_below(100) == 0 ? random_below(300000) : 10000;
        for (uint32_t arrivals = random_below(random_below(50) == 0 ? 90 : 3); arrivals > 0; arrivals--) {
            packet.payload_bytes = random_below(8) == 0 ? random_below(sizeof payload) : 160;
            for (int i = 0; i < 8; i++)
                payload[random_below(sizeof payload)] = (uint8_t)random_below(256);
            packet.sequence = (uint16_t)(packet.sequence + (random_below(10) == 0 ? random_below(9) - 4 : 1));
            packet.timestamp += random_below(20) == 0 ? random_below(3000) - 1500 : 160;
            if (random_below(500) == 0)
                packet.ssrc++, packet.timestamp = random_below(UINT32_MAX), packet.sequence = (uint16_t)random_below(65536);
            if (random_below(30) == 0)
                ear_aside(ear, &packet);
            else if (random_below(30) == 0)
                ear_noise(ear, &packet);
            else
                ear_put(ear, &packet, now_us);
        }
        ear_take(ear, now_us);
        CHECK(ear->held <= codec->sample_rate_hz / 1000 * 150);
        if (random_below(1000) == 0)
            ear_restart(ear);
    }
    struct ear_counts counts;
    ear_counts(ear, &counts);
    CHECK(counts.jitter.packets > 500);
    free(ear);
}

static void a_mouth_fills_packets(void)
{
    struct mouth *mouth = calloc(1, mouth_bytes(&g711_ulaw_codec));
    CHECK(mouth != NULL);
    mouth_init(mouth, &g711_ulaw_codec, &(struct codec_settings){0});
    int16_t samples[FRAME];
    uint8_t bytes[CODEC_PAYLOAD_BYTES_MAX];
    struct mouth_payload payload = {.bytes = bytes};
    for (uint32_t ticks = 1; ticks <= 6; ticks++) {
        mouth_set_packet(mouth, ticks);
        for (uint32_t tick = 1; tick <= ticks; tick++) {
            for (int i = 0; i < FRAME; i++)
                samples[i] = voice((int)(tick - 1) * FRAME + i);
            CHECK_EQUAL(mouth_speak(mouth, samples, 8000, &payload), tick == ticks ? MOUTH_PACKET : MOUTH_WAITS);
        }
        CHECK_EQUAL(payload.count, ticks * FRAME);
        CHECK_EQUAL(payload.units, ticks * FRAME);
        for (uint32_t i = 0; i < ticks * FRAME; i++)
            CHECK_EQUAL(bytes[i], g711_ulaw_encode(voice((int)i)));
    }
    /* What was not full is not sent, and nothing of it is in the next packet. */
    CHECK_EQUAL(mouth_speak(mouth, samples, 8000, &payload), MOUTH_WAITS);
    mouth_rest(mouth);
    for (int tick = 1; tick <= 6; tick++)
        CHECK_EQUAL(mouth_speak(mouth, samples, 8000, &payload), tick == 6 ? MOUTH_PACKET : MOUTH_WAITS);
    /* A shorter packet time than what waits already. */
    for (int tick = 0; tick < 5; tick++)
        mouth_speak(mouth, samples, 8000, &payload);
    mouth_set_packet(mouth, 1);
    CHECK_EQUAL(mouth_speak(mouth, samples, 8000, &payload), MOUTH_PACKET);
    CHECK_EQUAL(payload.count, FRAME);
    free(mouth);
}

void test_ear(void)
{
    what_is_said_is_heard();
    silence_is_filled_with_the_noise_that_was_told();
    malformed_payloads_are_counted();
    a_mouth_fills_packets();
    /* `make soak` sets this. */
    uint32_t seeds = getenv("SOAK") == NULL ? 1 : 50;
    for (uint32_t seed = 1; seed <= seeds; seed++) {
        any_packets_at_any_time(&g711_ulaw_codec, seed);
        any_packets_at_any_time(&g722_codec, seed);
        any_packets_at_any_time(&l16_8k_codec, seed);
    }
    if (opus_load(OPUS_LIBRARY) == NULL)
        any_packets_at_any_time(codec_find(CODEC_OPUS, 16000), 1);
}
