/* Limits of the media engine, each with its reason. */
#ifndef SWITCH_ENGINE_BOUNDS_H
#define SWITCH_ENGINE_BOUNDS_H

enum {
    SAMPLES_PER_MS = 8, /* G.711 and its RTP clock: 8 kHz */

    /* The greatest common divisor of the packet times 10 to 60 ms, and of digits' 20 ms. */
    TICK_MS = 10,
    /* After a stall the ticks missed are made up for, so that playback keeps its rate; a stall longer than
     * a phone's jitter buffer is heard anyway, and a burst would only make it worse. */
    CATCH_UP_TICKS_MAX = 20,

    PACKET_TIME_MS_MAX = 60,
    /* Media threads: each carries a thousand two-way calls, and ports end before 64 threads have their share. */
    THREADS_MAX = 64,
    /* How far a media thread steps before others, where it may: it runs for microseconds at a time, and whoever makes it
     * wait is heard. In real time (RLIMIT_RTPRIO), the lowest there is, if a core is left that no media thread needs: it must
     * not keep the loop of signalling from running. Else by a better share (RLIMIT_NICE). */
    MEDIA_REALTIME = 1,
    MEDIA_NICE = -10,
    /* Ethernet's 1500 with room; a longer datagram is no audio of ours and is dropped as malformed. */
    DATAGRAM_BYTES_MAX = 2048,
    RTP_HEADER_BYTES = 12,
    /* Behind a packet, for the tag that sealing adds. */
    SEAL_BYTES = 16,
    /* Behind a report: the tag, and its index (RFC 3711 section 3.4). */
    SEAL_CONTROL_BYTES = SEAL_BYTES + 4,

    /* Sockets served by one wake-up. Each gives one datagram a turn and then waits behind the others, as
     * epoll's ready list is a round robin: so a flooded port delays the tick by this many packets at most. */
    SOCKETS_PER_WAIT = 64,
    /* A thread that gets so many packets a tick waits so long for some more before it looks, see loop.c. */
    GATHER_PACKETS_MIN = 100,
    GATHER_US = 500,
    /* Of a stream's own peer: five times the 100 a second of 10 ms packets. Bursts after a network stall pass;
     * floods, and loops of streams that were pointed at each other, do not. */
    PACKETS_PER_SECOND_MAX = 500,
    /* Of sources that a secured stream does not know: each costs a failed authentication. Enough for a peer whose
     * NAT mapping changed to be found at its first packet. */
    STRANGERS_PER_SECOND_MAX = 100,
    /* SSRCs heard under one key: a phone has one, and another after a transfer behind it. The rest of them would be kept, and
     * looked through for each packet, until the call ends. */
    SOURCES_MAX = 64,
    /* RFC 7675 section 5.1: a way that was not checked for so long is not sent to any more. */
    CONSENT_MS = 30000,
    /* RFC 3550 section 6.2: the minimum that stands where reports are a small share of the audio, as here always. */
    REPORT_INTERVAL_MS = 5000,
    /* Reports read of a stream in a second: one in five seconds is the rule, and some send a feedback beside it. */
    REPORTS_PER_SECOND_MAX = 10,
    /* Three intervals: another port of the same host may then be where reports come from. */
    REPORT_SOURCE_SILENCE_MS = 15000,
    /* A longer round trip is no measure but a mistake. */
    ROUND_TRIP_MAX_S = 10,
    /* Packets sent between two reports of a peer that says it heard none: a second of them is no accident. */
    DEAF_PACKETS_MIN = 50,

    /* How often a stream's quality is rated: long enough for 250 packets of 20 ms, short enough to see a bad spell. */
    QUALITY_WINDOW_S = 5,
    /* Fewer packets than this say nothing of a stream: a second of them. */
    QUALITY_PACKETS_MIN = 50,
    /* G.109: below it (R of 70) many users are dissatisfied. */
    QUALITY_BAD_MOS_100 = 360,
    /* Who hears nobody for so long hangs up; phones that suppress silence send comfort noise before that. */
    NOBODY_HEARD_S = 10,
    /* Somebody who listens may be quiet, but nobody is as quiet as a dead microphone for so long. */
    SILENCE_S = 30,
    /* Reports in a row that say that none of our packets arrived: one may have crossed the first of them. */
    DEAF_REPORTS = 2,

    /* A DTLS record as handshakes send them, in one datagram of Ethernet's size; and how many wait for the handshake:
     * fifty phones that begin at once. What finds no room is repeated by its sender. */
    RECORD_BYTES_MAX = 1500,
    RECORDS_MAX = 256,
    /* What a socket may still hold of the last call when a slot is opened again: a second of 20 ms packets. */
    STALE_DATAGRAMS_MAX = 64,

    /* Commands applied by one wake-up, so that a burst of them does not delay packets. */
    COMMANDS_PER_WAIT = 256,
    /* No command causes more events than this; it waits in its ring until they fit. */
    EVENTS_PER_COMMAND_MAX = 3,
    /* Part of the event ring that only PlayFinished and StreamClosed may fill: 1/4. */
    EVENTS_RESERVED_SHARE = 4,

    /* A position announcement has some 20 parts. */
    CLIPS_PER_PLAY_MAX = 64,
    /* One hour. Longer is a mistake of the administrator's, and the offset stays far inside 32 bits. */
    CLIP_SAMPLES_MAX = 3600 * 1000 * SAMPLES_PER_MS,
    /* Of a playback, up or down: beyond, it is another file that is wanted. */
    PLAY_VOLUME_DB_MAX = 20,
    DIGITS_MAX = 32,
    /* A key that nobody says the length of; Q.24 hears them from 40 ms on, and one that is held for longer than the most is
     * told and sent as that, because those behind it wait. */
    KEY_MS = 100,
    KEY_MS_MIN = 40,
    KEY_MS_MAX = 1300, /* of an event at 48 kHz without segments (RFC 4733 section 2.5.1.3) */
    KEY_PAUSE_MS = 100,

    /* A peer that has not been heard at its announced address is believed after this many packets in sequence. */
    LATCH_PACKETS = 3,
    /* Sources that may be learnt side by side: the real one is found beside a few others that interfere. */
    LATCH_CANDIDATES = 4,
    /* A new source may take over when the known one has been silent for this long (a NAT lost its mapping).
     * Shorter for one that continues the SSRC and sequence, which a stranger cannot know. */
    RELATCH_SILENCE_MS = 2000,
    RELATCH_CONTINUED_MS = 300,
    RELATCH_SEQUENCE_MAX = 250,

    /* RFC 3550 A.1: up to here a jump ahead is loss, up to there a step back is reordering; else a restart. */
    SEQUENCE_DROPOUT_MAX = 3000,
    SEQUENCE_MISORDER_MAX = 100,
    /* Timestamps that leave the clock by more are a new recording behind the same SSRC: two seconds. */
    TIMESTAMP_JUMP_MS = 2000,

    /* A key press without its end packets is over: five packets of 50 ms, the longest interval in use. */
    DIGIT_LOST_END_MS = 250,
    /* An event whose timestamp lies this far behind the last one is not late but a clock that restarted. */
    DIGIT_LATE_MS_MAX = 5000,
};

#endif
