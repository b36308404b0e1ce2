"""Numbers, SIP hosts, checks and names say what they know and never fail."""

import itertools

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trunkline import e164
from trunkline.checks import CREDENTIALS_VALID, CredentialTest, Outcome, Verification, passes
from trunkline.numbers import CarrierNumber, NumberType, Route, RoutingView, SuggestedName
from trunkline.sip_target import SipTarget

NUMBERS = st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True)


@given(st.text() | NUMBERS | st.from_regex(r"\+[0-9\u0660-\u0669]*", fullmatch=True))
@example("")
@example("+")
@example("+1")
@example("+abc")
@example("+\u0663\u0663\u0663\u0663\u0663\u0663\u0663")
def test_whatever_is_asked_of_a_number_is_answered(text):
    place = e164.region(text)
    assert place is None or 2 <= len(place) <= 6
    assert e164.country(text) == (place[:2] if place else None)
    kind = e164.number_type(text)
    assert kind is None or isinstance(kind, NumberType)
    if not e164.is_e164(text):
        assert place is None
        assert kind is None


@pytest.mark.parametrize(
    ("number", "place", "kind"),
    [
        ("+18085550100", "US-HI", NumberType.LOCAL),
        ("+14165550100", "CA-ON", NumberType.LOCAL),
        ("+18005550100", "US", NumberType.TOLL_FREE),
        ("+442079460000", "GB", NumberType.LOCAL),
        ("+447400123456", "GB", NumberType.MOBILE),
        ("+4930123456", "DE", NumberType.LOCAL),
        ("+80012345678", None, NumberType.TOLL_FREE),
        ("+18765550100", "JM", NumberType.LOCAL),
        ("+79161234567", "RU", NumberType.MOBILE),
        ("+9990000000", None, None),
    ],
)
def test_a_number_tells_where_it_is_from_and_of_what_kind(number, place, kind):
    assert (e164.region(number), e164.number_type(number)) == (place, kind)


@given(st.text())
@example("sip:a.b:0")
@example("sip:a.b:65536")
@example("a.b:99999")
def test_a_sip_host_is_read_or_refused(text):
    try:
        target = SipTarget.parse(text)
    except ValueError:
        return
    assert SipTarget.parse(target.uri) == target


@given(
    st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,20}[a-z0-9])?", fullmatch=True),
    st.none() | st.integers(1, 65535),
    st.none() | st.sampled_from(["udp", "tcp", "tls"]),
)
def test_a_sip_host_survives_being_written_and_read(host, port, transport):
    target = SipTarget(host, port, transport)
    assert SipTarget.parse(target.uri) == target
    assert SipTarget.parse(f" {target.uri.removeprefix('sip:')} ") == target
    assert target.same_place(target.uri)
    assert target.same_place(f"SIPS:+1@{host.upper()}{f':{port}' if port else ''};x=y?z")


@given(st.text())
def test_any_text_is_the_same_place_or_is_not(text):
    assert SipTarget("a.example").same_place(text) in (True, False)


@pytest.mark.parametrize(
    "uri",
    [
        "sip:b.example",
        "sip:a.example:5061",
        "sip:a.example@b.example",
        "sip:a.example.b",
        "http://a.example",
        "a.example",
        "",
    ],
)
def test_another_place_is_not_the_same(uri):
    assert not SipTarget("a.example").same_place(uri)


@pytest.mark.parametrize("outcomes", list(itertools.product(Outcome, repeat=3)))
def test_a_test_passes_with_no_failure_and_one_success(check, outcomes):
    names = (CREDENTIALS_VALID, "inbound_reachable", "outbound_authorized")
    test = CredentialTest(*(check(name, outcome) for name, outcome in zip(names, outcomes, strict=True)))
    expected = Outcome.FAIL not in outcomes and Outcome.PASS in outcomes
    assert test.passed == passes(test.checks) == expected


def test_nothing_checked_does_not_pass():
    assert not passes(())


def test_outcomes_are_true_false_and_null():
    assert [outcome.as_json for outcome in Outcome] == [True, False, None]


def test_checks_stand_in_their_places(check):
    inbound, outbound = check("inbound_routed"), check("outbound_authorized", Outcome.UNKNOWN)
    assert Verification(inbound, outbound).checks == (inbound, outbound)
    assert Verification(inbound, outbound).passed
    with pytest.raises(TypeError, match="inbound must be a Check named inbound_routed"):
        Verification(outbound, outbound)
    with pytest.raises(TypeError, match="must be a Check"):
        Verification(None, outbound)


def test_a_name_is_built_of_what_is_known():
    name = SuggestedName("Main", "+18085550100")
    assert name.text("Acme") == "Acme: Main"
    assert name.text("Acme", with_number=True) == "Acme: Main (+18085550100)"
    assert SuggestedName(None).text("Acme", with_number=True) == "Acme"


@pytest.mark.parametrize(
    "change",
    [
        {"number": "8085550100"},
        {"handle": 5},
        {"type": "local"},
        {"capabilities": {"voice"}},
        {"capabilities": frozenset("x")},
    ],
)
def test_a_carriers_number_has_the_right_types(number, change):
    with pytest.raises((TypeError, ValueError)):
        attrs.evolve(number(1), **change)


@pytest.mark.parametrize("host", ["user@host", "host/path", "a b", "", "h?q"])
def test_a_view_shows_a_host_and_nothing_more(host):
    with pytest.raises(ValueError, match="regex"):
        RoutingView("webhook", host)


def test_a_route_has_an_id_and_data_that_cannot_be_changed():
    with pytest.raises(ValueError, match="regex"):
        Route("", "trunk", True)
    with pytest.raises(TypeError):
        Route("a", "trunk", True, {"a": 1}).data["a"] = 2


def test_a_number_refers_to_itself(number):
    assert (number(1).ref.number, number(1).ref.handle) == ("+18085550001", "n1")
    assert isinstance(number(1), CarrierNumber)
