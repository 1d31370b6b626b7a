#include "due.h"

/* Four entries are one line of cache, and the heap is half as high as with two. */
#define CHILDREN 4

static int before(const DueEntry *a, const DueEntry *b)
{
    if (a->at != b->at)
        return a->at < b->at;
    if (a->item->kind != b->item->kind)
        return a->item->kind < b->item->kind;
    return a->item->number < b->item->number;
}

static void put(Due *due, size_t i, DueEntry entry)
{
    due->heap[i] = entry;
    entry.item->place = (uint32_t)i + 1;
}

/* `entry` into the hole at `i`, or higher. */
static void rise(Due *due, size_t i, DueEntry entry)
{
    while (i > 0 && before(&entry, &due->heap[(i - 1) / CHILDREN])) {
        put(due, i, due->heap[(i - 1) / CHILDREN]);
        i = (i - 1) / CHILDREN;
    }
    put(due, i, entry);
}

/* `entry` into the hole at `i`, or lower. */
static void sink(Due *due, size_t i, DueEntry entry)
{
    for (;;) {
        size_t child = i * CHILDREN + 1, end = child + CHILDREN;
        if (child >= due->count)
            break;
        if (end > due->count)
            end = due->count;
        size_t first = child;
        while (++child < end)
            if (before(&due->heap[child], &due->heap[first]))
                first = child;
        if (!before(&due->heap[first], &entry))
            break;
        put(due, i, due->heap[first]);
        i = first;
    }
    put(due, i, entry);
}

static void settle_at(Due *due, size_t i, DueEntry entry)
{
    if (i > 0 && before(&entry, &due->heap[(i - 1) / CHILDREN]))
        rise(due, i, entry);
    else
        sink(due, i, entry);
}

void due_set(Memory *m, Due *due, DueItem *item, int kind, int64_t number, int64_t at)
{
    item->kind = kind;
    item->number = number;
    if (!item->place) {
        memory_reserve(m, (void **)&due->heap, &due->room, due->count + 1, sizeof *due->heap);
        item->place = (uint32_t)++due->count;
    }
    settle_at(due, item->place - 1, (DueEntry){at, item});
}

void due_cancel(Due *due, DueItem *item)
{
    size_t place = item->place;
    if (!place)
        return;
    DueEntry last = due->heap[--due->count];
    item->place = 0;
    if (last.item != item)
        settle_at(due, place - 1, last);
}

const DueEntry *due_first(const Due *due) { return due->count ? &due->heap[0] : NULL; }
