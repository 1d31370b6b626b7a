"""SplitMix64 against the reference figures, and the ranges of what is derived from it."""

from hypothesis import given
from hypothesis import strategies as st

from switch.base.rng import SplitMix64
from switch.base.tokens import IdSource, SeededTokens

_SEEDS = st.integers(0, (1 << 64) - 1)


def test_the_first_words_of_the_reference_implementation() -> None:
    """From the reference C by Vigna (splitmix64.c), seed 1234567."""
    rng = SplitMix64(1234567)
    expected = [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]
    assert [rng.next() for _ in range(5)] == expected


@given(_SEEDS, st.integers(1, 1 << 32))
def test_below_stays_below(seed: int, bound: int) -> None:
    rng = SplitMix64(seed)
    assert all(0 <= rng.below(bound) < bound for _ in range(20))


def test_below_reaches_every_value_about_equally_often() -> None:
    rng = SplitMix64(7)
    counts = [0] * 6
    for _ in range(60_000):
        counts[rng.below(6)] += 1
    assert min(counts) > 9_700
    assert max(counts) < 10_300


def test_chance_is_the_ratio() -> None:
    rng = SplitMix64(11)
    hits = sum(rng.chance(1, 4) for _ in range(40_000))
    assert 9_700 < hits < 10_300
    assert not any(rng.chance(0, 5) for _ in range(1_000))
    assert all(rng.chance(5, 5) for _ in range(1_000))


def test_a_state_is_all_there_is_to_remember() -> None:
    rng = SplitMix64(99)
    rng.next()
    again = SplitMix64(rng.state)
    assert [rng.next() for _ in range(3)] == [again.next() for _ in range(3)]


def test_tokens_have_the_length_and_the_alphabet_that_sip_can_carry() -> None:
    token = SeededTokens(3).token(64)
    assert len(token) == 64
    assert set(token) <= set("0123456789abcdefghijklmnopqrstuvwxyz")
    assert SeededTokens(3).token(64) == token
    assert SeededTokens(4).token(64) != token


def test_ids_are_readable_and_never_repeat() -> None:
    ids = IdSource("n1", "k3v9")
    assert [ids.make("c"), ids.make("l")] == ["c-n1k3v9-1", "l-n1k3v9-2"]
    made = {ids.make("c") for _ in range(1_000)}
    assert len(made) == 1_000
