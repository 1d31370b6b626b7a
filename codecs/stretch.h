/* Time cut out of speech, or put into it, where it repeats itself most: so that a delay is changed unheard.
 *
 * The lag between 2.5 and 10 ms at which the first 10 ms resemble what follows them most is taken for the pitch; one such
 * period is left out, or repeated, with 10 ms of one fading into 10 ms of the other (WSOLA: Verhelst and Roelands,
 * ICASSP 1993). Rates are multiples of 8000 Hz; the search is at 8000. */
#ifndef SWITCH_CODECS_STRETCH_H
#define SWITCH_CODECS_STRETCH_H

#include <stddef.h>
#include <stdint.h>

enum {
    STRETCH_MS = 20,     /* what it needs to see */
    STRETCH_MS_MAX = 10, /* what it changes at most */
};

/* Shortens `count` samples, at least STRETCH_MS of them, in place. Returns how many it took away: 0 if they resemble
 * each other by less than `percent` at every lag (100: they repeat exactly). */
size_t stretch_cut(int16_t *samples, size_t count, uint32_t rate_hz, int percent);

/* Lengthens likewise; there must be room for STRETCH_MS_MAX more. Returns how many it added. */
size_t stretch_fill(int16_t *samples, size_t count, uint32_t rate_hz, int percent);

#endif
