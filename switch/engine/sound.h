/* Where a stream's packets become sound, and sound its packets: for bridges of unlike codecs, for what is played in
 * codecs other than G.711, for keys as tones; and for recorders, mixers and detectors, which say that they listen. */
#ifndef SWITCH_ENGINE_SOUND_H
#define SWITCH_ENGINE_SOUND_H

#include "core.h"

/* May the packets of one be passed on to the other as they are, or through the table of the two laws? */
bool sound_may_relay(const struct stream *from, const struct stream *to);

/* After a plan, a bridge, an ear or a mouth of the slot was changed: who hears whom by sound. */
void sound_route(struct engine *engine, uint32_t slot);

/* A reason to take sound from the stream's ear at each tick; harmless twice. Its ear must have been supplied. */
void sound_listen(struct engine *engine, uint32_t slot, enum listener listener);
void sound_unlisten(struct engine *engine, uint32_t slot, enum listener listener);

/* A packet that was admitted. */
void sound_receive(struct stream *stream, const struct rtp_packet *packet, bool is_event, uint64_t now_us);

/* The noise that its peer wants to be heard while it is silent. */
void sound_receive_noise(struct stream *stream, const struct rtp_packet *packet);

/* What the stream hears in these 10 ms, to everybody who listens. `due_us` is when the tick was due. */
void sound_tick(struct engine *engine, uint32_t slot, uint64_t due_us, uint64_t now_us);

/* The frame of this tick, 10 ms at *rate_hz; NULL where nobody listens, or nothing is heard for a second. */
const int16_t *sound_heard(const struct stream *stream, uint32_t *rate_hz);

/* Says 10 ms to the stream's peer, samples at 8000 or 16000 Hz. One voice after another has the mouth: it is its
 * caller who knows which one may speak (stream_is_overridden()). */
void sound_speak(struct engine *engine, struct stream *to, enum voice voice, const int16_t *samples, uint32_t rate_hz,
                 uint64_t now_us);

/* So many of 256 packets that we send are lost: the codec may correct for it. */
void sound_adapt(const struct stream *stream, uint8_t fraction_lost);

/* That voice stops; what comes next starts a talkspurt. */
void sound_hush(struct stream *stream, enum voice voice);

/* A key of this stream, as long as it was, for a partner that does not get it by relay: neither its packets, nor, where it is heard, its tone. */
void sound_pass_key(struct engine *engine, const struct stream *from, const struct key_press *press, bool by_packet);

/* The tick of a stream that is sent keys as tones. */
void sound_send_tone(struct engine *engine, struct stream *stream, uint64_t now_us);

#endif
