/* What batch.c and matching.c share: contacts as rows, agents as columns. */
#ifndef ACD_BATCH_H
#define ACD_BATCH_H

#include "state.h"

#define BATCH_WORDS (BATCH_MAX / WORD_BITS)

/* What a pair costs that may not be; far above any path of pairs that may, far below the end of the type. */
#define COST_NEVER (1LL << 60)

/* The room for one assignment: half a MiB, made when a tenant first needs it, and kept. */
typedef struct Batch {
    size_t agent_count, count; /* columns; rows */
    Agent *agents[BATCH_MAX];  /* the longest idle first */
    Given given[BATCH_MAX];    /* in the order of service */
    uint64_t able[BATCH_MAX][BATCH_WORDS]; /* for each row the columns that may serve it */
    uint64_t tight[BATCH_MAX][BATCH_WORDS];
    uint64_t taken[BATCH_WORDS]; /* columns with a row */
    uint16_t column_of[BATCH_MAX], row_of[BATCH_MAX], came_from[BATCH_MAX];
    uint16_t path[BATCH_MAX]; /* columns in the order in which a search came to them */
    int64_t costs[BATCH_MAX][BATCH_MAX], distance[BATCH_MAX];
    int64_t row_price[BATCH_MAX], column_price[BATCH_MAX];
} Batch;

/* matching.c */
/* Whether the rows before `row` and it can all have columns of their own; `keep`: they then have. */
int matching_extend(Batch *b, size_t row, int keep);
/* The matching of all rows that costs least, of equals the first; into `column_of`. */
void matching_least(Batch *b);

#endif
