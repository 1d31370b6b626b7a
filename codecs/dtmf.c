/* Keys as two tones: ITU-T Q.23 says what they are, Q.24 what a receiver must take and must not.
 *
 * Theory of operation. Each 5 ms a window of 20 ms (Hann) is looked at by eight Goertzel filters, one a nominal
 * frequency. A look hears a key when the strongest row and the strongest column
 *   - are loud enough, and neither is much louder than the other (twist);
 *   - carry nearly all that the window has: speech that has these two frequencies has others besides;
 *   - stand at their nominal frequencies: the phase that a tone gains on its filter from one look to the next is its
 *     distance in frequency, to a hertz or so, which no filter of 20 ms could tell;
 *   - have no second harmonic, which speech has and a telephone has not.
 * The amplitude that such a window sees is half of the tone's when the tone's edge stands in its middle. So the looks
 * within 6 dB of the loudest one last as long as the tone, less the two that its edges spoil: five of them are a key of 35 ms or more, 23 ms have
 * no five. A key ends
 * with four looks without it: an interruption of 10 ms costs up to four of them, a pause of 40 ms at least five. */
#include <math.h>
#include <string.h>

#include "detectors.h"

enum {
    ROWS = 4,
    HOPS_OF_KEY = 5, /* Q.24: 40 ms is a key, 23 ms is none */
    HOPS_BRIDGED = 4, /* Q.24: an interruption of 10 ms does not make two keys of one, a pause of 40 ms does */
    HOPS_BRIDGED_EARLY = 1, /* before it is a key at all: noise may spoil one look */
    HOPS_OF_EDGES = 1,      /* a tone's rise and fall spoil about so many looks that it fills by half */
    HISTORY = DTMF_WINDOW - DTMF_HOP,
};

/* Of each tone. Q.24 asks for -25 dBm0 (a sine of 1,281); lines of today are quieter than that, not louder. */
static const float POWER_MIN = 360.0f * 360.0f / 2; /* -36 dBm0 */
/* Q.24 asks for 8 dB where the row is the louder and 4 where the column is; captured telephones had 9 that way. */
static const float TWIST_MAX = 10.0f; /* of power: 10 dB */
static const float SHARE_MIN = 0.80f;    /* of the window's energy; a signal 15 dB above noise has 0.97 */
static const float HARMONIC_MAX = 0.05f; /* 13 dB below its fundamental; Q.23 has all distortion 20 dB below */
/* Q.24: 1.5% and 2 Hz are a key, 3.5% is none. A single look knows less than the whole key. */
static const float DEVIATION_OF_LOOK_MAX = 0.035f;
static const float DEVIATION_MAX = 0.025f;
static const float FILTER_REACH_HZ = 120; /* the main lobe ends at 100 */
static const float OVER_6_DB = 0.25f;

static const float FREQUENCY[DTMF_LANES] = {697, 770, 852, 941, 1209, 1336, 1477, 1633};
/* For w = 2 pi f / 8000: 2 cos w, cos w, sin w, and cos and sin of 40 w, by which a hop turns the phase. */
static const float TWICE_COS[DTMF_LANES] = {1.7077378f, 1.6452810f, 1.5686870f, 1.4782046f, 1.1641040f, 0.9963702f, 0.7986184f, 0.5685327f};
static const float COS[DTMF_LANES] = {0.8538689f, 0.8226405f, 0.7843435f, 0.7391023f, 0.5820520f, 0.4981851f, 0.3993092f, 0.2842664f};
static const float SIN[DTMF_LANES] = {0.5204881f, 0.5685619f, 0.6203268f, 0.6735932f, 0.8131516f, 0.8670707f, 0.9168163f, 0.9587453f};
static const float HOP_COS[DTMF_LANES] = {-0.9955620f, 0.5877853f, -0.0627905f, -0.2789911f, 0.9602937f, -0.4257793f, -0.7501111f, 0.5090414f};
static const float HOP_SIN[DTMF_LANES] = {0.0941083f, -0.8090170f, 0.9980267f, -0.9602937f, 0.2789911f, -0.9048271f, 0.6613119f, 0.8607420f};

static const uint8_t KEY[ROWS][ROWS] = {{1, 2, 3, 12}, {4, 5, 6, 13}, {7, 8, 9, 14}, {10, 0, 11, 15}};

/* 0.5 - 0.5 cos(2 pi (n + 0.5) / 160); the second half is its mirror. */
static const float HANN[DTMF_WINDOW / 2] = {
    0.000096f, 0.000867f, 0.002408f, 0.004715f, 0.007787f, 0.011617f, 0.016200f, 0.021530f,
    0.027597f, 0.034393f, 0.041906f, 0.050126f, 0.059039f, 0.068633f, 0.078891f, 0.089799f,
    0.101340f, 0.113495f, 0.126246f, 0.139573f, 0.153456f, 0.167874f, 0.182803f, 0.198222f,
    0.214106f, 0.230431f, 0.247171f, 0.264302f, 0.281795f, 0.299626f, 0.317765f, 0.336185f,
    0.354858f, 0.373754f, 0.392845f, 0.412102f, 0.431494f, 0.450991f, 0.470565f, 0.490183f,
    0.509817f, 0.529435f, 0.549009f, 0.568506f, 0.587898f, 0.607155f, 0.626246f, 0.645142f,
    0.663815f, 0.682235f, 0.700374f, 0.718205f, 0.735698f, 0.752829f, 0.769569f, 0.785894f,
    0.801778f, 0.817197f, 0.832126f, 0.846544f, 0.860427f, 0.873754f, 0.886505f, 0.898660f,
    0.910201f, 0.921109f, 0.931367f, 0.940961f, 0.949874f, 0.958094f, 0.965607f, 0.972403f,
    0.978470f, 0.983800f, 0.988383f, 0.992213f, 0.995285f, 0.997592f, 0.999133f, 0.999904f,
};

void dtmf_detector_init(struct dtmf_detector *detector)
{
    memset(detector, 0, sizeof *detector);
    detector->run.key = -1;
    detector->run.other = -1;
}

/* Two windows, one hop apart, in one loop: sixteen filters that do not wait for each other. */
static void look_twice(const float *samples, struct dtmf_look looks[2])
{
    float last[2][DTMF_LANES] = {0}, before[2][DTMF_LANES] = {0}, energy[2] = {0};
    for (int n = 0; n < DTMF_WINDOW; n++) {
        float weight = HANN[n < DTMF_WINDOW / 2 ? n : DTMF_WINDOW - 1 - n];
        for (int i = 0; i < 2; i++) {
            float x = weight * samples[n + i * DTMF_HOP];
            energy[i] += x * x;
            for (int lane = 0; lane < DTMF_LANES; lane++) {
                float next = x + TWICE_COS[lane] * last[i][lane] - before[i][lane];
                before[i][lane] = last[i][lane];
                last[i][lane] = next;
            }
        }
    }
    for (int i = 0; i < 2; i++) {
        looks[i].energy = energy[i];
        for (int lane = 0; lane < DTMF_LANES; lane++) {
            looks[i].re[lane] = last[i][lane] - before[i][lane] * COS[lane];
            looks[i].im[lane] = before[i][lane] * SIN[lane];
        }
    }
}

/* Power of what the filter of a window sees at one frequency; the window's gain is taken out. */
static float power_at(const float *samples, float frequency)
{
    float coefficient = 2 * cosf(2 * (float)M_PI * frequency / DETECT_RATE), last = 0, before = 0;
    for (int n = 0; n < DTMF_WINDOW; n++) {
        float next = HANN[n < DTMF_WINDOW / 2 ? n : DTMF_WINDOW - 1 - n] * samples[n] + coefficient * last - before;
        before = last;
        last = next;
    }
    return (last * last + before * before - coefficient * last * before) * (8.0f / (DTMF_WINDOW * DTMF_WINDOW));
}

/* A tone in a look: what is needed to judge it. */
struct partial {
    int lane;
    float power;         /* mean square, as the filter sees it */
    float re, im;        /* the phase gained since the look before, weighted by the power */
    float deviation;     /* Hz from nominal */
};

static struct partial strongest(const struct dtmf_look *look, int first_lane)
{
    struct partial best = {.power = -1};
    for (int lane = first_lane; lane < first_lane + ROWS; lane++) {
        float power = look->re[lane] * look->re[lane] + look->im[lane] * look->im[lane];
        if (power > best.power) {
            best.power = power;
            best.lane = lane;
        }
    }
    /* A sine of amplitude A makes A N / 4 under a Hann window of N. */
    best.power *= 8.0f / (DTMF_WINDOW * DTMF_WINDOW);
    return best;
}

static float hertz(float re, float im)
{
    return atan2f(im, re) * (DETECT_RATE / (2 * (float)M_PI * DTMF_HOP));
}

static void follow_phase(struct partial *tone, const struct dtmf_look *look, const struct dtmf_look *before)
{
    int lane = tone->lane;
    float re = look->re[lane] * before->re[lane] + look->im[lane] * before->im[lane];
    float im = look->im[lane] * before->re[lane] - look->re[lane] * before->im[lane];
    tone->re = re * HOP_COS[lane] + im * HOP_SIN[lane];
    tone->im = im * HOP_COS[lane] - re * HOP_SIN[lane];
    tone->deviation = hertz(tone->re, tone->im);
}

/* The power that a tone has, from what a filter sees that stands `deviation` beside it: the Hann window's main lobe. */
static float true_power(const struct partial *tone)
{
    float beside = tone->deviation * DTMF_WINDOW / DETECT_RATE, square = beside * beside;
    float gain = 1 - 0.645f * square + 0.167f * square * square;
    return tone->power / (gain * gain);
}

static bool near_nominal(int lane, float deviation, float deviation_max)
{
    return fabsf(deviation) <= FREQUENCY[lane] * deviation_max;
}

/* The second harmonic of a row may fall where the column stands: then it says nothing. */
static bool has_harmonic(const struct partial *tone, const struct partial *other, const float *samples)
{
    float harmonic = 2 * (FREQUENCY[tone->lane] + tone->deviation);
    return fabsf(harmonic - FREQUENCY[other->lane]) > FILTER_REACH_HZ &&
           power_at(samples, harmonic) > tone->power * HARMONIC_MAX;
}

/* The key that this look hears, or -1; its tones in `tones`. */
static int hear(const struct dtmf_look *look, const struct dtmf_look *before, const float *samples,
                struct partial tones[2])
{
    struct partial row = strongest(look, 0), column = strongest(look, ROWS);
    if (row.power < POWER_MIN || column.power < POWER_MIN || row.power > column.power * TWIST_MAX ||
        column.power > row.power * TWIST_MAX)
        return -1;
    /* Even with both at the edge of the filters nearly half would be seen. */
    float whole = look->energy * (8.0f / 3 / DTMF_WINDOW);
    if (row.power + column.power < whole * SHARE_MIN / 2)
        return -1;
    follow_phase(&row, look, before);
    follow_phase(&column, look, before);
    if (!near_nominal(row.lane, row.deviation, DEVIATION_OF_LOOK_MAX) ||
        !near_nominal(column.lane, column.deviation, DEVIATION_OF_LOOK_MAX))
        return -1;
    if (true_power(&row) + true_power(&column) < whole * SHARE_MIN)
        return -1;
    if (has_harmonic(&row, &column, samples) || has_harmonic(&column, &row, samples))
        return -1;
    tones[0] = row;
    tones[1] = column;
    return KEY[row.lane][column.lane - ROWS];
}

static void begin_run(struct dtmf_run *run, int key)
{
    *run = (struct dtmf_run){.key = (int8_t)key, .other = -1};
}

static void extend_run(struct dtmf_run *run, const struct partial tones[2])
{
    float power = tones[0].power + tones[1].power;
    run->other = -1;
    /* The last part of a tone that fades out of the window is no more of it. */
    if (run->confirmed && power < run->peak * OVER_6_DB) {
        run->missing++;
        return;
    }
    run->hops = (uint16_t)(run->hops + run->missing + 1);
    run->missing = 0;
    if (power > run->peak)
        run->peak = power;
    if (run->confirmed)
        return;
    if (run->hops <= DTMF_HOPS_KEPT)
        run->power[run->hops - 1] = power;
    for (int i = 0; i < 2; i++) {
        run->turn_re[i] += tones[i].re;
        run->turn_im[i] += tones[i].im;
    }
    int loud = 0;
    for (int i = 0; i < DTMF_HOPS_KEPT; i++)
        loud += run->power[i] >= run->peak * OVER_6_DB;
    if (loud < HOPS_OF_KEY)
        return;
    run->confirmed = near_nominal(tones[0].lane, hertz(run->turn_re[0], run->turn_im[0]), DEVIATION_MAX) &&
                     near_nominal(tones[1].lane, hertz(run->turn_re[1], run->turn_im[1]), DEVIATION_MAX);
    /* Looks before the tone filled half the window are none of it. */
    if (run->confirmed)
        for (int i = 0; i < DTMF_HOPS_KEPT && run->power[i] < run->peak * OVER_6_DB; i++)
            run->hops--;
}

/* One look's result. True when a key is over. */
static bool follow(struct dtmf_run *run, int key, const struct partial tones[2], struct dtmf_heard *heard)
{
    if (key >= 0 && key == run->key) {
        extend_run(run, tones);
    } else if (run->key < 0) {
        if (key < 0)
            return false;
        begin_run(run, key);
        extend_run(run, tones);
        return false;
    } else {
        run->missing++;
    }
    bool replaced = key >= 0 && key != run->key && (run->other == key || !run->confirmed);
    if (key != run->key)
        run->other = (int8_t)key;
    if (!replaced && run->missing < (run->confirmed ? HOPS_BRIDGED + 1 : HOPS_BRIDGED_EARLY + 1))
        return false;
    bool told = run->confirmed;
    if (told)
        *heard = (struct dtmf_heard){
            .key = (uint8_t)run->key,
            .duration_ms = (run->hops + HOPS_OF_EDGES) * DTMF_HOP * 1000u / DETECT_RATE,
        };
    begin_run(run, replaced ? key : -1);
    if (replaced)
        extend_run(run, tones);
    return told;
}

bool dtmf_detect(struct dtmf_detector *detector, const int16_t samples[DETECT_FRAME_SAMPLES], struct dtmf_heard *heard)
{
    bool told = false;
    struct dtmf_look looks[2];
    memmove(detector->samples, detector->samples + DETECT_FRAME_SAMPLES, HISTORY * sizeof *detector->samples);
    for (int i = 0; i < DETECT_FRAME_SAMPLES; i++)
        detector->samples[HISTORY + i] = samples[i];
    look_twice(detector->samples, looks);
    for (int i = 0; i < 2; i++) {
        struct partial tones[2];
        int key = hear(&looks[i], i == 0 ? &detector->before : &looks[0], detector->samples + i * DTMF_HOP, tones);
        /* At most one of two looks can end a key: each needs several. */
        told = follow(&detector->run, key, tones, heard) || told;
    }
    detector->before = looks[1];
    return told;
}

bool dtmf_sounds(const struct dtmf_detector *detector)
{
    return detector->run.confirmed;
}
