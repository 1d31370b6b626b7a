/* Lines: items in the order of a key of three numbers, in chunks.

   A chunk is small enough that moving its tail costs less than following the pointers of a tree, and
   keys stand beside their items, so that finding a place touches no item. With n items an insertion, a
   removal and the question for a place cost log n, plus one step for each chunk in the last case. */
#ifndef ACD_LINE_H
#define ACD_LINE_H

#include <stdint.h>

#include "memory.h"

/* Entries of a chunk: 2 KiB, of which half is moved by the average insertion. */
#define CHUNK_ROOM 64

typedef struct Key {
    int64_t a, b, c; /* the smaller stands before */
} Key;

typedef struct Entry {
    Key key;
    void *item;
} Entry;

typedef struct Chunk {
    Entry *at;
    uint32_t count, room;
} Chunk;

typedef struct Line {
    Chunk *chunks; /* none of them empty, but the only one of an empty line */
    size_t chunk_room, chunk_count, count;
} Line;

static inline int key_before(const Key *x, const Key *y)
{
    if (x->a != y->a)
        return x->a < y->a;
    if (x->b != y->b)
        return x->b < y->b;
    return x->c < y->c;
}

/* No two items have the same key. */
void line_add(Memory *m, Line *line, Key key, void *item);
void line_remove(Memory *m, Line *line, Key key);
/* How many stand before the key. */
size_t line_place(const Line *line, const Key *key);
/* The first of a line that has one. */
static inline const Entry *line_first(const Line *line) { return &line->chunks[0].at[0]; }
void line_close(Memory *m, Line *line);

#endif
