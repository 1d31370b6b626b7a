"""Who forwarded a call: RFC 5806 (Diversion), RFC 7044 (History-Info), RFC 7544 (the one from the other)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.sip.message import Request, Uri
from switch.trunk.forwarding import (
    FORWARDINGS_MAX,
    REASONS,
    Forwarding,
    ForwardingHeader,
    read_forwardings,
    write_forwardings,
)

DIVERSION, HISTORY = ForwardingHeader.DIVERSION, ForwardingHeader.HISTORY_INFO


def read(*headers: tuple[str, str]) -> tuple[Forwarding, ...]:
    request = Request("INVITE", Uri(user="x", host="us"), [("From", "<sip:a@b>;tag=t"), *headers])
    return read_forwardings(request, lambda text: text)


def test_rfc5806_section_6_the_last_forwarding_comes_first() -> None:
    found = read(
        ("Diversion", "<sip:+19195552222@x>;reason=no-answer;counter=1;privacy=full"),
        ("Diversion", '"Bob" <tel:+19195551111>;reason="user-busy", <sip:+3@x>;reason=strange'),
    )
    assert found == (
        Forwarding("+19195552222", "no-answer", True),
        Forwarding("+19195551111", "user-busy"),
        Forwarding("+3", "unknown"),
    )
    assert str(found[0]) == "anonymous (no-answer)"
    assert str(found[1]) == "+19195551111 (user-busy)"


def test_rfc7544_history_becomes_forwardings() -> None:
    found = read(
        ("History-Info", "<sip:+1@x>;index=1, <sip:+2@x;cause=302>;index=1.1;mp=1"),
        ("History-Info", "<sip:+3@x;cause=408>;index=1.1.1;mp=1.1"),
    )
    assert found == (Forwarding("+2", "no-answer"), Forwarding("+1", "unconditional"))


def test_rfc7044_section_5_a_reason_in_the_entry_and_one_that_is_private() -> None:
    found = read(
        ("History-Info", "<sip:+1@x?Reason=SIP%3Bcause%3D486%3Btext%3D%22Busy%22>;index=1"),
        (
            "History-Info",
            "<sip:+2@x?Privacy=history>;index=1.1;rc=1, <sip:+3@x;cause=302>;index=1.1.1;mp=1.1",
        ),
    )
    assert found == (Forwarding("+2", "unconditional", True), Forwarding("+1", "user-busy"))


def test_a_call_that_was_only_routed_was_not_forwarded() -> None:
    assert read(("History-Info", "<sip:+1@x>;index=1, <sip:+1@y>;index=1.1;rc=1")) == ()


def test_entries_are_taken_in_the_order_of_their_index() -> None:
    found = read(("History-Info", "<sip:+2@x;cause=302>;index=1.1;mp=1, <sip:+1@x>;index=1"))
    assert found == (Forwarding("+1", "unconditional"),)


def test_a_long_list_is_cut() -> None:
    values = ", ".join(f"<sip:+{n}@x>;reason=away" for n in range(200))
    found = read(("Diversion", values))
    assert len(found) == FORWARDINGS_MAX
    assert found[0].number == "+0"
    entries = ", ".join(f"<sip:+{n}@x;cause=302>;index={n}" for n in range(200))
    assert len(read(("History-Info", entries))) == FORWARDINGS_MAX


SOME = st.lists(
    st.builds(
        Forwarding,
        st.from_regex(r"\+[1-9][0-9]{3,14}", fullmatch=True),
        st.sampled_from(
            sorted(REASONS & {"user-busy", "no-answer", "unconditional", "deflection", "unavailable"})
        ),
    ),
    min_size=1,
    max_size=FORWARDINGS_MAX,
)


@pytest.mark.parametrize("header", [DIVERSION, HISTORY])
@given(forwardings=SOME)
def test_what_is_written_is_read_again(header: ForwardingHeader, forwardings: list[Forwarding]) -> None:
    written = write_forwardings(header, tuple(forwardings), "+33", "us", str, trusted=False)
    assert read(*written) == tuple(forwardings)


@pytest.mark.parametrize("header", [DIVERSION, HISTORY])
@pytest.mark.parametrize("trusted", [True, False])
def test_who_is_hidden_is_told_to_the_trusted_alone(header: ForwardingHeader, trusted: bool) -> None:
    hidden = Forwarding("+19195551111", "user-busy", True)
    text = str(write_forwardings(header, (hidden,), "+33", "us", str, trusted=trusted))
    assert ("+19195551111" in text) is trusted


@given(st.text(max_size=80))
def test_no_header_makes_it_fail(text: str) -> None:
    for name in ("Diversion", "History-Info"):
        assert len(read((name, text))) <= FORWARDINGS_MAX
