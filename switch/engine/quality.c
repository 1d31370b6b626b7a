#include "quality.h"

#include "emodel.h"

enum {
    /* G.711's smallest steps: what is louder than 0.1% of full scale (-60 dB) is no silence. */
    LOUD_ULAW = 4,
    LOUD_ALAW = 2,
    READ_TRIES = 100,
};

bool quality_is_loud(enum codec_id codec, const uint8_t *payload, size_t bytes)
{
    /* Both laws keep the sign in the first bit and grow with the other seven, once their masks are off. */
    uint8_t mask = codec == CODEC_PCMA ? 0x55 : 0xFF;
    uint8_t limit = codec == CODEC_PCMA ? LOUD_ALAW : LOUD_ULAW;
    if (codec != CODEC_PCMA && codec != CODEC_PCMU)
        return true;
    for (size_t i = 0; i < bytes; i++)
        if (((payload[i] ^ mask) & 0x7F) > limit)
            return true;
    return false;
}

/* From mouth to ear as far as this leg goes: half the round trip, a packet's collecting, and a jitter buffer that holds
 * twice the mean deviation, which is what adaptive ones come to. */
static double delay_ms(const struct quality_scene *scene, uint32_t jitter_us)
{
    double buffer_ms = 2.0 * jitter_us / 1000;
    double buffer_min_ms = scene->packet_ms;
    return scene->peer->round_trip_us / 2000.0 + scene->packet_ms + (buffer_ms > buffer_min_ms ? buffer_ms : buffer_min_ms);
}

static uint32_t rate(const struct quality_scene *scene, double loss, double burst, uint32_t jitter_us)
{
    struct impairments given = {
        .codec = scene->codec, .loss = loss, .burst = burst, .delay_ms = delay_ms(scene, jitter_us)};
    return emodel_mos_100(emodel_r(&given));
}

static double share(uint64_t part, uint64_t whole)
{
    return whole == 0 ? 0 : part >= whole ? 1 : (double)part / (double)whole;
}

static double mean_burst(uint64_t lost, uint64_t gaps)
{
    return gaps == 0 ? 1 : (double)lost / (double)gaps;
}

static uint32_t least_known(uint32_t left, uint32_t right)
{
    if (left == 0 || right == 0)
        return left + right;
    return left < right ? left : right;
}

/* What the last few seconds were, both ways. */
static void end_window(struct quality *quality, const struct quality_scene *scene)
{
    const struct reception *reception = scene->reception;
    uint64_t lost_in_all = reception_lost(reception);
    uint64_t received = reception->received - quality->window_received;
    /* What came late after all can make the count of losses fall. */
    uint64_t lost = lost_in_all > quality->window_lost ? lost_in_all - quality->window_lost : 0;
    uint32_t heard = 0, told = 0;
    if (received + lost >= QUALITY_PACKETS_MIN)
        heard = rate(scene, share(lost, received + lost), mean_burst(lost, reception->gaps - quality->window_gaps),
                     reception_jitter_us(reception));
    if (scene->peer->reports > 0 && scene->sends)
        told = rate(scene, scene->peer->fraction_lost / 256.0, 1, scene->peer->jitter_us);
    quality->mos_now = least_known(heard, told);
    quality->mos_worst = least_known(quality->mos_worst, quality->mos_now);
    quality->window_received = reception->received;
    quality->window_lost = lost_in_all;
    quality->window_gaps = reception->gaps;
    quality->window_s = 0;
}

static void set_alarm(struct quality *quality, enum alarm alarm, bool raised)
{
    uint8_t bit = (uint8_t)(1u << alarm);
    quality->alarms = raised ? quality->alarms | bit : quality->alarms & (uint8_t)~bit;
    quality->alarms_ever |= quality->alarms;
}

static void count_seconds(uint32_t *seconds, bool goes_on, bool is_over)
{
    if (is_over)
        *seconds = 0;
    else if (goes_on)
        ++*seconds;
}

static void watch(struct quality *quality, const struct quality_scene *scene)
{
    bool hears = scene->reception->received != quality->received_before;
    bool speaks = scene->sent != quality->sent_before;
    count_seconds(&quality->quiet_s, scene->receives && scene->bridged && speaks && !hears, hears || !scene->receives);
    count_seconds(&quality->dead_s, scene->sends && !scene->bridged && hears && !speaks,
                  speaks || scene->bridged || !scene->sends);
    count_seconds(&quality->silent_s, scene->bridged && hears && !quality->loud, quality->loud || !scene->bridged);
    set_alarm(quality, ALARM_NO_AUDIO, quality->quiet_s >= NOBODY_HEARD_S);
    set_alarm(quality, ALARM_DEAD_AIR, quality->dead_s >= NOBODY_HEARD_S);
    set_alarm(quality, ALARM_SILENCE, quality->silent_s >= SILENCE_S);
    set_alarm(quality, ALARM_NOT_HEARD, scene->peer->deaf >= DEAF_REPORTS);
}

void quality_look(struct quality *quality, const struct quality_scene *scene)
{
    const struct reception *reception = scene->reception;
    watch(quality, scene);
    if (reception->received != quality->received_before) {
        uint32_t jitter_us = reception_jitter_us(reception);
        quality->jitter_sum_us += jitter_us;
        quality->jitter_seconds++;
        if (jitter_us > quality->jitter_max_us)
            quality->jitter_max_us = jitter_us;
    }
    quality->received_before = reception->received;
    quality->sent_before = scene->sent;
    quality->loud = false;
    if (++quality->window_s == QUALITY_WINDOW_S)
        end_window(quality, scene);
}

void quality_see(const struct quality *quality, const struct quality_scene *scene, struct quality_view *view)
{
    const struct reception *reception = scene->reception;
    const struct peer_view *peer = scene->peer;
    uint64_t lost = reception_lost(reception), received = reception->received;
    uint64_t peer_lost = peer->lost > 0 ? (uint64_t)peer->lost : 0;
    uint32_t jitter_us = quality->jitter_seconds == 0 ? reception_jitter_us(reception)
                                                      : (uint32_t)(quality->jitter_sum_us / quality->jitter_seconds);
    bool knows_heard = received + lost >= QUALITY_PACKETS_MIN;
    *view = (struct quality_view){.values = {
        [Q_PACKETS_RECEIVED] = received,
        [Q_PACKETS_SENT] = scene->sent,
        [Q_PACKETS_LOST] = lost,
        [Q_JITTER_US] = jitter_us,
        [Q_JITTER_MAX_US] = quality->jitter_max_us > jitter_us ? quality->jitter_max_us : jitter_us,
        [Q_CONCEALED_MS] = scene->concealed_ms,
        [Q_REPORTS] = peer->reports,
        [Q_PEER_LOST] = peer_lost,
        [Q_PEER_JITTER_US] = peer->jitter_us,
        [Q_PEER_JITTER_MAX_US] = peer->jitter_max_us,
        [Q_ROUND_TRIP_US] = peer->round_trips == 0 ? 0 : peer->round_trip_sum_us / peer->round_trips,
        [Q_ROUND_TRIP_MAX_US] = peer->round_trip_max_us,
        [Q_MOS_HEARD] = knows_heard ? rate(scene, share(lost, received + lost), mean_burst(lost, reception->gaps), jitter_us) : 0,
        [Q_MOS_PEER] = peer->reports > 0 ? rate(scene, share(peer_lost, peer->sent_then), 1, peer->jitter_us) : 0,
        [Q_MOS_NOW] = quality->mos_now,
        [Q_MOS_WORST] = quality->mos_worst,
        [Q_ALARMS] = quality->alarms,
        [Q_ALARMS_EVER] = quality->alarms_ever,
    }};
}

void quality_publish(struct published *published, const struct quality_view *view)
{
    uint32_t version = atomic_load_explicit(&published->version, memory_order_relaxed);
    atomic_store_explicit(&published->version, version + 1, memory_order_relaxed);
    /* Each value is released after the odd version, so that who sees a new value sees that one too. */
    for (int i = 0; i < QUALITY_VALUES; i++)
        atomic_store_explicit(&published->values[i], view->values[i], memory_order_release);
    atomic_store_explicit(&published->version, version + 2, memory_order_release);
}

bool quality_read(struct published *published, struct quality_view *view)
{
    for (int i = 0; i < READ_TRIES; i++) {
        uint32_t before = atomic_load_explicit(&published->version, memory_order_acquire);
        for (int value = 0; value < QUALITY_VALUES; value++)
            view->values[value] = atomic_load_explicit(&published->values[value], memory_order_acquire);
        if (before % 2 == 0 && atomic_load_explicit(&published->version, memory_order_relaxed) == before)
            return true;
    }
    return false;
}
