/* The whole engine with its thread and real sockets, under the sanitizers; and each allocation refused once. */
#include "engine.h"
#include "security.h"
#include "supply.h"

#include <arpa/inet.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "sockets.h"

enum { SLOTS = 4 };

/* The linker's --wrap puts these before the real ones: the allocation with this number is refused. */
static int allocations_until_refusal = -1;

void *__real_calloc(size_t count, size_t bytes);
void *__real_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_malloc(size_t bytes);

static int refused(void)
{
    return allocations_until_refusal >= 0 && allocations_until_refusal-- == 0;
}

void *__wrap_calloc(size_t count, size_t bytes)
{
    return refused() ? NULL : __real_calloc(count, bytes);
}

void *__wrap_malloc(size_t bytes)
{
    return refused() ? NULL : __real_malloc(bytes);
}

struct bench {
    int rtp[SLOTS], rtcp[SLOTS], peers[SLOTS];
    struct address rtp_at[SLOTS], peers_at[SLOTS];
    struct engine *engine;
};

static struct engine_config configuration(const struct bench *bench)
{
    return (struct engine_config){
        .slots = SLOTS, .rtp_sockets = bench->rtp, .rtcp_sockets = bench->rtcp, .commands = 64, .events = 32, .clips = 4};
}

static void bench_open(struct bench *bench)
{
    for (int i = 0; i < SLOTS; i++) {
        struct address unused;
        bench->rtp[i] = bound_socket(&bench->rtp_at[i]);
        bench->rtcp[i] = bound_socket(&unused);
        bench->peers[i] = bound_socket(&bench->peers_at[i]);
    }
    bench->engine = NULL;
}

static void bench_close(struct bench *bench)
{
    if (bench->engine != NULL)
        engine_free(bench->engine);
    for (int i = 0; i < SLOTS; i++) {
        close(bench->rtp[i]);
        close(bench->rtcp[i]);
        close(bench->peers[i]);
    }
}

static struct command open_command(const struct bench *bench, uint32_t slot)
{
    return (struct command){
        .kind = COMMAND_OPEN,
        .slot = slot,
        .open = {.plan = {.remote = bench->peers_at[slot],
                          .codec = slot % 2 ? CODEC_PCMA : CODEC_PCMU,
                          .payload_type = slot % 2 ? 8 : 0,
                          .dtmf_payload_type = 101,
                          .receive_payload_type = slot % 2 ? 8 : 0,
                          .receive_dtmf_payload_type = 101,
                          .packet_ticks = 2,
                          .sends = true,
                          .receives = true,
                          .symmetric = true},
                 .ssrc = 100 + slot,
                 .timestamp = 0xFFFFFF00,
                 .sequence = 65530},
    };
}

static void send_packet(const struct bench *bench, uint32_t slot, uint16_t sequence, uint8_t type)
{
    uint8_t datagram[172] = {0x80, type, (uint8_t)(sequence >> 8), (uint8_t)sequence};
    uint32_t timestamp = htonl(sequence * 160u);
    memcpy(datagram + 4, &timestamp, 4);
    CHECK(sendto(bench->peers[slot], datagram, sizeof datagram, 0, &bench->rtp_at[slot].any,
                 bench->rtp_at[slot].length) == sizeof datagram);
}

static int receive_packets(const struct bench *bench, uint32_t slot, int count, int wait_ms)
{
    uint8_t datagram[2048];
    for (int received = 0; received < count; received++) {
        struct pollfd waiting = {.fd = bench->peers[slot], .events = POLLIN};
        if (poll(&waiting, 1, wait_ms) != 1)
            return received;
        CHECK(recv(bench->peers[slot], datagram, sizeof datagram, 0) > 12);
    }
    return count;
}

static void submit(struct bench *bench, struct command command)
{
    CHECK(engine_submit(bench->engine, &command));
}

/* Waits for the next event of a kind. */
static struct event await(struct bench *bench, enum event_kind kind)
{
    for (;;) {
        struct event event;
        if (engine_poll(bench->engine, &event, 1) == 1) {
            if (event.kind == kind)
                return event;
            continue;
        }
        struct pollfd waiting = {.fd = engine_fileno(bench->engine), .events = POLLIN};
        CHECK(poll(&waiting, 1, 5000) == 1);
    }
}

static void talk_play_and_close(void)
{
    struct bench bench;
    bench_open(&bench);
    struct engine_config config = configuration(&bench);
    bench.engine = engine_new(&config);
    CHECK(bench.engine != NULL && engine_start(bench.engine) == 0);
    int16_t samples[800] = {0};
    CHECK_EQUAL(engine_add_clip(bench.engine, samples, NULL, 800), 0);
    for (uint32_t slot = 0; slot < SLOTS; slot++)
        submit(&bench, open_command(&bench, slot));
    submit(&bench, (struct command){.kind = COMMAND_BRIDGE, .slot = 0, .partner = 1});
    submit(&bench, (struct command){.kind = COMMAND_BRIDGE, .slot = 2, .partner = 3});
    struct engine_stats stats;
    do
        engine_stats(bench.engine, &stats);
    while (stats.commands_waiting > 0 || stats.streams_open < SLOTS);
    usleep(2000);
    for (uint16_t i = 0; i < 50; i++)
        for (uint32_t slot = 0; slot < SLOTS; slot++) {
            send_packet(&bench, slot, i, slot % 2 ? 8 : 0);
            CHECK_EQUAL(receive_packets(&bench, slot ^ 1, 1, 2000), 1);
        }
    submit(&bench, (struct command){.kind = COMMAND_PLAY, .slot = 1, .play = {.playback = 7, .count = 1}});
    CHECK_EQUAL(receive_packets(&bench, 1, 5, 2000), 5);
    struct event event = await(&bench, EVENT_PLAY_FINISHED);
    CHECK(event.play.completed && event.play.playback == 7 && event.slot == 1);
    submit(&bench, (struct command){.kind = COMMAND_SEND_DIGITS, .slot = 2, .digits = {.events = {3}, .count = 1}});
    CHECK_EQUAL(receive_packets(&bench, 2, 7, 2000), 7);
    for (uint32_t slot = 0; slot < SLOTS; slot++)
        submit(&bench, (struct command){.kind = COMMAND_CLOSE, .slot = slot});
    for (uint32_t slot = 0; slot < SLOTS; slot++)
        CHECK_EQUAL(await(&bench, EVENT_CLOSED).closed.values[Q_PACKETS_RECEIVED], 50);
    engine_stats(bench.engine, &stats);
    CHECK_EQUAL(stats.packets_relayed, 50 * SLOTS);
    CHECK_EQUAL(stats.streams_open, 0);
    bench_close(&bench);
}

/* A reader that never reads: answers wait in their order, none is lost, and the close still fits. */
static void unread_events_slow_the_writer_down(void)
{
    struct bench bench;
    bench_open(&bench);
    struct engine_config config = configuration(&bench);
    bench.engine = engine_new(&config);
    CHECK(bench.engine != NULL && engine_start(bench.engine) == 0);
    submit(&bench, open_command(&bench, 0));
    int64_t plays = 0;
    for (int idle = 0; idle < 30;) {
        struct command play = {.kind = COMMAND_PLAY, .slot = 0, .play = {.playback = plays}};
        if (engine_submit(bench.engine, &play)) {
            plays++;
            idle = 0;
        } else {
            idle++;
            usleep(1000);
        }
    }
    CHECK(plays >= 64);
    submit(&bench, (struct command){.kind = COMMAND_CLOSE, .slot = 0});
    for (int64_t expected = 0; expected < plays; expected++)
        CHECK_EQUAL(await(&bench, EVENT_PLAY_FINISHED).play.playback, expected);
    await(&bench, EVENT_CLOSED);
    bench_close(&bench);
}

static struct command secured(struct command command)
{
    static const uint8_t key[SRTP_KEY_BYTES_MAX] = {1, 2, 3};
    command.open.security_change = CHANGE_NEW;
    command.open.security = security_new(SUITE_AES_CM_128_HMAC_SHA1_80, key, key);
    CHECK(command.open.security != NULL);
    return command;
}

/* The leak sanitizer sees it if any of these keys is not freed. */
static void keys_are_freed_whatever_becomes_of_their_command(void)
{
    struct bench bench;
    bench_open(&bench);
    struct engine_config config = configuration(&bench);
    bench.engine = engine_new(&config);
    CHECK(bench.engine != NULL && engine_start(bench.engine) == 0);
    submit(&bench, secured(open_command(&bench, 0))); /* taken, then replaced */
    struct command update = open_command(&bench, 0);
    update.kind = COMMAND_UPDATE;
    submit(&bench, secured(update));
    submit(&bench, secured(open_command(&bench, 0))); /* ignored: it is open */
    update.slot = 1;
    submit(&bench, secured(update)); /* ignored: it is closed */
    submit(&bench, secured(open_command(&bench, 2)));
    submit(&bench, (struct command){.kind = COMMAND_CLOSE, .slot = 2});
    await(&bench, EVENT_CLOSED);
    engine_free(bench.engine);

    bench.engine = engine_new(&config); /* never started: the commands stay in the ring, until it is full */
    for (;;) {
        struct command command = secured(open_command(&bench, 0));
        if (!engine_submit(bench.engine, &command))
            break;
    }
    bench_close(&bench);
}

static struct command open_as(const struct bench *bench, uint32_t slot, enum codec_id codec)
{
    struct command command = open_command(bench, slot);
    command.open.plan.codec = codec;
    command.open.plan.dtmf_payload_type = -1;
    return command;
}

/* Ears and mouths come, are replaced with the codec, and go with the stream, while packets arrive. */
static void unlike_codecs_are_bridged_by_sound(void)
{
    struct bench bench;
    bench_open(&bench);
    struct engine_config config = configuration(&bench);
    bench.engine = engine_new(&config);
    CHECK(bench.engine != NULL && engine_start(bench.engine) == 0);
    int16_t samples[800] = {0};
    CHECK_EQUAL(engine_add_clip(bench.engine, samples, NULL, 800), 0);
    submit(&bench, open_as(&bench, 0, CODEC_PCMU));
    submit(&bench, open_as(&bench, 1, CODEC_G722));
    submit(&bench, (struct command){.kind = COMMAND_BRIDGE, .slot = 0, .partner = 1});
    static const enum codec_id codecs[] = {CODEC_L16_16K, CODEC_PCMU, CODEC_L16_8K, CODEC_G722};
    uint16_t sequence = 0;
    for (int i = 0; i < 4; i++) {
        for (int packet = 0; packet < 8; packet++, sequence++) {
            send_packet(&bench, 0, sequence, 0);
            send_packet(&bench, 1, sequence, 8);
            usleep(10000);
        }
        CHECK(receive_packets(&bench, 0, 2, 2000) == 2 && receive_packets(&bench, 1, 2, 2000) == 2);
        struct command update = open_as(&bench, 1, codecs[i]);
        update.kind = COMMAND_UPDATE;
        submit(&bench, update);
        submit(&bench, (struct command){.kind = COMMAND_SEND_DIGITS, .slot = 1, .digits = {.events = {3}, .count = 1}});
        submit(&bench, (struct command){.kind = COMMAND_PLAY, .slot = 1, .play = {.playback = i, .count = 1}});
    }
    for (uint32_t slot = 0; slot < 2; slot++)
        submit(&bench, (struct command){.kind = COMMAND_CLOSE, .slot = slot});
    for (int closed = 0; closed < 2; closed++)
        await(&bench, EVENT_CLOSED);
    bench_close(&bench);
}

/* A bridge that needs memory which is not there is refused, and can be asked for again. */
static void refused_supplies(void)
{
    struct bench bench;
    bench_open(&bench);
    struct engine_config config = configuration(&bench);
    bench.engine = engine_new(&config);
    CHECK(bench.engine != NULL);
    submit(&bench, open_as(&bench, 0, CODEC_PCMU));
    submit(&bench, open_as(&bench, 1, CODEC_G722));
    struct command command = {.kind = COMMAND_BRIDGE, .slot = 0, .partner = 1};
    /* An ear and a mouth for each: what was sent at one try is not sent again at the next. */
    for (int i = 0; i < SUPPLY_COMMANDS_MAX; i++) {
        allocations_until_refusal = i == 0 ? 0 : 1;
        CHECK(!engine_submit(bench.engine, &command));
    }
    allocations_until_refusal = 1;
    CHECK(engine_submit(bench.engine, &command));
    allocations_until_refusal = -1;
    bench_close(&bench);
}

static void refused_allocations(void)
{
    struct bench bench;
    bench_open(&bench);
    struct engine_config config = configuration(&bench);
    int refusals = 0;
    for (;; refusals++) {
        allocations_until_refusal = refusals;
        struct engine *engine = engine_new(&config);
        allocations_until_refusal = -1;
        if (engine != NULL) {
            int16_t sample = 0;
            for (int i = 0; i < 3; i++) {
                allocations_until_refusal = i;
                CHECK_EQUAL(engine_add_clip(engine, &sample, NULL, 1), -1);
            }
            allocations_until_refusal = -1;
            CHECK_EQUAL(engine_add_clip(engine, &sample, NULL, 0), -1);
            for (int i = 0; i < 4; i++)
                CHECK_EQUAL(engine_add_clip(engine, &sample, NULL, 1), i);
            CHECK_EQUAL(engine_add_clip(engine, &sample, NULL, 1), -1);
            engine_free(engine);
            break;
        }
    }
    CHECK(refusals >= 7);
    bench_close(&bench);
}

void test_engine(void)
{
    refused_allocations();
    talk_play_and_close();
    unread_events_slow_the_writer_down();
    unlike_codecs_are_bridged_by_sound();
    refused_supplies();
    keys_are_freed_whatever_becomes_of_their_command();
}
