/* Keys as two tones, made: ITU-T Q.23. */
#include <math.h>
#include <string.h>

#include "detectors.h"

enum { EDGE_MS = 2 }; /* rise and fall: a tone that begins at once clicks, and its click spreads over all frequencies */

/* -9 and -7 dBm0: inside what every network allows (Q.23 leaves the level to the country), the column 2 dB louder
 * because cables weaken high frequencies more. Peaks of the sum stay 3 dB below full scale. */
static const double AMPLITUDE[2] = {32768 * 0.247, 32768 * 0.311};
static const double ROW[4] = {697, 770, 852, 941}, COLUMN[4] = {1209, 1336, 1477, 1633};
/* By RFC 4733 event: row and column. */
static const uint8_t PLACE[16][2] = {{3, 1}, {0, 0}, {0, 1}, {0, 2}, {1, 0}, {1, 1}, {1, 2}, {2, 0},
                                     {2, 1}, {2, 2}, {3, 0}, {3, 2}, {0, 3}, {1, 3}, {2, 3}, {3, 3}};

void dtmf_tone_start(struct dtmf_tone *tone, uint8_t key, uint32_t sample_rate)
{
    dtmf_tone_start_for(tone, key, sample_rate, DTMF_TONE_MS);
}

void dtmf_tone_start_for(struct dtmf_tone *tone, uint8_t key, uint32_t sample_rate, uint32_t ms)
{
    const uint8_t *place = PLACE[key % 16];
    const double frequency[2] = {ROW[place[0]], COLUMN[place[1]]};
    *tone = (struct dtmf_tone){
        .tone = sample_rate / 1000 * ms,
        .total = sample_rate / 1000 * (ms + DTMF_PAUSE_MS),
        .edge = sample_rate / 1000 * EDGE_MS,
    };
    /* A sine by its recurrence x[n] = 2 cos w x[n-1] - x[n-2], from a zero at n = -1. */
    for (int i = 0; i < 2; i++) {
        double step = 2 * M_PI * frequency[i] / sample_rate;
        tone->coefficient[i] = 2 * cos(step);
        tone->before[i] = -AMPLITUDE[i] * sin(step);
    }
}

/* From 0 to 1 at the edges of the tone. */
static double swell(const struct dtmf_tone *tone)
{
    uint32_t left = tone->tone - tone->position;
    uint32_t nearest = tone->position < left ? tone->position : left;
    return nearest >= tone->edge ? 1 : (double)nearest / tone->edge;
}

size_t dtmf_tone_take(struct dtmf_tone *tone, int16_t *samples, size_t count)
{
    size_t taken = 0;
    for (; taken < count && tone->position < tone->tone; taken++) {
        double sum = 0;
        for (int i = 0; i < 2; i++) {
            double next = tone->coefficient[i] * tone->last[i] - tone->before[i];
            tone->before[i] = tone->last[i];
            tone->last[i] = next;
            sum += next;
        }
        samples[taken] = (int16_t)(sum * swell(tone));
        tone->position++;
    }
    memset(samples + taken, 0, (count - taken) * sizeof *samples);
    size_t pause = tone->total - tone->position;
    if (pause > count - taken)
        pause = count - taken;
    tone->position += (uint32_t)pause;
    return taken + pause;
}
