"""Limits: shared by replicas, harder for tests of credentials, and in nobody's way until they are reached."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from acme import KEY
from harness import CONNECTIONS, PHONE_NUMBERS, World, draft, settings_for, world_on
from hypothesis import given, settings
from hypothesis import strategies as st

from trunkline_service.errors import ApiError
from trunkline_service.limits import RequestLimit
from trunkline_service.settings import SettingsError
from trunkline_service.storage import rate_limits
from trunkline_service.storage.rate_limits import Rate


@pytest.fixture
def slow(database_url: str, tmp_path: Path):  # type: ignore[no-untyped-def]
    limits = {
        "TRUNKLINE_REQUESTS_PER_MINUTE": "20",
        "TRUNKLINE_TESTS_PER_MINUTE": "6",
        "TRUNKLINE_ACCOUNT_TESTS_PER_MINUTE": "3",
    }
    with world_on(database_url, tmp_path, **limits) as world:
        world.clock.stop()
        yield world


def test_a_key_that_asks_too_often_waits_and_other_keys_do_not(slow: World) -> None:
    assert [slow.get(CONNECTIONS).status_code for _ in range(20)] == [200] * 20
    refused = slow.get(PHONE_NUMBERS)
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    assert 1 <= int(refused.headers["retry-after"]) <= 4
    assert slow.get(CONNECTIONS, key=slow.read_only_key()).status_code == 200
    slow.clock.forward(seconds=int(refused.headers["retry-after"]))
    assert slow.get(PHONE_NUMBERS).status_code == 200


def test_replicas_share_what_a_key_may_ask(any_world: World) -> None:
    database, now = any_world.service.database, any_world.service.now()
    replicas = [RequestLimit(database, 600) for _ in range(3)]

    made: list[int] = []
    with suppress(ApiError):
        for turn in range(1000):
            replicas[turn % 3].spend(7, now)
            made.append(turn)
    # Each may hold back a block of ten that another could have used, and none makes more than was allowed.
    assert 570 <= len(made) <= 600


def test_what_is_counted_at_hand_counts_like_any_other_and_never_writes(
    any_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, spend = [], rate_limits.spend
    monkeypatch.setattr(rate_limits, "spend", lambda *given: taken.append(given) or spend(*given))
    limit, now = RequestLimit(any_world.service.database, 600), any_world.service.now()
    at_hand, waited = 0, 0
    with suppress(ApiError):
        for _ in range(1000):
            before = len(taken)
            if limit.spend_at_hand(7, now):
                assert len(taken) == before
                at_hand += 1
            else:
                limit.spend(7, now)
                waited += 1
    assert at_hand + waited == 600
    assert at_hand > waited


def test_most_requests_of_a_key_write_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    taken, spend = [], rate_limits.spend
    monkeypatch.setattr(rate_limits, "spend", lambda *given: taken.append(given) or spend(*given))
    limit = RequestLimit(world.service.database, 6000)
    for _ in range(1000):
        limit.spend(1, world.service.now())
    assert len(taken) <= 12


def test_an_organization_tests_and_names_so_often_and_not_more(slow: World) -> None:
    statuses = [slow.post(f"{CONNECTIONS}/test", draft({"apiKey": f"guess-{index}"})).status_code for index in range(3)]
    statuses += [slow.post(f"{CONNECTIONS}/suggest-name", draft()).status_code for _ in range(3)]
    assert statuses == [201] * 3 + [200] * 3
    asked = len(slow.carrier.calls)
    refused = slow.post(f"{CONNECTIONS}/test", draft())
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    assert int(refused.headers["retry-after"]) <= 10
    assert len(slow.carrier.calls) == asked
    _, other = slow.organization_with_key()
    assert slow.post(f"{CONNECTIONS}/test", draft(), key=other).status_code == 201


def test_one_account_is_tried_so_often_by_all_organizations_together(slow: World) -> None:
    def tried(secret: str, account: str, *, mode: str = "live") -> int:
        _, key = slow.organization_with_key(mode)
        body = draft({"account": account, "apiKey": secret, "note": secret}, provider="named")
        return slow.post(f"{CONNECTIONS}/test", body, key=key).status_code

    assert [tried(f"guess-{index}", "Acme-1") for index in range(3)] == [201] * 3
    assert tried("guess-4", "acme-1") == 429
    assert tried("guess-1", "acme-2") == 201
    assert tried("guess-5", "acme-1", mode="sandbox") == 201
    slow.clock.forward(seconds=21)
    assert tried("guess-6", "acme-1") == 201


def test_no_row_of_a_rate_tells_which_account_was_tried(world: World) -> None:
    world.post(f"{CONNECTIONS}/test", draft({"account": "acme-1", "apiKey": KEY}, provider="named"))
    with world.service.database.reading() as db:
        rows = repr(db.execute(rate_limits.rate_limits.select()).all())
    assert "account " in rows
    assert "acme-1" not in rows
    assert KEY not in rows


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 3000), st.integers(1, 5)), max_size=30))
def test_no_minute_holds_more_than_twice_the_rate_and_a_refusal_says_when(
    shared_world: World, steps: list[tuple[int, int]]
) -> None:
    """What is used at most is the full rate at once and what comes back within the minute."""
    now, rate, spent = 1_000_000, Rate(10), []
    with shared_world.service.database.writing() as db:
        db.execute(rate_limits.rate_limits.delete())
        for pause, count in steps:
            now += pause
            wait = rate_limits.spend(db, "x", rate, count, now)
            if wait:
                assert rate_limits.spend(db, "x", rate, count, now + wait - 2) > 0 or wait <= 2
                assert rate_limits.spend(db, "x", rate, count, now + wait + 1) == 0
                now += wait + 1
            spent.append((now, count))
    for start, _ in spent:
        assert sum(count for at, count in spent if start <= at < start + 60_000) <= 20


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TRUNKLINE_REQUESTS_PER_MINUTE", "0"),
        ("TRUNKLINE_TESTS_PER_MINUTE", "-1"),
        ("TRUNKLINE_ACCOUNT_TESTS_PER_MINUTE", "ten"),
        ("TRUNKLINE_WATCH_MINUTES", "1e3"),
        ("TRUNKLINE_WATCH_MINUTES", "99999"),
    ],
)
def test_a_rate_that_is_none_is_told_by_its_name(tmp_path: Path, variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^{variable}: must be a whole number from "):
        settings_for(f"sqlite:///{tmp_path / 's.db'}", tmp_path, **{variable: value})


@pytest.fixture(scope="module")
def shared_world(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    folder = tmp_path_factory.mktemp("limits")
    with world_on(f"sqlite:///{folder / 'service.db'}", folder) as world:
        yield world


def test_rates_that_are_free_again_are_forgotten(world: World) -> None:
    world.evidence()
    service = world.service
    with service.database.writing() as db:
        rate_limits.prune(db, service.now())
        assert db.execute(rate_limits.rate_limits.select()).all() != []
        rate_limits.prune(db, service.now() + 61_000)
        assert db.execute(rate_limits.rate_limits.select()).all() == []


def test_an_object_of_too_many_fields_is_refused_and_not_answered_field_by_field(world: World) -> None:
    answer = world.post(f"{CONNECTIONS}/test", draft({f"k{index}": "x" for index in range(101)}))
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_json")
    assert answer.json()["detail"] == "An object may have at most 100 fields."
