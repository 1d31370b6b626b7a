"""What a reload does to the sounds of calls in progress, and to the engine's catalogue."""

from switch.dialplan.centre import load_centre
from switch.engine.engine import Engine
from tests.interop.process import free_rtp_range

_ONE, _TWO = b"\x01\x00" * 80, b"\x02\x00" * 80


def _inline(text: str) -> str:
    """The name of the clip that is spoken in the one place of this plan."""
    plan = f"languages: [en]\nnumbers: {{600: main}}\nflows:\n  main: [{{play: {{en: {text}}}}}, hangup]\n"
    clips = load_centre({"shop.yaml": plan}).tenants["shop"].clips()
    return next(clip.name for clip in clips if clip.text == text)


def test_reloads_without_new_sounds_never_fill_the_catalogue() -> None:
    engine = Engine("127.0.0.1", free_rtp_range(), 1, clips_max=2)
    try:
        for _ in range(5):
            engine.add_clip("hello", _ONE)
            engine.add_clip("bye", _TWO)
            engine.add_clip("another tenant's bye", _TWO)
        assert engine.has_clip("another tenant's bye")
    finally:
        engine.close()


def test_another_text_in_the_same_place_is_another_clip() -> None:
    """Else a call in progress would hear the new plan's words in the old plan's place."""
    assert _inline("Good day") == _inline("Good day") != _inline("Good night")
