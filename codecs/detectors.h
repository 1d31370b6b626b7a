/* Listening for what is no speech, and for speech itself. Plain C without Python; each detector is one file.
 *
 * Every detector is fed frames of DETECT_FRAME_SAMPLES linear samples at 8 kHz (10 ms), in order and without gaps.
 * Its state is in the caller's memory, all zero bytes at the start unless there is an `_init`; nothing is allocated, and nothing is
 * shared between two of them. Any samples are input: there are no errors. Levels are in dBm0, where a sine of full
 * scale has +3.14 (ITU-T G.711). */
#ifndef SWITCH_CODECS_DETECTORS_H
#define SWITCH_CODECS_DETECTORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    DETECT_RATE = 8000,
    DETECT_FRAME_SAMPLES = 80,
    DETECT_FRAME_MS = 10,
};

/* dtmf.c: keys as two tones, ITU-T Q.23 and Q.24. Keys are RFC 4733 event codes: 0-9, * 10, # 11, A-D 12-15. */

enum {
    DTMF_LANES = 8,     /* the four frequencies of the rows, then the four of the columns */
    DTMF_HOP = 40,      /* samples from one look to the next: 5 ms */
    DTMF_WINDOW = 160,  /* samples that a look sees */
    DTMF_HOPS_KEPT = 16,
};

struct dtmf_look {
    float re[DTMF_LANES], im[DTMF_LANES];
    float energy;
};

/* What is known of a tone pair that is heard, or has just ceased. */
struct dtmf_run {
    int8_t key; /* -1: none */
    int8_t other; /* another key that was heard in its place for one look, or -1 */
    bool confirmed;
    uint16_t hops;       /* from the first look to the last that heard it */
    uint16_t missing;    /* looks since */
    float peak;          /* the greatest power of a look */
    float power[DTMF_HOPS_KEPT];  /* of its first looks */
    float turn_re[2], turn_im[2]; /* phase that row and column have gained on their nominal frequencies, summed */
};

struct dtmf_detector {
    float samples[DTMF_WINDOW - DTMF_HOP + DETECT_FRAME_SAMPLES];
    struct dtmf_look before;
    struct dtmf_run run;
};

struct dtmf_heard {
    uint8_t key;
    uint32_t duration_ms;
};

void dtmf_detector_init(struct dtmf_detector *detector);

/* True when a key is over: told once a press. */
bool dtmf_detect(struct dtmf_detector *detector, const int16_t samples[DETECT_FRAME_SAMPLES], struct dtmf_heard *heard);

/* A key is heard now; it is told when it is over. */
bool dtmf_sounds(const struct dtmf_detector *detector);

enum { DTMF_TONE_MS = 100, DTMF_PAUSE_MS = 100 };

/* One key as sound, at any rate from 8 to 48 kHz. */
struct dtmf_tone {
    double coefficient[2], last[2], before[2];
    uint32_t tone, total, position; /* in samples */
};

void dtmf_tone_start(struct dtmf_tone *tone, uint8_t key, uint32_t sample_rate);

/* Fills `samples` with what comes next, silence after the end. Returns how many of them belong to the key and its
 * pause: fewer than `count` once it is over. */
size_t dtmf_tone_take(struct dtmf_tone *tone, int16_t *samples, size_t count);

#endif
