/* The engine's inside, shared by stream.c (what a stream does), commands.c and loop.c (when). */
#ifndef SWITCH_ENGINE_CORE_H
#define SWITCH_ENGINE_CORE_H

#include <pthread.h>
#include <stdatomic.h>

#include "codecs.h"
#include "detection.h"
#include "detectors.h"
#include "dtmf.h"
#include "ear.h"
#include "engine.h"
#include "ice.h"
#include "latch.h"
#include "mouth.h"
#include "pace.h"
#include "player.h"
#include "rates.h"
#include "quality.h"
#include "reception.h"
#include "reports.h"
#include "ring.h"
#include "room.h"
#include "security.h"
#include "sender.h"
#include "supply.h"
#include "wakeup.h"
#include "writer.h"

enum { NONE = -1 };

/* Why a stream's packets become sound. See docs/decisions/0024-decoded-path.md. */
enum listener {
    LISTEN_PARTNER = 1 << 0, /* the bridge's other stream cannot take its packets */
    LISTEN_DETECTOR = 1 << 1,
    LISTEN_RECORDER = 1 << 2,
    LISTEN_MIXER = 1 << 3,
};

/* Who speaks by a stream's mouth. */
enum voice { VOICE_NONE, VOICE_PARTNER, VOICE_PLAYER, VOICE_KEYS, VOICE_MIXER };

struct stream {
    bool open;
    int socket;
    struct plan plan;
    struct address destination; /* where packets go now; length 0 while unknown */
    int32_t partner;            /* slot of the bridge's other stream, or NONE */
    int32_t busy_index;         /* place in engine->busy, or NONE */
    uint32_t packets_left;      /* that may be received in this second */
    uint32_t strangers_left;    /* packets of unknown sources that may be tried against the key in this second */
    struct security *security;  /* NULL: plain RTP, or none yet if the plan says dtls */
    struct ice *ice;            /* NULL: the latch finds the peer */
    uint64_t checked_us;        /* when the peer last checked a way to us */
    uint64_t heard_us;          /* last packet of the peer, or start of the wait for one */
    bool idle_told;
    uint8_t listeners;          /* set of enum listener; while it is not empty the ear is used */
    uint8_t voice;              /* enum voice */
    const struct codec *codec;  /* of the plan */
    struct ear *ear;            /* NULL: nobody has needed one */
    struct mouth *mouth;        /* likewise */
    struct detection *detection; /* NULL: nothing is listened for */
    struct pace *pace;          /* NULL: no playback was asked for at another speed or volume */
    struct latch latch;
    struct reception reception;
    struct reports reports;
    struct quality quality;
    struct sender sender;
    struct dtmf_receiver keys_in;
    struct dtmf_sender keys_out;
    struct dtmf_tone tone;      /* of the key that is sent as sound */
    struct player player;
    struct recording *recording; /* NULL: none */
    struct room *room;           /* likewise */
    bool mixed;                  /* it hears the room, not its partner */
};

/* Written by the engine thread alone, read by any: plain loads and stores on every machine of today. */
struct counters {
    _Atomic uint64_t streams_open;
    _Atomic uint64_t datagrams_received, packets_sent, packets_relayed, rtcp_received, rtcp_sent;
    _Atomic uint64_t dropped[DROP_REASONS];
    _Atomic uint64_t ticks, ticks_late, ticks_skipped;
    _Atomic uint64_t commands_ignored, events_dropped;
};

/* What all threads of an engine have in common, see threads.h. */
struct shared {
    uint32_t threads;
    struct engine *shards[THREADS_MAX];
    uint8_t *thread_of;         /* each slot: the submitting thread's knowledge */
    uint32_t moves;             /* so many streams were moved: the number of the last */
    _Atomic uint32_t *left;     /* each slot: the last move for which its thread has let go of it */
    _Atomic uint64_t events;    /* told so far, by all */
    struct wakeup event_wakeup;
};

/* One thread. Pointers to what several threads use are the first one's to free; a stream is touched by one thread. */
struct engine {
    struct shared *shared;
    uint32_t number; /* of the thread */
    bool *owned;     /* each slot: it is this thread's */
    bool posted;     /* the submitting thread's: something waits that it was not woken for */
    uint32_t slots;
    struct stream *streams;
    struct published *published; /* what others may see of each */
    int *rtcp_sockets;
    uint32_t *busy; /* slots that need each tick: a playback, keys to send, a key that may time out */
    uint32_t busy_count;
    struct room *rooms;
    uint32_t recorders; /* streams that are listened to by one */
    uint32_t tick;
    uint32_t packets_last_tick, packets_this_tick; /* wake-ups' sockets */
    struct supply *supplies; /* the submitting thread's, by slot */

    struct clip *clips;
    uint32_t clips_dropped; /* below clip_count, without samples */
    uint32_t clips_max, clip_count; /* the count is the submitting thread's; this one learns numbers by commands */
    struct detection_rates detection_rates;
    struct g711_transcoder transcoder;
    uint64_t wall_offset_us; /* monotonic to wall time, as it was at the start: a clock that is set is no jitter */
    struct rates rates;

    struct ring commands, events, records;
    uint32_t commands_max;
    struct wakeup command_wakeup;
    struct writer writer; /* the first thread's, for all */
    int timer, epoll;
    bool stepped; /* `timer` is the caller's clock, and this is its time */
    uint64_t stepped_us;
    _Atomic bool stopping;

    struct counters counters;
    pthread_t thread;
    bool running;
};

static inline void count(_Atomic uint64_t *counter, uint64_t by)
{
    uint64_t value = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, value + by, memory_order_relaxed);
}

static inline void count_drop(struct engine *engine, enum drop_reason reason)
{
    count(&engine->counters.dropped[reason], 1);
}

/* stream.c: one stream's packets and times. */
void stream_receive(struct engine *engine, uint32_t slot, uint8_t *datagram, size_t bytes,
                    const struct address *source, uint64_t now_us);
/* `due_us` is when the tick was due: some are made up for after a stall. */
void stream_tick(struct engine *engine, uint32_t slot, uint64_t due_us, uint64_t now_us);
void stream_second(struct engine *engine, uint32_t slot, uint64_t now_us);
void stream_finish_play(struct engine *engine, uint32_t slot, bool completed);
void stream_mark_busy(struct engine *engine, uint32_t slot);
void stream_unmark_busy(struct engine *engine, uint32_t slot);

/* May anything be sent at all; and is what the partner says drowned by a playback or by keys? */
bool stream_can_send(const struct stream *stream);
bool stream_is_overridden(const struct stream *stream);

/* Sends what has its header fields, and room for them before the payload and for a tag behind it. */
bool stream_transmit(struct engine *engine, struct stream *stream, const struct rtp_packet *packet);

/* engine.c: queues a command as it is, for the thread of its slot or for the one that is told. False: the ring is full,
 * and what it carried is freed. */
bool engine_push(struct engine *engine, const struct command *command);
bool engine_push_to(struct engine *shard, const struct command *command);

/* engine.c: from now on that slot's sockets wake this thread; 0 or an errno. */
int engine_watch(struct engine *engine, uint32_t slot);

/* Frees what a command carries and no stream has taken. */
void command_discard(const struct command *command);

/* commands.c: the end of a bridge, for both. */
void unlink_partner(struct engine *engine, struct stream *stream);

/* commands.c: applies one command; the caller has seen that its events fit. */
void command_apply(struct engine *engine, const struct command *command, uint64_t now_us);

/* loop.c: the thread. What woke it stands in the upper half of epoll's datum, the slot in the lower. */
enum wake { WAKE_RTP, WAKE_RTCP, WAKE_TICK, WAKE_COMMANDS };

void *loop_run(void *engine);

/* Queues an event and wakes the reader. False when it must be kept and told later. */
bool emit(struct engine *engine, const struct event *event);

#endif
