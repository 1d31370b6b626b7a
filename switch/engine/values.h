/* What crosses the rings: the C form of switch/media/{plan,commands,events}.py. */
#ifndef SWITCH_ENGINE_VALUES_H
#define SWITCH_ENGINE_VALUES_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "bounds.h"
#include "codecs.h"
#include "detectors.h"
#include "rtcp.h"
#include "view.h"

/* `length` 0 means: none. */
struct address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    };
    socklen_t length;
};

bool address_equal(const struct address *left, const struct address *right);
bool address_same_host(const struct address *left, const struct address *right);

struct security; /* security.h */
struct recording; /* recording.h */
struct room;      /* room.h */
struct ice;      /* ice.h */
struct ear;      /* ear.h */
struct mouth;    /* mouth.h */
struct pace;     /* pace.h */
struct detection; /* detection.h */

/* What a command does to the keys, or to the credentials, of a stream. */
enum change { CHANGE_NONE, CHANGE_KEEP, CHANGE_NEW };

struct plan {
    struct address remote;
    enum codec_id codec;
    struct codec_settings settings; /* of what we send */
    uint8_t payload_type;
    int16_t dtmf_payload_type; /* -1: none */
    int16_t noise_payload_type; /* comfort noise, in both directions; -1: none was agreed on */
    /* What arrives: an answerer may number in its own way (RFC 3264 section 6.1). */
    uint8_t receive_payload_type;
    int16_t receive_dtmf_payload_type;
    uint8_t packet_ticks;      /* packet time of our own packets, in ticks */
    uint8_t packet_max_ms;     /* the longest that the peer takes, 0: any; of our own as well */
    bool sends, receives, symmetric;
    bool rtcp_mux;      /* reports share the port of the audio (RFC 5761) */
    uint16_t rtcp_port; /* of the remote host, where they do not; 0: the next one */
    bool key_tones; /* keys become tones where there is no event type */
    bool dtls; /* keys come by a handshake; until then nothing is sent or heard */
    uint32_t idle_s; /* 0: never */
};

enum command_kind {
    COMMAND_OPEN,
    COMMAND_UPDATE,
    COMMAND_CLOSE,
    COMMAND_BRIDGE,
    COMMAND_UNBRIDGE,
    COMMAND_PLAY,
    COMMAND_STOP_PLAY,
    COMMAND_STEER_PLAY,
    COMMAND_SEND_DIGITS,
    COMMAND_SECURE,
    COMMAND_SEND_RECORD,
    COMMAND_DETECT,
    COMMAND_EAR,
    COMMAND_MOUTH,
    COMMAND_PACE,
    COMMAND_RECORD,
    COMMAND_STOP_RECORDING,
    COMMAND_PAUSE_RECORDING,
    COMMAND_MOVE_RECORDING,
    COMMAND_MIX,
    COMMAND_UNMIX,
    COMMAND_LEAVE, /* these two are the engine's own: a stream goes from one thread to another */
    COMMAND_JOIN,
};

struct play {
    int64_t playback;
    uint16_t clips[CLIPS_PER_PLAY_MAX];
    uint16_t count;
    bool loop;
    uint8_t percent;   /* of its speed; 0: as it is */
    int8_t volume_db;
};

static inline bool play_is_paced(const struct play *play)
{
    return (play->percent != 0 && play->percent != 100) || play->volume_db != 0;
}

/* What is done with a playback that runs. */
enum steering { STEER_PAUSE, STEER_RESUME, STEER_SEEK, STEER_SKIP, STEER_PACE };

struct steer {
    int64_t playback;
    enum steering how;
    int64_t samples; /* STEER_SEEK: from the beginning of all its clips; STEER_SKIP: from here, back where negative */
    uint8_t percent; /* STEER_PACE: as in struct play */
    int8_t volume_db;
};

struct digits {
    uint8_t events[DIGITS_MAX]; /* RFC 4733 codes 0 to 15 */
    uint8_t count;
    uint16_t ms; /* each of them; 0: KEY_MS */
};

/* Sets of detection.h. */
struct detect {
    struct detection *detection; /* memory, the stream's where it has none yet; NULL where nothing starts */
    uint8_t start, stop;
    uint32_t silence_ms;         /* without a voice */
    struct amd_settings answers;
};

/* A part of a DTLS handshake, as it came. */
struct record {
    uint32_t slot;
    uint16_t bytes;
    uint8_t data[RECORD_BYTES_MAX];
};

struct command {
    enum command_kind kind;
    uint32_t slot;
    union {
        struct {
            struct plan plan;
            uint32_t ssrc, timestamp; /* random starts, RFC 3550 section 5.1; only for COMMAND_OPEN */
            uint16_t sequence;
            uint8_t cname[RTCP_CNAME_BYTES]; /* likewise */
            enum change security_change, ice_change;
            bool same_inbound, same_outbound; /* with CHANGE_NEW: that direction's key is the one of before */
            struct security *security; /* with CHANGE_NEW: the stream's from then on */
            struct ice *ice;           /* likewise */
        } open;
        struct security *security; /* COMMAND_SECURE: what a handshake agreed on */
        struct record *record;     /* COMMAND_SEND_RECORD: freed when it is sent */
        struct ear *ear;           /* COMMAND_EAR: the stream's from then on */
        struct mouth *mouth;       /* COMMAND_MOUTH: likewise */
        struct pace *pace;         /* COMMAND_PACE: likewise */
        uint32_t partner; /* COMMAND_MOVE_RECORDING: the stream that it goes on with */
        struct {
            struct party *party; /* who goes, the command's slot first; of both halves, freed behind the second */
            uint32_t thread;     /* COMMAND_LEAVE: where to */
            uint32_t number;     /* of both halves of one move */
        } move;
        struct room *room;           /* COMMAND_MIX: the engine's from then on */
        int64_t room_number;         /* COMMAND_UNMIX */
        struct recording *recording; /* COMMAND_RECORD: the engine thread's share of it */
        struct {
            int64_t number;
            bool paused;
        } recorded; /* COMMAND_STOP_RECORDING, COMMAND_PAUSE_RECORDING */
        struct play play;
        struct steer steer;
        struct digits digits;
        struct detect detect;
    };
};

enum event_kind {
    EVENT_PLAY_FINISHED,
    EVENT_DIGIT,
    EVENT_LATCHED,
    EVENT_IDLE,
    EVENT_CLOSED,
    EVENT_ALARM,
    EVENT_TONE,
    EVENT_SPEECH,
    EVENT_ANSWER,
    EVENT_BEEP,
    EVENT_CLIPPING,
};

struct event {
    enum event_kind kind;
    uint32_t slot;
    uint64_t order; /* among those of all threads */
    union {
        struct {
            int64_t playback;
            bool completed;
        } play;
        struct {
            uint32_t duration_ms;
            uint8_t event;
        } digit;
        struct address latched;
        struct quality_view closed;
        struct tone_heard tone;
        bool speaking;
        struct amd_result answer;
        struct beep_heard beep;
        uint16_t clipped_thousandths;
        struct {
            uint8_t alarm;
            bool raised;
        } alarm;
    };
};

#endif
