/* Names interned: one Name for each text, compared by address, counted by its users.

   A Name also leads to the queue, the agent and the visit that bear it, so that no other table of
   names is needed. A name without users is kept until the next sweep, because decisions of the
   present event may still point to it. */
#ifndef ACD_NAMES_H
#define ACD_NAMES_H

#include <stdint.h>

#include "memory.h"

struct Queue;
struct Agent;
struct Visit;

typedef struct Text {
    const char *at;
    size_t size;
} Text;

typedef struct Name {
    uint64_t hash; /* FNV-1a over the bytes; also feeds the RANDOM policy */
    size_t users;
    size_t size;
    int in_grave;
    struct Queue *queue;
    struct Agent *agent;
    struct Visit *visit;
    char text[];
} Name;

typedef struct Names {
    Name **slots; /* open addressing, linear probing; room is a power of two */
    size_t room, count;
    Name **grave;
    size_t grave_room, grave_count;
} Names;

/* The Name of `text`, with one more user. */
Name *names_take(Memory *m, Names *names, Text text);
/* The Name of `text` without a new user, or NULL. */
Name *names_find(const Names *names, Text text);
void names_release(Memory *m, Names *names, Name *name);
/* Forgets names that nobody uses. */
void names_sweep(Memory *m, Names *names);
/* Order by bytes, which in UTF-8 is the order of code points. */
int names_compare(const Name *a, const Name *b);

#endif
