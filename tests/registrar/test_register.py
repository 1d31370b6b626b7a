"""REGISTER by RFC 3261 section 10.3, its examples, and what NAT and restarts do to it."""

import pytest

from switch.base.clock import SECOND
from switch.registrar.registrar import Registrar
from switch.registrar.values import (
    BindingAdded,
    BindingRefreshed,
    BindingRemoved,
    RegistrarLimits,
    RemovalReason,
)
from switch.sip.message import Response, parse
from tests.registrar.phone import Phone, make_registrar, tcp, udp
from tests.vectors import vector

NAME = "maple-101"
FLOW = udp("192.0.2.10")
CONTACT = "Contact: <sip:maple-101@192.0.2.10:5060>"


@pytest.fixture
def registrar() -> Registrar:
    return make_registrar(NAME, "maple-102")


def contacts(response: Response) -> list[str]:
    return response.headers.all("Contact")


def bound(registrar: Registrar, now: int = 0) -> list[str]:
    return [str(binding.contact) for binding in registrar.bindings(NAME, now)]


def test_a_phone_registers_refreshes_and_removes(registrar: Registrar) -> None:
    phone = Phone(NAME)
    response = phone.register(registrar, FLOW, 0, CONTACT, "Expires: 120", "User-Agent: desk phone")
    assert response.status == 200
    assert contacts(response) == ["<sip:maple-101@192.0.2.10:5060>;expires=120"]
    [binding] = registrar.bindings(NAME, 0)
    assert (binding.flow, binding.expires_at, binding.user_agent) == (FLOW, 120 * SECOND, "desk phone")
    response = phone.register(registrar, FLOW, 60 * SECOND, CONTACT + ";expires=90")
    assert contacts(response) == ["<sip:maple-101@192.0.2.10:5060>;expires=90"]
    assert phone.register(registrar, FLOW, 61 * SECOND, CONTACT + ";expires=0").status == 200
    assert bound(registrar) == []
    contact = "sip:maple-101@192.0.2.10:5060"
    assert registrar.poll() == [
        BindingAdded(NAME, contact, "192.0.2.10:5060", 120),
        BindingRefreshed(NAME, contact, "192.0.2.10:5060", 90),
        BindingRemoved(NAME, contact, RemovalReason.REMOVED, 0),
    ]
    assert registrar.poll() == []
    assert registrar.next_timer() is None


def test_a_register_without_contact_asks_what_is_bound(registrar: Registrar) -> None:
    phone = Phone(NAME)
    assert contacts(phone.register(registrar, FLOW, 0)) == []
    phone.register(registrar, FLOW, 0, CONTACT + ";q=0.75")
    query = phone.register(registrar, FLOW, 100 * SECOND + 1)
    assert contacts(query) == ["<sip:maple-101@192.0.2.10:5060>;q=0.75;expires=200"]


def test_star_removes_everything_and_stands_alone(registrar: Registrar) -> None:
    phone = Phone(NAME)
    phone.register(registrar, FLOW, 0, "Contact: <sip:a@192.0.2.10>, <sip:b@192.0.2.10>")
    assert len(bound(registrar)) == 2
    assert phone.register(registrar, FLOW, 0, "Contact: *").status == 400
    assert phone.register(registrar, FLOW, 0, "Contact: *", "Expires: 60").status == 400
    assert len(bound(registrar)) == 2
    response = phone.register(registrar, FLOW, 0, "Contact: *", "Expires: 0")
    assert (response.status, contacts(response), bound(registrar)) == (200, [], [])


@pytest.mark.parametrize(
    ("lines", "granted_s"),
    [
        ((CONTACT,), 300),
        ((CONTACT, "Expires: 1200"), 1200),
        ((CONTACT + ";expires=900", "Expires: 1200"), 900),
        ((CONTACT, "Expires: 99999"), 3600),
        # RFC 3261 section 10.2.1.1: malformed is as if it were absent.
        ((CONTACT, "Expires: soon"), 300),
        ((CONTACT + ";expires=soon",), 300),
        ((CONTACT + ";expires=99999999999",), 300),
        ((CONTACT + ";expires=30",), 30),
    ],
)
def test_how_long_a_binding_lasts(registrar: Registrar, lines: tuple[str, ...], granted_s: int) -> None:
    assert contacts(Phone(NAME).register(registrar, FLOW, 0, *lines))[0].endswith(f";expires={granted_s}")


def test_too_brief_an_interval_changes_nothing(registrar: Registrar) -> None:
    response = Phone(NAME).register(registrar, FLOW, 0, CONTACT, "Contact: <sip:b@192.0.2.10>;expires=29")
    assert (response.status, response.headers.get("Min-Expires")) == (423, "30")
    assert bound(registrar) == []


@pytest.mark.parametrize("back", [1, 2])
def test_an_older_request_of_the_same_phone_changes_nothing(registrar: Registrar, back: int) -> None:
    """`back` of 1 repeats the CSeq number of the binding, 2 is one below."""
    phone = Phone(NAME)
    phone.register(registrar, FLOW, 0, CONTACT)
    last = phone.cseq
    for lines in ((CONTACT + ";expires=0",), ("Contact: *", "Expires: 0")):
        phone.cseq = last - back
        assert phone.register(registrar, FLOW, 0, *lines).status == 500
    assert len(bound(registrar)) == 1
    # A phone that restarted begins with another Call-ID, and its count with 1.
    assert Phone(NAME, call_id="call-2").register(registrar, FLOW, 0, CONTACT).status == 200
    assert len(bound(registrar)) == 1


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("sip:Maple@192.0.2.10", "sip:maple@192.0.2.10", False),
        ("sip:maple@phone.example.com", "sip:maple@PHONE.example.com", True),
        ("sip:maple@192.0.2.10", "sip:maple@192.0.2.10:5060", False),
        ("sip:%6daple@192.0.2.10", "sip:maple@192.0.2.10", True),
        ("sip:maple@192.0.2.10;ob", "sip:maple@192.0.2.10", True),
        ("sip:maple@192.0.2.10;transport=udp", "sip:maple@192.0.2.10", False),
    ],
)
def test_contacts_compare_by_rfc_3261_section_19_1_4(
    registrar: Registrar, one: str, other: str, same: bool
) -> None:
    Phone(NAME, call_id="1").register(registrar, FLOW, 0, f"Contact: <{one}>")
    Phone(NAME, call_id="2").register(registrar, udp("192.0.2.11"), 0, f"Contact: <{other}>")
    assert len(bound(registrar)) == (1 if same else 2)


def test_higher_q_is_dearer_and_then_the_one_refreshed_last(registrar: Registrar) -> None:
    phone = Phone(NAME)
    for contact in (
        "a@192.0.2.10>;q=0.5",
        "b@192.0.2.10>",
        "c@192.0.2.10>;q=1.0",
        "d@192.0.2.10>;q=high",
        "e@192.0.2.10>;q=0.55",
    ):
        phone.register(registrar, FLOW, 0, f"Contact: <sip:{contact}")
    order = [contact.partition("@")[0][-1] for contact in bound(registrar)]
    assert order == ["d", "c", "b", "e", "a"]


def test_bindings_expire_one_by_one(registrar: Registrar) -> None:
    phone = Phone(NAME)
    phone.register(
        registrar, FLOW, 0, "Contact: <sip:a@192.0.2.10>;expires=60, <sip:b@192.0.2.10>;expires=90"
    )
    registrar.poll()
    assert registrar.next_timer() == 60 * SECOND
    registrar.handle_timer(60 * SECOND - 1)
    assert registrar.poll() == []
    assert bound(registrar, 60 * SECOND) == ["sip:b@192.0.2.10"]
    registrar.handle_timer(60 * SECOND)
    assert registrar.poll() == [BindingRemoved(NAME, "sip:a@192.0.2.10", RemovalReason.EXPIRED, 1)]
    assert registrar.next_timer() == 90 * SECOND
    registrar.handle_timer(200 * SECOND)
    assert registrar.poll() == [BindingRemoved(NAME, "sip:b@192.0.2.10", RemovalReason.EXPIRED, 0)]
    assert registrar.next_timer() is None


def test_behind_nat_the_flow_counts_and_the_interval_keeps_the_mapping_open(registrar: Registrar) -> None:
    outside = udp("203.0.113.7", 41_000)
    phone = Phone(NAME, host="10.0.0.5")
    private = "Contact: <sip:maple-101@10.0.0.5:5060>"
    assert contacts(phone.register(registrar, outside, 0, private, "Expires: 3600"))[0].endswith(
        ";expires=60"
    )
    [binding] = registrar.bindings(NAME, 0)
    assert (str(binding.contact), binding.flow) == ("sip:maple-101@10.0.0.5:5060", outside)
    # The mapping changed: the same contact, another flow.
    moved = udp("203.0.113.7", 41_777)
    phone.register(registrar, moved, 20 * SECOND, private)
    assert [b.flow for b in registrar.bindings(NAME, 20 * SECOND)] == [moved]
    # A phone that learnt its outer address is still told by its Via.
    learnt = "Contact: <sip:maple-101@203.0.113.7:41777>"
    assert (
        phone.register(registrar, moved, 0, learnt, "Expires: 3600").headers.all("Contact")[0].endswith("=60")
    )


def test_a_stream_needs_no_short_interval_and_takes_its_bindings_with_it(registrar: Registrar) -> None:
    stream = tcp("203.0.113.7", 41_000, connection=3)
    phone = Phone(NAME, host="10.0.0.5")
    private = "Contact: <sip:maple-101@10.0.0.5;transport=tcp>"
    assert contacts(phone.register(registrar, stream, 0, private, "Expires: 900"))[0].endswith(";expires=900")
    Phone(NAME, call_id="2").register(registrar, FLOW, 0, CONTACT)
    registrar.poll()
    registrar.drop_flow(tcp("203.0.113.7", 41_000, connection=4), 0)
    registrar.drop_flow(FLOW, 0)
    assert len(bound(registrar)) == 2
    registrar.drop_flow(stream, 0)
    registrar.drop_flow(stream, 0)
    assert registrar.poll() == [
        BindingRemoved(NAME, "sip:maple-101@10.0.0.5;transport=tcp", RemovalReason.LOST, 1)
    ]


def test_a_binding_that_moved_to_a_new_stream_outlives_the_old_one(registrar: Registrar) -> None:
    phone = Phone(NAME)
    phone.register(registrar, tcp("192.0.2.10", 1111, connection=1), 0, CONTACT)
    phone.register(registrar, tcp("192.0.2.10", 2222, connection=2), 0, CONTACT)
    registrar.drop_flow(tcp("192.0.2.10", 1111, connection=1), 0)
    assert len(bound(registrar)) == 1


def test_the_same_instance_leaves_no_dead_twin(registrar: Registrar) -> None:
    instance = ';+sip.instance="<urn:uuid:00000000-0000-1000-8000-000A95A0E128>"'
    Phone(NAME).register(registrar, FLOW, 0, f"Contact: <sip:maple-101@192.0.2.10:40001>{instance}")
    registrar.poll()
    Phone(NAME, call_id="c2").register(
        registrar, FLOW, 0, f"Contact: <sip:maple-101@192.0.2.10:40002>{instance}"
    )
    assert bound(registrar) == ["sip:maple-101@192.0.2.10:40002"]
    # Added before the old one is removed: the account is never seen without a phone.
    assert registrar.poll() == [
        BindingAdded(NAME, "sip:maple-101@192.0.2.10:40002", "192.0.2.10:5060", 300),
        BindingRemoved(NAME, "sip:maple-101@192.0.2.10:40001", RemovalReason.REPLACED, 1),
    ]


def test_one_request_may_change_the_contact_without_a_gap(registrar: Registrar) -> None:
    phone = Phone(NAME)
    phone.register(registrar, FLOW, 0, CONTACT)
    registrar.poll()
    phone.register(registrar, FLOW, 0, CONTACT + ";expires=0, <sip:new@192.0.2.10>")
    removed = registrar.poll()[-1]
    assert isinstance(removed, BindingRemoved)
    assert removed.remaining == 1


def test_at_most_so_many_bindings_the_oldest_goes() -> None:
    registrar = make_registrar(NAME, limits=RegistrarLimits(bindings_per_account=3, contacts_per_request=2))
    phone = Phone(NAME)
    for number in range(5):
        assert phone.register(registrar, FLOW, 0, f"Contact: <sip:p{number}@192.0.2.10>").status == 200
        phone.register(registrar, FLOW, 0, "Contact: <sip:p0@192.0.2.10>")
    assert sorted(bound(registrar)) == ["sip:p0@192.0.2.10", "sip:p3@192.0.2.10", "sip:p4@192.0.2.10"]
    many = ", ".join(f"<sip:q{number}@192.0.2.10>" for number in range(3))
    assert phone.register(registrar, FLOW, 0, f"Contact: {many}").status == 403
    assert registrar.binding_count() == 3


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (("Contact: <tel:+33170180101>",), 400),
        (("Contact: <mailto:a@example.com>",), 400),
        (("Require: gin", CONTACT), 420),
        (("Require: path, gruu, gin", CONTACT), 420),
        (("Contact: <sips:maple-101@192.0.2.10>",), 400),
    ],
)
def test_refusals(registrar: Registrar, lines: tuple[str, ...], status: int) -> None:
    response = Phone(NAME).register(registrar, FLOW, 0, *lines)
    assert response.status == status
    assert response.headers.get("Unsupported") == ("gin" if status == 420 else None)
    assert bound(registrar) == []


def test_a_domain_that_is_no_sip_uri_registers_nobody(registrar: Registrar) -> None:
    """RFC 3261 section 10.3, step 1: numbers may be dialled as `tel`, phones are not registered there."""
    assert Phone(NAME, uri="tel:+33170180101").register(registrar, FLOW, 0, CONTACT).status == 416
    assert bound(registrar) == []


def test_the_address_of_record_is_the_account_or_its_extension_and_no_other(registrar: Registrar) -> None:
    assert Phone(NAME, aor_user="101").register(registrar, FLOW, 0, CONTACT).status == 200
    assert Phone(NAME, aor_user="maple-102").register(registrar, FLOW, 0, CONTACT).status == 403
    assert registrar.bindings("maple-102", 0) == []


def test_an_account_taken_away_loses_its_phones(registrar: Registrar) -> None:
    Phone(NAME).register(registrar, FLOW, 0, CONTACT)
    registrar.poll()
    registrar.set_accounts([])
    assert registrar.poll() == [BindingRemoved(NAME, "sip:maple-101@192.0.2.10:5060", RemovalReason.LOST, 0)]
    assert registrar.account(NAME) is None
    assert registrar.next_timer() is None


def test_what_is_taken_back_after_a_restart_is_of_accounts_that_there_are(registrar: Registrar) -> None:
    Phone(NAME).register(registrar, FLOW, 0, CONTACT)
    [(name, binding)] = registrar.all_bindings(0)
    restarted = make_registrar(NAME)
    restarted.adopt("maple-999", binding, 0)
    restarted.adopt(name, binding, binding.expires_at)
    assert restarted.binding_count() == 0
    assert restarted.poll() == []
    restarted.adopt(name, binding, 0)
    assert bound(restarted) == ["sip:maple-101@192.0.2.10:5060"]
    restarted.handle_timer(binding.expires_at)
    assert restarted.binding_count() == 0


def test_a_phone_that_does_not_answer_is_lost_until_it_registers_again(registrar: Registrar) -> None:
    phone = Phone(NAME)
    phone.register(registrar, FLOW, 0, CONTACT)
    [binding] = registrar.bindings(NAME, 0)
    registrar.drop_binding(NAME, binding.call_id, binding.cseq - 1)
    registrar.drop_binding("nobody", binding.call_id, binding.cseq)
    assert len(bound(registrar)) == 1
    registrar.drop_binding(NAME, binding.call_id, binding.cseq)
    assert bound(registrar) == []
    assert phone.register(registrar, FLOW, 0, CONTACT).status == 200
    assert len(bound(registrar)) == 1


@pytest.mark.parametrize("name", ["regbadct", "regescrt", "cparam01", "cparam02", "regaut01"])
def test_torture_registrations_of_rfc_4475_are_challenged_and_bind_nothing(
    registrar: Registrar, name: str
) -> None:
    data = vector(f"sip/rfc4475/{name}.dat").read_bytes()
    try:
        request = parse(data)
    except Exception as error:  # the parser's own verdict is tested in its room
        pytest.skip(f"refused by the parser: {error}")
    assert not isinstance(request, Response)
    response = registrar.register(request, FLOW, 0)
    assert response.status == 401
    assert registrar.binding_count() == 0
