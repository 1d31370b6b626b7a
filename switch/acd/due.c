#include "due.h"

static int before(const DueItem *a, const DueItem *b)
{
    if (a->at != b->at)
        return a->at < b->at;
    if (a->kind != b->kind)
        return a->kind < b->kind;
    return a->number < b->number;
}

static void put(Due *due, size_t place, DueItem *item)
{
    due->heap[place - 1] = item;
    item->place = place;
}

static void rise(Due *due, DueItem *item)
{
    size_t place = item->place;
    while (place > 1 && before(item, due->heap[place / 2 - 1])) {
        put(due, place, due->heap[place / 2 - 1]);
        place /= 2;
    }
    put(due, place, item);
}

static void sink(Due *due, DueItem *item)
{
    size_t place = item->place;
    for (;;) {
        size_t child = place * 2;
        if (child > due->count)
            break;
        if (child < due->count && before(due->heap[child], due->heap[child - 1]))
            child++;
        if (!before(due->heap[child - 1], item))
            break;
        put(due, place, due->heap[child - 1]);
        place = child;
    }
    put(due, place, item);
}

void due_set(Memory *m, Due *due, DueItem *item, int kind, int64_t number, void *owner, int64_t at)
{
    item->at = at;
    item->kind = kind;
    item->number = number;
    item->owner = owner;
    if (!item->place) {
        memory_reserve(m, (void **)&due->heap, &due->room, due->count + 1, sizeof *due->heap);
        put(due, ++due->count, item);
    }
    rise(due, item);
    sink(due, item);
}

void due_cancel(Due *due, DueItem *item)
{
    size_t place = item->place;
    if (!place)
        return;
    DueItem *last = due->heap[--due->count];
    item->place = 0;
    if (last == item)
        return;
    put(due, place, last);
    rise(due, last);
    sink(due, last);
}

DueItem *due_first(const Due *due) { return due->count ? due->heap[0] : NULL; }
