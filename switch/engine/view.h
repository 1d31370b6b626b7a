/* What others may see of a stream's quality: the C form of StreamQuality in switch/media/quality.py, in its order. */
#ifndef SWITCH_ENGINE_VIEW_H
#define SWITCH_ENGINE_VIEW_H

#include <stdint.h>

/* In the order of Alarm in switch/media/events.py. */
enum alarm {
    ALARM_NO_AUDIO,  /* we send, the peer sends nothing */
    ALARM_NOT_HEARD, /* we send, and the peer's reports say that nothing arrives */
    ALARM_DEAD_AIR,  /* the peer speaks to nobody and hears nothing */
    ALARM_SILENCE,   /* what the peer sends is silent */
    ALARMS,
};

enum {
    Q_PACKETS_RECEIVED,
    Q_PACKETS_SENT,
    Q_PACKETS_LOST,
    Q_JITTER_US,     /* mean of the seconds in which something was heard */
    Q_JITTER_MAX_US,
    Q_CONCEALED_MS,
    Q_REPORTS, /* of the peer that say what it hears; 0: the next three are not known */
    Q_PEER_LOST,
    Q_PEER_JITTER_US,
    Q_PEER_JITTER_MAX_US,
    Q_ROUND_TRIP_US, /* mean; 0: not known, as the next */
    Q_ROUND_TRIP_MAX_US,
    Q_MOS_HEARD,     /* hundredths; 0: too little was heard, so in all */
    Q_MOS_PEER,      /* what the peer hears */
    Q_MOS_NOW,       /* the worse of both in the last five seconds */
    Q_MOS_WORST,     /* the worst five seconds */
    Q_ALARMS,        /* bits by enum alarm, now */
    Q_ALARMS_EVER,
    QUALITY_VALUES,
};

struct quality_view {
    uint64_t values[QUALITY_VALUES];
};

#endif
