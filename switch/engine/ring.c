#include "ring.h"

#include <stdlib.h>
#include <string.h>

bool ring_init(struct ring *ring, size_t cell_bytes, uint32_t cells_min)
{
    uint32_t capacity = 1;
    while (capacity < cells_min)
        capacity *= 2;
    ring->cells = calloc(capacity, cell_bytes);
    ring->cell_bytes = cell_bytes;
    ring->capacity = capacity;
    atomic_init(&ring->head, 0);
    atomic_init(&ring->tail, 0);
    return ring->cells != NULL;
}

void ring_free(struct ring *ring)
{
    free(ring->cells);
    ring->cells = NULL;
}

static unsigned char *cell_at(struct ring *ring, uint32_t position)
{
    return ring->cells + (position & (ring->capacity - 1)) * ring->cell_bytes;
}

uint32_t ring_used(struct ring *ring)
{
    uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
    return atomic_load_explicit(&ring->head, memory_order_acquire) - tail;
}

uint32_t ring_room(struct ring *ring)
{
    /* A reader of neither side could see a head newer than its tail by more than the capacity. */
    uint32_t used = ring_used(ring);
    return used < ring->capacity ? ring->capacity - used : 0;
}

bool ring_push(struct ring *ring, const void *cell)
{
    uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    if (head - atomic_load_explicit(&ring->tail, memory_order_acquire) == ring->capacity)
        return false;
    memcpy(cell_at(ring, head), cell, ring->cell_bytes);
    atomic_store_explicit(&ring->head, head + 1, memory_order_release);
    return true;
}

bool ring_pop(struct ring *ring, void *cell)
{
    uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    if (tail == atomic_load_explicit(&ring->head, memory_order_acquire))
        return false;
    memcpy(cell, cell_at(ring, tail), ring->cell_bytes);
    atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
    return true;
}

const void *ring_peek(struct ring *ring)
{
    uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    if (tail == atomic_load_explicit(&ring->head, memory_order_acquire))
        return NULL;
    return cell_at(ring, tail);
}
