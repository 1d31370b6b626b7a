/* Keys as RFC 4733 telephone events: heard once however often repeated, and sent.
 *
 * A key press is known by its timestamp, which all of its packets share. It is told when its first end packet
 * arrives (the start may be lost), when the next key begins (all ends lost), or after DIGIT_LOST_END_MS. */
#ifndef SWITCH_ENGINE_DTMF_H
#define SWITCH_ENGINE_DTMF_H

#include "rtp.h"
#include "values.h"

struct dtmf_receiver {
    bool known;   /* the fields below describe the last key press, */
    bool pending; /* which is not over yet */
    uint32_t units_per_ms; /* of the RTP clock, set by the owner */
    uint32_t ssrc, timestamp;
    uint8_t event;
    uint32_t earlier_samples; /* of the segments before this one, RFC 4733 section 2.5.1.3 */
    uint32_t duration;
    uint64_t heard_us;
};

struct key_press {
    uint8_t event;
    uint32_t duration_ms;
};

/* One packet can end two key presses: its own, and an earlier one whose end was lost. Returns how many of `over`. */
int dtmf_receive(struct dtmf_receiver *receiver, const struct rtp_packet *packet, const struct telephone_event *event,
                 uint64_t now_us, struct key_press over[2]);
bool dtmf_expire(struct dtmf_receiver *receiver, uint64_t now_us, struct key_press *over);

/* Keys to send, each in packets of 20 ms whose last is sent three times, then a pause. */
struct dtmf_sender {
    uint8_t events[DIGITS_MAX];
    uint8_t lengths[DIGITS_MAX]; /* in units of 20 ms */
    uint8_t first, count;
    uint8_t step;       /* in such units, or in ticks where it is sent as sound */
    uint32_t before_ms; /* from the last key's beginning to this one's */
    uint32_t units_per_ms; /* of the RTP clock, set by the owner */
    bool in_run;        /* the key before this one was sent, */
    uint32_t timestamp; /* at this time */
    uint32_t next_tick;
};

bool dtmf_sender_busy(const struct dtmf_sender *sender);

/* Appends as many as fit, each so long but for KEY_MS_MIN to KEY_MS_MAX; returns how many did not fit. */
int dtmf_sender_add(struct dtmf_sender *sender, const struct digits *digits, uint32_t first_tick);

enum dtmf_action { DTMF_WAIT, DTMF_PACKET, DTMF_FIRST_PACKET };

/* The same for who sends a key as sound: the first one goes on by 10 ms. Returns its event, and whether it begins;
 * -1 before its time. The pause is part of it. */
int dtmf_sender_tick(struct dtmf_sender *sender, uint32_t tick, bool *begins);

/* How long the present key is, without its pause. */
uint32_t dtmf_sender_length_ms(const struct dtmf_sender *sender);

/* Called each tick while busy: what to send now, if anything. */
enum dtmf_action dtmf_sender_step(struct dtmf_sender *sender, uint32_t tick, struct telephone_event *event);

#endif
