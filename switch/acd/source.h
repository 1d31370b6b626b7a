/* The bytes of a snapshot, read one number or string at a time; a misfit jumps to acd_restore. */
#ifndef ACD_SOURCE_H
#define ACD_SOURCE_H

#include "snapshot.h"

/* Larger than any number that a router writes, small enough that two of them add up. */
#define NUMBER_MAX ((1LL << 62) - 1)

enum { NO_MEMORY = 1, DAMAGED = 2 };

typedef struct Source {
    Router *r;
    const unsigned char *at;
    size_t left;
} Source;

/* What is read of an agent or a visit before all is known that it depends on. */
typedef struct Draft {
    Agent *agent;
    Visit *visit;
    Event event;
    StepIn *steps;
    int64_t units, offer, fence, lease_until;
    Text agent_name; /* who talks or is rung */
    int has_agent;
    struct MoreOffer *more;
    size_t more_count;
} Draft;

typedef struct MoreOffer {
    int64_t number, fence, lease_until;
    Text agent;
} MoreOffer;

typedef struct Drafts {
    Draft *agents, *visits;
    size_t agent_count, visit_count;
} Drafts;

void check(Source *src, int condition);
int64_t between(Source *src, int64_t least, int64_t most);
int64_t read_number(Source *src);
/* A count of things that each take at least 8 bytes; so a damaged one cannot be huge. */
size_t read_count(Source *src);
int read_flag(Source *src);
Text read_text(Source *src);
int64_t read_duration(Source *src);
/* How many, and each: in memory that read_done takes back. */
TextLevels read_pairs(Source *src);
Texts read_texts(Source *src);

/* restore_second.c */
void read_second(Source *src, Drafts *drafts);
void assume_second(Source *src, Drafts *drafts);

#endif
