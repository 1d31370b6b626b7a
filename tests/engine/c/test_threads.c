/* Several media threads under load, under the sanitizers: streams go from thread to thread while packets come, prompts
 * play, keys are sent, files are recorded and rooms mix; every answer comes, and every stream is closed. */
#include "engine.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "recording.h"
#include "security.h"
#include "sockets.h"
#include "writer.h"

enum { SLOTS = 12, THREADS = 3, ROUNDS = 400, NOISE = 13, NOISE_EACH = 16 };

struct bench {
    int rtp[SLOTS], rtcp[SLOTS], peers[SLOTS];
    struct address rtp_at[SLOTS], peers_at[SLOTS];
    struct security *phones[SLOTS]; /* of those that have keys */
    struct engine *engine;
    uint32_t random;
    int64_t plays, plays_told;
    int closes, closes_told;
    bool open[SLOTS];
    _Atomic bool talking;
};

static uint32_t draw(struct bench *bench, uint32_t below)
{
    bench->random = bench->random * 1664525 + 1013904223;
    return (bench->random >> 8) % below;
}

static enum codec_id codec_of(uint32_t slot)
{
    static const enum codec_id CODECS[] = {CODEC_PCMU, CODEC_PCMA, CODEC_G722, CODEC_L16_8K};
    return CODECS[slot / 3 % 4];
}

static uint8_t type_of(uint32_t slot)
{
    return codec_of(slot) < 96 ? (uint8_t)codec_of(slot) : 96;
}

static bool has_keys(uint32_t slot)
{
    return slot % 4 == 1;
}

static bool takes_noise(uint32_t slot)
{
    return slot % 2 == 0;
}

/* One key each way, the engine's or seen from the phone. */
static struct security *keys(bool of_phone)
{
    static const uint8_t THERE[30] = {1, 2, 3}, HERE[30] = {4, 5, 6};
    struct security *made = security_new(SUITE_AES_CM_128_HMAC_SHA1_80, of_phone ? HERE : THERE, of_phone ? THERE : HERE);
    CHECK(made != NULL);
    return made;
}

static void submit(struct bench *bench, struct command command)
{
    CHECK(engine_submit(bench->engine, &command));
}

static void open_slot(struct bench *bench, uint32_t slot)
{
    bench->open[slot] = true;
    submit(bench, (struct command){
                      .kind = COMMAND_OPEN,
                      .slot = slot,
                      .open = {.plan = {.remote = bench->peers_at[slot],
                                        .codec = codec_of(slot),
                                        .payload_type = type_of(slot),
                                        .dtmf_payload_type = slot % 5 == 0 ? -1 : 101,
                                        .receive_payload_type = type_of(slot),
                                        .receive_dtmf_payload_type = slot % 5 == 0 ? -1 : 101,
                                        .packet_ticks = 2,
                                        .sends = true,
                                        .receives = true,
                                        .symmetric = true,
                                        .noise_payload_type = takes_noise(slot) ? NOISE : -1,
                                        .key_tones = true},
                               .security_change = has_keys(slot) ? CHANGE_NEW : CHANGE_NONE,
                               .security = has_keys(slot) ? keys(false) : NULL,
                               .ssrc = 100 + slot},
                  });
}

static void close_slot(struct bench *bench, uint32_t slot)
{
    bench->open[slot] = false;
    bench->closes++;
    submit(bench, (struct command){.kind = COMMAND_CLOSE, .slot = slot});
}

static void read_events(struct bench *bench, int wait_ms)
{
    struct event events[16];
    struct recording_report report;
    struct pollfd waiting = {.fd = engine_fileno(bench->engine), .events = POLLIN};
    (void)poll(&waiting, 1, wait_ms);
    uint64_t order = 0;
    for (size_t count; (count = engine_poll(bench->engine, events, 16)) > 0;)
        for (size_t i = 0; i < count; i++) {
            CHECK(events[i].order == 0 || events[i].order > order);
            order = events[i].order;
            bench->plays_told += events[i].kind == EVENT_PLAY_FINISHED;
            bench->closes_told += events[i].kind == EVENT_CLOSED;
        }
    while (engine_poll_recording(bench->engine, &report))
        ;
}

static void say(struct bench *bench, uint32_t slot, uint16_t sequence)
{
    _Alignas(8) uint8_t datagram[12 + 320 + SEAL_BYTES] = {0x80, type_of(slot), (uint8_t)(sequence >> 8), (uint8_t)sequence};
    uint32_t timestamp = htonl(sequence * 160u);
    bool noise = takes_noise(slot) && sequence % NOISE_EACH == 0;
    size_t bytes = noise ? 13 : codec_of(slot) == CODEC_L16_8K ? 332 : 172;
    memcpy(datagram + 4, &timestamp, 4);
    memset(datagram + 12, sequence, bytes - 12);
    if (noise) {
        datagram[1] = NOISE;
        datagram[12] = 60;
    }
    if (bench->phones[slot] != NULL)
        CHECK(security_seal(bench->phones[slot], datagram, &bytes));
    (void)sendto(bench->peers[slot], datagram, bytes, MSG_DONTWAIT, &bench->rtp_at[slot].any, bench->rtp_at[slot].length);
    while (recv(bench->peers[slot], datagram, sizeof datagram, MSG_DONTWAIT) > 0)
        ;
}

/* The phones: each sends to its slot without a pause. */
static void *talk(void *argument)
{
    struct bench *bench = argument;
    for (uint16_t sequence = 0; atomic_load(&bench->talking); sequence++) {
        for (uint32_t slot = 0; slot < SLOTS; slot++)
            say(bench, slot, sequence);
        usleep(5000);
    }
    return NULL;
}

static void record(struct bench *bench, uint32_t slot, int64_t number)
{
    struct recording_order order = {
        .slot = slot, .number = number, .format = SOUND_WAV, .channels = 2, .seconds_max = 60, .path = "/dev/null"};
    (void)engine_record(bench->engine, &order);
}

static void mix(struct bench *bench, int64_t number)
{
    uint32_t slots[3] = {draw(bench, SLOTS)};
    uint64_t hears[3] = {6, 5, 3};
    slots[1] = (slots[0] + 1 + draw(bench, 4)) % SLOTS;
    slots[2] = (slots[1] + 1 + draw(bench, 4)) % SLOTS;
    if (bench->open[slots[0]] && bench->open[slots[1]] && bench->open[slots[2]])
        CHECK(engine_mix(bench->engine, number, false, slots, hears, 3));
}

static void disturb(struct bench *bench, int round)
{
    uint32_t slot = draw(bench, SLOTS), other = (slot + 1 + draw(bench, SLOTS - 1)) % SLOTS;
    if (!bench->open[slot]) {
        /* Only when its last stream was told to be closed. */
        if (bench->closes == bench->closes_told)
            open_slot(bench, slot);
        return;
    }
    switch (draw(bench, 10)) {
    case 0:
        close_slot(bench, slot);
        break;
    case 1:
        bench->plays++;
        submit(bench, (struct command){.kind = COMMAND_PLAY, .slot = slot, .play = {.playback = round, .count = 1}});
        break;
    case 2:
        submit(bench, (struct command){.kind = COMMAND_SEND_DIGITS, .slot = slot, .digits = {.events = {3}, .count = 1}});
        break;
    case 3:
        record(bench, slot, round);
        break;
    case 4:
        mix(bench, draw(bench, 2));
        break;
    case 5:
        submit(bench, (struct command){.kind = COMMAND_UNMIX, .room_number = draw(bench, 2)});
        break;
    case 6:
        if (bench->open[other])
            submit(bench, (struct command){.kind = COMMAND_MOVE_RECORDING, .slot = slot, .partner = other});
        break;
    case 7:
        submit(bench, (struct command){.kind = COMMAND_UNBRIDGE, .slot = slot});
        break;
    default:
        if (bench->open[other])
            submit(bench, (struct command){.kind = COMMAND_BRIDGE, .slot = slot, .partner = other});
    }
}

static void bench_open(struct bench *bench, uint32_t threads)
{
    memset(bench, 0, sizeof *bench);
    bench->random = 7;
    for (int i = 0; i < SLOTS; i++) {
        struct address unused;
        bench->rtp[i] = bound_socket(&bench->rtp_at[i]);
        bench->rtcp[i] = bound_socket(&unused);
        bench->peers[i] = bound_socket(&bench->peers_at[i]);
    }
    struct engine_config config = {.slots = SLOTS,
                                   .threads = threads,
                                   .rtp_sockets = bench->rtp,
                                   .rtcp_sockets = bench->rtcp,
                                   .commands = 4096,
                                   .events = 256,
                                   .clips = 4};
    bench->engine = engine_new(&config);
    CHECK(bench->engine != NULL && engine_start(bench->engine) == 0);
    CHECK_EQUAL(engine_threads(bench->engine), threads);
    int16_t samples[400] = {0}, wide[800] = {0};
    CHECK_EQUAL(engine_add_clip(bench->engine, samples, wide, 400), 0);
}

static void bench_close(struct bench *bench)
{
    engine_free(bench->engine);
    for (int i = 0; i < SLOTS; i++) {
        close(bench->rtp[i]);
        close(bench->rtcp[i]);
        close(bench->peers[i]);
        security_free(bench->phones[i]);
    }
}

static void everything_at_once_on_several_threads(void)
{
    struct bench bench;
    pthread_t phones;
    bench_open(&bench, THREADS);
    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        bench.phones[slot] = has_keys(slot) ? keys(true) : NULL;
        open_slot(&bench, slot);
    }
    atomic_store(&bench.talking, true);
    CHECK(pthread_create(&phones, NULL, talk, &bench) == 0);
    for (int round = 0; round < ROUNDS; round++) {
        disturb(&bench, round);
        read_events(&bench, round % 4 == 0 ? 3 : 0);
    }
    for (uint32_t slot = 0; slot < SLOTS; slot++)
        if (bench.open[slot])
            close_slot(&bench, slot);
    for (int turn = 0; turn < 200 && (bench.closes_told < bench.closes || bench.plays_told < bench.plays); turn++)
        read_events(&bench, 50);
    CHECK_EQUAL(bench.closes_told, bench.closes);
    CHECK_EQUAL(bench.plays_told, bench.plays);
    atomic_store(&bench.talking, false);
    pthread_join(phones, NULL);
    struct engine_stats stats;
    engine_stats(bench.engine, &stats);
    CHECK_EQUAL(stats.streams_open, 0);
    CHECK(stats.packets_relayed > 0);
    CHECK(stats.dropped[DROP_SECURITY] < stats.datagrams_received / 2);
    bench_close(&bench);
}

/* To a bridge of streams of two threads, and back to where their numbers say. */
static void a_bridge_of_two_threads_is_one_of_one(void)
{
    struct bench bench;
    bench_open(&bench, 2);
    for (int times = 0; times < 3; times++) {
        uint8_t datagram[172] = {0x80, 0, 0, 1}, heard[200];
        open_slot(&bench, 0);
        open_slot(&bench, 3);
        submit(&bench, (struct command){.kind = COMMAND_BRIDGE, .slot = 0, .partner = 3});
        struct engine_stats stats;
        do
            engine_stats(bench.engine, &stats);
        while (stats.commands_waiting > 0);
        usleep(20000);
        struct pollfd waiting = {.fd = bench.peers[3], .events = POLLIN};
        CHECK(sendto(bench.peers[0], datagram, sizeof datagram, 0, &bench.rtp_at[0].any, bench.rtp_at[0].length) > 0);
        CHECK(poll(&waiting, 1, 2000) == 1 && recv(bench.peers[3], heard, sizeof heard, 0) == sizeof datagram);
        close_slot(&bench, 0);
        close_slot(&bench, 3);
        for (int turn = 0; turn < 100 && bench.closes_told < bench.closes; turn++)
            read_events(&bench, 50);
        CHECK_EQUAL(bench.closes_told, bench.closes);
        while (recv(bench.peers[0], heard, sizeof heard, MSG_DONTWAIT) > 0 ||
               recv(bench.peers[3], heard, sizeof heard, MSG_DONTWAIT) > 0)
            ;
    }
    bench_close(&bench);
}

void test_threads(void)
{
    a_bridge_of_two_threads_is_one_of_one();
    everything_at_once_on_several_threads();
}
