/* Another speed at the same pitch: 10 ms out for as much of a sound as the speed says, by waveform similarity.
 *
 * WSOLA (Verhelst and Roelands, ICASSP 1993). Each step gives 10 ms. Where the last ones go on in the sound is their
 * natural continuation; `centre` is where the speed says that we should be by now. While the two are within REACH the
 * continuation is copied, so 100 % is the sound itself, bit for bit. Else the place within REACH of the centre that
 * resembles the continuation most is looked for, and the one fades into the other over these 10 ms. A voice of 80 Hz or
 * more has a period inside that search, so its pitch stays.
 *
 * The caller pushes what tempo_wants() asks for, and steps. Nothing is allocated; a step costs at most one search. */
#ifndef SWITCH_CODECS_TEMPO_H
#define SWITCH_CODECS_TEMPO_H

#include <stdint.h>

enum {
    TEMPO_PERCENT_MIN = 50,
    TEMPO_PERCENT_MAX = 200,
    TEMPO_RATE_MAX_HZ = 16000,
    TEMPO_HOP_MAX = TEMPO_RATE_MAX_HZ / 100,
    /* Between the continuation and the furthest place that is compared lie at most 180 samples of 8 kHz, and 80 are heard. */
    TEMPO_HELD_MAX = 260 * (TEMPO_RATE_MAX_HZ / 8000) + 1, /* one more: wide sound comes in pairs */
};

/* Places are counted from samples[0]. */
struct tempo {
    int32_t step;    /* rate / 8000: every so many samples are compared */
    int32_t percent;
    int32_t centre;  /* where the next 10 ms should come from, */
    int32_t parts;   /* and so many hundredths of a sample behind it */
    int32_t natural; /* where the last ones go on */
    int32_t held;
    int16_t samples[TEMPO_HELD_MAX];
};

/* At 8000 or 16000 Hz, from the beginning of a sound. */
void tempo_init(struct tempo *tempo, uint32_t rate_hz, uint32_t percent);

/* From the next step on. */
void tempo_set(struct tempo *tempo, uint32_t percent);

/* How many samples must be pushed before the next step. */
uint32_t tempo_wants(const struct tempo *tempo);

void tempo_push(struct tempo *tempo, const int16_t *samples, uint32_t count);

/* The next 10 ms. */
void tempo_step(struct tempo *tempo, int16_t *out);

/* So many of the samples that were pushed lie ahead of what was heard last. */
uint32_t tempo_ahead(const struct tempo *tempo);

#endif
