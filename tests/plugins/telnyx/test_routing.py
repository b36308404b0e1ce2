"""Snapshots: all that an import overwrites, and what would override it."""

import json
from typing import Any

import pytest

KINDS = {
    "Head office": ("fqdn_connection", "pbx.acme.example"),
    "Call menu": ("call_control_application", None),
    "Warehouse": ("ip_connection", None),
    "Softphones": ("credential_connection", None),
    "Old menu": ("texml_application", None),
    "Acme Main": ("fqdn_connection", "sip.platform.example"),
}


@pytest.mark.parametrize("name", KINDS)
def test_a_view_tells_the_kind_and_the_host_only(desk: Any, name: str) -> None:
    number = desk.number(connection_id=desk.connection(name).id)
    (snapshot,) = desk.snapshots([number.phone_number])
    assert (snapshot.view.kind, snapshot.view.host) == KINDS[name]
    assert snapshot.points_at == number.connection_id
    assert snapshot.restore["connection_id"] == number.connection_id
    assert len(desk.asked()) == (5 if name in ("Head office", "Acme Main") else 4)


def test_a_number_on_no_connection_points_nowhere(desk: Any) -> None:
    (snapshot,) = desk.snapshots([desk.number().phone_number])
    assert (snapshot.view.kind, snapshot.points_at, snapshot.restore["connection_id"]) == ("none", None, "")
    assert len(desk.asked()) == 3


@pytest.mark.parametrize("known", [True, False])
def test_an_application_that_connections_do_not_know_is_a_connection(desk: Any, known: bool) -> None:
    desk.switch(applications_are_connections=known)
    number = desk.number(connection_id=desk.connection("Call menu").id)
    (snapshot,) = desk.snapshots([number.phone_number])
    assert snapshot.view.kind == ("call_control_application" if known else "connection")


def test_forwarding_is_where_calls_go(desk: Any) -> None:
    number = next(n for n in desk.held().numbers.values() if n.voice.get("forwarding_type") == "always")
    (snapshot,) = desk.snapshots([number.phone_number])
    assert snapshot.view.kind == "forwarding"
    assert snapshot.restore["overrides"]["forwarding"] == "always"


def test_a_snapshot_is_plain_json_without_pins_and_numbers_of_others(desk: Any) -> None:
    numbers = [n for n in desk.held().numbers.values() if n.voice or n.external_pin]
    for snapshot in desk.snapshots([n.phone_number for n in numbers]):
        text = json.dumps(dict(snapshot.restore))
        assert "8317" not in text
        assert "+1303" not in text
        assert json.loads(text) == dict(snapshot.restore)


def test_few_numbers_are_asked_for_one_by_one(desk: Any) -> None:
    numbers = [n.phone_number for n in desk.held().numbers.values() if n.connection_id is None][:3]
    assert [s.number.number for s in desk.snapshots(numbers)] == numbers
    assert len(desk.asked()) == 9
    assert all(each.query["filter[phone_number]"].isdigit() for each in desk.asked("GET", "/phone_numbers$"))


@pytest.mark.parametrize("plus", [True, False])
def test_the_filter_is_asked_in_digits(desk: Any, plus: bool) -> None:
    desk.switch(plus_in_filter=plus)
    assert len(desk.snapshots([desk.number().phone_number])) == 1


def test_many_numbers_are_looked_for_on_the_pages(desk: Any) -> None:
    wanted = [n.phone_number for n in desk.held().numbers.values() if n.status == "active"][::6]
    found = desk.snapshots(wanted)
    assert {s.number.number for s in found} == set(wanted)
    assert all(s.restore["overrides"] is not None for s in found)
    # The numbers, their voice settings, the connections and the records: all lists.
    assert len(desk.asked()) <= 3 + 3 + 1 + 1
    assert not desk.asked("GET", "/phone_numbers/[0-9]+")


def test_in_a_large_account_a_handful_is_asked_for_one_by_one(desk: Any) -> None:
    account = desk.sandbox.carrier.add_account("large", numbers=2600)
    wanted = [n.phone_number for n in account.numbers.values()][::500]
    assert {s.number.number for s in desk.snapshots(wanted, "large")} == set(wanted)
    assert len(desk.asked("GET", "/phone_numbers$")) <= 1 + len(wanted)
    assert len(desk.asked("GET", "/voice$")) == len(desk.asked("GET", "/voicemail$")) == len(wanted)


def test_what_is_not_there_is_left_out(desk: Any) -> None:
    pending = next(n.phone_number for n in desk.held().numbers.values() if n.status != "active")
    assert desk.snapshots(["+13035550199", pending]) == []
    assert desk.snapshots([]) == []


@pytest.mark.parametrize("path", ["/voice", "/connections", "/fqdns"])
def test_a_view_says_less_where_less_may_be_read(desk: Any, path: str) -> None:
    number = desk.number(connection_id=desk.connection("Head office").id)
    desk.fault("status", path=path, status=403, json={"errors": [{"code": "10010", "title": "No"}]}, times=None)
    (snapshot,) = desk.snapshots([number.phone_number])
    assert snapshot.points_at == number.connection_id
    assert (snapshot.restore["overrides"] is None) == (path == "/voice")


@pytest.mark.parametrize("value", [7, None, ""])
def test_an_id_is_text_however_it_comes(desk: Any, value: Any) -> None:
    desk.fault("patch_json", path="/phone_numbers$", patch={"data": {"*": {"connection_id": value}}})
    (snapshot,) = desk.snapshots([desk.number().phone_number])
    assert snapshot.points_at == ("7" if value == 7 else None)
