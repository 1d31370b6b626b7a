"""Dialogs: RFC 3261 section 12."""

import pytest

from switch.sip.dialog import Dialog, DialogState, key_of_request, key_of_response
from switch.sip.message import NameAddr, Request, Response, Uri
from tests.sip.samples import request

CONTACT = Uri.parse("sip:us@192.0.2.10:5060")
ROUTES = "Record-Route: <sip:p2.example;lr>\r\nRecord-Route: <sip:p1.example;lr>\r\n"


def uas(extra: str = "") -> Dialog:
    return Dialog.as_uas(request(extra=extra), "ours", CONTACT)


def invite() -> Request:
    headers = [
        ("From", "<sip:us@example.com>;tag=ours"),
        ("To", "<sip:them@example.com>"),
        ("Call-ID", "c"),
        ("CSeq", "7 INVITE"),
        ("Contact", f"<{CONTACT}>"),
    ]
    return Request(
        "INVITE", Uri.parse("sip:them@example.com"), [("Via", "SIP/2.0/UDP h;branch=z9hG4bKx"), *headers]
    )


def answer(status: int, *headers: tuple[str, str], tag: str = "theirs") -> Response:
    return invite().make_response(status, to_tag=tag, headers=headers)


def is_confirmed(dialog: Dialog) -> bool:
    return dialog.state is DialogState.CONFIRMED


class TestAsUas:
    def test_what_it_remembers(self) -> None:
        dialog = uas(ROUTES)
        assert dialog.key == ("call-1", "ours", "from-1")
        assert dialog.state is DialogState.EARLY
        assert (dialog.remote_cseq, dialog.local_cseq) == (1, 0)
        assert str(dialog.remote_target) == "sip:ann@198.51.100.7:5062"
        assert [str(route.uri) for route in dialog.route_set] == ["sip:p2.example;lr", "sip:p1.example;lr"]
        assert str(dialog.next_hop) == "sip:p2.example;lr"

    def test_its_requests(self) -> None:
        dialog = uas(ROUTES)
        bye = dialog.request("BYE", headers=[("Reason", "Q.850;cause=16")])
        assert (bye.method, str(bye.uri)) == ("BYE", "sip:ann@198.51.100.7:5062")
        assert [str(route.uri) for route in bye.routes] == ["sip:p2.example;lr", "sip:p1.example;lr"]
        assert (bye.from_.tag, bye.to.tag, bye.call_id) == ("ours", "from-1", "call-1")
        assert (bye.cseq.number, bye.cseq.method, bye.max_forwards) == (1, "BYE", 70)
        assert bye.contact is None
        assert bye.headers.get("Reason") == "Q.850;cause=16"
        again = dialog.request("INVITE", body=b"v=0", content_type="application/sdp")
        assert again.cseq.number == 2
        assert again.contact is not None
        assert again.contact.uri == CONTACT
        assert (again.body, again.content_type) == (b"v=0", "application/sdp")

    def test_an_rfc_2543_peer_without_contact_is_reached_at_its_from(self) -> None:
        message = request()
        message.headers.remove("Contact")
        assert str(Dialog.as_uas(message, "ours", CONTACT).remote_target) == "sip:ann@example.com"


class TestAsUac:
    def test_early_then_confirmed_learns_routes_anew(self) -> None:
        early = answer(180, ("Contact", "<sip:one@h1>"), ("Record-Route", "<sip:old;lr>"))
        dialog = Dialog.as_uac(invite(), early, NameAddr("", CONTACT))
        assert dialog.key == ("c", "ours", "theirs")
        assert not is_confirmed(dialog)
        final = answer(200, ("Contact", "<sip:two@h2>"), ("Record-Route", "<sip:b;lr>, <sip:a;lr>"))
        dialog.confirm(final)
        assert is_confirmed(dialog)
        # The caller's side reads the record backwards (section 12.1.2).
        assert [str(route.uri) for route in dialog.route_set] == ["sip:a;lr", "sip:b;lr"]
        assert str(dialog.remote_target) == "sip:two@h2"
        # Once confirmed the route set stands, whatever a re-INVITE's answer records (section 12.2).
        dialog.confirm(answer(200, ("Contact", "<sip:three@h3>"), ("Record-Route", "<sip:z;lr>")))
        assert [str(route.uri) for route in dialog.route_set] == ["sip:a;lr", "sip:b;lr"]

    def test_ack_has_the_number_of_its_invite(self) -> None:
        dialog = Dialog.as_uac(invite(), answer(200, ("Contact", "<sip:them@h;x=1?Subject=hi>")), CONTACT)
        assert dialog.state is DialogState.CONFIRMED
        ack = dialog.ack(7, body=b"v=0", content_type="application/sdp")
        assert (ack.method, ack.cseq.number, ack.cseq.method) == ("ACK", 7, "ACK")
        assert str(ack.uri) == "sip:them@h;x=1"
        assert dialog.request("BYE").cseq.number == 8

    def test_a_response_without_contact_or_tag(self) -> None:
        dialog = Dialog.as_uac(invite(), answer(200, tag=""), CONTACT)
        assert dialog.key == ("c", "ours", "")
        assert str(dialog.remote_target) == "sip:them@example.com"


def test_a_strict_router_takes_the_request_uri() -> None:
    dialog = uas("Record-Route: <sip:strict.example?Subject=x>, <sip:loose.example;lr>\r\n")
    bye = dialog.request("BYE")
    assert str(bye.uri) == "sip:strict.example"
    assert [str(route.uri) for route in bye.routes] == ["sip:loose.example;lr", "sip:ann@198.51.100.7:5062"]


def test_the_peers_numbers_must_rise() -> None:
    dialog = uas()
    assert dialog.check(request("INFO", cseq="5 INFO", to_tag="ours")) is None
    assert dialog.check(request("INFO", cseq="4 INFO", to_tag="ours")) == 500
    assert dialog.check(request("INFO", cseq="5 INFO", to_tag="ours")) == 500
    assert dialog.check(request("ACK", cseq="1 ACK", to_tag="ours")) is None
    assert dialog.check(request("BYE", cseq="9 BYE", to_tag="ours")) is None
    assert dialog.remote_cseq == 9


def test_over_is_over() -> None:
    dialog = uas()
    dialog.terminate()
    dialog.confirm()
    assert dialog.state is DialogState.TERMINATED
    assert dialog.check(request("INFO", cseq="5 INFO")) == 481


def test_target_refresh() -> None:
    dialog = uas()
    fresh = request()
    fresh.headers.set("Contact", "<sip:ann@203.0.113.9>")
    dialog.refresh(fresh)
    assert str(dialog.remote_target) == "sip:ann@203.0.113.9"
    fresh.headers.remove("Contact")
    dialog.refresh(fresh)
    assert str(dialog.remote_target) == "sip:ann@203.0.113.9"


def test_keys_from_messages() -> None:
    assert key_of_request(request("BYE", to_tag="ours")) == ("call-1", "ours", "from-1")
    assert key_of_response(answer(200)) == ("c", "ours", "theirs")


@pytest.mark.parametrize("method", ["ACK", "CANCEL"])
def test_ack_and_cancel_are_not_numbered_here(method: str) -> None:
    with pytest.raises(AssertionError):
        uas().request(method)
