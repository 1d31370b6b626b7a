#include "tempo.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

enum {
    NARROW_HZ = 8000,
    HOP = NARROW_HZ / 100,
    REACH = 50, /* samples at 8000 Hz: 6.25 ms each way, together a period of 80 Hz */
    PERCENT = 100,
    WEIGHT_ONE = 1 << 14,
    SHIFT = 3, /* of samples that are compared, so that a sum of HOP products fits 32 bits */
};

void tempo_init(struct tempo *tempo, uint32_t rate_hz, uint32_t percent)
{
    assert(rate_hz == NARROW_HZ || rate_hz == TEMPO_RATE_MAX_HZ);
    tempo->step = (int32_t)(rate_hz / NARROW_HZ);
    tempo->centre = tempo->parts = tempo->natural = tempo->held = 0;
    tempo_set(tempo, percent);
}

void tempo_set(struct tempo *tempo, uint32_t percent)
{
    assert(percent >= TEMPO_PERCENT_MIN && percent <= TEMPO_PERCENT_MAX);
    tempo->percent = (int32_t)percent;
}

static bool goes_on(const struct tempo *tempo)
{
    int32_t off = tempo->natural - tempo->centre, reach = REACH * tempo->step;
    return off >= -reach && off <= reach;
}

/* The end of what the next step looks at. */
static int32_t furthest(const struct tempo *tempo)
{
    int32_t place = tempo->natural, compared = tempo->centre + REACH * tempo->step;
    if (!goes_on(tempo) && compared > place)
        place = compared;
    return place + HOP * tempo->step;
}

uint32_t tempo_wants(const struct tempo *tempo)
{
    int32_t end = furthest(tempo);
    return end > tempo->held ? (uint32_t)(end - tempo->held) : 0;
}

void tempo_push(struct tempo *tempo, const int16_t *samples, uint32_t count)
{
    assert(count <= (uint32_t)(TEMPO_HELD_MAX - tempo->held));
    memcpy(tempo->samples + tempo->held, samples, count * sizeof *samples);
    tempo->held += (int32_t)count;
}

uint32_t tempo_ahead(const struct tempo *tempo)
{
    return tempo->held > tempo->natural ? (uint32_t)(tempo->held - tempo->natural) : 0;
}

/* Twice the product over both energies, in 1/65536: 65536 for the same samples, less for others, and for louder ones. */
static int32_t likeness(const int16_t *left, const int16_t *right, int32_t step)
{
    int32_t product = 0, energies = 0;
    for (int32_t i = 0; i < HOP * step; i += step) {
        int32_t a = left[i] >> SHIFT, b = right[i] >> SHIFT;
        product += a * b;
        energies += (a * a + b * b) / 2;
    }
    return energies == 0 ? 1 << 16 : (int32_t)((int64_t)product * (1 << 16) / energies);
}

struct best {
    int32_t place, likeness;
};

static void compare(const struct tempo *tempo, int32_t place, struct best *best)
{
    if (place < 0)
        return;
    int32_t found = likeness(tempo->samples + tempo->natural, tempo->samples + place, tempo->step);
    if (found > best->likeness)
        *best = (struct best){place, found};
}

/* From the centre outwards: of equals the nearest, so that silence is cut evenly. */
static int32_t most_alike(const struct tempo *tempo)
{
    struct best best = {.place = tempo->centre, .likeness = INT32_MIN};
    for (int32_t off = 0; off <= REACH * tempo->step; off += tempo->step) {
        compare(tempo, tempo->centre + off, &best);
        if (off > 0)
            compare(tempo, tempo->centre - off, &best);
    }
    if (tempo->step > 1) { /* between those that were compared, and inside the reach */
        int32_t found = best.place;
        if (found > tempo->centre - REACH * tempo->step)
            compare(tempo, found - 1, &best);
        if (found < tempo->centre + REACH * tempo->step)
            compare(tempo, found + 1, &best);
    }
    return best.place;
}

/* What lies behind all that may still be looked at. */
static void drop(struct tempo *tempo)
{
    int32_t over = tempo->centre - REACH * tempo->step;
    if (tempo->natural < over)
        over = tempo->natural;
    if (over <= 0)
        return;
    memmove(tempo->samples, tempo->samples + over, (size_t)(tempo->held - over) * sizeof *tempo->samples);
    tempo->held -= over;
    tempo->natural -= over;
    tempo->centre -= over;
}

void tempo_step(struct tempo *tempo, int16_t *out)
{
    assert(tempo_wants(tempo) == 0);
    int32_t count = HOP * tempo->step, place = goes_on(tempo) ? tempo->natural : most_alike(tempo);
    const int16_t *from = tempo->samples + tempo->natural, *to = tempo->samples + place;
    for (int32_t i = 0; i < count; i++) {
        int32_t weight = (2 * i + 1) * (WEIGHT_ONE / 2) / count;
        out[i] = (int16_t)((from[i] * (WEIGHT_ONE - weight) + to[i] * weight) / WEIGHT_ONE);
    }
    tempo->natural = place + count;
    int32_t on = count * tempo->percent + tempo->parts;
    tempo->centre += on / PERCENT;
    tempo->parts = on % PERCENT;
    drop(tempo);
}
