#include "recording.h"

#include <stdlib.h>
#include <string.h>

enum {
    /* Mean magnitude of 10 ms above which somebody speaks: -46 dBFS, between a quiet line and a quiet voice. */
    LOUD = 160,
};

static size_t cell_bytes(const struct recording_order *order)
{
    return sizeof(struct recorded) + (size_t)order->rate / 1000 * TICK_MS * order->channels * sizeof(int16_t);
}

struct recording *recording_new(const struct recording_order *order)
{
    struct recording *recording = calloc(1, sizeof *recording);
    if (recording == NULL)
        return NULL;
    recording->order = *order;
    recording->tick_samples = order->rate / 1000 * TICK_MS;
    if (!ring_init(&recording->ring, cell_bytes(order), RECORDING_RING_TICKS)) {
        recording_free(recording);
        return NULL;
    }
    return recording;
}

void recording_free(struct recording *recording)
{
    if (recording != NULL)
        ring_free(&recording->ring);
    free(recording);
}

static bool is_loud(const int16_t *samples, uint32_t count)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += (uint64_t)(samples[i] < 0 ? -(int32_t)samples[i] : samples[i]);
    return sum > (uint64_t)LOUD * count;
}

static void put(struct recording *recording, const int16_t *left, const int16_t *right)
{
    _Alignas(struct recorded) unsigned char
        cell[sizeof(struct recorded) + RECORDING_TICK_SAMPLES_MAX * SOUND_CHANNELS_MAX * sizeof(int16_t)];
    struct recorded *recorded = (struct recorded *)cell;
    uint32_t count = recording->tick_samples;
    recorded->skipped = recording->skipped;
    if (recording->paused)
        memset(recorded->samples, 0, count * recording->order.channels * sizeof(int16_t));
    else if (recording->order.channels == 1)
        memcpy(recorded->samples, left, count * sizeof(int16_t));
    else
        for (uint32_t i = 0; i < count; i++) {
            recorded->samples[2 * i] = left[i];
            recorded->samples[2 * i + 1] = right[i];
        }
    if (ring_push(&recording->ring, cell))
        recording->skipped = 0;
    else
        recording->skipped++;
}

bool recording_tick(struct recording *recording, const int16_t *left, const int16_t *right,
                    enum recording_reason *reason)
{
    if (atomic_load_explicit(&recording->broken, memory_order_relaxed)) {
        *reason = RECORDING_FAILED;
        return false;
    }
    put(recording, left, right);
    recording->ticks++;
    if (recording->paused || recording->order.silence_ms == 0 || is_loud(left, recording->tick_samples))
        recording->ticks_spoken = recording->ticks;
    if (recording->ticks * TICK_MS >= (uint64_t)recording->order.seconds_max * 1000) {
        *reason = RECORDING_LENGTH;
        return false;
    }
    *reason = RECORDING_SILENCE;
    return recording->order.silence_ms == 0 ||
           (recording->ticks - recording->ticks_spoken) * TICK_MS < recording->order.silence_ms;
}

void recording_heard(struct recording *recording, const int16_t *samples, uint32_t count, uint32_t rate)
{
    if (recording->heard_rate != rate)
        recording->heard_count = 0;
    recording->heard_rate = rate;
    /* A tick that was skipped leaves more than its time: the oldest is what was heard by now. */
    uint32_t max = rate / 1000 * RECORDING_HEARD_MS_MAX;
    if (recording->heard_count + count > max) {
        uint32_t over = recording->heard_count + count - max;
        over = over > recording->heard_count ? recording->heard_count : over;
        recording->heard_count -= over;
        memmove(recording->heard, recording->heard + over, recording->heard_count * sizeof *samples);
    }
    memcpy(recording->heard + recording->heard_count, samples, count * sizeof *samples);
    recording->heard_count += count;
}

const int16_t *recording_take_heard(struct recording *recording, uint32_t *rate)
{
    uint32_t frame = recording->heard_rate / 100;
    if (recording->heard_count == 0)
        return NULL;
    *rate = recording->heard_rate;
    memcpy(recording->heard_frame, recording->heard, frame * sizeof(int16_t));
    recording->heard_count -= frame;
    memmove(recording->heard, recording->heard + frame, recording->heard_count * sizeof(int16_t));
    return recording->heard_frame;
}

void recording_end(struct recording *recording, enum recording_reason reason)
{
    recording->reason = reason;
    atomic_store_explicit(&recording->ended, true, memory_order_release);
}
