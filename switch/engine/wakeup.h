/* Wakes the thread that waits on a descriptor, with one system call however often it is asked. */
#ifndef SWITCH_ENGINE_WAKEUP_H
#define SWITCH_ENGINE_WAKEUP_H

#include <stdatomic.h>
#include <stdbool.h>

struct wakeup {
    int descriptor; /* an eventfd; readable from raise to acknowledge */
    _Atomic bool raised;
};

bool wakeup_init(struct wakeup *wakeup); /* false with errno set */
void wakeup_free(struct wakeup *wakeup);
void wakeup_raise(struct wakeup *wakeup);

/* Before looking at what was announced: whatever comes later raises again. */
void wakeup_acknowledge(struct wakeup *wakeup);

#endif
