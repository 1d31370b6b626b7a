/* How good a stream is, looked at once a second: what was lost each way, how unsteady, how far, what that is to an ear,
 * and whether somebody hears nothing.
 * */
#ifndef SWITCH_ENGINE_QUALITY_H
#define SWITCH_ENGINE_QUALITY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bounds.h"
#include "codecs.h"
#include "reception.h"
#include "reports.h"
#include "view.h"

struct quality {
    uint64_t received_before, sent_before; /* of the last look */
    uint64_t window_received, window_lost, window_gaps;
    uint32_t window_s;
    uint64_t jitter_sum_us;
    uint32_t jitter_max_us, jitter_seconds;
    uint32_t mos_now, mos_worst;
    uint32_t quiet_s, dead_s, silent_s;
    uint8_t alarms, alarms_told, alarms_ever;
    bool loud; /* something was audible in this second */
};

/* What a look sees beside the counts. */
struct quality_scene {
    const struct reception *reception;
    const struct peer_view *peer;
    uint64_t sent, concealed_ms;
    enum codec_id codec;
    uint32_t packet_ms;
    bool sends, receives; /* by the plan, and not on hold */
    bool bridged;
};

/* Whether a payload of G.711 is anything but silence; stops at the first sample that is. */
bool quality_is_loud(enum codec_id codec, const uint8_t *payload, size_t bytes);

/* A second has passed. `quality->alarms` says what is wrong now. */
void quality_look(struct quality *quality, const struct quality_scene *scene);

void quality_see(const struct quality *quality, const struct quality_scene *scene, struct quality_view *view);

/* A view that one thread writes and others read whole, without a lock. */
struct published {
    _Atomic uint32_t version; /* odd while it is written */
    _Atomic uint64_t values[QUALITY_VALUES];
};

void quality_publish(struct published *published, const struct quality_view *view);
/* False where it was being written at each try: the caller asks again later. */
bool quality_read(struct published *published, struct quality_view *view);

#endif
