/* Call-progress tones: dial tone, ringback, busy, congestion, as networks of many countries send them (ITU-T E.180,
 * Supplement 2).
 *
 * Theory of operation. Each 10 ms frame is looked at by eight Goertzel filters; five frames together, weighed like a Hann
 * window in steps, make a look of 50 ms that sees tones 40 Hz apart. A look is of a kind (one of SPECTRA) when the one or two
 * tones of that kind carry nearly all of its energy; 400, 425, 440 and 450 Hz are too near to each other for such a filter, so a
 * single tone's frequency is taken from its phase between looks. The looks make a rhythm: how long tone and
 * silence lasted, one after the other. A rhythm that fits a row of CADENCES from its end backwards is told once, and again only
 * after something else was heard. */
#include <math.h>
#include <string.h>

#include "detectors.h"

enum {
    LANES = PROGRESS_LANES,
    QUIET = -1,  /* labels of a look, beside the numbers of SPECTRA */
    OTHER = -2,
    LOOKS_SPOILED = 3, /* of 10 ms: how long something else may last and not count */
    TURN_FRAMES = 20,  /* after which all the filters' phases are back where they began */
    TOLERANCE_MS = 45, /* and a twelfth; networks keep to a tenth, and a look's edges add 20 ms */
    LONG_MS = 1200,    /* a cadence that is longer is told in its first pause */
    DIAL_MS = 2600,    /* longer than any ringback sounds */
    LOOKS_CLEAR = 15,  /* of a tone, shorter than the shortest of a cadence */
    LOOKS_OTHER = 8,   /* of something else, shorter than a word */
};

static const float POWER_MIN = 14000;   /* -43 dBm0 */
static const float SHARE_MIN = 0.75f;   /* a tone 5 dB above the line's noise */
static const float TWIST_MAX = 10;      /* of power, between two tones */
static const float PAUSE_MAX = 0.15f;   /* of the tone's power: 8 dB below it */
static const float FORGET = 0.9985f;    /* each look: a tone is forgotten in some seconds */
static const float DEVIATION_HZ = 12;   /* of a single tone from its nominal frequency */

/* Their periods divide TURN_FRAMES frames. */
static const float FREQUENCY[LANES] = {330, 350, 400, 425, 440, 450, 480, 620};
/* For w = 2 pi f / 8000: 2 cos w, cos w, sin w, and cos and sin of 80 w, by which a frame turns the phase. */
static const float TWICE_COS[LANES] = {1.9332002f, 1.9249105f, 1.9021130f, 1.8896121f, 1.8817615f, 1.8763827f, 1.8595530f, 1.7675313f};
static const float COS[LANES] = {0.9666001f, 0.9624552f, 0.9510565f, 0.9448060f, 0.9408808f, 0.9381913f, 0.9297765f, 0.8837656f};
static const float SIN[LANES] = {0.2562894f, 0.2714404f, 0.3090170f, 0.3276302f, 0.3387379f, 0.3461171f, 0.3681246f, 0.4679298f};
static const float TURN_COS[LANES] = {-0.309017f, -1.000000f, 1.000000f, 0.000000f, -0.809017f, -1.000000f, 0.309017f, 0.309017f};
static const float TURN_SIN[LANES] = {0.951057f, 0.000000f, 0.000000f, 1.000000f, 0.587785f, 0.000000f, -0.951057f, 0.951057f};

/* sin^2 in steps. Its sum and the sum of its squares are 2.5 and 1.875 frames, as those of a Hann window are. */
static const float WEIGHT[PROGRESS_FRAMES] = {0.0954915f, 0.6545085f, 1, 0.6545085f, 0.0954915f};

/* Lanes of two tones; of one, the same twice. */
static const struct {
    uint8_t first, second;
} SPECTRA[] = {
    {1, 4}, /* 350 + 440: North America, United Kingdom */
    {4, 6}, /* 440 + 480: North America */
    {6, 7}, /* 480 + 620: North America */
    {2, 5}, /* 400 + 450: United Kingdom, Australia, New Zealand */
    {1, 5}, /* 350 + 450: United Kingdom, older exchanges */
    {0, 4}, /* 330 + 440: France */
    {2, 2}, /* 400: United Kingdom, New Zealand, Japan */
    {3, 3}, /* 425: ETSI, most of Europe, South America, Russia */
    {4, 4}, /* 440: France */
    {5, 5}, /* 450: China */
};

enum { ANY_SINGLE = 100, SPECTRUM_COUNT = sizeof SPECTRA / sizeof *SPECTRA, SINGLES = 6 };

/* What is told, of what it is made, and milliseconds of tone and pause in turn. */
static const struct {
    enum tone_kind kind;
    uint8_t spectrum;
    uint16_t ms[4];
} CADENCES[] = {
    {TONE_RINGBACK, 1, {2000, 4000}},                /* North America */
    {TONE_RINGBACK, 3, {400, 200, 400, 2000}},       /* United Kingdom, Australia, New Zealand */
    {TONE_RINGBACK, ANY_SINGLE, {1000, 4000}},       /* ETSI, Germany, Italy, China, Russia (0.8 + 3.2 below) */
    {TONE_RINGBACK, ANY_SINGLE, {1500, 3500}},       /* France */
    {TONE_RINGBACK, ANY_SINGLE, {1500, 3000}},       /* Spain */
    {TONE_RINGBACK, ANY_SINGLE, {800, 3200}},        /* Russia */
    {TONE_RINGBACK, ANY_SINGLE, {1000, 2000}},       /* Japan */
    {TONE_BUSY, 2, {500, 500}},                      /* North America */
    {TONE_CONGESTION, 2, {250, 250}},                /* North America: reorder */
    {TONE_CONGESTION, 2, {200, 300}},
    {TONE_CONGESTION, 6, {400, 350, 225, 525}},      /* United Kingdom */
    {TONE_BUSY, 6, {375, 375}},                      /* United Kingdom, Australia */
    {TONE_BUSY, ANY_SINGLE, {500, 500}},             /* ETSI, France, Germany (480 each), Italy, Japan, New Zealand */
    {TONE_BUSY, ANY_SINGLE, {350, 350}},             /* China, Russia */
    {TONE_CONGESTION, ANY_SINGLE, {250, 250}},       /* ETSI, France, Germany (240 each), New Zealand */
    {TONE_CONGESTION, ANY_SINGLE, {200, 200}},       /* Italy, Spain */
};

enum { CADENCE_COUNT = sizeof CADENCES / sizeof *CADENCES };

void progress_detector_init(struct progress_detector *detector)
{
    memset(detector, 0, sizeof *detector);
    detector->next_label = QUIET;
    for (int i = 0; i < PROGRESS_PARTS; i++)
        detector->parts[i].label = QUIET;
}

/* The frame as eight complex numbers whose phases go on from the frame before, at the newest place of the ring. */
static void add_frame(struct progress_detector *detector, const int16_t samples[DETECT_FRAME_SAMPLES])
{
    float last[LANES] = {0}, before[LANES] = {0}, energy = 0;
    for (int n = 0; n < DETECT_FRAME_SAMPLES; n++) {
        float x = samples[n];
        energy += x * x;
        for (int lane = 0; lane < LANES; lane++) {
            float next = x + TWICE_COS[lane] * last[lane] - before[lane];
            before[lane] = last[lane];
            last[lane] = next;
        }
    }
    if (detector->turn == 0)
        for (int lane = 0; lane < LANES; lane++) {
            detector->phase_re[lane] = 1;
            detector->phase_im[lane] = 0;
        }
    detector->turn = (uint8_t)((detector->turn + 1) % TURN_FRAMES);
    memmove(detector->frames, detector->frames + 1, sizeof detector->frames - sizeof *detector->frames);
    struct progress_frame *frame = &detector->frames[PROGRESS_FRAMES - 1];
    frame->energy = energy;
    for (int lane = 0; lane < LANES; lane++) {
        float re = last[lane] - before[lane] * COS[lane], im = before[lane] * SIN[lane];
        float phase_re = detector->phase_re[lane], phase_im = detector->phase_im[lane];
        frame->re[lane] = re * phase_re - im * phase_im;
        frame->im[lane] = re * phase_im + im * phase_re;
        /* The next frame begins 80 samples later: what goes on there has turned by 80 w, which is taken back. */
        detector->phase_re[lane] = phase_re * TURN_COS[lane] + phase_im * TURN_SIN[lane];
        detector->phase_im[lane] = phase_im * TURN_COS[lane] - phase_re * TURN_SIN[lane];
    }
}

/* What the last five frames have at each lane, and how far the phase turned since the look before. */
struct look {
    float whole;            /* mean square */
    float power[LANES];     /* likewise, as the filters see it */
    float deviation[LANES]; /* Hz */
};

static void look_at(struct progress_detector *detector, struct look *look)
{
    const float gain = 2.0f / (2.5f * 2.5f * DETECT_FRAME_SAMPLES * DETECT_FRAME_SAMPLES);
    look->whole = 0;
    for (int i = 0; i < PROGRESS_FRAMES; i++)
        look->whole += WEIGHT[i] * WEIGHT[i] * detector->frames[i].energy;
    look->whole /= 1.875f * DETECT_FRAME_SAMPLES;
    for (int lane = 0; lane < LANES; lane++) {
        float re = 0, im = 0;
        for (int i = 0; i < PROGRESS_FRAMES; i++) {
            re += WEIGHT[i] * detector->frames[i].re[lane];
            im += WEIGHT[i] * detector->frames[i].im[lane];
        }
        float turn_re = re * detector->before_re[lane] + im * detector->before_im[lane];
        float turn_im = im * detector->before_re[lane] - re * detector->before_im[lane];
        look->power[lane] = (re * re + im * im) * gain;
        look->deviation[lane] = atan2f(turn_im, turn_re) * (1000.0f / DETECT_FRAME_MS / (2 * (float)M_PI));
        detector->before_re[lane] = re;
        detector->before_im[lane] = im;
    }
}

/* The power that a tone has which stands `deviation` beside its filter: the main lobe of the window. */
static float true_power(const struct look *look, int lane)
{
    float beside = look->deviation[lane] * PROGRESS_FRAMES * DETECT_FRAME_MS / 1000.0f, square = beside * beside;
    if (square > 1)
        return 0;
    float gain = 1 - 0.645f * square + 0.167f * square * square;
    return look->power[lane] / (gain * gain);
}

static int single_tone(const struct look *look)
{
    int best = SINGLES;
    for (int i = SINGLES; i < SPECTRUM_COUNT; i++)
        if (look->power[SPECTRA[i].first] > look->power[SPECTRA[best].first])
            best = i;
    int lane = SPECTRA[best].first;
    if (true_power(look, lane) < look->whole * SHARE_MIN)
        return OTHER;
    float hertz = FREQUENCY[lane] + look->deviation[lane];
    for (int i = SINGLES; i < SPECTRUM_COUNT; i++)
        if (fabsf(FREQUENCY[SPECTRA[i].first] - hertz) < fabsf(FREQUENCY[SPECTRA[best].first] - hertz))
            best = i;
    return fabsf(FREQUENCY[SPECTRA[best].first] - hertz) <= DEVIATION_HZ ? best : OTHER;
}

static int label_of(const struct look *look, float quiet_max)
{
    if (look->whole < quiet_max)
        return QUIET;
    for (int i = 0; i < SINGLES; i++) {
        float first = true_power(look, SPECTRA[i].first), second = true_power(look, SPECTRA[i].second);
        if (first < second * TWIST_MAX && second < first * TWIST_MAX &&
            look->power[SPECTRA[i].first] + look->power[SPECTRA[i].second] >= look->whole * SHARE_MIN &&
            first + second <= look->whole * 1.3f)
            return i;
    }
    return single_tone(look);
}

static bool spectrum_fits(int label, int spectrum)
{
    return spectrum == ANY_SINGLE ? label >= SINGLES : label == spectrum;
}

static bool lasts(int looks, int ms)
{
    int measured = looks * DETECT_FRAME_MS, tolerance = TOLERANCE_MS + ms / 12;
    return measured >= ms - tolerance && measured <= ms + tolerance;
}

/* Does the rhythm, whose last part still goes on, fit this row so that its last part is the pause at `at`? */
static bool fits_at(const struct progress_detector *detector, int row, int at, int period)
{
    int total = 0;
    for (int i = 0; i < period; i++)
        total += CADENCES[row].ms[i];
    /* Two rounds of a short cadence, one of a long: the pause that goes on counts when half of it is over. */
    int parts = total > LONG_MS ? period : 2 * period;
    const struct progress_part *now = &detector->parts[PROGRESS_PARTS - 1];
    int pause = CADENCES[row].ms[at];
    if (now->label != QUIET || now->looks * DETECT_FRAME_MS < pause / 2 ||
        now->looks * DETECT_FRAME_MS > pause + TOLERANCE_MS + pause / 12)
        return false;
    for (int i = 1; i < parts; i++) {
        const struct progress_part *part = &detector->parts[PROGRESS_PARTS - 1 - i];
        int place = (at - i + 2 * period) % period;
        bool is_tone = place % 2 == 0;
        if (!lasts(part->looks, CADENCES[row].ms[place]) ||
            !(is_tone ? spectrum_fits(part->label, CADENCES[row].spectrum) : part->label == QUIET))
            return false;
    }
    return true;
}

/* The row that the rhythm fits, or -1. */
static int cadence_of(const struct progress_detector *detector)
{
    for (int row = 0; row < CADENCE_COUNT; row++) {
        int period = CADENCES[row].ms[2] == 0 ? 2 : 4;
        for (int at = 1; at < period; at += 2)
            if (fits_at(detector, row, at, period))
                return row;
    }
    return -1;
}

/* The rhythm goes on with this look. What lasts only LOOKS_SPOILED looks belongs to what was before it. */
static void add_look(struct progress_detector *detector, int label)
{
    struct progress_part *now = &detector->parts[PROGRESS_PARTS - 1];
    if (now->looks < UINT16_MAX)
        now->looks++;
    if (label == now->label) {
        detector->changed = 0;
        return;
    }
    if (label != detector->next_label)
        detector->changed = 0;
    detector->next_label = (int8_t)label;
    if (++detector->changed <= LOOKS_SPOILED)
        return;
    now->looks = (uint16_t)(now->looks - detector->changed);
    memmove(detector->parts, detector->parts + 1, sizeof detector->parts - sizeof *detector->parts);
    *now = (struct progress_part){.label = (int8_t)label, .looks = detector->changed};
    detector->changed = 0;
}

static bool tell(struct progress_detector *detector, enum tone_kind kind, int label, struct tone_heard *heard)
{
    if (detector->told == (int)kind)
        return false;
    detector->told = (int8_t)kind;
    *heard = (struct tone_heard){.kind = kind, .hertz = {(uint16_t)FREQUENCY[SPECTRA[label].first]}};
    if (SPECTRA[label].second != SPECTRA[label].first)
        heard->hertz[1] = (uint16_t)FREQUENCY[SPECTRA[label].second];
    return true;
}

bool progress_detect(struct progress_detector *detector, const int16_t samples[DETECT_FRAME_SAMPLES],
                     struct tone_heard *heard)
{
    struct look look;
    add_frame(detector, samples);
    look_at(detector, &look);
    /* Pauses have the line's noise in them. */
    int label = label_of(&look, fmaxf(POWER_MIN, detector->tone_power * PAUSE_MAX));
    detector->tone_power = fmaxf(detector->tone_power * FORGET, label >= 0 ? look.whole : 0);
    add_look(detector, label);
    const struct progress_part *now = &detector->parts[PROGRESS_PARTS - 1];
    if (now->label >= 0 && now->looks * DETECT_FRAME_MS >= DIAL_MS)
        return tell(detector, TONE_DIAL, now->label, heard);
    if (now->label == OTHER && now->looks > LOOKS_SPOILED * 3)
        detector->told = 0;
    if (now->label != QUIET)
        return false;
    /* Longer than any pause: whatever comes next is new. */
    if (now->looks * DETECT_FRAME_MS > PROGRESS_SILENCE_MS)
        detector->told = 0;
    int row = cadence_of(detector);
    return row >= 0 && tell(detector, CADENCES[row].kind, detector->parts[PROGRESS_PARTS - 2].label, heard);
}

bool progress_sounds(const struct progress_detector *detector)
{
    const struct progress_part *now = &detector->parts[PROGRESS_PARTS - 1];
    return now->label >= 0 && now->looks >= LOOKS_CLEAR;
}

bool progress_hears_other(const struct progress_detector *detector)
{
    const struct progress_part *now = &detector->parts[PROGRESS_PARTS - 1];
    return now->label == OTHER && now->looks >= LOOKS_OTHER;
}
