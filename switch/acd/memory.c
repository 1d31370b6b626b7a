#include "memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef ACD_FAILING_ALLOCATIONS
long memory_fail_after = -1;
static int refused(void) { return memory_fail_after >= 0 && memory_fail_after-- == 0; }
#else
static int refused(void) { return 0; }
#endif

/* No router has a use for a block this large; it keeps the sums below from wrapping. */
#define BLOCK_MAX (SIZE_MAX / 4)

static void chain_in(Memory *m, Block *block)
{
    block->prev = &m->chain;
    block->next = m->chain.next;
    m->chain.next->prev = block;
    m->chain.next = block;
}

static void chain_out(Block *block)
{
    block->prev->next = block->next;
    block->next->prev = block->prev;
}

void memory_open(Memory *m) { m->chain.prev = m->chain.next = &m->chain; }

void memory_close(Memory *m)
{
    while (m->chain.next != &m->chain) {
        Block *block = m->chain.next;
        chain_out(block);
        free(block);
    }
}

void *memory_new(Memory *m, size_t size)
{
    Block *block = refused() || size > BLOCK_MAX ? NULL : calloc(1, sizeof(Block) + size);
    if (!block)
        longjmp(m->failed, 1);
    chain_in(m, block);
    return block + 1;
}

void *memory_grow(Memory *m, void *at, size_t size)
{
    if (!at)
        return memory_new(m, size);
    Block *old = (Block *)at - 1;
    chain_out(old);
    Block *block = refused() || size > BLOCK_MAX ? NULL : realloc(old, sizeof(Block) + size);
    chain_in(m, block ? block : old);
    if (!block)
        longjmp(m->failed, 1);
    return block + 1;
}

void memory_drop(Memory *m, void *at)
{
    (void)m;
    if (!at)
        return;
    Block *block = (Block *)at - 1;
    chain_out(block);
    free(block);
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
