#ifndef ACD_SNAPSHOT_H
#define ACD_SNAPSHOT_H

#include "state.h"

/* Name and version, as in snapshot.py. */
#define SNAPSHOT_MAGIC "SWACD\0\0"
#define SNAPSHOT_MAGIC_SIZE 7
#define SNAPSHOT_VERSION 2
#define SNAPSHOT_HEAD (SNAPSHOT_MAGIC_SIZE + 1)

/* snapshot.c, for snapshot_second.c as well */
void write_number(Router *r, int64_t value);
void write_numbers(Router *r, size_t count, const int64_t *values);
void write_text(Router *r, const Name *name);
void write_pairs(Router *r, const Needs *needs);

#define NUMBERS(...)                                                                                        \
    do {                                                                                                    \
        const int64_t values_[] = {__VA_ARGS__};                                                            \
        write_numbers(r, sizeof values_ / sizeof values_[0], values_);                                      \
    } while (0)

/* snapshot_second.c */
void write_second(Router *r);

#endif
