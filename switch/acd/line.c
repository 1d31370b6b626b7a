#include "line.h"

#include <string.h>

/* The first room of a chunk; it doubles up to CHUNK_ROOM. */
#define CHUNK_FIRST 4

/* The chunk in which the key stands or would stand: the last one that does not begin behind it. Who comes last
   is asked for most. */
static size_t chunk_of(const Line *line, const Key *key)
{
    size_t low = 0, high = line->chunk_count;
    if (!key_before(key, &line->chunks[high - 1].at[0].key))
        return high - 1;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (key_before(key, &line->chunks[middle].at[0].key))
            high = middle;
        else
            low = middle;
    }
    return low;
}

/* How many of the chunk stand before the key. */
static uint32_t place_in(const Chunk *chunk, const Key *key)
{
    uint32_t low = 0, high = chunk->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (key_before(&chunk->at[middle].key, key))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* A new chunk behind chunk `i`, or as the first. */
static Chunk *insert_chunk(Memory *m, Line *line, size_t i, uint32_t room)
{
    memory_reserve(m, (void **)&line->chunks, &line->chunk_room, line->chunk_count + 1, sizeof(Chunk));
    Entry *at = memory_new(m, room * sizeof *at);
    Chunk *chunk = &line->chunks[i];
    memmove(chunk + 1, chunk, (line->chunk_count - i) * sizeof *chunk);
    line->chunk_count++;
    *chunk = (Chunk){at, 0, room};
    return chunk;
}

/* Room in a full chunk for an entry at `place`: a larger chunk, or half of it moved into a new one; but
   who comes behind all others begins a new one, so that lines that only grow have full chunks. Returns
   the chunk for the entry. */
static size_t make_room(Memory *m, Line *line, size_t i, uint32_t *place)
{
    Chunk *chunk = &line->chunks[i];
    if (chunk->room < CHUNK_ROOM) {
        chunk->at = memory_grow(m, chunk->at, 2 * chunk->room * sizeof *chunk->at);
        chunk->room *= 2;
        return i;
    }
    int last = i + 1 == line->chunk_count && *place == chunk->count;
    uint32_t stay = last ? CHUNK_ROOM : CHUNK_ROOM / 2;
    Chunk *next = insert_chunk(m, line, i + 1, CHUNK_ROOM);
    chunk = &line->chunks[i];
    next->count = CHUNK_ROOM - stay;
    memcpy(next->at, chunk->at + stay, next->count * sizeof *next->at);
    chunk->count = stay;
    if (*place < stay || (*place == stay && !last))
        return i;
    *place -= stay;
    return i + 1;
}

void line_add(Memory *m, Line *line, Key key, void *item)
{
    if (!line->chunk_count)
        insert_chunk(m, line, 0, CHUNK_FIRST);
    size_t i = chunk_of(line, &key);
    uint32_t place = place_in(&line->chunks[i], &key);
    if (line->chunks[i].count == line->chunks[i].room)
        i = make_room(m, line, i, &place);
    Chunk *chunk = &line->chunks[i];
    memmove(&chunk->at[place + 1], &chunk->at[place], (chunk->count - place) * sizeof *chunk->at);
    chunk->at[place] = (Entry){key, item};
    chunk->count++;
    line->count++;
}

static void drop_chunk(Memory *m, Line *line, size_t i)
{
    memory_drop(m, line->chunks[i].at);
    line->chunk_count--;
    memmove(&line->chunks[i], &line->chunks[i + 1], (line->chunk_count - i) * sizeof(Chunk));
}

/* Chunk i + 1 into chunk i where both together fill no more than half of it. */
static void merge(Memory *m, Line *line, size_t i)
{
    if (i + 1 >= line->chunk_count)
        return;
    Chunk *chunk = &line->chunks[i], *next = chunk + 1;
    if (chunk->count + next->count > CHUNK_ROOM / 2 || chunk->room < CHUNK_ROOM)
        return;
    memcpy(&chunk->at[chunk->count], next->at, next->count * sizeof *next->at);
    chunk->count += next->count;
    drop_chunk(m, line, i + 1);
}

void line_remove(Memory *m, Line *line, Key key)
{
    size_t i = chunk_of(line, &key);
    Chunk *chunk = &line->chunks[i];
    uint32_t place = place_in(chunk, &key);
    chunk->count--;
    line->count--;
    memmove(&chunk->at[place], &chunk->at[place + 1], (chunk->count - place) * sizeof *chunk->at);
    if (chunk->count)
        merge(m, line, i);
    else if (line->chunk_count > 1)
        drop_chunk(m, line, i);
}

size_t line_place(const Line *line, const Key *key)
{
    if (!line->chunk_count)
        return 0;
    size_t i = chunk_of(line, key), before = 0;
    if (i + 1 == line->chunk_count) /* as most who ask have just come */
        return line->count - line->chunks[i].count + place_in(&line->chunks[i], key);
    for (size_t k = 0; k < i; k++)
        before += line->chunks[k].count;
    return before + place_in(&line->chunks[i], key);
}

void line_close(Memory *m, Line *line)
{
    while (line->chunk_count)
        drop_chunk(m, line, line->chunk_count - 1);
    memory_drop(m, line->chunks);
    line->chunks = NULL;
    line->chunk_room = 0;
}
