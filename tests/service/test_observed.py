"""What an operator sees: metrics, and log lines that join a request with the requests it caused at a carrier."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from harness import CONNECTIONS, NUMBERS, World, settings_for, world_on

from trunkline.errors import RateLimited
from trunkline_service.logs import set_up_logging
from trunkline_service.metrics import Metrics
from trunkline_service.settings import SettingsError

TOKEN = "a-token-of-the-operator"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with world_on(f"sqlite:///{tmp_path / 'service.db'}", tmp_path, TRUNKLINE_METRICS_TOKEN=TOKEN) as made:
        yield made


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    set_up_logging("info", stream)
    yield stream
    structlog.reset_defaults()


def scraped(world: World) -> dict[str, float]:
    answer = world.get("/metrics", key=TOKEN)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_calls_and_requests_are_counted_by_how_they_ended(world: World) -> None:
    connection = world.connect()["id"]
    world.carrier.fail["list_numbers"] = RateLimited("Acme asks for patience.")
    assert world.get(f"{CONNECTIONS}/{connection}/available-numbers").status_code == 429
    for path in (f"{CONNECTIONS}/999", f"{CONNECTIONS}/998", "/v1/nowhere"):
        assert world.get(path).status_code == 404
    assert world.call("BREW", CONNECTIONS).status_code == 405
    seen = scraped(world)
    one = CONNECTIONS + "/{connection_id}"
    assert seen['trunkline_carrier_calls_total{code="ok",hook="test_credentials",provider="acme"}'] == 1
    assert seen['trunkline_carrier_calls_total{code="rate_limited",hook="list_numbers",provider="acme"}'] == 1
    assert seen['trunkline_carrier_call_seconds_count{hook="test_credentials",provider="acme"}'] == 1
    assert seen[f'trunkline_http_requests_total{{method="GET",route="{one}",status="404"}}'] == 2
    assert seen['trunkline_http_requests_total{method="GET",route="unmatched",status="404"}'] == 1
    assert sum(value for name, value in seen.items() if 'method="other"' in name and "_total" in name) == 1
    assert "999" not in "".join(seen)


def test_unfinished_import_jobs_are_counted_at_each_scrape(world: World) -> None:
    path = f"{CONNECTIONS}/{world.connect()['id']}/import-numbers"
    assert scraped(world)["trunkline_unfinished_import_jobs"] == 0
    job = world.post(path, {"numbers": [NUMBERS[0]]}, Prefer="respond-async").json()["id"]
    assert scraped(world)["trunkline_unfinished_import_jobs"] == 1
    world.post(f"/v1/import-jobs/{job}/cancel")
    assert scraped(world)["trunkline_unfinished_import_jobs"] == 0


def test_a_count_that_cannot_be_had_spoils_no_scrape() -> None:
    metrics = Metrics()
    metrics.show_queue(lambda: 1 // 0)
    assert b"trunkline_unfinished_import_jobs NaN" in metrics.as_text()


def test_metrics_open_to_the_operator_s_token_and_to_nothing_else(world: World, tmp_path: Path) -> None:
    assert world.http.get("/metrics").status_code == 401
    for key in (world.key, world.read_only_key(), TOKEN + "x", ""):
        refused = world.get("/metrics", key=key or " ")
        assert (refused.status_code, refused.json()["code"]) == (401, "unknown_key")
    assert world.http.get("/metrics", headers={"Authorization": f"Basic {TOKEN}"}).status_code == 401
    assert world.get(CONNECTIONS, key=TOKEN).status_code == 401
    with world_on(f"sqlite:///{tmp_path / 'other.db'}", tmp_path) as without:
        assert without.get("/metrics", key=TOKEN).status_code == 404


@pytest.mark.parametrize("token", ["short", "sk_live_" + "a" * 43, "ü" * 20])
def test_a_weak_metrics_token_is_refused_and_not_shown(tmp_path: Path, token: str) -> None:
    with pytest.raises(SettingsError) as refused:
        settings_for(f"sqlite:///{tmp_path / 's.db'}", tmp_path, TRUNKLINE_METRICS_TOKEN=token)
    assert str(refused.value).startswith("TRUNKLINE_METRICS_TOKEN: ")
    assert token not in str(refused.value)


def test_a_carrier_call_is_logged_under_the_id_of_the_request_it_was_made_for(world: World, log: io.StringIO) -> None:
    connection = world.connect()["id"]
    world.import_(connection, *NUMBERS, X_Request_Id="ticket-4711")
    listed = world.get(f"{CONNECTIONS}/{connection}/available-numbers", X_Request_Id="ticket-4712")
    assert listed.headers["x-request-id"] == "ticket-4712"
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    calls = [line for line in lines if line["event"] == "carrier_call"]
    assert {line["request_id"] for line in calls if line["hook"] == "import_number"} == {"ticket-4711"}
    assert sum(line["hook"] == "import_number" for line in calls) == len(NUMBERS)
    assert [line["request_id"] for line in calls if line["hook"] == "list_numbers"] == ["ticket-4712"]
    assert [line["code"] for line in calls] == ["ok"] * len(calls)


def test_the_carrier_s_own_request_ids_stand_in_the_line(world: World, log: io.StringIO) -> None:
    from trunkline.checks import Exchange
    from trunkline.engine import utc_now
    from trunkline.events import Event
    from trunkline_service.observers import log_call

    ids = [f"RQ{index}" for index in range(30)]
    exchanges = tuple(Exchange("GET", "api.acme.test", "/numbers", 200, id, 0.1) for id in [None, *ids])
    log_call(Event("acme", "list_numbers", "carrier_refused", 3.1, utc_now(), exchanges, "21211", "RQ29"))
    line = json.loads(log.getvalue())
    assert (line["requests"], line["carrier_code"], line["ms"]) == (31, "21211", 3100)
    assert line["carrier_request_ids"] == ids[-20:]
