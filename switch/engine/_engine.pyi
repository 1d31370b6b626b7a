CLIPS_PER_PLAY_MAX: int
DIGITS_MAX: int
CLIP_SAMPLES_MAX: int
THREADS_MAX: int
# Why there is no Opus; empty where there is.
OPUS_MISSING: str
SRTP_MISSING: str

# The kind of an event, its slot, and the fields of its class in switch.media.events.
RawEvent = tuple[int | bool | str | tuple[int, ...], ...]

class Core:
    def __init__(
        self,
        rtp_sockets: list[int],
        rtcp_sockets: list[int],
        commands: int,
        events: int,
        clips: int,
        threads: int,
        clock: int,
    ) -> None: ...
    def start(self) -> None: ...
    def close(self) -> None: ...
    def fileno(self) -> int: ...
    def add_clip(self, pcm: bytes, wide: bytes, /) -> int: ...
    def drop_clip(self, clip: int, /) -> None: ...
    def open_stream(
        self,
        update: bool,
        slot: int,
        remote_host: bytes,
        remote_port: int,
        codec: int,
        payload_type: int,
        dtmf_payload_type: int,
        receive_payload_type: int,
        receive_dtmf_payload_type: int,
        ptime_ms: int,
        sends: bool,
        receives: bool,
        symmetric: bool,
        idle_s: int,
        ssrc: int,
        sequence: int,
        timestamp: int,
        dtls: bool,
        security: bool | tuple[tuple[int, bytes, bytes], bool, bool] | None,
        ice: bool | tuple[str, str] | None,
        rtcp_mux: bool,
        rtcp_port: int,
        cname: bytes,
        opus: tuple[int, int, int, bool] | None,
        key_tones: bool,
        noise_payload_type: int,
        ptime_max_ms: int,
        /,
    ) -> bool: ...
    def wake(self) -> None: ...
    def close_stream(self, slot: int, /) -> bool: ...
    def bridge(self, left: int, right: int, /) -> bool: ...
    def unbridge(self, slot: int, /) -> bool: ...
    def play(
        self,
        slot: int,
        playback: int,
        clips: tuple[int, ...],
        loop: bool,
        speed_percent: int,
        volume_db: int,
        /,
    ) -> bool: ...
    def stop_play(self, slot: int, /) -> bool: ...
    def send_digits(self, slot: int, events: bytes, ms: int, /) -> bool: ...
    def detect(
        self, slot: int, start: int, stop: int, silence_ms: int, answers: tuple[int, ...], /
    ) -> bool: ...
    def secure(self, slot: int, keys: tuple[int, bytes, bytes], /) -> bool: ...
    def send_record(self, slot: int, record: bytes, /) -> bool: ...
    def record(
        self,
        slot: int,
        recording: int,
        path: str,
        sound_format: int,
        rate_hz: int,
        channels: int,
        seconds_max: int,
        silence_ms: int,
        /,
    ) -> bool: ...
    def stop_recording(self, slot: int, recording: int, /) -> bool: ...
    def pause_recording(self, slot: int, recording: int, paused: bool, /) -> bool: ...
    def move_recording(self, slot: int, to: int, /) -> bool: ...
    def steer_play(self, slot: int, playback: int, how: int, samples: int, /) -> bool: ...
    def pace_play(self, slot: int, playback: int, speed_percent: int, volume_db: int, /) -> bool: ...
    def mix(self, room: int, levels: bool, members: tuple[tuple[int, int], ...], /) -> bool: ...
    def unmix(self, room: int, /) -> bool: ...
    def poll_recording(self) -> tuple[int, int, int, int, int, int, int] | None: ...
    def recording_stats(self) -> tuple[int, int, int, int]: ...
    def poll(self) -> list[RawEvent]: ...
    def poll_record(self) -> tuple[int, bytes] | None: ...
    def quality(self, slot: int, /) -> tuple[int, ...] | None: ...
    def stats(
        self,
    ) -> tuple[
        int,
        int,
        int,
        int,
        int,
        int,
        int,
        int,
        int,
        int,
        int,
        int,
        int,
        int,
        int,
        int,
        tuple[int, ...],
        tuple[int, ...],
    ]: ...
