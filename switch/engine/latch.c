#include "latch.h"

#include <string.h>

bool address_equal(const struct address *left, const struct address *right)
{
    if (left->length == 0 || right->length == 0 || left->any.sa_family != right->any.sa_family)
        return false;
    if (left->any.sa_family == AF_INET)
        return left->v4.sin_port == right->v4.sin_port && left->v4.sin_addr.s_addr == right->v4.sin_addr.s_addr;
    return left->v6.sin6_port == right->v6.sin6_port &&
           memcmp(&left->v6.sin6_addr, &right->v6.sin6_addr, sizeof left->v6.sin6_addr) == 0;
}

bool address_same_host(const struct address *left, const struct address *right)
{
    if (left->length == 0 || right->length == 0 || left->any.sa_family != right->any.sa_family)
        return false;
    return left->any.sa_family == AF_INET
               ? left->v4.sin_addr.s_addr == right->v4.sin_addr.s_addr
               : memcmp(&left->v6.sin6_addr, &right->v6.sin6_addr, sizeof left->v6.sin6_addr) == 0;
}

void latch_open(struct latch *latch)
{
    memset(latch, 0, sizeof *latch);
}

/* Counts a packet towards its candidate; true when that one has sent enough in sequence. */
static bool learn(struct latch *latch, const struct address *source, const struct rtp_packet *packet)
{
    struct candidate *candidate = NULL;
    for (int i = 0; i < LATCH_CANDIDATES && candidate == NULL; i++)
        if (address_equal(&latch->candidates[i].source, source))
            candidate = &latch->candidates[i];
    if (candidate == NULL) {
        candidate = &latch->candidates[latch->oldest_candidate];
        latch->oldest_candidate = (uint8_t)((latch->oldest_candidate + 1) % LATCH_CANDIDATES);
        candidate->source = *source;
        candidate->packets = 0;
    }
    bool continues = candidate->packets > 0 && candidate->ssrc == packet->ssrc &&
                     packet->sequence == (uint16_t)(candidate->sequence + 1);
    candidate->packets = continues ? candidate->packets + 1 : 1;
    candidate->ssrc = packet->ssrc;
    candidate->sequence = packet->sequence;
    return candidate->packets >= LATCH_PACKETS;
}

static bool may_learn(const struct latch *latch, const struct rtp_packet *packet, uint64_t now_us)
{
    uint16_t ahead = (uint16_t)(packet->sequence - latch->sequence);
    bool continues = packet->ssrc == latch->ssrc && ahead > 0 && ahead <= RELATCH_SEQUENCE_MAX;
    uint64_t silence_ms = continues ? RELATCH_CONTINUED_MS : RELATCH_SILENCE_MS;
    return now_us - latch->heard_us >= silence_ms * 1000;
}

static void note(struct latch *latch, const struct rtp_packet *packet, uint64_t now_us)
{
    latch->heard_us = now_us;
    latch->ssrc = packet->ssrc;
    latch->sequence = packet->sequence;
}

static void lock(struct latch *latch, const struct address *source)
{
    memset(latch, 0, sizeof *latch);
    latch->locked = true;
    latch->source = *source;
}

enum latch_verdict latch_believe(struct latch *latch, const struct address *source, const struct rtp_packet *packet,
                                 uint64_t now_us)
{
    enum latch_verdict verdict = LATCH_ACCEPTED;
    if (!latch->locked || !address_equal(&latch->source, source)) {
        if (latch->locked && now_us - latch->heard_us < (uint64_t)RELATCH_CONTINUED_MS * 1000)
            return LATCH_ACCEPTED;
        lock(latch, source);
        verdict = LATCH_CHANGED;
    }
    note(latch, packet, now_us);
    return verdict;
}

enum latch_verdict latch_judge(struct latch *latch, const struct address *announced, const struct address *source,
                               const struct rtp_packet *packet, uint64_t now_us)
{
    enum latch_verdict verdict = LATCH_ACCEPTED;
    if (!latch->locked || !address_equal(&latch->source, source)) {
        bool is_announced = address_equal(announced, source);
        if (latch->locked && !is_announced && !may_learn(latch, packet, now_us))
            return LATCH_REFUSED;
        if (!learn(latch, source, packet) && (latch->locked || !is_announced))
            return LATCH_REFUSED;
        lock(latch, source);
        verdict = LATCH_CHANGED;
    }
    note(latch, packet, now_us);
    return verdict;
}
