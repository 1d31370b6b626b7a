"""Batches of randomness: everything is given once, and in the right size."""

from switch.node.tokens import SystemBits, SystemTokens


def test_tokens_are_new_each_time() -> None:
    tokens = SystemTokens()
    given = [tokens.token(20) for _ in range(1_000)]
    assert len(set(given)) == 1_000
    assert {len(token) for token in given} == {20}


def test_bits_are_new_each_time_and_fill_their_room() -> None:
    bits = SystemBits()
    given = [bits(176) for _ in range(1_000)]
    assert len(set(given)) == 1_000
    assert max(given) < 1 << 176
    # Each bit is sometimes set and sometimes not, in a thousand numbers.
    assert all(0 < sum(number >> place & 1 for number in given) < 1_000 for place in range(176))


def test_more_bits_than_a_batch_has() -> None:
    assert SystemBits()(8 * 10_000).bit_length() > 8 * 9_990
