/* The outgoing side of a stream: one SSRC, whose sequence and timestamp never break, whatever is heard on it.
 *
 * A stream's sources change: a prompt, then an agent, then music, then another agent. The far jitter buffer must
 * see one sender. Within one source a relayed packet keeps its distances (loss and reordering stay visible to the
 * far end, which alone can conceal them); at a change of source the offsets are set anew so that sequence
 * goes on by one and the timestamp by the time that passed, and the marker says so. */
#ifndef SWITCH_ENGINE_SENDER_H
#define SWITCH_ENGINE_SENDER_H

#include "rtp.h"

enum sender_source { SOURCE_NONE, SOURCE_OWN, SOURCE_RELAY };

struct sender {
    uint32_t ssrc;
    uint32_t units_per_ms;    /* of the RTP clock, in which `samples` are counted here */
    uint16_t next_sequence;
    bool started;
    enum sender_source source;
    uint32_t timestamp;       /* of the newest packet sent, */
    uint64_t timestamp_at_us; /* when that was the time, */
    uint32_t samples;         /* and how long that packet lasts */
    bool rested;              /* nothing was sent for some of that */
    uint64_t packets, octets;

    /* The relayed source, when `source` is SOURCE_RELAY. */
    uint32_t in_ssrc;
    uint16_t in_newest, in_oldest; /* sequence numbers; older ones than the oldest would fall on other packets */
    uint16_t sequence_offset;
    uint16_t pieces; /* sequence numbers that one of its packets takes: more than one where it is cut */
    uint32_t timestamp_offset;
    uint32_t in_timestamp; /* of the newest audio */
    uint64_t in_timestamp_at_us;
};

void sender_open(struct sender *sender, uint32_t ssrc, uint16_t sequence, uint32_t timestamp);

/* The clock of the codec: 8 until this is called. Timestamps go on where they are. */
void sender_set_clock(struct sender *sender, uint32_t units_per_ms, uint64_t now_us);

/* Turns a received packet's header into the one to send, or into the first of so many `pieces`. False: too late to be
 * sent. `timed` as in reception.h. */
bool sender_relay(struct sender *sender, struct rtp_packet *packet, uint32_t samples, uint16_t pieces, uint64_t now_us,
                  bool timed);

/* A packet of the source was swallowed on purpose: the far end shall not take it for loss. */
void sender_skip_relayed(struct sender *sender, const struct rtp_packet *packet);

/* Header of the next packet of our own audio. */
void sender_own(struct sender *sender, struct rtp_packet *packet, uint32_t samples, uint64_t now_us);

/* Our own audio goes on for so long without a packet: the codec has nothing to say (DTX). */
void sender_rest(struct sender *sender, uint32_t samples);

/* Header of a packet that repeats a timestamp: telephone events. `timestamp` is from sender_time(). */
void sender_event(struct sender *sender, struct rtp_packet *packet, uint32_t timestamp, uint64_t now_us);
uint32_t sender_time(const struct sender *sender, uint64_t now_us);

/* What the RTP clock shows now, for a report (RFC 3550 section 6.4.1). */
uint32_t sender_clock(const struct sender *sender, uint64_t now_us);

/* What was heard is over or interrupted: the next packet starts a talkspurt. */
void sender_interrupt(struct sender *sender);

/* The same for a relayed source alone: some of its packets were not passed on, and its sequence has gone on. */
void sender_interrupt_relayed(struct sender *sender);

#endif
