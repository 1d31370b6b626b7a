/* Reading ahead in a packed batch; ahead.c says why. */
#ifndef ACD_AHEAD_H
#define ACD_AHEAD_H

#include "state.h"

/* Events that are looked at before their turn. */
#define AHEAD_MAX 16

/* What of an event says where to look: the numbers stand for what they stand in a packed record. */
typedef struct Coming {
    int kind;
    uint64_t name;  /* of an agent or a contact */
    uint64_t plan;  /* of who arrives */
    int64_t offer;  /* that is claimed or declined */
    uint32_t class; /* its slot + 1: the guess whose turn comes with the agent; 0: none */
} Coming;

/* One step further for all that come: `coming` is a ring by place in the batch, of which the events from `at` to
   before `end` are yet to be taken. */
void ahead_look(const Router *r, Coming coming[AHEAD_MAX], size_t at, size_t end);

#endif
