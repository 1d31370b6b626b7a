/* A bounded queue from one thread to one other, without locks.
 *
 * The producer alone writes `head`, the consumer alone `tail`; both count up and wrap. A cell is written
 * before `head` is released and read before `tail` is. */
#ifndef SWITCH_ENGINE_RING_H
#define SWITCH_ENGINE_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring {
    unsigned char *cells;
    size_t cell_bytes;
    uint32_t capacity; /* a power of two */
    char apart_from_configuration[64]; /* the two counters are written by different cores */
    _Atomic uint32_t head;
    char apart_from_head[64];
    _Atomic uint32_t tail;
};

/* Makes room for at least `cells_min` cells; false when memory is refused. */
bool ring_init(struct ring *ring, size_t cell_bytes, uint32_t cells_min);
void ring_free(struct ring *ring);

/* Cells in use and free. Exact for the side that asks about what only it can shrink; else a bound. */
uint32_t ring_used(struct ring *ring);
uint32_t ring_room(struct ring *ring);

bool ring_push(struct ring *ring, const void *cell); /* producer; false when full */
bool ring_pop(struct ring *ring, void *cell);        /* consumer; false when empty */

/* What ring_pop() would take, where it is; NULL when empty. For the consumer. */
const void *ring_peek(struct ring *ring);

#endif
