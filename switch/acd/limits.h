/* Named bounds of the router; the reasons stand in limits.py, and a test compares the numbers. */
#ifndef ACD_LIMITS_H
#define ACD_LIMITS_H

#define BEST_KEPT 5
#define AMOUNT_MAX (1LL << 60)
#define ORDER_MAX (1LL << 30)
#define SCORE_SHIFT 32
#define RING_UNLIMITED_US 600000000LL
#define RETRY_MIN_US 1000000LL
#define BACKOFFS_MAX 64
#define ANSWERS_KEPT 16
#define ANSWERS_WINDOW_US 1800000000LL
#define NEVER (-1LL)
#define UNITS 100
#define ENGAGED_MAX 1000
#define LEVEL_MAX 100

#endif
