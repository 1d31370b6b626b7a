#include "wakeup.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

bool wakeup_init(struct wakeup *wakeup)
{
    atomic_init(&wakeup->raised, false);
    wakeup->descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return wakeup->descriptor >= 0;
}

void wakeup_free(struct wakeup *wakeup)
{
    if (wakeup->descriptor >= 0)
        close(wakeup->descriptor);
}

void wakeup_raise(struct wakeup *wakeup)
{
    uint64_t one = 1;
    /* The write fails only on a descriptor that is not ours any more. */
    if (!atomic_exchange(&wakeup->raised, true) && write(wakeup->descriptor, &one, sizeof one) < 0)
        abort();
}

void wakeup_acknowledge(struct wakeup *wakeup)
{
    uint64_t times;
    if (read(wakeup->descriptor, &times, sizeof times) < 0 && errno != EAGAIN && errno != EINTR)
        abort();
    /* An exchange and not a store: reading the raiser's write makes visible what it announced. */
    atomic_exchange(&wakeup->raised, false);
}
