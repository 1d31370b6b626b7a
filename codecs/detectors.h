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
    uint32_t tone, total, edge, position; /* in samples */
};

void dtmf_tone_start(struct dtmf_tone *tone, uint8_t key, uint32_t sample_rate);

/* The same, so long; DTMF_PAUSE_MS of pause follow. */
void dtmf_tone_start_for(struct dtmf_tone *tone, uint8_t key, uint32_t sample_rate, uint32_t ms);

/* Fills `samples` with what comes next, silence after the end. Returns how many of them belong to the key and its
 * pause: fewer than `count` once it is over. */
size_t dtmf_tone_take(struct dtmf_tone *tone, int16_t *samples, size_t count);

/* sine.c: one sine in a window of 20 ms; for detectors of single tones. */

enum { SINE_WINDOW = 160 };

struct sine_window {
    float samples[SINE_WINDOW];
};

struct sine {
    float hertz, power; /* mean square */
    float share;        /* of the window's energy; 0 in silence */
};

void sine_feed(struct sine_window *window, const int16_t samples[DETECT_FRAME_SAMPLES]);
struct sine sine_measure(const struct sine_window *window);

/* tones.c and sit.c: what a network says of a call by tones. Numbers are those of switch/media/events.py. */

enum tone_kind {
    TONE_DIAL = 1,
    TONE_RINGBACK,
    TONE_BUSY,
    TONE_CONGESTION,       /* also called reorder */
    TONE_SIT,              /* special information: the call came to nothing, and an announcement says why */
    TONE_SIT_INTERCEPT,    /* the number was changed, or is no longer in service */
    TONE_SIT_VACANT_CODE,  /* there is no such number */
    TONE_SIT_REORDER,      /* a fault, or digits are missing */
    TONE_SIT_NO_CIRCUIT,   /* all lines are busy */
};

struct tone_heard {
    enum tone_kind kind;
    uint16_t hertz[2]; /* as the table has them, or, of special information tones, measured; 0: only one */
};

enum {
    PROGRESS_LANES = 8,
    PROGRESS_FRAMES = 5,
    PROGRESS_PARTS = 8,        /* of a rhythm: two rounds of a short one, and one of the longest */
    PROGRESS_SILENCE_MS = 6000, /* longer than the pause of any ringback */
};

struct progress_frame {
    float re[PROGRESS_LANES], im[PROGRESS_LANES];
    float energy;
};

struct progress_part {
    int8_t label;
    uint16_t looks;
};

struct progress_detector {
    struct progress_frame frames[PROGRESS_FRAMES];
    float phase_re[PROGRESS_LANES], phase_im[PROGRESS_LANES];
    float before_re[PROGRESS_LANES], before_im[PROGRESS_LANES];
    float tone_power; /* mean square of the last tone */
    uint8_t turn;
    struct progress_part parts[PROGRESS_PARTS]; /* the last one goes on */
    int8_t next_label;
    uint8_t changed;
    int8_t told; /* the kind that was told last and still goes on, or 0 */
};

void progress_detector_init(struct progress_detector *detector);
bool progress_detect(struct progress_detector *detector, const int16_t samples[DETECT_FRAME_SAMPLES],
                     struct tone_heard *heard);

/* A tone of a network goes on now, longer than a vowel that happens to be pure. */
bool progress_sounds(const struct progress_detector *detector);

/* What is heard now is no tone and no silence. */
bool progress_hears_other(const struct progress_detector *detector);

struct sit_detector {
    struct sine_window window;
    uint8_t tone, looks, missing, since;
    float hertz_sum;
    float hertz[2];
    uint8_t length[2];
};

bool sit_detect(struct sit_detector *detector, const int16_t samples[DETECT_FRAME_SAMPLES], struct tone_heard *heard);

/* beep.c: a pure tone of 400 to 2100 Hz for 100 ms to 4 s. Told when it is over. */

struct beep_detector {
    struct sine_window window;
    float hertz_sum;
    uint16_t looks, missing;
};

struct beep_heard {
    uint16_t hertz;
    uint32_t duration_ms;
};

bool beep_detect(struct beep_detector *detector, const int16_t samples[DETECT_FRAME_SAMPLES],
                 struct beep_heard *heard);

/* vad.c: is there a voice? */

enum { VAD_PARTS = 8 };

struct vad {
    float parts[VAD_PARTS]; /* the least power of each quarter of a second */
    uint8_t part, frames, seen;
    bool loud;     /* the frame */
    bool speaking; /* with what hangs over */
    uint32_t run, silence_frames;
};

enum vad_change { VAD_SAME, VAD_SPEECH, VAD_SILENCE };

/* A voice has ceased after `silence_ms` without it. */
void vad_init(struct vad *vad, uint32_t silence_ms);
enum vad_change vad_detect(struct vad *vad, const int16_t samples[DETECT_FRAME_SAMPLES]);

/* amd.c: answering machine or human. */

struct amd_settings {
    uint16_t initial_silence_ms;        /* nobody speaks for so long: a machine */
    uint16_t greeting_ms;               /* a person's greeting is shorter */
    uint16_t after_greeting_silence_ms; /* and then the person waits */
    uint16_t total_analysis_ms;         /* after that it is given up */
    uint16_t min_word_ms, between_words_silence_ms, word_max_ms;
    uint8_t words_max; /* of a person */
};

enum amd_verdict { AMD_HUMAN, AMD_MACHINE, AMD_NOT_SURE };

enum amd_reason {
    AMD_SHORT_GREETING,
    AMD_INITIAL_SILENCE,
    AMD_WORDS,
    AMD_LONG_WORD,
    AMD_LONG_GREETING,
    AMD_TOO_LONG,
};

struct amd {
    struct amd_settings settings;
    struct vad vad;
    uint32_t total_ms, voice_ms, silence_ms, word_ms;
    uint8_t words;
    bool over;
};

struct amd_result {
    enum amd_verdict verdict;
    enum amd_reason reason;
    uint8_t confidence; /* 0 to 100 */
    uint8_t words;
    uint32_t greeting_ms; /* of voice until then */
};

void amd_init(struct amd *amd, const struct amd_settings *settings);

/* True once, when it is decided. */
bool amd_detect(struct amd *amd, const int16_t samples[DETECT_FRAME_SAMPLES], struct amd_result *result);

/* clipping.c: tops cut off. True at the end of the first second that is clipped, and again after five clean ones. */

enum { CLIPPING_BINS = 512 };

struct clipping_detector {
    uint16_t levels[CLIPPING_BINS];
    uint8_t frames, clean;
};

bool clipping_detect(struct clipping_detector *detector, const int16_t samples[DETECT_FRAME_SAMPLES],
                     uint16_t *share_thousandths);

#endif
