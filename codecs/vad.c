/* Voice activity: what is louder than the line's own noise, by how much the line is quiet between words.
 *
 * The floor is the least power of a frame in the last two seconds (minimum statistics): speech that goes on has dips in
 * that time, and noise has nothing else. A tone that stands still for longer becomes noise, which is right. */
#include <math.h>

#include "detectors.h"

enum {
    FRAMES_A_PART = 25,   /* of VAD_PARTS: 250 ms */
    FRAMES_TO_START = 3,  /* in a row: a click is no voice */
};

static const float POWER_MIN = 5200;      /* -47 dBm0: quieter is no speech on any line */
static const float FLOOR_FIRST = 2600;    /* -50 dBm0, until two seconds were heard: who speaks at once is heard at once */
static const float FLOOR_MAX = 2600000;   /* -20 dBm0: what is 8 dB louder than that is a voice whatever was before */
static const float OVER_FLOOR = 6;        /* 8 dB; the least frame of steady noise is 1 to 2 dB below its mean */

static float power_of(const int16_t samples[DETECT_FRAME_SAMPLES])
{
    float sum = 0, squares = 0;
    for (int i = 0; i < DETECT_FRAME_SAMPLES; i++) {
        sum += samples[i];
        squares += (float)samples[i] * samples[i];
    }
    float mean = sum / DETECT_FRAME_SAMPLES; /* a direct current is no sound */
    return fmaxf(squares / DETECT_FRAME_SAMPLES - mean * mean, 0);
}

static float floor_of(const struct vad *vad)
{
    float least = vad->parts[0];
    for (int i = 1; i < VAD_PARTS; i++)
        least = fminf(least, vad->parts[i]);
    return fminf(least, vad->seen < VAD_PARTS ? FLOOR_FIRST : FLOOR_MAX);
}

void vad_init(struct vad *vad, uint32_t silence_ms)
{
    *vad = (struct vad){.silence_frames = silence_ms / DETECT_FRAME_MS};
    for (int i = 0; i < VAD_PARTS; i++)
        vad->parts[i] = INFINITY;
}

enum vad_change vad_detect(struct vad *vad, const int16_t samples[DETECT_FRAME_SAMPLES])
{
    float power = power_of(samples);
    vad->loud = power > fmaxf(POWER_MIN, floor_of(vad) * OVER_FLOOR);
    float *part = &vad->parts[vad->part];
    *part = fminf(*part, power);
    if (++vad->frames == FRAMES_A_PART) {
        vad->frames = 0;
        vad->part = (uint8_t)((vad->part + 1) % VAD_PARTS);
        vad->parts[vad->part] = INFINITY;
        if (vad->seen < VAD_PARTS)
            vad->seen++;
    }
    vad->run = vad->loud == vad->speaking ? 0 : vad->run + 1;
    if (vad->run < (vad->speaking ? vad->silence_frames : FRAMES_TO_START))
        return VAD_SAME;
    vad->run = 0;
    vad->speaking = !vad->speaking;
    return vad->speaking ? VAD_SPEECH : VAD_SILENCE;
}
