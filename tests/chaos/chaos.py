"""Replicas that are killed while customers import, and carriers that fail: afterwards every book must agree.

`python tests/chaos/chaos.py --seconds 120` runs three processes of the service on one PostgreSQL database before
simulated carriers with faults, kills one every few seconds, waits until all that was cut off is settled, and compares.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import attrs
import requests
from sqlalchemy import func, select

sys.path += [str(Path(__file__).parent), str(Path(__file__).parents[1] / "service")]

from customers import Customer, Journal, Load, stands
from harness import KEYS, a_database
from processes import replicas

from trunkline.engine import Engine
from trunkline.http.dial import SandboxDial
from trunkline.numbers import RoutingSnapshot
from trunkline.registry import Registry
from trunkline_sandbox.faults import Fault
from trunkline_sandbox.sandbox import Sandbox
from trunkline_sandbox.server import running
from trunkline_sandbox.signalwire import SimulatedSignalWire
from trunkline_sandbox.telnyx import SimulatedTelnyx
from trunkline_sandbox.twilio import SimulatedTwilio
from trunkline_service.sealing import Sealer
from trunkline_service.service import Service
from trunkline_service.settings import Settings
from trunkline_service.start import start
from trunkline_service.storage import numbers, organizations, tables
from trunkline_service.storage.database import Database
from trunkline_service.storage.tables import UNFINISHED, UNFINISHED_JOBS, Hold

SERVER = os.environ.get("TRUNKLINE_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/test")
CARRIERS = (SimulatedTwilio, SimulatedTelnyx, SimulatedSignalWire)
RATES = ("TRUNKLINE_REQUESTS_PER_MINUTE", "TRUNKLINE_TESTS_PER_MINUTE", "TRUNKLINE_ACCOUNT_TESTS_PER_MINUTE")
NUMBERS = 30
REPLICAS = 3
START_SECONDS, SETTLED_SECONDS = 180.0, 420.0

FAULTS = (
    {"kind": "status", "status": 503},
    {"kind": "html", "status": 502},
    {"kind": "reset_before"},
    {"kind": "reset_after"},
    {"kind": "cut_short"},
    {"kind": "slow", "seconds": 1.0},
)
"""Outages, and answers that are lost before or after the carrier did what it was asked."""

Routing = Mapping[str, RoutingSnapshot]


@attrs.frozen
class Account:
    """An account at a simulated carrier, as it was before anybody came."""

    provider: str
    credentials: dict[str, str]
    sandbox: Sandbox[Any]
    before: Routing


@attrs.frozen
class Ground:
    """What stays while replicas come and go: the database, the carriers, and who are customers of both."""

    settings: Settings
    environment: dict[str, str]
    engine: Engine
    accounts: list[Account]
    customers: list[Customer]
    journal: Journal = attrs.field(factory=Journal)


@attrs.frozen
class Verdict:
    """What happened, and every disagreement."""

    counts: dict[str, int]
    wrong: list[str]


@contextmanager
def ground(folder: Path) -> Iterator[Ground]:
    """A database of one's own, three carriers with an account each, and two customers on each account."""
    with ExitStack() as stack:
        sandboxes = [stack.enter_context(running(kind(), latency_ms=20)) for kind in CARRIERS]
        for each in sandboxes:
            each.carrier.add_account("chaos", numbers=NUMBERS)
        origins = {f"https://{host}": each.address for each in sandboxes for host in each.carrier.hosts}
        environment = {
            "TRUNKLINE_DATABASE_URL": stack.enter_context(a_database(SERVER)),
            "TRUNKLINE_DATA_DIR": str(folder),
            "TRUNKLINE_KEYS": KEYS,
            "TRUNKLINE_SIP_HOST": "sip.platform.example",
            **dict.fromkeys(RATES, "60000"),
            "TRUNKLINE_SANDBOX": ",".join(f"{origin}={address}" for origin, address in origins.items()),
        }
        settings = Settings.from_environment(environment)
        engine = Engine(Registry.discover(), dial=SandboxDial(origins), platform=settings.sip_host)
        accounts = [_open_account(each, engine) for each in sandboxes]
        service = start(settings)
        customers = [_customer(service, account) for account in accounts for _ in range(2)]
        service.database.dispose()
        yield Ground(settings, environment, engine, accounts, customers)


def _open_account(sandbox: Sandbox[Any], engine: Engine) -> Account:
    entry = next(entry for entry in sandbox.carrier.listing() if entry.label == "chaos")
    provider, credentials = sandbox.carrier.name, dict(entry.credentials)
    return Account(provider, credentials, sandbox, _routing(engine, provider, credentials, "nobody"))


def _routing(engine: Engine, provider: str, credentials: dict[str, str], marker: str) -> Routing:
    """How every number of the account is routed, as one sees it whose objects bear the marker."""
    account = engine.account(provider, credentials, marker=marker)
    return engine.read_routing(account, [each.number for each in engine.list_numbers(account)])


def _customer(service: Service, account: Account) -> Customer:
    with service.database.writing() as db:
        id = organizations.create_organization(db, "Chaos", organizations.SANDBOX, service.now())
        made = organizations.create_key(db, id, may_write=True, now=service.now())
    assert made
    return Customer(id, service.marker(id), made[1], account.provider, account.credentials, sorted(account.before))


def strain(
    ground: Ground, folder: Path, seconds: float, *, kill_every: float, seed: int, then: Callable[..., Any]
) -> Any:
    """Customers, faults and kills for so many seconds, and then what is to be done with the replicas."""
    with replicas(REPLICAS, ground.environment, folder) as processes:
        _wait_for(processes.all_serve, START_SECONDS)
        stopped = threading.Event()
        dice = random.Random(seed)
        loads = [
            Load(each, processes.addresses, ground.journal, stopped, random.Random(dice.random()))
            for each in ground.customers
        ]
        threads = [threading.Thread(target=load.run) for load in loads]
        threads.append(threading.Thread(target=_spoil, args=(ground, stopped, random.Random(dice.random()))))
        threads.append(threading.Thread(target=processes.kill_at_random, args=(stopped, dice, kill_every)))
        for thread in threads:
            thread.start()
        stopped.wait(seconds)
        stopped.set()
        for thread in threads:
            thread.join()
        ground.journal.counts["kills"] = processes.kills
        for account in ground.accounts:
            account.sandbox.faults.clear()
        return then(processes)


def _spoil(ground: Ground, stopped: threading.Event, dice: random.Random) -> None:
    """Let each carrier fail now and then."""
    while not stopped.wait(dice.uniform(0.1, 0.6)):
        fault: dict[str, Any] = dice.choice(FAULTS)
        dice.choice(ground.accounts).sandbox.faults.add(Fault(**fault, times=dice.randint(1, 3)))
        ground.journal.count("faults")


def _wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    give_up = time.monotonic() + seconds
    while not (met := condition()) and time.monotonic() < give_up:
        time.sleep(0.2)
    return met


def unsettled(database: Database) -> list[str]:
    """What is neither done nor undone."""
    held, jobs, set_ups = tables.phone_numbers.c, tables.import_jobs.c, tables.set_ups.c
    queries = {
        "number": select(held.number).where(held.hold.in_(UNFINISHED)),
        "job": select(jobs.id).where(jobs.state.in_(UNFINISHED_JOBS)),
        "set-up": select(set_ups.connection_id).where(set_ups.goal != tables.Goal.NONE),
    }
    with database.reading() as db:
        return [f"{what} {id} is not settled" for what, query in queries.items() for id in db.execute(query).scalars()]


def judge(ground: Ground, addresses: Sequence[str], database: Database) -> Verdict:
    """Hold the database against the carriers, and every answer against the one that is given now."""
    wrong = [
        *unsettled(database),
        *_answers_that_changed(ground.journal, addresses),
        *_evidence_spent_twice(ground.journal, database),
        *_counts_that_differ(ground, addresses[0], database),
        *(line for account in ground.accounts for line in _numbers_that_differ(ground, account, database)),
    ]
    counts = dict(ground.journal.counts)
    counts["idempotency keys"] = len(ground.journal.asked)
    counts["evidence fought for"] = len(ground.journal.evidence)
    return Verdict(counts, wrong)


def _answers_that_changed(journal: Journal, addresses: Sequence[str]) -> Iterator[str]:
    """Every key is asked again at every replica; a request that was cut off is run again once its lease is over."""
    for key, asked in journal.asked.items():
        for address in addresses:
            _wait_for(lambda: _ask_again(journal, key, asked, address), 150)  # noqa: B023
        if len(journal.answers[key]) != 1:
            yield f"{asked.path} under {key} has {len(journal.answers[key])} answers: {journal.answers[key]}"


def _ask_again(journal: Journal, key: str, asked: Any, address: str) -> bool:
    headers = {"Authorization": f"Bearer {asked.customer.key}", "Idempotency-Key": key}
    answer = requests.post(address + asked.path, json=asked.body, headers=headers, timeout=60)
    if standing := stands(answer):
        journal.note(key, answer)
    return standing


def _evidence_spent_twice(journal: Journal, database: Database) -> Iterator[str]:
    for evidence, keys in journal.evidence.items():
        made = [status for key in keys for status, _ in journal.answers[key] if status == 201]
        if len(made) > 1:
            yield f"evidence {evidence} made {len(made)} connections"
    with database.reading() as db:
        connections = db.execute(select(func.count()).select_from(tables.connections)).scalar_one()
        spent = db.execute(select(func.count(tables.evidence.c.spent_at))).scalar_one()
    if connections != spent:
        yield f"{connections} connections were made with {spent} spent evidences"


def _counts_that_differ(ground: Ground, address: str, database: Database) -> Iterator[str]:
    """What the lists of connections say against the rows of the numbers."""
    column = tables.phone_numbers.c.voip_connection_id
    with database.reading() as db:
        rows = db.execute(select(column, func.count()).group_by(column)).all()
    counted = {row[0]: row[1] for row in rows}
    for customer in ground.customers:
        headers = {"Authorization": f"Bearer {customer.key}"}
        listed = requests.get(address + "/v1/voip-connections", headers=headers, timeout=60).json()
        for each in listed:
            if (said := each["numbers_imported"]) != (there := counted.get(each["id"], 0)):
                yield f"connection {each['id']} says that it has {said} numbers; it has {there}"


def _numbers_that_differ(ground: Ground, account: Account, database: Database) -> Iterator[str]:
    """What is held points at its holder's route, and what nobody holds is routed as it was before anybody came.

    Some routing no API can put back: then what stood before is still kept.
    """
    free = set(account.before)
    for customer in ground.customers:
        if customer.provider == account.provider:
            now = _routing(ground.engine, account.provider, account.credentials, customer.marker)
            for number, route in _held_by(customer, database):
                ground.journal.count("numbers held at the end")
                if number not in free:
                    yield f"{number} is held twice"
                free.discard(number)
                if now[number].points_at != route:
                    yield f"{number} is held, but points at {now[number].points_at} instead of {route}"
    now = _routing(ground.engine, account.provider, account.credentials, "nobody")
    for number in sorted(free):
        if now[number].restore != (before := account.before[number].restore):
            if before not in _kept_of(number, ground, account, database):
                yield f"{account.provider}: {number} is free, but routed by {now[number].view}"
            ground.journal.count("numbers whose routing could not be put back")


def _kept_of(number: str, ground: Ground, account: Account, database: Database) -> list[Any]:
    """What stood before each release that could not put it back."""
    sealer = Sealer(ground.settings.keys)
    kept = []
    for customer in ground.customers:
        if customer.provider == account.provider:
            with database.reading() as db:
                rows = numbers.concerning(db, customer.organization, organizations.SANDBOX, [number])
            snapshots = [row.snapshot(sealer) for row in rows if row.status == "released"]
            kept += [snapshot.restore for snapshot in snapshots if snapshot]
    return kept


def _held_by(customer: Customer, database: Database) -> list[tuple[str, str]]:
    columns = tables.phone_numbers.c
    query = select(columns.number, columns.route_id).where(
        columns.hold == Hold.HELD, columns.organization_id == customer.organization
    )
    with database.reading() as db:
        return [(number, route) for number, route in db.execute(query)]


def main() -> int:
    """Run it, print the counts, and 1 if anything disagrees."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120, help="how long replicas are killed")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    arguments = parser.parse_args()
    print(f"{REPLICAS} replicas, {arguments.seconds:.0f} s, seed {arguments.seed}", file=sys.stderr)
    with tempfile.TemporaryDirectory() as name, ground(Path(name)) as here:
        database = Database(here.settings.database_url)

        def settle_and_judge(processes: Any) -> Verdict:
            began = time.monotonic()
            _wait_for(processes.all_serve, START_SECONDS)
            _wait_for(lambda: not unsettled(database), SETTLED_SECONDS)
            here.journal.counts["seconds until all was settled"] = round(time.monotonic() - began)
            return judge(here, processes.addresses, database)

        verdict = strain(
            here, Path(name), arguments.seconds, kill_every=4.0, seed=arguments.seed, then=settle_and_judge
        )
        database.dispose()
    print(json.dumps(verdict.counts, indent=2, sort_keys=True))
    print("\n".join(verdict.wrong) or "Every book agrees.")
    return int(bool(verdict.wrong))


if __name__ == "__main__":
    sys.exit(main())
