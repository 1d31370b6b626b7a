#include "reporting.h"

#include <arpa/inet.h>
#include <string.h>

#include "sound.h"

/* Another port of the same host. */
static struct address with_port(const struct address *host, uint16_t port)
{
    struct address address = *host;
    if (address.any.sa_family == AF_INET)
        address.v4.sin_port = htons(port);
    else
        address.v6.sin6_port = htons(port);
    return address;
}

static uint16_t port_of(const struct address *address)
{
    return ntohs(address->any.sa_family == AF_INET ? address->v4.sin_port : address->v6.sin6_port);
}

/* Where the peer hears reports; length 0 while that is not known. */
static struct address target(const struct stream *stream)
{
    const struct plan *plan = &stream->plan;
    const struct reports *reports = &stream->reports;
    if (plan->rtcp_mux || stream->destination.length == 0)
        return stream->destination;
    if (plan->symmetric && address_same_host(&reports->source, &stream->destination))
        return reports->source;
    /* Behind a NAT the announced port says nothing; of a pair of ports many NATs make a pair. */
    bool as_announced = address_equal(&stream->destination, &plan->remote);
    uint16_t port = as_announced && plan->rtcp_port != 0 ? plan->rtcp_port : (uint16_t)(port_of(&stream->destination) + 1);
    return with_port(&stream->destination, port);
}

/* With a handshake the keys are of the one port that RTP and RTCP share (RFC 5764 section 5.1.2). */
static bool may_report(const struct stream *stream)
{
    if (stream->plan.dtls)
        return stream->security != NULL && stream->plan.rtcp_mux;
    return true;
}

static void send_report(struct engine *engine, uint32_t slot, uint64_t now_us, bool bye)
{
    struct stream *stream = &engine->streams[slot];
    struct reports *reports = &stream->reports;
    struct address to = target(stream);
    if (to.length == 0 || !may_report(stream))
        return;
    uint64_t sent = stream->sender.packets;
    struct rtcp_report report = {
        .ssrc = stream->sender.ssrc,
        .is_sender = sent != reports->sent_before_last,
        .ntp = ntp_of(now_us, engine->wall_offset_us),
        .timestamp = sender_clock(&stream->sender, now_us),
        .packets = (uint32_t)sent,
        .octets = (uint32_t)stream->sender.octets,
        .bye = bye,
    };
    reports->sent_before_last = reports->sent_at_last;
    reports->sent_at_last = sent;
    report.has_block = reports_block(reports, &stream->reception, now_us, &report.block);
    /* Of a peer that does not report: what is lost on the way here is likely to be lost on the way there. */
    if (report.has_block && reports->peer.reports == 0)
        sound_adapt(stream, report.block.fraction_lost);

    _Alignas(8) uint8_t datagram[RTCP_REPORT_BYTES_MAX + SEAL_CONTROL_BYTES];
    size_t bytes = rtcp_write(&report, reports->cname, datagram);
    if (stream->security != NULL && !security_seal_control(stream->security, datagram, &bytes)) {
        count_drop(engine, DROP_SECURITY);
        return;
    }
    int socket = stream->plan.rtcp_mux ? stream->socket : engine->rtcp_sockets[slot];
    if (sendto(socket, datagram, bytes, MSG_DONTWAIT, &to.any, to.length) < 0) {
        count_drop(engine, DROP_SEND);
        return;
    }
    reports->sent_any = true;
    count(&engine->counters.rtcp_sent, 1);
}

void reporting_second(struct engine *engine, uint32_t slot, uint64_t now_us)
{
    struct reports *reports = &engine->streams[slot].reports;
    reports->left = REPORTS_PER_SECOND_MAX;
    if (now_us < reports->due_us)
        return;
    reports->due_us = now_us + reports_interval_us(&reports->random, false);
    send_report(engine, slot, now_us, false);
}

void reporting_goodbye(struct engine *engine, uint32_t slot, uint64_t now_us)
{
    const struct stream *stream = &engine->streams[slot];
    /* RFC 3550 section 6.3.7: not from one who was never heard. */
    if (stream->reports.sent_any || stream->sender.packets > 0)
        send_report(engine, slot, now_us, true);
}

void reporting_forget_source(struct stream *stream)
{
    stream->reports.source.length = 0;
}

/* Reports come from where the audio comes from: by the same port (RFC 5761), or from one port of the same host, which
 * stays the one until it has been silent. */
static bool is_expected(const struct stream *stream, const struct address *source, bool muxed, uint64_t now_us)
{
    const struct reports *reports = &stream->reports;
    const struct address *peer = stream->latch.locked ? &stream->latch.source : &stream->destination;
    if (muxed)
        return address_equal(peer, source) || address_equal(&stream->destination, source);
    bool is_held = address_same_host(&reports->source, peer) &&
                   now_us - reports->source_us < (uint64_t)REPORT_SOURCE_SILENCE_MS * 1000;
    return is_held ? address_equal(&reports->source, source) : address_same_host(peer, source);
}

/* Strangers are heard only where they can prove themselves, and pay from what strangers have. */
static bool admit(struct engine *engine, struct stream *stream, size_t bytes, const struct address *source, bool muxed,
                  uint64_t now_us)
{
    bool expected = stream->open && is_expected(stream, source, muxed, now_us);
    enum drop_reason reason = DROP_REASONS;
    uint32_t *left = expected ? &stream->reports.left : &stream->strangers_left;
    if (!stream->open)
        reason = DROP_NO_STREAM;
    else if (bytes > DATAGRAM_BYTES_MAX)
        reason = DROP_MALFORMED;
    else if (!expected && stream->security == NULL)
        reason = DROP_SOURCE;
    else if (*left == 0)
        reason = DROP_FLOOD;
    else
        (*left)--;
    if (reason != DROP_REASONS)
        count_drop(engine, reason);
    return reason == DROP_REASONS;
}

static bool open_sealed(struct engine *engine, struct stream *stream, uint8_t *datagram, size_t *bytes)
{
    if (stream->security == NULL && !stream->plan.dtls)
        return true;
    if (stream->security != NULL && security_open_control(stream->security, datagram, bytes))
        return true;
    count_drop(engine, DROP_SECURITY);
    return false;
}

void reporting_receive(struct engine *engine, uint32_t slot, uint8_t *datagram, size_t bytes,
                       const struct address *source, bool muxed, uint64_t now_us)
{
    struct stream *stream = &engine->streams[slot];
    struct rtcp_report report;
    count(&engine->counters.rtcp_received, 1);
    if (!admit(engine, stream, bytes, source, muxed, now_us))
        return;
    if (!open_sealed(engine, stream, datagram, &bytes))
        return;
    if (!rtcp_read(datagram, bytes, stream->sender.ssrc, &report)) {
        count_drop(engine, DROP_MALFORMED);
        return;
    }
    /* Section 8.2: our own reports that came back tell nothing of a peer. */
    if (report.ssrc == stream->sender.ssrc) {
        count_drop(engine, DROP_LOOP);
        return;
    }
    if (!muxed) {
        stream->reports.source = *source;
        stream->reports.source_us = now_us;
    }
    reports_learn(&stream->reports, &report, stream->sender.packets, stream->sender.units_per_ms, now_us,
                  engine->wall_offset_us);
    if (report.has_block)
        sound_adapt(stream, report.block.fraction_lost);
}
