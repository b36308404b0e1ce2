"""The service in a process of its own, with one sandbox organization; answering from its database or from memory."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import json
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import attrs


@attrs.frozen
class Running:
    """Where it listens, the key of its organization, and the settings that another one beside it needs."""

    port: int
    key: str
    environment: Mapping[str, str] = attrs.field(factory=dict, repr=False)


@contextmanager
def service(
    origins: Mapping[str, str],
    *,
    connections: int = 0,
    from_memory: bool = False,
    works: bool = False,
    database_url: str | None = None,
    beside: Running | None = None,
) -> Iterator[Running]:
    """Run it until the block ends, with so many connections stored; or beside another, on the same database.

    It `works` on import jobs where it is told to.
    """
    mapped = ",".join(f"{origin}={address}" for origin, address in origins.items())
    flags = [flag for flag, on in (("--from-memory", from_memory), ("--works", works)) if on]
    command = [sys.executable, __file__, "--connections", str(connections), *flags]
    if beside:
        command += ["--key", beside.key]
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            "TRUNKLINE_DATA_DIR": folder,
            "TRUNKLINE_SANDBOX": mapped,
            "TRUNKLINE_SIP_HOST": "sip.platform.example",
            "TRUNKLINE_LOG_LEVEL": "error",
            # High enough to stand in nobody's way; what it costs to count stays the same.
            "TRUNKLINE_REQUESTS_PER_MINUTE": "60000000",
            "TRUNKLINE_TESTS_PER_MINUTE": "60000000",
            "TRUNKLINE_ACCOUNT_TESTS_PER_MINUTE": "60000000",
            **({"TRUNKLINE_DATABASE_URL": database_url} if database_url else {}),
        }
        environment = dict(beside.environment) if beside else environment
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout
                yield Running(**json.loads(process.stdout.readline()), environment=environment)
            finally:
                process.send_signal(signal.SIGINT)


def _serve(connections: int, from_memory: bool, works: bool, key: str | None) -> None:
    import uvicorn

    from trunkline_service.app import create_app
    from trunkline_service.logs import set_up_logging
    from trunkline_service.settings import Settings
    from trunkline_service.start import start

    settings = Settings.from_environment()
    set_up_logging(settings.log_level)
    ready = start(settings)
    key = key or _fill(ready, connections)
    if from_memory:
        _take_database_away(ready, key)
    # Only a socket that says TCP gets TCP_NODELAY from asyncio; without it an answer in two writes costs 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    print(json.dumps({"port": listener.getsockname()[1], "key": key}), flush=True)
    config = uvicorn.Config(create_app(ready, background=works), log_config=None, access_log=False, server_header=False)
    with listener, contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listener])


def _fill(ready: Any, count: int) -> str:
    from trunkline_service.storage import connections, organizations

    with ready.database.writing() as db:
        organization = organizations.create_organization(db, "Benchmark", organizations.SANDBOX, ready.now())
        made = organizations.create_key(db, organization, may_write=True, now=ready.now())
        assert made
        for index in range(count):
            new = connections.NewConnection(
                organization=organization,
                provider="twilio",
                setup_method="api_key",
                name=f"Twilio: Account {index}",
                inferred_name=True,
                identity=f"AC{index:032d}",
                credentials={"accountSid": f"AC{index:032d}", "authToken": "0" * 32},
                sip_config={"domain": f"account-{index}.pstn.twilio.com"},
                shown_sip_config={"domain": f"account-{index}.pstn.twilio.com"},
                tested_at=ready.now(),
            )
            connections.create(db, new, ready.sealer, ready.now())
    return str(made[1])


def _take_database_away(ready: Any, key: str) -> None:
    """The same route, with the one row that it reads held in memory."""
    from trunkline_service.storage import shown

    query = shown.list_query(ready.database.dialect)
    asked = {"hash": hashlib.sha256(key.encode()).digest()}
    known = {asked["hash"]: asyncio.run(ready.database.first(query, asked))}

    async def first(query: Any, parameters: Mapping[str, Any]) -> Any:
        return known.get(parameters["hash"])

    vars(ready.database)["first"] = first


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--connections", type=int, required=True)
    parser.add_argument("--from-memory", action="store_true")
    parser.add_argument("--works", action="store_true")
    parser.add_argument("--key")
    arguments = parser.parse_args()
    _serve(arguments.connections, arguments.from_memory, arguments.works, arguments.key)
