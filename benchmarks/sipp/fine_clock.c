/* For LD_PRELOAD before sipp 3.6, which reads a clock that moves each 4 ms (at 250 ticks a second): then its
   response times are multiples of that, and so are their percentiles. With this the clock is to the
   microsecond. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *at)
{
    static int (*library)(clockid_t, struct timespec *);

    if (library == NULL)
        library = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    return library(clock == CLOCK_MONOTONIC_COARSE ? CLOCK_MONOTONIC : clock, at);
}
