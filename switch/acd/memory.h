/* Memory of one router.

   Small blocks are cut from arenas, and given back for blocks of the same size: a router of 60,000 contacts
   is otherwise spread over so many pages that finding their addresses costs a fifth of its time. Arenas
   double from 8 KiB to 2 MiB, so that a small tenant stays small; where the system has pages of 2 MiB, an arena of
   that size is one. Large blocks and arenas are chained, so that closing frees all, whatever state an
   interrupted event left behind. A failed allocation jumps to the public function that was called; after
   a failure inside acd_apply the router is broken for good, for half an event cannot be undone. */
#ifndef ACD_MEMORY_H
#define ACD_MEMORY_H

#include <setjmp.h>
#include <stddef.h>

/* Blocks of so many bytes, with their eight of a head, are large. */
#define SMALL_MAX 4096
#define SMALL_STEP 16

typedef struct Chained {
    struct Chained *prev, *next;
} Chained;

/* A block that was given back. */
typedef struct Spare {
    struct Spare *next;
} Spare;

typedef struct Memory {
    Chained chain;
    jmp_buf failed;
    char *next, *end;  /* what is left of the last arena */
    size_t arena_size; /* of the last; 0: none yet */
    Spare *spare[SMALL_MAX / SMALL_STEP + 1];
} Memory;

/* Things of one kind, each in lines of cache of its own. */
typedef struct Pool {
    Spare *spare;
    size_t cut; /* items of the last piece */
} Pool;

void memory_open(Memory *m);
void memory_close(Memory *m);
/* `size` zeroed bytes; does not return on failure. */
void *memory_new(Memory *m, size_t size);
/* The block made larger (`at` may be NULL); does not return on failure. */
void *memory_grow(Memory *m, void *at, size_t size);
void memory_drop(Memory *m, void *at);
/* Makes room in `*array` for `need` items of `size` bytes. */
void memory_reserve(Memory *m, void **array, size_t *room, size_t need, size_t size);

/* A zeroed item; does not return on failure. All items of a pool have the same size, of whole lines. */
void *pool_new(Memory *m, Pool *pool, size_t size);
void pool_drop(Pool *pool, void *item, size_t size);

#ifdef ACD_FAILING_ALLOCATIONS
/* The test binary sets this: so many allocations succeed, then one fails. Negative: none fails. */
extern long memory_fail_after;
#endif

#endif
