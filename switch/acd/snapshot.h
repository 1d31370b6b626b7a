#ifndef ACD_SNAPSHOT_H
#define ACD_SNAPSHOT_H

#include "state.h"

/* Name and version, as in snapshot.py. */
#define SNAPSHOT_MAGIC "SWACD\0\0\1"
#define SNAPSHOT_MAGIC_SIZE 8

#endif
