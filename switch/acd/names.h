/* Names interned: one Name for each text, compared by address, counted by its users.

   A Name also leads to what bears it - an agent, a visit, and by its role a queue or a skill - so that
   no other table of names is needed. A name without users is kept until the next sweep, because decisions of the
   present event may still point to it. */
#ifndef ACD_NAMES_H
#define ACD_NAMES_H

#include <stdint.h>

#include "memory.h"

struct Queue;
struct Agent;
struct Visit;

/* Agents by slot, with their level of a skill. */
typedef struct Holder {
    uint32_t slot;
    int32_t level;
} Holder;

typedef struct Holders {
    Holder *at;
    size_t room, count;
} Holders;

/* What a name means as that of a queue, a skill or the agent of before; few names have one. */
typedef struct Role {
    struct Queue *queue;
    Holders skilled; /* the agents who have the skill */
    Holders serving; /* the agents who name the queue among theirs */
    int64_t present; /* of those, signed in */
    struct Visit *kept; /* visits that are or were kept for the agent of this name */
} Role;

typedef struct Text {
    const char *at;
    size_t size;
} Text;

typedef struct Name {
    uint64_t hash; /* FNV-1a over the bytes; also feeds the RANDOM policy */
    size_t size;
    uint32_t users;
    uint32_t number : 31, in_grave : 1; /* number: that of packed records; 0: none */
    struct Agent *agent;
    struct Visit *visit;
    Role *role; /* NULL: none */
    char text[];
} Name;

typedef struct Names {
    Name **slots; /* open addressing, linear probing; room is a power of two */
    size_t room, count;
    Name **grave;
    size_t grave_room, grave_count;
} Names;

/* What the Name of `text` has as its hash. */
uint64_t names_hash(Text text);
/* The Name of `text`, with one more user. */
Name *names_take(Memory *m, Names *names, Text text);
/* The Name of `text` without a new user, or NULL. */
Name *names_find(const Names *names, Text text);
void names_release(Memory *m, Names *names, Name *name);
/* Forgets names that nobody uses. */
void names_sweep(Memory *m, Names *names);
Role *names_role(Memory *m, Name *name);
/* Order by bytes, which in UTF-8 is the order of code points. */
int names_compare(const Name *a, const Name *b);

#endif
