/* Sockets of phones and of the engine, on loopback. */
#ifndef SOCKETS_H
#define SOCKETS_H

#include <arpa/inet.h>
#include <string.h>

#include "check.h"
#include "latch.h"

static inline int bound_socket(struct address *local)
{
    int descriptor = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK(descriptor >= 0);
    memset(local, 0, sizeof *local);
    local->length = sizeof local->v4;
    local->v4.sin_family = AF_INET;
    local->v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(bind(descriptor, &local->any, local->length) == 0);
    CHECK(getsockname(descriptor, &local->any, &local->length) == 0);
    return descriptor;
}

#endif
