"""The list of numbers: every page, each number once, with region, type and fee."""

import itertools
import tracemalloc
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trunkline import e164
from trunkline.charges import Money
from trunkline.errors import CarrierAnswerUnexpected
from trunkline.numbers import NumberType


def listed(desk: Any, label: str = "healthy") -> dict[str, Any]:
    return {number.number: number for number in desk.engine.list_numbers(desk.account(label))}


def test_every_number_in_use_is_listed_once_in_order(desk: Any) -> None:
    numbers = list(listed(desk))
    active = [n.phone_number for n in desk.held().numbers.values() if n.status == "active"]
    assert numbers == sorted(active)
    assert len(numbers) == 628
    assert len(desk.asked("GET", "/phone_numbers$")) == 3
    assert len(desk.asked()) == 4


def test_handles_names_types_regions_and_capabilities(desk: Any) -> None:
    numbers = listed(desk)
    held = {n.phone_number: n for n in desk.held().numbers.values()}
    for number, found in numbers.items():
        own = held[number]
        assert found.handle == own.id
        assert "voice" in found.capabilities
        assert found.region == (own.country if own.kind in ("toll_free", "tollfree") else e164.region(number))
    by_kind = {own.kind: numbers[number].type for number, own in held.items() if number in numbers}
    assert by_kind == {
        "local": NumberType.LOCAL,
        "toll_free": NumberType.TOLL_FREE,
        "tollfree": NumberType.TOLL_FREE,
        "mobile": NumberType.MOBILE,
        "national": NumberType.NATIONAL,
        "longcode": NumberType.LOCAL,
    }
    names = {found.friendly_name for number, found in numbers.items() if held[number].connection_id is None}
    assert {"Störung Köln ☎", "front desk", '<b>Sales</b> & "Support"'} <= names
    plain = desk.number(customer_reference=None, tags=[], country="US").phone_number
    assert numbers[plain].friendly_name == f"({plain[2:5]}) {plain[5:8]}-{plain[8:]}"
    on_connection = {found.friendly_name for number, found in numbers.items() if held[number].connection_id}
    assert on_connection == {"Head office", "Call menu", "Warehouse", "Softphones", "Old menu", "Acme Main"}
    assert sum("sms" in found.capabilities for found in numbers.values()) == 1
    assert sum("fax" in found.capabilities for found in numbers.values()) == 1


def test_fees_are_what_the_account_was_charged(desk: Any) -> None:
    numbers = listed(desk)
    held = {n.phone_number: n for n in desk.held().numbers.values()}
    for number, found in numbers.items():
        cost = held[number].monthly_cost
        assert found.monthly_fee == (None if cost is None else Money(Decimal(cost), "USD"))


def test_fees_as_they_were_seen_live_are_read_too(desk: Any) -> None:
    desk.switch(charges="live")
    fees = {found.monthly_fee for found in listed(desk).values()}
    assert {fee and fee.cents for fee in fees} == {100, 200, 4000, None}


@pytest.mark.parametrize("charges", ["forbidden", "empty", "unknown_user"])
def test_fees_that_cannot_be_read_are_none(desk: Any, charges: str) -> None:
    desk.switch(charges=charges)
    numbers = listed(desk)
    assert len(numbers) == 628
    assert {found.monthly_fee for found in numbers.values()} == {None}


def test_last_months_fees_count_where_an_end_to_come_is_refused(desk: Any) -> None:
    desk.switch(charges_in_future=False)
    assert Money(Decimal("1.00"), "USD") in {found.monthly_fee for found in listed(desk).values()}
    first, second = desk.asked("GET", "/charges_breakdown")
    assert second.query["end_date"] == first.query["start_date"]


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 401},
        {"kind": "status", "status": 429},
        {"kind": "html", "status": 200},
        {"kind": "truncated_json"},
        {"kind": "empty"},
        {"kind": "timeout_before"},
        {"kind": "reset_before"},
        {"kind": "patch_json", "patch": {"data": {"results": None}}},
        {"kind": "patch_json", "patch": {"data": {"currency": None}}},
        {"kind": "patch_json", "patch": {"data": {"results": {"*": {"services": {"*": {"cost": "free"}}}}}}},
        {"kind": "patch_json", "patch": {"data": {"results": {"*": {"services": None}}}}},
    ],
)
def test_no_fee_is_worth_an_error(desk: Any, fault: dict[str, Any]) -> None:
    desk.fault(path="/charges_breakdown", times=None, **fault)
    numbers = listed(desk)
    assert len(numbers) == 628
    assert {found.monthly_fee for found in numbers.values()} == {None}


def test_pages_that_promise_one_more_for_ever_end_in_an_error(desk: Any) -> None:
    desk.fault("repeat_page", path="/phone_numbers$", times=None)
    with pytest.raises(CarrierAnswerUnexpected):
        listed(desk)
    assert len(desk.asked("GET", "/phone_numbers$")) < 10


# Any split into pages


def phone(at: int) -> str:
    return f"+1303555{at:04d}"


def row(at: int, **more: Any) -> dict[str, Any]:
    return {"id": str(1000 + at), "phone_number": phone(at), "status": "active", "phone_number_type": "local", **more}


def pages_of(pages: list[list[dict[str, Any]]]) -> Callable[[Any], tuple[int, Any]]:
    def answer(request: Any) -> tuple[int, Any]:
        parts = urlsplit(request.url)
        if parts.path.endswith("/charges_breakdown"):
            return 403, {"errors": [{"code": "10010", "title": "Not authorized"}]}
        query = parse_qs(parts.query)
        number = int(query["page[number]"][0])
        assert query["sort"] == ["phone_number"]
        rows = pages[number - 1] if number <= len(pages) else []
        return 200, {"data": rows, "meta": {"page_number": number, "total_pages": len(pages)}}

    return answer


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.lists(st.integers(min_value=1, max_value=7), max_size=8), repeats=st.booleans())
def test_any_split_into_pages_gives_the_same_list(
    scripted: Callable[..., Any], sizes: list[int], repeats: bool
) -> None:
    rows = [row(at) for at in range(sum(sizes))]
    pages, start = [], 0
    for size in sizes:
        # A purchase while pages are read moves the last row of one page to the top of the next.
        pages.append(rows[max(0, start - 1) if repeats else start : start + size])
        start += size
    world = scripted(pages_of(pages))
    numbers = [number.number for number in world.engine.list_numbers(world.account)]
    if repeats and any(len(page) > 1 and page == before for before, page in itertools.pairwise(pages)):
        return
    assert numbers == [phone(at) for at in range(len(rows))]


def test_another_page_than_asked_for_is_an_error(scripted: Callable[..., Any]) -> None:
    world = scripted(lambda request: (200, {"data": [row(0)], "meta": {"page_number": 7, "total_pages": 9}}))
    with pytest.raises(CarrierAnswerUnexpected):
        list(world.engine.list_numbers(world.account))


def test_without_a_count_of_pages_a_short_one_is_the_last(scripted: Callable[..., Any]) -> None:
    world = scripted(
        lambda request: (200, {"data": [row(0)]}) if "phone_numbers" in request.url else (404, {"errors": []})
    )
    assert len(list(world.engine.list_numbers(world.account))) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"data": None},
        {"data": {}},
        {"data": [1]},
        {"data": [{"phone_number": "+13035550100"}]},
        {"data": [{"id": "1"}]},
        {},
    ],
)
def test_a_page_of_another_form_is_an_error(scripted: Callable[..., Any], body: Any) -> None:
    world = scripted(lambda request: (200, body))
    with pytest.raises(CarrierAnswerUnexpected):
        list(world.engine.list_numbers(world.account))


def test_what_is_no_number_for_calls_is_left_out(scripted: Callable[..., Any]) -> None:
    odd = [
        row(0, phone_number="12345"),
        row(1, phone_number_type="shortcode"),
        row(2, status="ported-out"),
        row(3, country_iso_alpha2="us", tags=["", 7], customer_reference="", connection_name="On it"),
    ]
    world = scripted(pages_of([odd]))
    (number,) = world.engine.list_numbers(world.account)
    assert (number.number, number.friendly_name, number.region) == (phone(3), "On it", "US-CO")


def test_memory_does_not_grow_with_the_pages(scripted: Callable[..., Any]) -> None:
    def peak(count: int) -> int:
        rows = [row(at, phone_number=f"+1303{at:07d}") for at in range(count * 250)]
        bodies = [rows[at : at + 250] for at in range(0, len(rows), 250)]
        world = scripted(pages_of(bodies))
        tracemalloc.start()
        sum(1 for _ in world.engine.list_numbers(world.account))
        _, high = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return high

    peak(2)
    assert peak(40) < 2 * peak(8)
