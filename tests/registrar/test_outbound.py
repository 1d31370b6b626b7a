"""One phone by several flows: RFC 5626, Path (RFC 3327), GRUUs (RFC 5627), and phones that move."""

import pytest

from switch.base.clock import SECOND
from switch.registrar.gruu import is_gruu
from switch.registrar.registrar import Registrar
from switch.registrar.values import BindingRemoved, FlowMoved, RegistrarLimits, RemovalReason
from switch.sip.message import Response, Uri
from tests.registrar.phone import Phone, make_registrar, tcp, udp

NAME = "maple-101"
URN = "urn:uuid:00000000-0000-1000-8000-000A95A0E128"
INSTANCE = f';+sip.instance="<{URN}>"'
OTHER = ';+sip.instance="<urn:uuid:11111111-0000-1000-8000-000A95A0E128>"'
OUTBOUND = "Supported: path, outbound"
ONE, TWO = tcp("192.0.2.10", 41_001, connection=1), tcp("192.0.2.10", 41_002, connection=2)
THREE = tcp("203.0.113.99", 50_000, connection=3)


def contact(
    reg_id: int = 0, instance: str = INSTANCE, uri: str = "sip:maple-101@192.0.2.10;transport=tcp"
) -> str:
    return f"Contact: <{uri}>{instance}" + (f";reg-id={reg_id}" if reg_id else "")


@pytest.fixture
def registrar() -> Registrar:
    return make_registrar(NAME, "maple-102")


@pytest.fixture
def phone() -> Phone:
    return Phone(NAME)


def flows(registrar: Registrar, now: int = 0) -> list[tuple[int, int]]:
    """(reg-id, connection), the dearest first."""
    return [(binding.reg_id, binding.flow.connection) for binding in registrar.bindings(NAME, now)]


def moves(registrar: Registrar) -> list[tuple[int, int]]:
    """Connections from and to, told since the last time."""
    return [(e.old.connection, e.new.connection) for e in registrar.poll() if isinstance(e, FlowMoved)]


class TestRfc5626Section6:
    """Registration by flows."""

    def test_two_flows_of_one_phone_stand_beside_each_other(self, registrar: Registrar, phone: Phone) -> None:
        first = phone.register(registrar, ONE, 0, contact(1), OUTBOUND)
        second = phone.register(registrar, TWO, 0, contact(2), OUTBOUND)
        assert flows(registrar) == [(2, 2), (1, 1)]
        for response in (first, second):
            assert "outbound" in response.require
            assert response.headers.get("Flow-Timer") == "120"
        listed = second.headers.all("Contact")
        assert [(INSTANCE in value, "reg-id=2" in value) for value in listed] == [(True, True), (True, False)]

    def test_a_flow_that_comes_back_takes_its_own_place(self, registrar: Registrar, phone: Phone) -> None:
        phone.register(registrar, ONE, 0, contact(1), OUTBOUND)
        phone.register(registrar, TWO, 0, contact(2), OUTBOUND)
        phone.register(registrar, THREE, 0, contact(1, uri="sip:maple-101@203.0.113.99"), OUTBOUND)
        assert flows(registrar) == [(1, 3), (2, 2)]

    def test_a_flow_ends_alone(self, registrar: Registrar, phone: Phone) -> None:
        phone.register(registrar, ONE, 0, contact(1), OUTBOUND)
        phone.register(registrar, TWO, 0, contact(2), OUTBOUND)
        phone.register(registrar, ONE, 0, contact(1) + ";expires=0", OUTBOUND)
        assert flows(registrar) == [(2, 2)]
        registrar.drop_flow(TWO, 0)
        assert flows(registrar) == []

    def test_two_phones_of_one_account_have_flows_of_their_own(self, registrar: Registrar) -> None:
        for number, instance in enumerate((INSTANCE, OTHER)):
            phone = Phone(NAME, call_id=str(number))
            phone.register(registrar, ONE if number else THREE, 0, contact(1, instance), OUTBOUND)
        assert len(flows(registrar)) == 2

    @pytest.mark.parametrize(
        "lines",
        [
            # Without the option tag reg-id means nothing, without an instance neither, nor what is no number.
            (contact(1),),
            (contact(1, ""), OUTBOUND),
            (contact() + ";reg-id=0", OUTBOUND),
            (contact() + ";reg-id=x", OUTBOUND),
            (contact() + ";reg-id=99999999999", OUTBOUND),
        ],
    )
    def test_what_does_not_ask_for_flows(
        self, registrar: Registrar, phone: Phone, lines: tuple[str, ...]
    ) -> None:
        response = phone.register(registrar, ONE, 0, *lines)
        assert response.status == 200
        assert response.require == ()
        assert response.headers.get("Flow-Timer") is None
        assert flows(registrar) == [(0, 1)]

    def test_a_phone_that_gives_up_its_flows_has_one_binding_again(
        self, registrar: Registrar, phone: Phone
    ) -> None:
        phone.register(registrar, ONE, 0, contact(1), OUTBOUND)
        phone.register(registrar, TWO, 0, contact(2), OUTBOUND)
        phone.register(registrar, THREE, 0, contact())
        assert flows(registrar) == [(0, 3)]
        phone.register(registrar, ONE, 0, contact(1), OUTBOUND)
        assert flows(registrar) == [(1, 1)]

    def test_a_flow_is_of_one_contact(self, registrar: Registrar, phone: Phone) -> None:
        both = contact(1) + ", <sip:maple-101@192.0.2.11>"
        assert phone.register(registrar, ONE, 0, both, OUTBOUND).status == 400
        assert flows(registrar) == []

    @pytest.mark.parametrize(
        ("path", "status"),
        [((), 439), (("Path: <sip:edge.example;lr>",), 439), (("Path: <sip:edge.example;lr;ob>",), 200)],
    )
    def test_a_first_hop_that_keeps_no_flows(
        self, registrar: Registrar, path: tuple[str, ...], status: int
    ) -> None:
        phone = Phone(NAME, extra=("Via: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKhome",))
        assert phone.register(registrar, ONE, 0, contact(1), OUTBOUND, *path).status == status
        assert len(flows(registrar)) == (status == 200)

    def test_on_udp_the_phone_keeps_its_mapping_open_itself(self, registrar: Registrar, phone: Phone) -> None:
        behind = udp("203.0.113.7", 41_000)
        response = phone.register(registrar, behind, 0, contact(1) + ";expires=900", OUTBOUND)
        assert response.headers.get("Flow-Timer") is None
        assert ";expires=900" in response.headers.all("Contact")[0]
        response = Phone(NAME, call_id="2").register(registrar, behind, 0, contact(0, OTHER) + ";expires=900")
        assert any(";expires=60" in value for value in response.headers.all("Contact"))


class TestRfc3327:
    """Path."""

    EDGES = ("Path: <sip:in.example;lr>", "Path: <sip:edge.example;lr;ob>")

    def test_it_is_kept_and_returned(self, registrar: Registrar, phone: Phone) -> None:
        response = phone.register(registrar, ONE, 0, contact(), "Supported: path", *self.EDGES)
        assert response.headers.all("Path") == ["<sip:in.example;lr>", "<sip:edge.example;lr;ob>"]
        assert "path" in response.supported
        [binding] = registrar.bindings(NAME, 0)
        assert binding.path == ("<sip:in.example;lr>", "<sip:edge.example;lr;ob>")

    def test_it_may_be_required_and_need_not_be_supported(self, registrar: Registrar, phone: Phone) -> None:
        assert phone.register(registrar, ONE, 0, contact(), "Require: path", *self.EDGES).status == 200
        assert phone.register(registrar, ONE, 0, contact(), *self.EDGES).status == 200

    def test_a_refresh_by_another_edge_replaces_it(self, registrar: Registrar, phone: Phone) -> None:
        phone.register(registrar, ONE, 0, contact(), *self.EDGES)
        phone.register(registrar, ONE, 0, contact(), "Path: <sip:new.example;lr>")
        assert registrar.bindings(NAME, 0)[0].path == ("<sip:new.example;lr>",)

    @pytest.mark.parametrize(
        ("path", "status"),
        [
            ("<tel:+33170180101>", 400),
            ("<sip:edge", 400),
            (",".join(["<sip:e.example;lr>"] * 9), 403),
            (f"<sip:{'e' * 1100};lr>", 403),
        ],
    )
    def test_what_is_refused(self, registrar: Registrar, phone: Phone, path: str, status: int) -> None:
        assert phone.register(registrar, ONE, 0, contact(), f"Path: {path}").status == status
        assert flows(registrar) == []


class TestRfc5627:
    """GRUUs."""

    def gruus(self, response: Response) -> tuple[Uri, Uri]:
        value = response.contacts[0]
        public = (value.param("pub-gruu") or "").strip('"')
        temporary = (value.param("temp-gruu") or "").strip('"')
        return Uri.parse(public), Uri.parse(temporary)

    def test_both_are_made_and_name_the_phone(self, registrar: Registrar, phone: Phone) -> None:
        response = phone.register(registrar, ONE, 0, contact(), "Supported: gruu")
        public, temporary = self.gruus(response)
        assert str(public) == f"sip:{NAME}@198.51.100.1;gr={URN}"
        assert temporary.user is not None
        assert NAME not in temporary.user
        for uri in (public, temporary):
            assert is_gruu(uri)
            found = registrar.gruu(uri, 0)
            assert found is not None
            assert (found[0].name, found[1]) == (NAME, f"<{URN}>")

    def test_who_does_not_know_them_gets_none(self, registrar: Registrar, phone: Phone) -> None:
        assert phone.register(registrar, ONE, 0, contact()).contacts[0].param("pub-gruu") is None
        response = Phone(NAME, call_id="2").register(registrar, TWO, 0, contact(0, ""), "Supported: gruu")
        assert all(c.param("pub-gruu") is None for c in response.contacts if not c.param("+sip.instance"))

    def test_temporary_ones_stand_until_another_call_id(self, registrar: Registrar, phone: Phone) -> None:
        _, first = self.gruus(phone.register(registrar, ONE, 0, contact(), "Supported: gruu"))
        _, second = self.gruus(phone.register(registrar, ONE, 0, contact(), "Supported: gruu"))
        assert first != second
        assert registrar.gruu(first, 0) is not None
        assert registrar.gruu(second, 0) is not None
        restarted = Phone(NAME, call_id="after-restart")
        public, third = self.gruus(restarted.register(registrar, ONE, 0, contact(), "Supported: gruu"))
        assert registrar.gruu(first, 0) is None
        assert registrar.gruu(third, 0) is not None
        registrar.drop_flow(ONE, 0)
        assert registrar.gruu(third, 0) is None
        # The public one lives as long as the account: who has it is told that the phone is away, not wrong.
        assert registrar.gruu(public, 0) is not None

    @pytest.mark.parametrize(
        "text", ["sip:tgruu.@h;gr", "sip:tgruu.aaaa@h;gr", "sip:x@h;gr", "sip:x@h;gr=urn:y"]
    )
    def test_what_we_did_not_make_names_nobody(self, registrar: Registrar, text: str) -> None:
        assert registrar.gruu(Uri.parse(text), 0) is None

    def test_one_that_was_changed_names_nobody(self, registrar: Registrar, phone: Phone) -> None:
        _, uri = self.gruus(phone.register(registrar, ONE, 0, contact(), "Supported: gruu"))
        for index in range(6, len(uri.user or "")):
            user = uri.user or ""
            other = "b" if user[index] == "a" else "a"
            broken = Uri("sip", user[:index] + other + user[index + 1 :], None, uri.host, None, uri.params)
            # The last letter of base32 holds bits that mean nothing.
            assert registrar.gruu(broken, 0) is None or index == len(user) - 1


class TestPhonesThatMove:
    """Contact aliasing, NAT, and calls that go on."""

    def test_a_contact_rewritten_after_the_outer_address_was_learnt_leaves_no_twin(
        self, registrar: Registrar, phone: Phone
    ) -> None:
        mapped = udp("203.0.113.7", 41_000)
        phone.register(registrar, mapped, 0, "Contact: <sip:maple-101@10.0.0.5:5060>")
        phone.register(registrar, mapped, 0, "Contact: <sip:maple-101@203.0.113.7:41000>")
        assert [str(b.contact) for b in registrar.bindings(NAME, 0)] == ["sip:maple-101@203.0.113.7:41000"]

    def test_from_the_same_socket_under_another_call_id_too(self, registrar: Registrar) -> None:
        mapped = udp("203.0.113.7", 41_000)
        Phone(NAME, call_id="1").register(registrar, mapped, 0, "Contact: <sip:maple-101@10.0.0.5>")
        Phone(NAME, call_id="2").register(registrar, mapped, 0, "Contact: <sip:maple-101@10.0.0.6>")
        assert len(flows(registrar)) == 1

    def test_behind_a_proxy_one_socket_is_many_phones(self, registrar: Registrar) -> None:
        for number in (5, 6):
            phone = Phone(NAME, call_id=str(number), extra=("Via: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKx",))
            phone.register(registrar, udp("203.0.113.7"), 0, f"Contact: <sip:maple-101@10.0.0.{number}>")
        assert len(flows(registrar)) == 2

    def test_several_contacts_in_one_request_are_several_phones(
        self, registrar: Registrar, phone: Phone
    ) -> None:
        phone.register(registrar, ONE, 0, "Contact: <sip:maple-101@10.0.0.5>, <sip:maple-101@10.0.0.6>")
        assert len(flows(registrar)) == 2

    def test_a_mapping_that_changes_moves_the_calls(self, registrar: Registrar, phone: Phone) -> None:
        old, new = udp("203.0.113.7", 41_000), udp("203.0.113.7", 52_000)
        uri = "sip:maple-101@10.0.0.5:5060"
        phone.register(registrar, old, 0, f"Contact: <{uri}>")
        registrar.poll()
        phone.register(registrar, new, 0, f"Contact: <{uri}>")
        moved = [event for event in registrar.poll() if isinstance(event, FlowMoved)]
        assert moved == [FlowMoved(NAME, old, new, Uri.parse(uri), Uri.parse(uri))]
        phone.register(registrar, new, 0, f"Contact: <{uri}>")
        assert moves(registrar) == []

    def test_a_flow_that_dies_hands_its_calls_to_the_other(self, registrar: Registrar, phone: Phone) -> None:
        phone.register(registrar, ONE, 0, contact(1), OUTBOUND)
        phone.register(registrar, TWO, 0, contact(2), OUTBOUND)
        registrar.poll()
        registrar.drop_flow(TWO, 0)
        events = registrar.poll()
        assert [type(event) for event in events] == [BindingRemoved, FlowMoved]
        assert isinstance(events[1], FlowMoved)
        assert (events[1].old, events[1].new) == (TWO, ONE)

    @pytest.mark.parametrize("instance", [INSTANCE, ""])
    def test_a_phone_that_reconnects_takes_its_calls_along(
        self, registrar: Registrar, phone: Phone, instance: str
    ) -> None:
        phone.register(registrar, ONE, 0, contact(0, instance))
        registrar.drop_flow(ONE, 0)
        registrar.poll()
        # Somebody else of the same account is not that phone.
        stranger = Phone(NAME, call_id="other", host="192.0.2.77")
        stranger.register(registrar, TWO, 0, contact(0, OTHER, "sip:other@192.0.2.77"))
        assert moves(registrar) == []
        phone.register(registrar, THREE, SECOND, contact(0, instance, "sip:maple-101@203.0.113.99:50000"))
        assert moves(registrar) == [(1, 3)]
        phone.register(registrar, THREE, SECOND, contact(0, instance, "sip:maple-101@203.0.113.99:50000"))
        assert moves(registrar) == []

    def test_what_was_lost_is_forgotten_when_it_would_have_expired(
        self, registrar: Registrar, phone: Phone
    ) -> None:
        phone.register(registrar, ONE, 0, contact() + ";expires=60")
        registrar.drop_flow(ONE, 0)
        Phone(NAME, call_id="other").register(registrar, TWO, 61 * SECOND, contact(0, OTHER, "sip:o@h"))
        phone.register(registrar, THREE, 62 * SECOND, contact())
        assert moves(registrar) == []

    def test_the_memory_of_what_was_lost_is_bounded(self) -> None:
        registrar = make_registrar(NAME, limits=RegistrarLimits(bindings_per_account=3))
        for number in range(1, 30):
            flow = tcp("192.0.2.10", 40_000 + number, connection=number)
            Phone(NAME, call_id=str(number)).register(
                registrar, flow, 0, f"Contact: <sip:p{number}@192.0.2.10>"
            )
            registrar.drop_flow(flow, 0)
        assert len(registrar._table._lost[NAME]) == 3
        registrar.set_accounts([])
        assert registrar._table._lost == {}

    def test_a_browser_s_contact_means_nothing_but_its_flow(self, registrar: Registrar) -> None:
        """RFC 7118 section 5: a random name under `.invalid`, and another after each reload."""
        for number, flow in enumerate((ONE, TWO)):
            page = Phone(NAME, call_id=f"page-{number}")
            uri = f"sip:r4nd0m{number}@d{number}.invalid;transport=ws"
            page.register(registrar, flow, 0, contact(1, uri=uri), OUTBOUND)
        assert flows(registrar) == [(1, 2)]
        removed = [event for event in registrar.poll() if isinstance(event, BindingRemoved)]
        assert [event.reason for event in removed] == [RemovalReason.REPLACED]
