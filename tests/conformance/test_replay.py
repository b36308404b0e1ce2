"""The cassette end of the wire: strict about what is asked, and how often."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests

from trunkline_conformance.cassettes import (
    Cassette,
    CassetteUnreadable,
    Facts,
    GivenAccount,
    Interaction,
    Provenance,
    dump,
    load,
)
from trunkline_conformance.replay import CassetteDial, Unrecorded

ORIGIN = "https://api.acme.example"
CREDENTIALS = {"accountSid": "AC1/2", "authToken": "canary-token-of-this-run"}
PROVENANCE = Provenance(
    "example", "2026-11-25", "0.1.0", 7, "2026-11-25T12:00:00+00:00", "mark", "sip.platform.example"
)


def exchange(method: str, path: str, body: str | None = None, *, answer: str = "{}", **more: Any) -> Interaction:
    kind = "application/json" if (body or "").startswith("{") else "application/x-www-form-urlencoded"
    request = {"method": method, "uri": ORIGIN + path, "body": body, "headers": {"Content-Type": [kind]}}
    json = {"Content-Type": ["application/json"]}
    response = {"status": {"code": 200, "message": "OK"}, "headers": json, "body": {"string": answer}}
    return Interaction(more.pop("step", "list_numbers"), request, response, **more)


def cassette(*interactions: Interaction) -> Cassette:
    account = GivenAccount({"accountSid": None, "authToken": None})
    return Cassette("list-numbers/one-page", Path("one-page.yaml"), PROVENANCE, account, Facts(), interactions)


def dial_of(*interactions: Interaction, **settings: Any) -> CassetteDial:
    dial = CassetteDial(cassette(*interactions), CREDENTIALS, **settings)
    dial.begin("list_numbers")
    return dial


def ask(dial: CassetteDial, method: str, path: str, **more: Any) -> requests.Response:
    url = path if path.startswith("http") else ORIGIN + path
    return dial.send(requests.Request(method, url, **more).prepare(), (1, 1))


def test_a_recorded_exchange_is_played_once() -> None:
    dial = dial_of(exchange("GET", "/numbers?page=1", answer='{"a": 1}'))
    assert dial.unplayed() == [("list_numbers", f"GET {ORIGIN}/numbers?page=1")]
    assert ask(dial, "GET", "/numbers?page=1").json() == {"a": 1}
    assert dial.unplayed() == []
    with pytest.raises(Unrecorded):
        ask(dial, "GET", "/numbers?page=1")
    assert [each.played for each in dial.asked] == [0, None]


@pytest.mark.parametrize(
    ("method", "path", "body", "other"),
    [
        ("PUT", "/numbers?page=1", "{}", "method"),
        ("GET", "/number?page=1", None, "path"),
        ("GET", "/numbers?page=2", None, "query"),
        ("GET", "/numbers", None, "query"),
        ("GET", "https://api.evil.example/numbers?page=1", None, "host"),
        ("GET", "http://api.acme.example/numbers?page=1", None, "scheme"),
        ("GET", "/numbers?page=1", '{"a": 1}', "body"),
    ],
)
def test_a_request_that_differs_is_not_played_and_told_from_the_nearest(
    method: str, path: str, body: str | None, other: str
) -> None:
    dial = dial_of(exchange("GET", "/numbers?page=1"))
    with pytest.raises(Unrecorded):
        ask(dial, method, path, data=body)
    (asked,) = dial.asked
    assert asked.played is None
    assert f"GET {ORIGIN}/numbers?page=1" in asked.nearest
    assert other in asked.nearest


@pytest.mark.parametrize(
    ("recorded", "sent"),
    [("a=1&b=2&b=3", "b=2&a=1&b=3"), ('{"a": 1, "b": [1, 2]}', '{"b":[1,2],"a":1}'), ("a=x+y", "a=x%20y")],
)
def test_a_body_that_says_the_same_is_the_same(recorded: str, sent: str) -> None:
    assert ask(dial_of(exchange("POST", "/x", recorded)), "POST", "/x", data=sent).ok


@pytest.mark.parametrize(
    ("recorded", "sent"),
    [
        ("a=1&b=2", "a=1"),
        ("a=1", "a=1&b="),
        ('{"a": 1}', '{"a": "1"}'),
        ('{"a": [1, 2]}', '{"a": [2, 1]}'),
        ('{"a": null}', "{}"),
    ],
)
def test_a_body_that_says_something_else_is_another(recorded: str, sent: str) -> None:
    with pytest.raises(Unrecorded):
        ask(dial_of(exchange("POST", "/x", recorded)), "POST", "/x", data=sent)


def test_exchanges_come_in_their_order_and_reads_may_overtake_only_reads_where_that_is_allowed() -> None:
    recorded = (exchange("GET", "/1"), exchange("GET", "/2"), exchange("PUT", "/3", "{}"), exchange("GET", "/4"))
    with pytest.raises(Unrecorded):
        ask(dial_of(*recorded), "GET", "/2")
    free = dial_of(*recorded, reads_in_any_order=True)
    assert ask(free, "GET", "/2").ok
    with pytest.raises(Unrecorded):
        ask(free, "PUT", "/3", data="{}")
    with pytest.raises(Unrecorded):
        ask(free, "GET", "/4")
    for method, path, body in (("GET", "/1", None), ("PUT", "/3", "{}"), ("GET", "/4", None)):
        assert ask(free, method, path, data=body).ok


def test_an_exchange_belongs_to_its_step() -> None:
    dial = dial_of(exchange("GET", "/1", step="suggest_name"), exchange("GET", "/1"))
    assert ask(dial, "GET", "/1").ok
    assert dial.unplayed() == [("suggest_name", f"GET {ORIGIN}/1")]


@pytest.mark.parametrize(
    ("lost", "error"), [("timeout", requests.exceptions.ReadTimeout), ("reset", requests.exceptions.ConnectionError)]
)
def test_a_lost_answer_never_comes(lost: Any, error: type[Exception]) -> None:
    dial = dial_of(exchange("PUT", "/1", "{}", lost=lost))
    with pytest.raises(error):
        ask(dial, "PUT", "/1", data="{}")
    assert dial.unplayed() == []
    assert dial.asked[0].status is None


def test_credentials_of_the_run_stand_in_their_places_in_each_form() -> None:
    dial = dial_of(exchange("GET", "/{{credentials.accountSid}}/x", answer='{"sid": "{{credentials.accountSid}}"}'))
    assert ask(dial, "GET", "/AC1%2F2/x").json() == {"sid": "AC1/2"}


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    made = cassette(exchange("POST", "/x", "a=1", answer='{\n "a": 1\n}\n', lost="reset"))
    path = tmp_path / "one.yaml"
    path.write_text(dump(made), "utf-8")
    again = load(path, made.scenario)
    assert (again.provenance, again.account, again.facts) == (made.provenance, made.account, made.facts)
    assert again.interactions == made.interactions


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("origin: example", "origin: hearsay"), "provenance.origin"),
        (("seed: 7", "seed: seven"), "provenance.seed"),
        (("interactions:", "exchanges:"), "exchanges: unknown field"),
        (("version: 1", "version: ["), "YAML"),
        (("- step: list_numbers", "- stepp: list_numbers"), "interactions"),
    ],
)
def test_what_is_no_cassette_is_refused_by_the_name_of_the_field(tmp_path: Path, change: Any, told: str) -> None:
    path = tmp_path / "one.yaml"
    path.write_text(dump(cassette(exchange("GET", "/x"))).replace(*change), "utf-8")
    with pytest.raises(CassetteUnreadable, match=told):
        load(path, "list-numbers/one-page")
