/* Writing that does not give up half way, and folders that are made where they are missing. */
#ifndef SWITCH_ENGINE_DISK_H
#define SWITCH_ENGINE_DISK_H

#include <stddef.h>
#include <stdint.h>

/* A new file below folders that are made too. Its descriptor; -1 with errno. */
int disk_create(const char *path);

/* Writes all of it; what a full disk took of it stands in `*written`. 0 or an errno. */
int disk_write(int descriptor, const void *data, size_t bytes, size_t *written);

/* 0, ENOENT where the file has no name any more, or another errno. */
int disk_check(int descriptor);

#endif
