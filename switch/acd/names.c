#include "names.h"

#include <string.h>

uint64_t names_hash(Text text)
{
    uint64_t hash = 0xCBF29CE484222325u;
    for (size_t i = 0; i < text.size; i++)
        hash = (hash ^ (unsigned char)text.at[i]) * 0x100000001B3u;
    return hash;
}

/* FNV's low bits are good enough to index with after folding the high ones in. */
static size_t home(const Names *names, uint64_t hash)
{
    return (size_t)(hash ^ (hash >> 32)) & (names->room - 1);
}

static size_t find(const Names *names, uint64_t hash, Text text)
{
    size_t i = home(names, hash);
    for (; names->slots[i]; i = (i + 1) & (names->room - 1)) {
        const Name *name = names->slots[i];
        if (name->hash == hash && name->size == text.size &&
            (text.size == 0 || memcmp(name->text, text.at, text.size) == 0))
            break;
    }
    return i;
}

static void enlarge(Memory *m, Names *names)
{
    size_t old_room = names->room;
    Name **old = names->slots;
    size_t room = old_room ? old_room * 2 : 64;
    Name **slots = memory_new(m, room * sizeof *slots);
    names->slots = slots;
    names->room = room;
    for (size_t i = 0; i < old_room; i++) {
        if (!old[i])
            continue;
        size_t at = home(names, old[i]->hash);
        while (slots[at])
            at = (at + 1) & (room - 1);
        slots[at] = old[i];
    }
    memory_drop(m, old);
}

Name *names_take(Memory *m, Names *names, Text text)
{
    if (names->count * 2 >= names->room)
        enlarge(m, names);
    uint64_t hash = names_hash(text);
    size_t i = find(names, hash, text);
    Name *name = names->slots[i];
    if (!name) {
        name = memory_new(m, sizeof *name + text.size);
        name->hash = hash;
        name->size = text.size;
        if (text.size)
            memcpy(name->text, text.at, text.size);
        names->slots[i] = name;
        names->count++;
    }
    name->users++;
    return name;
}

Name *names_find(const Names *names, Text text)
{
    if (!names->room)
        return NULL;
    return names->slots[find(names, names_hash(text), text)];
}

void names_release(Memory *m, Names *names, Name *name)
{
    if (--name->users || name->in_grave)
        return;
    memory_reserve(m, (void **)&names->grave, &names->grave_room, names->grave_count + 1, sizeof(Name *));
    names->grave[names->grave_count++] = name;
    name->in_grave = 1;
}

/* Takes the slot out and moves back those that had to pass it (Knuth, volume 3, algorithm 6.4 R). */
static void erase(Names *names, size_t gap)
{
    size_t mask = names->room - 1;
    size_t i = gap;
    for (;;) {
        i = (i + 1) & mask;
        if (!names->slots[i])
            break;
        size_t from = home(names, names->slots[i]->hash);
        if (((i - from) & mask) >= ((i - gap) & mask)) {
            names->slots[gap] = names->slots[i];
            gap = i;
        }
    }
    names->slots[gap] = NULL;
    names->count--;
}

void names_sweep(Memory *m, Names *names)
{
    for (size_t i = 0; i < names->grave_count; i++) {
        Name *name = names->grave[i];
        name->in_grave = 0;
        if (name->users)
            continue;
        erase(names, find(names, name->hash, (Text){name->text, name->size}));
        if (name->role) {
            memory_drop(m, name->role->skilled.at);
            memory_drop(m, name->role->serving.at);
            memory_drop(m, name->role);
        }
        memory_drop(m, name);
    }
    names->grave_count = 0;
}

Role *names_role(Memory *m, Name *name)
{
    if (!name->role)
        name->role = memory_new(m, sizeof *name->role);
    return name->role;
}

int names_compare(const Name *a, const Name *b)
{
    size_t shorter = a->size < b->size ? a->size : b->size;
    int order = shorter ? memcmp(a->text, b->text, shorter) : 0;
    if (order)
        return order;
    return a->size < b->size ? -1 : a->size > b->size;
}
