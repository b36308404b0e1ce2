"""Every number of an account is listed, in the same shape as of every carrier."""

import json
import tracemalloc
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trunkline.errors import CarrierAnswerUnexpected
from trunkline.numbers import NumberType


def listed(desk: Any, label: str = "healthy") -> list[Any]:
    return list(desk.engine.list_numbers(desk.account(label)))


def test_every_number_is_listed_by_one_request_per_hundred(desk: Any) -> None:
    numbers = listed(desk)
    held = desk.carrier_account().numbers.values()
    assert [number.number for number in numbers] == [each.e164 for each in held if len(each.msisdn) > 6]
    assert len(desk.asked()) == -(-len(held) // 100)
    assert {entry.query["size"] for entry in desk.asked()} == {"100"}


def test_a_short_code_is_left_out(desk: Any) -> None:
    assert any(number.msisdn == "78787" for number in desk.carrier_account().numbers.values())
    assert not any("78787" in number.number for number in listed(desk))


def test_an_empty_object_is_an_empty_list(desk: Any) -> None:
    assert listed(desk, "empty") == []


def test_numbers_have_type_region_capabilities_and_no_invented_fee(desk: Any) -> None:
    found: dict[str, Any] = {number.number: number for number in listed(desk)}
    by_kind: dict[Any, Any] = {
        (each.country, each.type): found.get(each.e164) for each in desk.carrier_account().numbers.values()
    }
    assert by_kind["US", "mobile-lvn"].type is NumberType.LOCAL
    assert by_kind["US", "landline-toll-free"].type is NumberType.TOLL_FREE
    assert by_kind["GB", "mobile-lvn"].type is NumberType.MOBILE
    assert by_kind["GB", "landline"].type is NumberType.LOCAL
    assert by_kind["GB", "landline"].region == "GB"
    assert by_kind["US", "mobile-lvn"].region.startswith("US-")
    assert by_kind["CA", "mobile-lvn"].region.startswith("CA-")
    assert {number.monthly_fee for number in found.values()} == {None}
    assert {number.friendly_name for number in found.values()} == {None}
    assert found[desk.numbers(start=3)[0]].capabilities == {"sms"}
    assert found[desk.numbers()[0]].capabilities == {"voice", "sms", "mms"}
    assert found[desk.numbers()[0]].handle == "US-" + desk.numbers()[0][1:]


def test_a_word_for_a_type_that_is_not_known_leaves_it_to_the_numbering_plan(desk: Any) -> None:
    mobile = next(each for each in desk.carrier_account().numbers.values() if each.msisdn.startswith("447"))
    mobile.type = "something-new"
    assert {number.number: number for number in listed(desk)}[mobile.e164].type is NumberType.MOBILE


@pytest.mark.parametrize("count", ["text", "missing"])
def test_the_total_may_be_text_or_missing(desk: Any, count: str) -> None:
    expected = listed(desk)
    desk.switch(count=count)
    assert listed(desk) == expected


def test_a_repeated_page_is_an_error_after_the_numbers_before_it(desk: Any) -> None:
    desk.fault("repeat_page", after=1, times=None)
    seen: list[str] = []
    with pytest.raises(CarrierAnswerUnexpected, match="unreadable"):
        seen.extend(number.number for number in desk.engine.list_numbers(desk.account()))
    assert seen == desk.numbers(count=100)


def test_pages_that_come_round_again_are_an_error(scripted: Any) -> None:
    pages = [[row(0), row(1)], [row(2), row(3)]]

    def answer(request: Any) -> tuple[int, Any]:
        index = int(parse_qs(urlsplit(request.url).query)["index"][0])
        return 200, {"numbers": pages[(index - 1) % 2]}

    world = scripted(answer)
    with pytest.raises(CarrierAnswerUnexpected):
        list(world.engine.list_numbers(world.account))
    assert len(world.dial.requests) == 3


@pytest.mark.parametrize(
    "patch",
    [
        {"numbers": None},
        {"numbers": "none"},
        {"numbers": ["x"]},
        {"numbers": {"*": {"msisdn": None}}},
        {"numbers": {"*": {"country": 1}}},
        {"$remove": ["numbers"]},
    ],
)
def test_a_page_that_is_not_one_is_an_error_and_not_an_empty_list(desk: Any, patch: dict[str, Any]) -> None:
    desk.fault("patch_json", patch=patch)
    with pytest.raises(CarrierAnswerUnexpected):
        listed(desk)


@pytest.mark.parametrize("patch", [{"features": None}, {"features": "VOICE"}, {"type": None}, {"features": [1, None]}])
def test_odd_values_of_a_number_are_not_guessed_at(desk: Any, patch: dict[str, Any]) -> None:
    desk.fault("patch_json", patch={"numbers": {"*": patch}}, times=None)
    assert len(listed(desk, "provisioned")) == 6


def server_of(pages: list[list[dict[str, Any]]], count: int | None) -> Any:
    def answer(request: Any) -> tuple[int, Any]:
        index = int(parse_qs(urlsplit(request.url).query)["index"][0])
        rows = pages[index - 1] if index <= len(pages) else []
        if not rows:
            return 200, {}
        return 200, {"numbers": rows} | ({} if count is None else {"count": count})

    return answer


def row(at: int) -> dict[str, Any]:
    return {"country": "US", "msisdn": f"1212555{at:04d}", "type": "mobile-lvn", "features": ["VOICE"]}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.lists(st.integers(1, 9), max_size=8), tells_count=st.booleans())
def test_any_split_into_pages_gives_the_same_list(scripted: Any, sizes: list[int], tells_count: bool) -> None:
    rows = [row(at) for at in range(sum(sizes))]
    pages, start = [], 0
    for size in sizes:
        pages.append(rows[start : start + size])
        start += size
    world = scripted(server_of(pages, len(rows) if tells_count else None))
    found = [number.number for number in world.engine.list_numbers(world.account)]
    assert found == [f"+{each['msisdn']}" for each in rows]


def test_a_number_that_moves_to_the_next_page_is_given_once(scripted: Any) -> None:
    pages = [[row(at) for at in range(5)], [row(at) for at in range(4, 9)]]
    world = scripted(server_of(pages, 10))
    assert len(list(world.engine.list_numbers(world.account))) == 9


def test_memory_does_not_grow_with_the_pages(scripted: Any) -> None:
    def peak(pages: int) -> int:
        def answer(request: Any) -> tuple[int, bytes]:
            index = int(parse_qs(urlsplit(request.url).query)["index"][0])
            rows = [row(0) | {"msisdn": f"1{2000000000 + index * 100 + at}"} for at in range(100)]
            return 200, json.dumps({"count": pages * 100, "numbers": rows if index <= pages else []}).encode()

        world = scripted(answer)
        numbers = world.engine.list_numbers(world.account)
        next(numbers)
        tracemalloc.start()
        for _ in numbers:
            world.dial.requests.clear()
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    small, large = peak(20), peak(160)
    assert large < small * 1.6 + 400_000
