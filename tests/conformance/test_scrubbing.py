"""Scrubbing: nothing of a customer survives it, the same stays the same, and what is in doubt is refused."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trunkline_conformance import leftovers
from trunkline_conformance.cassettes import Interaction
from trunkline_conformance.fictional_numbers import candidates, is_fictional
from trunkline_conformance.leaves import leaves
from trunkline_conformance.scrubbing import Allowed, Scrubber

SID, TOKEN = "AC" + "5f" * 16, "canary-7f3a9b1c5d2e"
CREDENTIALS = {"accountSid": SID, "authToken": TOKEN}
SECRETS = frozenset({"authToken"})
ALLOWED = Allowed(
    headers=("authorization", "content-type"),
    fields=("status", "uri", "Page"),
    numbers=("msisdn",),
    made=("password",),
    hosts=(r"api\.acme\.example",),
)


def exchange(
    answer: Any = None, *, sent: Any = None, uri: str = "/numbers", step: str = "list_numbers", **headers: str
) -> Interaction:
    kind = {"Content-Type": ["application/json"]}
    return Interaction(
        step,
        {
            "method": "GET",
            "uri": f"https://api.acme.example/{SID}{uri}",
            "body": None if sent is None else json.dumps(sent),
            "headers": {**kind, **{name.replace("_", "-"): [value] for name, value in headers.items()}},
        },
        {"status": {"code": 200, "message": "OK"}, "headers": kind, "body": {"string": json.dumps(answer)}},
    )


def scrubber(*conversation: Interaction, **more: Any) -> Scrubber:
    return Scrubber(conversation, allowed=ALLOWED, credentials=CREDENTIALS, **more)


def scrubbed(*conversation: Interaction, **more: Any) -> tuple[Interaction, ...]:
    return scrubber(*conversation, **more).scrubbed()


def body(interaction: Interaction, side: str = "response") -> Any:
    held = getattr(interaction, side)["body"]
    return json.loads(held["string"] if side == "response" else held)


def search(interactions: tuple[Interaction, ...], replaced: dict[str, str] | None = None, others: Any = None) -> None:
    leftovers.demand_none(
        interactions, others or {}, credentials=CREDENTIALS, secrets=SECRETS, replaced=replaced or {}, allowed=ALLOWED
    )


# What a carrier may say of a customer

_AREAS = ("+1201220", "+1415867", "+1800234", "+44203111", "+44740111", "+4930555", "+4915111", "+5255111")
_NAMES = ("Acme", "Quarry Lane", "Köln", "Northwind", "Late Payer", "Harbour View", "Otter Bay", "Tin Roof")
_KINDS = (
    lambda n: f"{_AREAS[n % 8]}{n % 10_000:04}",
    lambda n: f"{('PN', 'TK', 'OU')[n % 3]}5{n:031x}",
    lambda n: f"5{n:07x}-1c2d-4e3f-8a9b-{n:012x}",
    lambda n: f"{_NAMES[n % 8]} branch {n}",
    lambda n: f"pat{n}@northwind.com",
    lambda n: f"https://menu{n}:pa55-{n:06}@calls{n}.acme.org/voice/{n:06}?key={n:08x}",
    lambda n: f"{7_123_456_789_012_345_678 + n}",
)


def written(kind: int, number: int) -> str:
    return _KINDS[kind](number)


numbers = st.builds(written, st.just(0), st.integers(0, 9_999))
values = st.builds(written, st.integers(0, len(_KINDS) - 1), st.integers(1, 9_999))
identifiers = st.builds(written, st.sampled_from([0, 1, 2, 6]), st.integers(1, 9_999))
answers = st.lists(st.fixed_dictionaries({"a": values, "b": st.lists(values | st.none(), max_size=2)}), max_size=3)
paths = identifiers.map(lambda value: quote(value, safe=""))
conversations = st.lists(
    st.builds(lambda answer, path: exchange({"data": answer}, uri=f"/{path}"), answers, paths), min_size=1, max_size=3
)


def texts(interactions: tuple[Interaction, ...]) -> list[str]:
    return [leaf for at, each in enumerate(interactions) for _, leaf in leaves(each, at) if isinstance(leaf, str)]


@pytest.mark.parametrize("write", [str, lambda number: quote(number, safe="")])
def test_a_number_in_a_path_stays_written_as_it_was_asked(write: Callable[[str], str]) -> None:
    asked, real = "/numbers/" + write("+12012200001"), exchange({"data": "+12012200001"})
    listed, read = scrubbed(real, exchange({"status": "ok"}, uri=asked))
    assert read.request["uri"].endswith("/numbers/" + write(body(listed)["data"]))
    assert "+12012200001" not in body(listed)["data"]


@settings(max_examples=40, deadline=None)
@given(conversations)
def test_scrubbing_what_is_scrubbed_changes_nothing(conversation: list[Interaction]) -> None:
    once = scrubbed(*conversation)
    assert scrubbed(*once) == once


@settings(max_examples=40, deadline=None)
@given(conversations)
def test_nothing_that_was_replaced_stands_anywhere_and_the_search_agrees(conversation: list[Interaction]) -> None:
    before = {text for text in texts(tuple(conversation)) if len(text) >= 8}
    scrub = scrubber(*conversation)
    after = scrub.scrubbed()
    search(after, dict(scrub.pseudonyms.given))
    whole = "\n".join(texts(after))
    private = before - {"application/json", "api.acme.example", "Content-Type"}
    assert {text for text in private if text in whole} == set()
    assert TOKEN not in whole
    assert SID not in whole


@settings(max_examples=40, deadline=None)
@given(st.lists(values, min_size=2, max_size=8, unique=True))
def test_one_value_has_one_pseudonym_and_no_two_share_it(found: list[str]) -> None:
    first, second = scrubbed(exchange({"a": found}), exchange({"b": found[::-1]}, uri="/again"))
    mine, theirs = body(first)["a"], body(second)["b"]
    assert mine == theirs[::-1]
    assert len(set(mine)) == len(found)


@settings(max_examples=40, deadline=None)
@given(numbers)
def test_a_number_becomes_one_of_the_same_country_that_belongs_to_nobody(number: str) -> None:
    pseudonym = next(candidates(number))
    assert is_fictional(pseudonym)
    assert not is_fictional(number)
    assert pseudonym[:3] == number[:3]
    if number.startswith("+1"):
        assert pseudonym[:5] == number[:5]


def test_a_host_is_the_same_alone_and_in_every_address() -> None:
    found = ["pbx.acme.com", "https://pbx.acme.com", "https://pbx.acme.com/", "sip:9@pbx.acme.com", "other.acme.com"]
    (one,) = scrubbed(exchange({"hosts": found}))
    assert body(one)["hosts"] == [
        "host1.example",
        "https://host1.example",
        "https://host1.example",
        "sip:user1@host1.example",
        "host2.example",
    ]


def test_more_numbers_than_an_area_has_fictional_ones_stay_apart() -> None:
    found = [f"+1201220{line:04}" for line in range(150)]
    (one,) = scrubbed(exchange({"numbers": found}))
    assert len(set(body(one)["numbers"])) == 150
    assert all(map(is_fictional, body(one)["numbers"]))


@pytest.mark.parametrize(
    ("value", "pseudonym"),
    [
        ("PN0bb22609132ef24fabdd6a937be50a0f", "PN00000000000000000000000000000001"),
        ("1293384261081821210", "1000000000000000001"),
        ("(201) 220-4711", "(201) 555-0100"),
        ("Störung Köln ☎", "Name 1"),
        ("pat.lindqvist@northwind.com", "person1@example.com"),
        (
            "https://u:p4ss@calls.acme.com:8443/voice?key=1",
            "https://user1:password1@host1.example:8443/path1?query=value1",
        ),
        ("sip:desk:p4ss@pbx.acme.com;transport=tls", "sip:user1:password1@host1.example;transport=tls"),
        ("sip:203.0.113.9:5060", "sip:198.18.0.1:5060"),
        ("sip:1@pbx.acme.com,sip:2@pbx.acme.com", "sip:user1@host1.example,sip:user2@host1.example"),
        ("2026-11-25T10:20:30.456Z", "2001-01-01T00:00:00.000Z"),
        ("-214.37", "-100.00"),
        ("0.00", "0.00"),
        (214.37, 100.0),
        (0, 0),
        ("", ""),
        ("sk_9f8e7d6c5b4a", "token1"),
    ],
)
def test_a_pseudonym_has_the_shape_of_what_it_stands_for(value: Any, pseudonym: Any) -> None:
    (one,) = scrubbed(exchange({"x": value}))
    assert body(one)["x"] == pseudonym


def test_only_what_the_list_names_stands() -> None:
    (one,) = scrubbed(
        exchange({"status": "in-use", "nick": "in-use", "uri": "/Accounts/x?Page=2&Nick=bob"}, X_Trace="abc")
    )
    assert body(one) == {"status": "in-use", "nick": "Name 1", "uri": "/Accounts/x?Page=2&Nick=Name%202"}
    assert set(one.request["headers"]) == {"Content-Type"}


def test_what_a_request_said_first_is_the_plugins_own_and_what_an_answer_said_first_is_not() -> None:
    made, restored = scrubbed(
        exchange({"name": "trunk-7", "voice": "Old menu"}, sent={"name": "trunk-7"}, uri="/trunks"),
        exchange({}, sent={"voice": "Old menu"}, uri="/numbers/1"),
    )
    assert body(made) == {"name": "trunk-7", "voice": "Name 1"}
    assert body(restored, "request") == {"voice": "Name 1"}


def test_a_name_in_a_path_is_the_pseudonym_that_it_has_elsewhere() -> None:
    _, asked = scrubbed(exchange({"name": "Old menu"}), exchange({}, uri="/menus/Old%20menu"))
    assert asked.request["uri"].endswith("/menus/Name%201")


def test_what_was_said_before_the_conversation_tells_what_is_the_plugins_own() -> None:
    before = exchange({}, sent={"name": "trunk-7"}, uri="/trunks")
    (one,) = scrubbed(exchange({"name": "trunk-7"}), before=(before,))
    assert body(one) == {"name": "trunk-7"}


def test_credentials_become_placeholders_raw_and_quoted() -> None:
    (one,) = scrubbed(exchange({"status": f"{SID} {TOKEN}"}, Authorization=f"Basic {SID}:{TOKEN}"))
    assert body(one)["status"] == "{{credentials.accountSid}} {{credentials.authToken}}"
    assert one.request["uri"] == "https://api.acme.example/{{credentials.accountSid}}/numbers"
    assert one.request["headers"]["Authorization"] == ["Basic {{credentials.accountSid}}:{{credentials.authToken}}"]


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        ({"status": base64.b64encode(f"{SID}:{TOKEN}".encode()).decode()}, "a credential"),
        ({"status": f"…{TOKEN[:13]}…"}, "a credential"),
        ({"status": "key 9fK2mQ7xLpZ4vT8wBn3R"}, "what looks like a key"),
        ({"9fK2mQ7xLpZ4vT8wBn3R": 1}, "what looks like a key"),
    ],
)
def test_what_is_in_doubt_is_refused_and_its_place_is_named(answer: Any, what: str) -> None:
    with pytest.raises(leftovers.InDoubt) as doubt:
        search(scrubbed(exchange(), exchange(answer)))
    assert "interaction 2, response body" in str(doubt.value)
    assert what in str(doubt.value)


@pytest.mark.parametrize(
    ("left", "what"),
    [
        ("+12012204711", "a telephone number"),
        ("call (201) 220-4711 now", "a telephone number"),
        ("pat@northwind.com", "an e-mail address"),
        ("Old menu", "a value that is replaced elsewhere"),
    ],
)
def test_the_search_finds_what_scrubbing_would_have_missed(left: str, what: str) -> None:
    with pytest.raises(leftovers.InDoubt, match=what):
        search((exchange({"x": left}),), {"Old menu": "Name 1"})
    with pytest.raises(leftovers.InDoubt, match=what):
        search((), {"Old menu": "Name 1"}, {"facts": [left]})


def test_what_is_known_of_the_account_is_told_in_the_words_of_the_conversation() -> None:
    scrub = scrubber(exchange({"name": "Front desk", "number": "+12012204711"}))
    assert body(scrub.scrubbed()[0]) == {"name": "Name 1", "number": "+12015550100"}
    assert (scrub.private("Front desk"), scrub.number("+12012204711")) == ("Name 1", "+12015550100")
    assert (scrub.private("Back door"), scrub.private(SID)) == ("Name 2", "{{credentials.accountSid}}")


def test_headers_that_authorize_are_refused() -> None:
    with pytest.raises(leftovers.InDoubt, match="a header that may hold a secret"):
        search((exchange({}, X_Api_Key="1"),))


def test_a_body_that_cannot_be_read_gives_way_to_a_remark() -> None:
    page = exchange({})
    page.response["body"]["string"] = "<html>Ray 9f8e7d6c from 203.0.113.7</html>"  # type: ignore[index]
    (one,) = scrubbed(page)
    assert one.response["body"]["string"] == "<p>application/json is not recorded</p>"
