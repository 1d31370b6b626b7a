/* Several media threads: which stream is whose, and how a stream goes from one to another.
 *
 * Each thread is a `struct engine` with rings, clock, epoll and counters of its own; the streams' memory is one table, of
 * which each entry belongs to one thread at a time. A slot begins on the thread of its number, and who reserves slots
 * takes those of one call from one thread. Where streams of two threads are to be bridged or mixed all the same, the
 * submitting thread moves one of them, and with it whoever it is bridged or mixed with: COMMAND_LEAVE makes its thread let go of it, COMMAND_JOIN makes the other take it.
 * The other's commands wait behind the JOIN until then, at most a turn of the first; its packets and its clock do not,
 * and the stream's own packets wait in the socket. No packet ever crosses from one thread to another. */
#ifndef SWITCH_ENGINE_THREADS_H
#define SWITCH_ENGINE_THREADS_H

#include "core.h"

/* Streams that move together. */
struct party {
    uint32_t count;
    uint32_t slots[];
};

/* --- The submitting thread */

/* Before a command: brings together the streams that it joins. False: a ring is full; nothing was lost by that. */
bool threads_gather(struct engine *engine, const struct command *command);

/* The thread that members of a conference are brought to; NULL where a ring is full. */
struct engine *threads_gather_room(struct engine *engine, int64_t number, const uint32_t *slots, uint32_t count);

/* After a close: the slot is where its number says, for whoever reserves it next. */
void threads_send_home(struct engine *engine, uint32_t slot);

/* A room ends, whichever thread has it. */
bool threads_end_room(struct engine *engine, const struct command *command);

/* --- A media thread */

/* Must its commands wait for a stream that another thread has not let go of yet? */
bool thread_waits(struct engine *engine);

/* COMMAND_LEAVE and COMMAND_JOIN. */
void thread_moves(struct engine *engine, const struct command *command);

#endif
