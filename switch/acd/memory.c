/* For madvise. */
#define _DEFAULT_SOURCE
#include "memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

#ifdef ACD_FAILING_ALLOCATIONS
long memory_fail_after = -1;
static int refused(void) { return memory_fail_after >= 0 && memory_fail_after-- == 0; }
#else
static int refused(void) { return 0; }
#endif

/* The sanitizer is told what may be touched; what was given back may never be again, so it is not used again. */
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#define HIDE(at, size) ASAN_POISON_MEMORY_REGION(at, size)
#define SHOW(at, size) ASAN_UNPOISON_MEMORY_REGION(at, size)
enum { USED_AGAIN = 0 };
#else
#define HIDE(at, size) ((void)0)
#define SHOW(at, size) ((void)0)
enum { USED_AGAIN = 1 };
#endif

/* No router has a use for a block this large; it keeps the sums below from wrapping. */
#define BLOCK_MAX (SIZE_MAX / 4)

enum { ARENA_FIRST = 8 << 10, ARENA_MAX = 2 << 20, LINE = 64 };

/* Items in a pool's first piece, and in its largest. */
enum { PIECE_FIRST = 4, PIECE_MAX = 64 };

/* In front of each block. */
typedef struct Head {
    size_t size; /* of the block with this head */
} Head;

/* In front of a large block; its end is a Head. */
typedef struct Large {
    Chained chained;
    size_t unused; /* blocks stand at multiples of 16 */
    Head head;
} Large;

static Head *head_of(void *at) { return (Head *)at - 1; }
static Large *large_of(void *at) { return (Large *)at - 1; }

static void chain_in(Memory *m, Chained *chained)
{
    chained->prev = &m->chain;
    chained->next = m->chain.next;
    m->chain.next->prev = chained;
    m->chain.next = chained;
}

static void chain_out(Chained *chained)
{
    chained->prev->next = chained->next;
    chained->next->prev = chained->prev;
}

void memory_open(Memory *m) { m->chain.prev = m->chain.next = &m->chain; }

void memory_close(Memory *m)
{
    while (m->chain.next != &m->chain) {
        Chained *chained = m->chain.next;
        chain_out(chained);
        free(chained);
    }
}

/* Arenas */

static void open_arena(Memory *m)
{
    size_t size = m->arena_size ? 2 * m->arena_size : ARENA_FIRST;
    size = size < ARENA_MAX ? size : ARENA_MAX;
    Chained *arena = aligned_alloc(size == ARENA_MAX ? ARENA_MAX : LINE, size);
    if (!arena)
        longjmp(m->failed, 1);
#ifdef MADV_HUGEPAGE
    /* Advice: without such pages all works as well. */
    if (size == ARENA_MAX)
        (void)madvise(arena, size, MADV_HUGEPAGE);
#endif
    chain_in(m, arena);
    m->arena_size = size;
    m->next = (char *)(arena + 1);
    m->end = (char *)arena + size;
    HIDE(m->next, (size_t)(m->end - m->next));
}

/* So many bytes, far less than the largest arena has, that begin `before` bytes before a multiple of `align`. */
static char *cut(Memory *m, size_t size, size_t align, size_t before)
{
    for (;;) {
        size_t skip = -((uintptr_t)m->next + before) % align;
        if (m->next && skip + size <= (size_t)(m->end - m->next)) {
            char *at = m->next + skip;
            m->next = at + size;
            return at;
        }
        open_arena(m);
    }
}

/* Blocks */

static void *small_new(Memory *m, size_t size)
{
    size_t whole = (size + sizeof(Head) + SMALL_STEP - 1) / SMALL_STEP * SMALL_STEP;
    Spare *spare = m->spare[whole / SMALL_STEP];
    if (spare) {
        m->spare[whole / SMALL_STEP] = spare->next;
        return memset(spare, 0, size);
    }
    Head *head = (Head *)cut(m, whole, SMALL_STEP, sizeof(Head));
    SHOW(head, sizeof *head + size);
    head->size = whole;
    return memset(head + 1, 0, size);
}

static int is_small(size_t size) { return size + sizeof(Head) <= SMALL_MAX; }

void *memory_new(Memory *m, size_t size)
{
    if (refused() || size > BLOCK_MAX)
        longjmp(m->failed, 1);
    /* What is given back holds a pointer. */
    size = size < sizeof(Spare) ? sizeof(Spare) : size;
    if (is_small(size))
        return small_new(m, size);
    Large *large = calloc(1, sizeof *large + size);
    if (!large)
        longjmp(m->failed, 1);
    chain_in(m, &large->chained);
    large->head.size = size + sizeof(Head);
    return large + 1;
}

static void *large_grow(Memory *m, Large *old, size_t size)
{
    chain_out(&old->chained);
    Large *large = refused() || size > BLOCK_MAX ? NULL : realloc(old, sizeof *large + size);
    chain_in(m, large ? &large->chained : &old->chained);
    if (!large)
        longjmp(m->failed, 1);
    large->head.size = size + sizeof(Head);
    return large + 1;
}

void *memory_grow(Memory *m, void *at, size_t size)
{
    if (!at)
        return memory_new(m, size);
    if (head_of(at)->size > SMALL_MAX)
        return large_grow(m, large_of(at), size);
    size_t before = head_of(at)->size - sizeof(Head);
    void *grown = memory_new(m, size);
    SHOW(at, before);
    memcpy(grown, at, before < size ? before : size);
    memory_drop(m, at);
    return grown;
}

void memory_drop(Memory *m, void *at)
{
    if (!at)
        return;
    size_t whole = head_of(at)->size;
    if (whole > SMALL_MAX) {
        chain_out(&large_of(at)->chained);
        free(large_of(at));
    } else if (USED_AGAIN) {
        Spare *spare = at;
        spare->next = m->spare[whole / SMALL_STEP];
        m->spare[whole / SMALL_STEP] = spare;
    } else {
        HIDE(head_of(at), whole);
    }
}

void memory_reserve(Memory *m, void **array, size_t *room, size_t need, size_t size)
{
    if (need <= *room)
        return;
    size_t wanted = *room ? *room * 2 : 8;
    while (wanted < need)
        wanted *= 2;
    if (wanted > BLOCK_MAX / size)
        longjmp(m->failed, 1);
    *array = memory_grow(m, *array, wanted * size);
    *room = wanted;
}

/* Pools */

static void fill(Memory *m, Pool *pool, size_t size)
{
    size_t count = pool->cut ? 2 * pool->cut : PIECE_FIRST;
    count = count < PIECE_MAX ? count : PIECE_MAX;
    char *at = cut(m, count * size, LINE, 0);
    for (size_t i = count; i-- > 0;) {
        Spare *spare = (Spare *)(at + i * size);
        SHOW(spare, sizeof *spare);
        spare->next = pool->spare;
        pool->spare = spare;
    }
    pool->cut = count;
}

void *pool_new(Memory *m, Pool *pool, size_t size)
{
    if (refused())
        longjmp(m->failed, 1);
    if (!pool->spare)
        fill(m, pool, size);
    Spare *spare = pool->spare;
    pool->spare = spare->next;
    SHOW(spare, size);
    return memset(spare, 0, size);
}

void pool_drop(Pool *pool, void *item, size_t size)
{
    (void)size;
    if (USED_AGAIN) {
        Spare *spare = item;
        spare->next = pool->spare;
        pool->spare = spare;
    } else {
        HIDE(item, size);
    }
}
