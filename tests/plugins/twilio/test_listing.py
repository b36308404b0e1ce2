"""The list of numbers: every page, each number once, with region, type and price."""

import math
import tracemalloc
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trunkline.charges import Money
from trunkline.errors import CarrierAnswerUnexpected, CredentialsRejected
from trunkline.numbers import NumberType

PATH = "/2010-04-01/Accounts/AC00000000000000000000000000000001/IncomingPhoneNumbers.json"
ROW = {"capabilities": {"voice": True}, "type": "local", "friendly_name": "x", "trunk_sid": None}


def listed(desk: Any, label: str = "healthy") -> dict[str, Any]:
    return {number.number: number for number in desk.engine.list_numbers(desk.account(label))}


def test_every_number_is_listed_once_in_the_carriers_order(desk: Any) -> None:
    assert list(listed(desk)) == desk.numbers(count=100_000)
    assert len(desk.asked("GET", r"IncomingPhoneNumbers\.json$")) == 3
    assert len(desk.asked("GET", r"PhoneNumbers/Countries/")) == 4


def test_price_region_and_type_come_with_each_number(desk: Any) -> None:
    numbers = listed(desk)
    by_country: dict[tuple[str, str], Any] = {}
    for number in numbers.values():
        by_country.setdefault((number.region[:2], number.type.value), number)
    fees = {key: number.monthly_fee for key, number in by_country.items()}
    assert fees[("US", "local")] == Money(Decimal("1.035"), "USD")
    assert fees[("US", "toll_free")] == Money(Decimal("1.935"), "USD")
    assert fees[("CA", "local")] == Money(Decimal("1.035"), "USD")
    assert fees[("DE", "local")] == Money(Decimal("0.945"), "EUR")
    assert fees[("GB", "mobile")] == Money(Decimal("1.035"), "USD")
    assert numbers[desk.numbers()[0]].region == "US-NJ"


def test_a_hosted_number_has_no_fee(desk: Any) -> None:
    assert listed(desk)[desk.numbers(start=13)[0]].monthly_fee is None


def test_a_number_that_receives_faxes_takes_no_voice(desk: Any) -> None:
    numbers = listed(desk)
    assert numbers[desk.numbers(start=5)[0]].capabilities == {"fax"}
    assert numbers[desk.numbers(start=3)[0]].capabilities == {"sms"}
    assert numbers[desk.numbers(start=0)[0]].capabilities == {"voice", "sms", "mms"}


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 401},
        {"kind": "status", "status": 403},
        {"kind": "status", "status": 404},
        {"kind": "status", "status": 429},
        {"kind": "html", "status": 200},
        {"kind": "truncated_json"},
        {"kind": "empty"},
        {"kind": "timeout_before"},
        {"kind": "reset_before"},
        {"kind": "patch_json", "patch": {"phone_number_prices": None}},
        {"kind": "patch_json", "patch": {"price_unit": None}},
        {"kind": "patch_json", "patch": {"phone_number_prices": {"*": {"current_price": "free"}}}},
        {"kind": "patch_json", "patch": {"phone_number_prices": {"*": {"current_price": None}}}},
        {"kind": "patch_json", "patch": {"phone_number_prices": {"*": {"current_price": "-1"}}}},
    ],
)
def test_a_price_that_cannot_be_learnt_is_none_and_never_an_error(desk: Any, fault: dict[str, Any]) -> None:
    desk.fault(**fault, host="pricing.twilio.com", times=None)
    numbers = listed(desk, "standard_key")
    assert len(numbers) == 12
    assert {number.monthly_fee for number in numbers.values()} == {None}


def test_a_pricing_host_that_does_not_answer_is_waited_for_once(desk: Any) -> None:
    desk.fault("timeout_before", host="pricing.twilio.com", times=None)
    assert len(listed(desk)) == 3000
    assert len(desk.asked("GET", "PhoneNumbers/Countries/")) == 1


@pytest.mark.parametrize(
    ("written", "number", "type"),
    [
        ("local", "+18085550100", NumberType.LOCAL),
        ("Mobile", "+447401000000", NumberType.MOBILE),
        ("toll-free", "+18005550100", NumberType.TOLL_FREE),
        ("tollfree", "+18005550100", NumberType.TOLL_FREE),
        ("Toll Free", "+18005550100", NumberType.TOLL_FREE),
        ("TOLL_FREE", "+18005550100", NumberType.TOLL_FREE),
        ("national", "+33970000000", NumberType.NATIONAL),
        (None, "+18005550100", NumberType.TOLL_FREE),
        ("", "+18085550100", NumberType.LOCAL),
        ("something new", "+447401000000", NumberType.MOBILE),
    ],
)
def test_the_type_is_read_in_any_spelling_and_else_told_by_the_number(
    scripted: Callable[..., Any], written: str | None, number: str, type: NumberType
) -> None:
    row = {**ROW, "sid": "PN1", "phone_number": number, "type": written}
    world = scripted(lambda request: (200, {"incoming_phone_numbers": [row], "next_page_uri": None}))
    (got,) = world.engine.list_numbers(world.account)
    assert got.type is type


def test_what_is_no_e164_number_is_left_out(scripted: Callable[..., Any]) -> None:
    rows = [{**ROW, "sid": f"PN{at}", "phone_number": number} for at, number in enumerate(("72345", "+18085550100"))]
    world = scripted(lambda request: (200, {"incoming_phone_numbers": rows}))
    assert [number.number for number in world.engine.list_numbers(world.account)] == ["+18085550100"]


def test_pages_that_go_round_in_a_circle_are_an_error_and_not_a_hang(desk: Any) -> None:
    desk.fault("repeat_page", path=r"IncomingPhoneNumbers\.json$", times=None)
    with pytest.raises(CarrierAnswerUnexpected):
        listed(desk)
    assert len(desk.asked("GET", r"IncomingPhoneNumbers\.json$")) == 2


@pytest.mark.parametrize(
    "link",
    [
        f"https://evil.example{PATH}?Page=1&PageToken=x",
        f"//evil.example{PATH}?Page=1&PageToken=x",
        f"http://api.twilio.com{PATH}?Page=1&PageToken=x",
        f"https://api.twilio.com:8443{PATH}?Page=1",
        f"https://user@api.twilio.com{PATH}?Page=1",
        "/2010-04-01/Accounts/AC00000000000000000000000000000002/IncomingPhoneNumbers.json?Page=1",
        "?Page=1",
        PATH,
        ["a list"],
    ],
)
def test_the_next_page_is_asked_for_at_the_same_place_only(scripted: Callable[..., Any], link: Any) -> None:
    world = scripted(lambda request: (200, {"incoming_phone_numbers": [], "next_page_uri": link}))
    with pytest.raises(CarrierAnswerUnexpected):
        list(world.engine.list_numbers(world.account))
    assert len(world.dial.urls) == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        "text",
        None,
        {"incoming_phone_numbers": None},
        {"incoming_phone_numbers": ["x"]},
        {"incoming_phone_numbers": [{"phone_number": "+18085550100"}]},
        {"incoming_phone_numbers": [{"sid": "PN1", "phone_number": None}]},
    ],
)
def test_a_page_that_is_none_is_an_unexpected_answer(scripted: Callable[..., Any], body: Any) -> None:
    world = scripted(lambda request: (200, body))
    with pytest.raises(CarrierAnswerUnexpected):
        list(world.engine.list_numbers(world.account))


def test_a_page_that_fails_comes_after_the_numbers_before_it(desk: Any) -> None:
    desk.fault("status", status=401, path=r"\.json$", after=1, times=None)
    numbers = desk.engine.list_numbers(desk.account())
    got = [next(numbers).number for _ in range(1000)]
    assert got == desk.numbers(count=1000)
    with pytest.raises(CredentialsRejected):
        next(numbers)


def served(splits: list[list[int]]) -> Callable[[Any], tuple[int, Any]]:
    """A carrier whose pages are these rows."""

    def answer(request: Any) -> tuple[int, Any]:
        parts = urlsplit(request.url)
        if parts.hostname == "pricing.twilio.com":
            return 404, {"code": 20404, "status": 404}
        page = int(parse_qs(parts.query).get("Page", ["0"])[0])
        rows = [{**ROW, "sid": f"PN{at:032x}", "phone_number": f"+1808{at:07d}"} for at in splits[page]]
        more = page + 1 < len(splits)
        link = f"{parts.path}?PageSize=1000&Page={page + 1}&PageToken=PA{page}" if more else None
        return 200, {"incoming_phone_numbers": rows, "next_page_uri": link}

    return answer


@given(data=st.data(), count=st.integers(0, 60))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_split_into_pages_gives_the_same_list(scripted: Callable[..., Any], data: Any, count: int) -> None:
    cuts: list[int] = sorted(data.draw(st.lists(st.integers(0, count), max_size=8)))
    edges = [0, *cuts, count]
    pages = [list(range(start, end)) for start, end in pairwise(edges)]
    # While pages are read, a row may move to the next one and be seen twice.
    for before, after in pairwise(pages):
        if before and data.draw(st.booleans()):
            after.insert(0, before[-1])
    world = scripted(served(pages))
    listed = [number.number for number in world.engine.list_numbers(world.account)]
    assert listed == [f"+1808{at:07d}" for at in range(count)]


def test_memory_does_not_grow_with_the_number_of_pages(scripted: Callable[..., Any]) -> None:
    def peak(pages: int) -> float:
        world = scripted(served([list(range(at * 300, at * 300 + 300)) for at in range(pages)]))
        for _ in world.engine.list_numbers(world.account):
            break
        tracemalloc.start()
        try:
            assert sum(1 for _ in world.engine.list_numbers(world.account)) == pages * 300
            return math.log(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()

    peak(4)
    assert peak(24) - peak(4) < math.log(1.3)
