/* Memory of one router.

   Every block is chained to its router, so that freeing the router frees all, whatever state an
   interrupted event left behind. A failed allocation jumps to the public function that was called;
   after a failure inside acd_apply the router is broken for good, for half an event cannot be undone. */
#ifndef ACD_MEMORY_H
#define ACD_MEMORY_H

#include <setjmp.h>
#include <stddef.h>

typedef struct Block {
    struct Block *prev, *next;
} Block;

typedef struct Memory {
    Block chain;
    jmp_buf failed;
} Memory;

void memory_open(Memory *m);
void memory_close(Memory *m);
/* `size` zeroed bytes; does not return on failure. */
void *memory_new(Memory *m, size_t size);
/* The block made larger (`at` may be NULL); does not return on failure. */
void *memory_grow(Memory *m, void *at, size_t size);
void memory_drop(Memory *m, void *at);
/* Makes room in `*array` for `need` items of `size` bytes. */
void memory_reserve(Memory *m, void **array, size_t *room, size_t need, size_t size);

#ifdef ACD_FAILING_ALLOCATIONS
/* The test binary sets this: so many allocations succeed, then one fails. Negative: none fails. */
extern long memory_fail_after;
#endif

#endif
