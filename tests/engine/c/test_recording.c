/* A recording from the tick to the file, on real files: what is in it, and what a disk that fails leaves. */
#include "recording.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "wav.h"
#include "writer.h"

enum { TICK = 80, SLOTS = 4 };

static char folder[] = "/tmp/softswitch-recording-XXXXXX";

static struct recording_order order_for(const char *name, unsigned channels)
{
    struct recording_order order = {
        .number = 7, .slot = 3, .format = SOUND_WAV, .rate = 8000, .channels = (uint8_t)channels, .seconds_max = 60};
    snprintf(order.path, sizeof order.path, "%s/%s", folder, name);
    return order;
}

static uint32_t little(const uint8_t *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static size_t read_file(const char *path, uint8_t *bytes, size_t max)
{
    int descriptor = open(path, O_RDONLY);
    CHECK(descriptor >= 0);
    ssize_t taken = read(descriptor, bytes, max);
    CHECK(taken >= 0);
    close(descriptor);
    return (size_t)taken;
}

static struct recording_report wait_for_report(struct writer *writer)
{
    struct recording_report report;
    for (int i = 0; i < 400; i++) {
        if (writer_poll(writer, &report))
            return report;
        usleep(10000);
    }
    CHECK(!"a report within four seconds");
    return report;
}

static void fill(int16_t samples[TICK], int16_t value)
{
    for (int i = 0; i < TICK; i++)
        samples[i] = value;
}

static void ticks(struct recording *recording, int count, int16_t left_value, int16_t right_value)
{
    int16_t left[TICK], right[TICK];
    enum recording_reason reason;
    fill(left, left_value);
    fill(right, right_value);
    for (int i = 0; i < count; i++)
        CHECK(recording_tick(recording, left, right, &reason));
}

static void two_channels_and_a_pause(struct writer *writer)
{
    static uint8_t bytes[100000];
    struct recording_order order = order_for("2026/11/22/call.wav", 2);
    struct recording *recording = recording_new(&order);
    CHECK(recording != NULL && writer_has_room(writer));
    writer_take(writer, recording);
    ticks(recording, 10, 1000, -2000);
    recording->paused = true;
    ticks(recording, 5, 1000, -2000);
    recording->paused = false;
    ticks(recording, 5, 3000, 0);
    recording_end(recording, RECORDING_STOPPED);

    struct recording_report report = wait_for_report(writer);
    CHECK_EQUAL(report.number, 7);
    CHECK_EQUAL(report.slot, 3);
    CHECK_EQUAL(report.reason, RECORDING_STOPPED);
    CHECK_EQUAL(report.error, 0);
    CHECK_EQUAL(report.duration_ms, 200);
    CHECK_EQUAL(report.lost_ms, 0);
    size_t size = read_file(order.path, bytes, sizeof bytes);
    CHECK_EQUAL(size, WAV_HEADER_BYTES + 20 * TICK * 4);
    CHECK_EQUAL(report.bytes, size);
    CHECK_EQUAL(little(bytes + 40), 20 * TICK * 4);
    CHECK_EQUAL(little(bytes + 4), size - 8);
    const int16_t *samples = (const int16_t *)(bytes + WAV_HEADER_BYTES);
    for (int i = 0; i < 20 * TICK; i++) {
        bool paused = i >= 10 * TICK && i < 15 * TICK;
        CHECK_EQUAL(samples[2 * i], paused ? 0 : i < 10 * TICK ? 1000 : 3000);
        CHECK_EQUAL(samples[2 * i + 1], i < 10 * TICK ? -2000 : 0);
    }
    struct stat status;
    CHECK(stat(order.path, &status) == 0 && (status.st_mode & 0007) == 0);
}

static void a_file_that_is_there_is_not_overwritten(struct writer *writer)
{
    struct recording_order order = order_for("2026/11/22/call.wav", 1);
    struct recording *recording = recording_new(&order);
    writer_take(writer, recording);
    recording_end(recording, RECORDING_STOPPED);
    struct recording_report report = wait_for_report(writer);
    CHECK_EQUAL(report.reason, RECORDING_FAILED);
    CHECK_EQUAL(report.error, EEXIST);
}

static void what_finds_no_room_is_silence_of_the_same_length(void)
{
    static uint8_t bytes[400000];
    struct wakeup told;
    struct writer writer;
    struct recording_order order = order_for("late.wav", 1);
    struct recording *recording = recording_new(&order);
    CHECK(wakeup_init(&told) && writer_init(&writer, SLOTS, &told));
    ticks(recording, RECORDING_RING_TICKS, 500, 0);
    ticks(recording, 30, 600, 0); /* lost: nobody has written yet */
    CHECK_EQUAL(recording->skipped, 30);
    writer_take(&writer, recording);
    CHECK_EQUAL(writer_start(&writer), 0);
    while (ring_room(&recording->ring) < 10)
        sched_yield();
    ticks(recording, 10, 700, 0);
    recording_end(recording, RECORDING_CLOSED);
    struct recording_report report = wait_for_report(&writer);
    CHECK_EQUAL(report.reason, RECORDING_CLOSED);
    CHECK_EQUAL(report.lost_ms, 300);
    CHECK_EQUAL(report.duration_ms, (RECORDING_RING_TICKS + 40) * 10);
    CHECK_EQUAL(atomic_load(&writer.ticks_lost), 30);
    CHECK_EQUAL(read_file(order.path, bytes, sizeof bytes), WAV_HEADER_BYTES + (RECORDING_RING_TICKS + 40) * TICK * 2);
    const int16_t *samples = (const int16_t *)(bytes + WAV_HEADER_BYTES);
    for (int i = 0; i < (RECORDING_RING_TICKS + 40) * TICK; i++) {
        int tick = i / TICK;
        CHECK_EQUAL(samples[i], tick < RECORDING_RING_TICKS ? 500 : tick < RECORDING_RING_TICKS + 30 ? 0 : 700);
    }
    writer_free(&writer);
    wakeup_free(&told);
}

static void it_ends_by_itself(void)
{
    struct recording_order order = order_for("never.wav", 1);
    int16_t quiet[TICK] = {0}, loud[TICK];
    enum recording_reason reason;
    fill(loud, 4000);
    order.seconds_max = 1;
    struct recording *recording = recording_new(&order);
    for (int i = 0; i < 99; i++)
        CHECK(recording_tick(recording, quiet, NULL, &reason));
    CHECK(!recording_tick(recording, quiet, NULL, &reason));
    CHECK_EQUAL(reason, RECORDING_LENGTH);
    recording_free(recording);

    order.seconds_max = 60;
    order.silence_ms = 500;
    recording = recording_new(&order);
    for (int i = 0; i < 300; i++)
        CHECK(recording_tick(recording, i % 40 == 0 ? loud : quiet, NULL, &reason));
    int more = 0;
    while (recording_tick(recording, quiet, NULL, &reason))
        more++;
    CHECK_EQUAL(reason, RECORDING_SILENCE);
    CHECK_EQUAL(more, 50 - 19 - 1);
    recording_free(recording);
}

/* EFBIG by a limit of this process stands for a full disk: the same write fails in the same way. */
static void a_disk_that_refuses_leaves_a_whole_file(struct writer *writer)
{
    static uint8_t bytes[100000];
    struct rlimit before, small = {.rlim_cur = 20000, .rlim_max = RLIM_INFINITY};
    struct recording_order order = order_for("full.wav", 1);
    CHECK(getrlimit(RLIMIT_FSIZE, &before) == 0);
    small.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    CHECK(setrlimit(RLIMIT_FSIZE, &small) == 0);
    struct recording *recording = recording_new(&order);
    writer_take(writer, recording);
    int16_t left[TICK];
    enum recording_reason reason = RECORDING_STOPPED;
    fill(left, 1234);
    int taken = 0;
    while (recording_tick(recording, left, NULL, &reason)) {
        CHECK(++taken < 400);
        usleep(2000);
    }
    CHECK_EQUAL(reason, RECORDING_FAILED);
    recording_end(recording, reason);
    struct recording_report report = wait_for_report(writer);
    CHECK(setrlimit(RLIMIT_FSIZE, &before) == 0);
    CHECK_EQUAL(report.reason, RECORDING_FAILED);
    CHECK_EQUAL(report.error, EFBIG);
    size_t size = read_file(order.path, bytes, sizeof bytes);
    CHECK_EQUAL(little(bytes + 40), size - WAV_HEADER_BYTES);
    for (size_t i = 0; i < (size - WAV_HEADER_BYTES) / 2; i++)
        CHECK_EQUAL(((const int16_t *)(bytes + WAV_HEADER_BYTES))[i], 1234);
}

static void a_file_that_is_taken_away_is_told(struct writer *writer)
{
    struct recording_order order = order_for("gone/call.wav", 1);
    struct recording *recording = recording_new(&order);
    writer_take(writer, recording);
    struct stat status;
    while (stat(order.path, &status) != 0)
        usleep(2000);
    CHECK(unlink(order.path) == 0);
    int16_t left[TICK] = {0};
    enum recording_reason reason = RECORDING_STOPPED;
    int taken = 0;
    while (recording_tick(recording, left, NULL, &reason)) {
        CHECK(++taken < 400);
        usleep(10000);
    }
    recording_end(recording, reason);
    CHECK_EQUAL(wait_for_report(writer).error, ENOENT);
}

/* Before any end was told, the header already counts what there is. */
static void what_a_killed_process_leaves_can_be_played(struct writer *writer)
{
    static uint8_t bytes[100000];
    struct recording_order order = order_for("killed.wav", 1);
    struct recording *recording = recording_new(&order);
    writer_take(writer, recording);
    for (int i = 0; i < 150; i++) {
        ticks(recording, 1, 42, 0);
        usleep(10000);
    }
    size_t size = read_file(order.path, bytes, sizeof bytes);
    CHECK(little(bytes + 40) >= 50 * TICK * 2);
    CHECK(little(bytes + 40) <= size - WAV_HEADER_BYTES);
    recording_end(recording, RECORDING_STOPPED);
    wait_for_report(writer);
}

void test_recording(void)
{
    struct wakeup told;
    struct writer writer;
    CHECK(mkdtemp(folder) != NULL);
    it_ends_by_itself();
    what_finds_no_room_is_silence_of_the_same_length();
    CHECK(wakeup_init(&told) && writer_init(&writer, SLOTS, &told));
    CHECK_EQUAL(writer_start(&writer), 0);
    two_channels_and_a_pause(&writer);
    a_file_that_is_there_is_not_overwritten(&writer);
    a_disk_that_refuses_leaves_a_whole_file(&writer);
    a_file_that_is_taken_away_is_told(&writer);
    what_a_killed_process_leaves_can_be_played(&writer);

    /* Ended by the writer itself, whole. */
    struct recording_order order = order_for("last.wav", 1);
    struct recording *recording = recording_new(&order);
    writer_take(&writer, recording);
    struct stat status;
    while (stat(order.path, &status) != 0)
        usleep(2000);
    ticks(recording, 10, 42, 0);
    writer_free(&writer);
    CHECK(stat(order.path, &status) == 0 && status.st_size == WAV_HEADER_BYTES + 10 * TICK * 2);
    wakeup_free(&told);
    char command[100];
    snprintf(command, sizeof command, "rm -r %s", folder);
    CHECK(system(command) == 0);
}
