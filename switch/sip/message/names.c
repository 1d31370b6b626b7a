#include <string.h>

#include "names.h"

/* FNV-1a. Who chooses words that collide finds them in a table that he cannot fill. */
static uint32_t hash(Span word)
{
    uint32_t value = 2166136261u;
    for (size_t at = 0; at < word.length; at++)
        value = (value ^ (uint8_t)word.at[at]) * 16777619u;
    return value ^ value >> 15;
}

/* The slot that holds the word, or the free one where it belongs. */
static uint32_t slot_of(const Names *names, Span word)
{
    uint32_t slot = hash(word) % NAMES_SLOTS;
    for (;; slot = (slot + 1) % NAMES_SLOTS) {
        const Name *name = &names->slots[slot];
        if (!name->length || (name->length == word.length && memcmp(name->text, word.at, word.length) == 0))
            return slot;
    }
}

bool names_add(Names *names, Span word, int number)
{
    if (!word.length || word.length > NAMES_LENGTH_MAX)
        return false;
    Name *name = &names->slots[slot_of(names, word)];
    if (name->length)
        return true;
    if (names->count == NAMES_SLOTS / 2)
        return false;
    memcpy(name->text, word.at, word.length);
    name->length = (uint8_t)word.length;
    name->number = (int16_t)number;
    names->count++;
    return true;
}

int names_find(const Names *names, Span word)
{
    if (!word.length || word.length > NAMES_LENGTH_MAX)
        return -1;
    const Name *name = &names->slots[slot_of(names, word)];
    return name->length ? name->number : -1;
}
