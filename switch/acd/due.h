/* Due times in the order that both halves share: time, kind, number. A heap of four children a node,
   with the times in it; items stand in their owners and know their place, so that cancelling leaves no
   ghost. */
#ifndef ACD_DUE_H
#define ACD_DUE_H

#include <stdint.h>

#include "memory.h"

enum { DUE_LEASE, DUE_WRAP_UP, DUE_REST, DUE_STEP, DUE_BACKOFF, DUE_KEPT, DUE_MORE };

typedef struct DueItem {
    int64_t number;
    uint32_t place; /* 1-based place in the heap; 0: not set */
    int kind;
} DueItem;

typedef struct DueEntry {
    int64_t at;
    DueItem *item;
} DueEntry;

typedef struct Due {
    DueEntry *heap;
    size_t room, count;
} Due;

void due_set(Memory *m, Due *due, DueItem *item, int kind, int64_t number, int64_t at);
void due_cancel(Due *due, DueItem *item);
/* The earliest entry, or NULL. */
const DueEntry *due_first(const Due *due);

#endif
