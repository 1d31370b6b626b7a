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
#define RINGS_MAX 64
#define BATCH_MAX 256
#define BATCH_SCORE_MAX (1LL << 27)
#define ANSWERS_KEPT 16
#define ANSWERS_WINDOW_US 1800000000LL
#define RECENT_KEPT 64
#define HANDLINGS_LEAST 8
#define GIVEN_UP_MAX (1LL << 10)
#define WAIT_SUM_MAX_US (1LL << 50)
#define SPAN_MAX (1LL << 40)
#define PRIORITY_MAX (1LL << 20)
#define SHARE_MAX 1000
#define UNITS 100
#define UNITS_MAX 10000
#define ENGAGED_MAX 1000
#define DEFAULT_T_US 3600000000LL
#define DAY_US 86400000000LL
#define NEVER (-1LL)
#define LEVEL_MAX 100

#endif
