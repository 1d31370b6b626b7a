"""Records of calls that ended, as the control socket tells them and as a command reads them from a store."""

from switch.api.views import CallRecord
from switch.node import audio_views
from switch.store.store import Store
from switch.store.values import LegAudioRow

_US_PER_MS = 1_000


def newest(store: Store, limit: int) -> list[CallRecord]:
    """The newest first. Blocks; raises ResourceError."""
    rows = store.calls(limit)
    audio: dict[str, list[LegAudioRow]] = {}
    for leg in store.leg_audio([row.call for row in rows]):
        audio.setdefault(leg.call, []).append(leg)
    return [
        CallRecord(
            tenant=row.tenant,
            call=row.call,
            direction=row.direction,
            caller=row.caller,
            called=row.called,
            started_wall_us=row.started_wall_us,
            answered_wall_us=row.answered_wall_us,
            ended_wall_us=row.ended_wall_us,
            cause=row.cause,
            by=row.ended_by,
            queue=row.queue,
            agent=row.agent,
            waited_ms=row.waited_us // _US_PER_MS,
            talked_ms=row.talked_us // _US_PER_MS,
            caller_name=row.caller_name,
            limited_by=row.limited_by,
            verification=row.verification,
            forwarded_by=row.forwarded_by,
            trunk=row.trunk,
            gateway=row.gateway,
            told=row.told,
            recordings=tuple(row.recordings.split()),
            mos=audio_views.lowest(audio.get(row.call, ())),
            audio_alarms=audio_views.alarms(audio.get(row.call, ())),
        )
        for row in rows
    ]
