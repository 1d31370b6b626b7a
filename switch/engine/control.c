#include "control.h"

#include <string.h>

enum { STUN_BELOW = 4, DTLS_FROM = 20, DTLS_BELOW = 64 };

static void send_to(struct engine *engine, const struct stream *stream, const struct address *to, const uint8_t *bytes,
                    size_t length)
{
    if (sendto(stream->socket, bytes, length, MSG_DONTWAIT, &to->any, to->length) < 0)
        count_drop(engine, DROP_SEND);
}

static bool take_stranger(struct engine *engine, struct stream *stream)
{
    if (stream->strangers_left == 0) {
        count_drop(engine, DROP_FLOOD);
        return false;
    }
    stream->strangers_left--;
    return true;
}

/* The way that is nominated is where we send; until one is, any that was checked will do. */
static void receive_check(struct engine *engine, uint32_t slot, const uint8_t *datagram, size_t bytes,
                          const struct address *source, uint64_t now_us)
{
    struct stream *stream = &engine->streams[slot];
    uint8_t answer[ICE_ANSWER_BYTES_MAX];
    size_t answer_bytes = 0;
    if (!take_stranger(engine, stream))
        return;
    enum ice_verdict verdict = ice_check(stream->ice, datagram, bytes, source, answer, &answer_bytes);
    if (verdict == ICE_REFUSED) {
        count_drop(engine, DROP_SECURITY);
        return;
    }
    send_to(engine, stream, source, answer, answer_bytes);
    stream->checked_us = now_us;
    bool moves = stream->destination.length == 0 ||
                 (verdict == ICE_NOMINATED && !address_equal(&stream->destination, source));
    if (!moves)
        return;
    stream->destination = *source;
    emit(engine, &(struct event){.kind = EVENT_LATCHED, .slot = slot, .latched = *source});
}

/* The handshake proves the peer by its fingerprint; here only strangers' noise is kept away from it. */
static void receive_record(struct engine *engine, uint32_t slot, const uint8_t *datagram, size_t bytes,
                           const struct address *source)
{
    struct stream *stream = &engine->streams[slot];
    struct record record = {.slot = slot, .bytes = (uint16_t)bytes};
    bool known = address_equal(&stream->destination, source) ||
                 (stream->ice == NULL && address_same_host(&stream->plan.remote, source));
    if (!known || bytes > sizeof record.data) {
        count_drop(engine, known ? DROP_MALFORMED : DROP_SOURCE);
        return;
    }
    if (!take_stranger(engine, stream))
        return;
    if (stream->ice == NULL)
        stream->destination = *source;
    memcpy(record.data, datagram, bytes);
    if (ring_push(&engine->records, &record))
        wakeup_raise(&engine->shared->event_wakeup);
    else
        count_drop(engine, DROP_FLOOD); /* the handshake repeats what is lost */
}

bool control_receive(struct engine *engine, uint32_t slot, const uint8_t *datagram, size_t bytes,
                     const struct address *source, uint64_t now_us)
{
    struct stream *stream = &engine->streams[slot];
    if (bytes == 0 || bytes > DATAGRAM_BYTES_MAX)
        return false;
    if (datagram[0] < STUN_BELOW && stream->ice != NULL)
        receive_check(engine, slot, datagram, bytes, source, now_us);
    else if (datagram[0] >= DTLS_FROM && datagram[0] < DTLS_BELOW && stream->plan.dtls)
        receive_record(engine, slot, datagram, bytes, source);
    else
        return false;
    return true;
}

void control_send_record(struct engine *engine, struct stream *stream, const uint8_t *record, size_t bytes)
{
    if (stream->destination.length != 0)
        send_to(engine, stream, &stream->destination, record, bytes);
}

void control_second(struct stream *stream, uint64_t now_us)
{
    if (stream->ice != NULL && stream->destination.length != 0 &&
        now_us - stream->checked_us > (uint64_t)CONSENT_MS * 1000)
        stream->destination.length = 0;
}
