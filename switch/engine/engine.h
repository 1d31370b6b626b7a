/* The media engine as the rest of the process sees it: threads, rings to and from each, no Python.
 *
 * Call everything but engine_poll(), engine_post(), engine_wake() and engine_submit() from one thread; the first
 * from one thread, the others from one. */
#ifndef SWITCH_ENGINE_ENGINE_H
#define SWITCH_ENGINE_ENGINE_H

#include <stddef.h>

#include "values.h"

struct engine;

struct engine_config {
    uint32_t slots;
    uint32_t threads; /* at most THREADS_MAX; 0 is one */
    const int *rtp_sockets, *rtcp_sockets; /* bound, non-blocking; they stay the caller's */
    uint32_t commands; /* room for commands; a CloseStream of each slot fits besides */
    uint32_t events;
    uint32_t clips;
    /* An eventfd: what is written to it are ticks, and time is their number alone, for one thread. NULL: time as it passes. */
    const int *clock;
};

enum drop_reason {
    DROP_MALFORMED,    /* no RTP: version, lengths, a telephone event cut short */
    DROP_CONTROL,      /* RTCP on the RTP port that was not agreed on */
    DROP_PAYLOAD_TYPE, /* not in the plan */
    DROP_SOURCE,       /* not from the stream's peer */
    DROP_NO_STREAM,    /* the slot is not open */
    DROP_FLOOD,        /* more than a stream may receive in a second */
    DROP_LOOP,         /* our own packet came back */
    DROP_HELD,         /* the plan of one side says not to receive, or not to send */
    DROP_OVERRIDDEN,   /* the partner hears a playback or is sent digits */
    DROP_UNHEARD,      /* there is no partner */
    DROP_LATE,         /* older than what was sent since */
    DROP_NO_EVENTS,    /* a telephone event for a peer that takes none */
    DROP_SEND,         /* the kernel refused it */
    DROP_SECURITY,     /* not authentic or replayed; or it could not be sealed */
    DROP_REASONS,
};

struct engine_stats {
    uint64_t streams_open;
    uint64_t datagrams_received, packets_sent, packets_relayed;
    uint64_t rtcp_received, rtcp_sent;
    uint64_t dropped[DROP_REASONS];
    uint64_t ticks; /* of the thread that has had the fewest */
    uint64_t ticks_late, ticks_skipped;
    uint64_t commands_ignored; /* for a slot that is not open, or digits to a peer that takes none */
    uint64_t events_dropped;
    uint64_t commands_waiting, events_waiting;
    uint64_t thread_cpu_us;
    uint64_t streams_rated, streams_bad; /* of which the last five seconds say something, and nothing good */
    uint64_t alarms[ALARMS];             /* streams of which this is true now */
};

/* NULL with errno set when the machine refuses memory or descriptors. Starts no thread yet. */
struct engine *engine_new(const struct engine_config *config);
int engine_start(struct engine *engine); /* 0 or an errno */
void engine_free(struct engine *engine); /* stops the thread first */

/* False when the ring is full; never so for COMMAND_CLOSE of a slot that was opened. What a command carries
 * by pointer is the engine's from then on, in either case. */
bool engine_post(struct engine *engine, const struct command *command);
/* What was posted is applied now, and not at the next tick. */
void engine_wake(struct engine *engine);
/* Both. */
bool engine_submit(struct engine *engine, const struct command *command);

/* How many threads there are. Slot number N begins on thread N modulo that many, and is there again when it is free. */
uint32_t engine_threads(const struct engine *engine);

/* Readable while events wait. engine_poll() takes up to `max` and returns how many. */
int engine_fileno(const struct engine *engine);
size_t engine_poll(struct engine *engine, struct event *events, size_t max);

/* What is known of a stream's quality, at most five seconds old; all zero where none is open, or too young. False: ask
 * again. From any thread. */
bool engine_quality(struct engine *engine, uint32_t slot, struct quality_view *view);

/* `wide` is the same at 16 kHz, or NULL. Returns the clip's number; -1 with errno ENOSPC (catalogue full), ENOMEM, or
 * EINVAL (no or too many samples). The number may be used in commands that are submitted later. */
int engine_add_clip(struct engine *engine, const int16_t *samples, const int16_t *wide, size_t count);

/* Frees it, and its number for another. No stream may play it, and no command that waits may name it. False: no such clip. */
bool engine_drop_clip(struct engine *engine, uint32_t clip);

/* Records of handshakes that came, oldest first; announced as events are. False: none waits. */
bool engine_poll_record(struct engine *engine, struct record *record);

/* A room of members (at most ROOM_MEMBERS_MAX, 16-bit slots), each with the set of those that it hears, by index; it
 * replaces the room of its number. False: the ring is full or memory is refused. */
bool engine_mix(struct engine *engine, int64_t number, bool levels, const uint32_t *slots, const uint64_t *hears,
                uint32_t count);

/* Begins a recording: a command to the slot, and a file of the writer's. False: the ring is full, too many recordings,
 * or memory is refused. Else exactly one report follows. */
struct recording_order;
struct recording_report;
bool engine_record(struct engine *engine, const struct recording_order *order);

/* Recordings that ended, oldest first; announced as events are. False: none waits. */
bool engine_poll_recording(struct engine *engine, struct recording_report *report);

struct recording_stats {
    uint32_t held; /* that are written at this moment */
    uint64_t failed, bytes, lost_ms; /* since the start */
};

void engine_recording_stats(struct engine *engine, struct recording_stats *stats);

void engine_stats(struct engine *engine, struct engine_stats *stats);

#endif
