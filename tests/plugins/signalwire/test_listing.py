"""The numbers of a project: every one, once, in the same words as any carrier's."""

import tracemalloc
import uuid
from collections.abc import Callable
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trunkline.errors import CarrierAnswerUnexpected, CredentialsRejected, PermissionMissing, Unsupported
from trunkline.numbers import CarrierNumber, NumberType

from .conftest import SPACE, row


def listed(desk: Any, label: str = "healthy") -> list[CarrierNumber]:
    return list(desk.engine.list_numbers(desk.account(label)))


@pytest.mark.parametrize("switches", [{}, {"links": "relative"}, {"empty_pages": True}], ids=str)
def test_every_number_is_listed_once_newest_first(desk: Any, switches: dict[str, Any]) -> None:
    desk.switch(**switches)
    assert [number.number for number in listed(desk)] == desk.numbers(count=5000)
    assert len(desk.asked()) == (3 if "empty_pages" in switches else 2)
    assert {asked.query["page_size"] for asked in desk.asked()} == {"1000"}


def test_numbers_come_in_the_engines_words(desk: Any) -> None:
    by_number = {number.number: number for number in listed(desk)}
    kinds = {(n.number[:3] if n.number[1] != "1" else "+1", n.type, (n.region or "")[:2]) for n in by_number.values()}
    assert kinds == {
        ("+1", NumberType.LOCAL, "US"),
        ("+1", NumberType.LOCAL, "CA"),
        ("+1", NumberType.TOLL_FREE, "US"),
        ("+44", NumberType.LOCAL, "GB"),
        ("+44", NumberType.MOBILE, "GB"),
        ("+49", NumberType.LOCAL, "DE"),
        ("+49", NumberType.MOBILE, "DE"),
    }
    assert {number.monthly_fee for number in by_number.values()} == {None}
    (texts,) = desk.numbers(count=1, start=3)
    assert by_number[texts].capabilities == {"sms", "mms"}
    (fax,) = desk.numbers(count=1, start=5)
    assert "voice" not in by_number[fax].capabilities
    (named,) = desk.numbers(count=1, start=19)
    assert by_number[named].friendly_name == "Störung Köln ☎"


@pytest.mark.parametrize(
    ("fields", "attribute", "value"),
    [
        ({"number_type": "tollfree"}, "type", NumberType.TOLL_FREE),
        ({"number_type": "Toll-Free"}, "type", NumberType.TOLL_FREE),
        ({"number_type": None}, "type", NumberType.LOCAL),
        ({"number_type": "longcode", "number": "+447400123456"}, "type", NumberType.MOBILE),
        ({"number_type": "longcode", "number": "+8835100012345"}, "type", NumberType.LOCAL),
        ({"number_type": None, "number": "+8835100012345"}, "type", None),
        ({"number": "+8835100012345", "country_code": None}, "region", None),
        ({"number": "+8835100012345", "country_code": "US"}, "region", "US"),
        ({"country_code": None}, "region", "US-HI"),
        ({"capabilities": None}, "capabilities", frozenset()),
        ({"capabilities": ["voice", "telepathy", 7]}, "capabilities", frozenset({"voice"})),
        ({"name": ""}, "friendly_name", None),
        ({"name": 7}, "friendly_name", None),
    ],
)
def test_what_is_not_known_is_none_and_never_a_guess(
    scripted: Callable[..., Any], fields: dict[str, Any], attribute: str, value: Any
) -> None:
    world = scripted(lambda request: (200, {"data": [row(str(uuid.UUID(int=1)), "+18085550100", **{}) | fields]}))
    (number,) = world.engine.list_numbers(world.account)
    assert getattr(number, attribute) == value


def test_what_is_no_e164_number_is_left_out(scripted: Callable[..., Any]) -> None:
    rows = [row("1", "12345"), row("2", "+18085550100")]
    world = scripted(lambda request: (200, {"data": rows}))
    assert [number.handle for number in world.engine.list_numbers(world.account)] == ["2"]


def test_a_token_without_the_scope_is_told_so(desk: Any) -> None:
    with pytest.raises(PermissionMissing, match="Numbers"):
        listed(desk, "no_numbers")
    with pytest.raises(CredentialsRejected):
        listed(desk, "bad_credentials")
    with pytest.raises(CredentialsRejected, match=r"nobody-here\.signalwire\.com"):
        listed(desk, "wrong_space")


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/api/relay/rest/phone_numbers?page_token=PA1",
        "https://evil.signalwire.com/api/relay/rest/phone_numbers?page_token=PA1",
        f"http://{SPACE}/api/relay/rest/phone_numbers?page_token=PA1",
        f"https://user:pass@{SPACE}/api/relay/rest/phone_numbers?page_token=PA1",
        f"https://{SPACE}:444/api/relay/rest/phone_numbers?page_token=PA1",
        f"https://{SPACE}/api/projects?page_token=PA1",
        "/api/projects?page_token=PA1",
        "//evil.example/api/relay/rest/phone_numbers?page_token=PA1",
        "/api/relay/rest/phone_numbers",
        7,
        {"href": "x"},
    ],
    ids=str,
)
def test_a_link_that_leads_elsewhere_is_not_followed(scripted: Callable[..., Any], link: Any) -> None:
    page = {"data": [row("1", "+18085550100")], "links": {"next": link}}
    world = scripted(lambda request: (200, page))
    with pytest.raises((CarrierAnswerUnexpected, Unsupported)):
        list(world.engine.list_numbers(world.account))
    assert len(world.dial.urls) == 1


@pytest.mark.parametrize("length", [1, 2, 3, 7, 20])
def test_pages_that_go_round_in_a_circle_are_noticed(scripted: Callable[..., Any], length: int) -> None:
    def answer(request: Any) -> tuple[int, Any]:
        at = int(parse_qs(urlsplit(request.url).query).get("page_token", ["PA0"])[0][2:])
        following = 1 + at % length
        return 200, {"data": [], "links": {"next": f"/api/relay/rest/phone_numbers?page_token=PA{following}"}}

    world = scripted(answer)
    with pytest.raises(CarrierAnswerUnexpected):
        list(world.engine.list_numbers(world.account))
    assert len(world.dial.urls) <= 4 * length + 4


@pytest.mark.parametrize(
    "body",
    [
        {},
        "text",
        None,
        7,
        [1, 2],
        [[]],
        {"data": None},
        {"data": ["x"]},
        {"data": [{"number": "+18085550100"}]},
        {"data": [{"id": "1", "number": None}]},
    ],
)
def test_a_page_that_is_none_is_an_unexpected_answer(scripted: Callable[..., Any], body: Any) -> None:
    world = scripted(lambda request: (200, body))
    with pytest.raises(CarrierAnswerUnexpected):
        list(world.engine.list_numbers(world.account))


def test_a_page_that_fails_comes_after_the_numbers_before_it(desk: Any) -> None:
    desk.fault("status", status=403, path="/phone_numbers$", after=1, times=None)
    numbers = desk.engine.list_numbers(desk.account())
    got = [next(numbers).number for _ in range(1000)]
    assert got == desk.numbers(count=1000)
    with pytest.raises(PermissionMissing):
        next(numbers)


def served(splits: list[list[int]]) -> Callable[[Any], tuple[int, Any]]:
    """A carrier whose pages are these rows."""

    def answer(request: Any) -> tuple[int, Any]:
        parts = urlsplit(request.url)
        page = int(parse_qs(parts.query).get("page_number", ["0"])[0])
        rows = [row(str(uuid.UUID(int=at)), f"+1808{at:07d}") for at in splits[page]]
        more = page + 1 < len(splits)
        link = {"next": f"{parts.path}?page_size=1000&page_number={page + 1}&page_token=PA{page}"} if more else {}
        return 200, {"data": rows, "links": {"self": "x", "first": "y", **link}}

    return answer


@given(data=st.data(), count=st.integers(0, 60))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_split_into_pages_gives_the_same_list(
    scripted: Callable[..., Any], data: st.DataObject, count: int
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, count), max_size=8)))
    pages = [list(range(start, end)) for start, end in pairwise([0, *cuts, count])]
    # While pages are read, a row may move to the next one with any in it and be seen twice.
    full = [page for page in pages if page]
    for before, after in pairwise(full):
        if data.draw(st.booleans()):
            after.insert(0, before[-1])
    world = scripted(served(pages))
    found = [number.number for number in world.engine.list_numbers(world.account)]
    assert found == [f"+1808{at:07d}" for at in range(count)]


def test_memory_does_not_grow_with_the_number_of_pages(scripted: Callable[..., Any]) -> None:
    def peak(pages: int) -> int:
        world = scripted(served([list(range(at * 100, at * 100 + 100)) for at in range(pages)]))
        world.dial.urls = type("Forgetful", (list,), {"append": lambda self, url: None})()
        for _ in world.engine.list_numbers(world.account):
            break
        tracemalloc.start()
        try:
            assert sum(1 for _ in world.engine.list_numbers(world.account)) == pages * 100
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(10)
    # Each request leaves its record; the 9,000 numbers themselves would be megabytes.
    assert peak(100) - peak(10) < 90 * 4096
