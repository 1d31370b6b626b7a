#include "emodel.h"

#include <math.h>

/* Section 7, table 2: the defaults, and what they come to. */
static const double NOISE_DBM0P = -61.1790; /* equation 7-3 to 7-6 */
static const double SLR = 8, RLR = 2, TELR = 65, WEPL = 110;
static const double IMPAIRED_AT_ONCE = 1.4136; /* Is, equation 7-8 to 7-17: loudness, sidetone, quantizing */

/* G.113 Appendix I: impairment by coding alone, and how well loss is borne; with concealment, which all phones have.
 * G.722, Opus and L16 are not rated there for this narrow band; they get no impairment by coding, and Opus the
 * robustness of a codec whose concealment and in-band correction are at least those of G.711. */
static void of_codec(enum codec_id codec, double *ie, double *bpl)
{
    *ie = 0;
    *bpl = codec == CODEC_G722 ? 10.0 : 25.1;
}

/* Equation 7-27: delay that hinders talk even without any echo. */
static double by_delay_alone(double delay_ms)
{
    if (delay_ms <= 100)
        return 0;
    double x = log2(delay_ms / 100);
    return 25 * (pow(1 + pow(x, 6), 1.0 / 6) - 3 * pow(1 + pow(x / 3, 6), 1.0 / 6) + 2);
}

/* Equations 7-19 to 7-22: the talker's echo, by a telephone that suppresses it by TELR. */
static double by_talker_echo(double delay_ms)
{
    double terv = TELR - 40 * log10((1 + delay_ms / 10) / (1 + delay_ms / 150)) + 6 * exp(-0.3 * delay_ms * delay_ms);
    double re = 80 + 2.5 * (terv - 14);
    double roe = -1.5 * (NOISE_DBM0P - RLR);
    return ((roe - re) / 2 + sqrt((roe - re) * (roe - re) / 4 + 100) - 1) * (1 - exp(-delay_ms));
}

/* Equations 7-25 and 7-26: the listener's echo, of the round trip. */
static double by_listener_echo(double ro, double round_trip_ms)
{
    double rle = 10.5 * (WEPL + 7) * pow(round_trip_ms + 1, -0.25);
    return (ro - rle) / 2 + sqrt((ro - rle) * (ro - rle) / 4 + 169);
}

/* Equation 7-29. Bursts weigh more than the same loss spread: burst ratio is their mean length over that of chance. */
static double by_equipment(const struct impairments *given)
{
    double ie, bpl, percent = given->loss * 100;
    of_codec(given->codec, &ie, &bpl);
    if (percent <= 0)
        return ie;
    double by_chance = given->loss < 1 ? 1 / (1 - given->loss) : 1;
    double ratio = given->burst > by_chance ? given->burst / by_chance : 1;
    return ie + (95 - ie) * percent / (percent / ratio + bpl);
}

double emodel_r(const struct impairments *given)
{
    double ro = 15 - 1.5 * (SLR + NOISE_DBM0P); /* equation 7-2 */
    double r = ro - IMPAIRED_AT_ONCE - by_delay_alone(given->delay_ms) - by_talker_echo(given->delay_ms) -
               by_listener_echo(ro, 2 * given->delay_ms) - by_equipment(given);
    return r < 0 ? 0 : r;
}

uint32_t emodel_mos_100(double r)
{
    if (r <= 0)
        return 100;
    if (r >= 100)
        return 450;
    double mos = 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6;
    /* The polynomial dips below 1 near 0. */
    return mos < 1 ? 100 : (uint32_t)(mos * 100 + 0.5);
}
