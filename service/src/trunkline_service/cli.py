"""The command line: serve, migrate, organizations and their keys, and the SIP logins that set-ups made."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from trunkline.engine import utc_now
from trunkline.secret import Secret
from trunkline_service import key_use
from trunkline_service.clock import in_milliseconds, shown, shown_or_none
from trunkline_service.key_ring import SealBroken
from trunkline_service.logs import get_logger, set_up_logging
from trunkline_service.made import sip_login
from trunkline_service.settings import Settings, SettingsError
from trunkline_service.start import StartError, bring_up, open_database, open_keys, start
from trunkline_service.storage import connections as stored_connections
from trunkline_service.storage import organizations as stored
from trunkline_service.storage.database import Database

if TYPE_CHECKING:
    from trunkline_service.server import DrainingServer

app = typer.Typer(help="The HTTP API of Trunkline.", no_args_is_help=True, add_completion=False)
organizations = typer.Typer(help="Organizations.", no_args_is_help=True)
keys = typer.Typer(help="API keys, and the keys that seal what is stored (rotate).", no_args_is_help=True)
connections = typer.Typer(help="Connections.", no_args_is_help=True)
app.add_typer(organizations, name="organizations")
app.add_typer(keys, name="keys")
app.add_typer(connections, name="connections")


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)] = 8080,
) -> None:
    """Serve the API until interrupted."""
    settings = _settings()
    set_up_logging(settings.log_level)
    listener = _listen(host, port)
    try:
        service = start(settings)
    except StartError as error:
        _fail(str(error))
    # To import all that serves takes a second, which no other command has to wait.
    from trunkline_service.app import create_app
    from trunkline_service.server import DrainingServer

    server = DrainingServer(create_app(service), service.draining, settings.drain_seconds)
    _stop_on_signals(server)
    at, on = listener.getsockname()[:2]
    get_logger().info("listening", address=f"http://{f'[{at}]' if ':' in at else at}:{on}")
    with listener:
        server.run(sockets=[listener])
    service.database.dispose()


@app.command()
def migrate() -> None:
    """Bring the database to the schema this version needs."""
    try:
        bring_up(_settings())
    except StartError as error:
        _fail(str(error))
    typer.echo("The schema is up to date.")


@organizations.command("create")
def create_organization(
    name: Annotated[str, typer.Argument(help="What to call it.")],
    sandbox: Annotated[bool, typer.Option("--sandbox", help="Its keys reach sandbox carriers only.")] = False,
) -> None:
    """Make an organization and print its id."""
    if not name.strip() or len(name) > 255 or not name.isprintable():
        _fail("The name must have 1 to 255 printable characters.")
    with _database() as database, database.writing() as db:
        mode = stored.SANDBOX if sandbox else stored.LIVE
        typer.echo(stored.create_organization(db, name, mode, _now()))


@organizations.command("list")
def list_organizations() -> None:
    """List the organizations: id, mode, name."""
    with _database() as database, database.reading() as db:
        for each in stored.list_organizations(db):
            typer.echo(f"{each.id}\t{each.mode}\t{each.name}")


@keys.command("create")
def create_key(
    organization: Annotated[int, typer.Option(help="The organization's id.")],
    read_only: Annotated[bool, typer.Option("--read-only", help="It may only read.")] = False,
) -> None:
    """Make an API key and print it, once: only a hash of it is stored."""
    with _database() as database, database.writing() as db:
        made = stored.create_key(db, organization, may_write=not read_only, now=_now())
    if made is None:
        _fail(f"There is no organization {organization}.")
    typer.echo(made[1])


@keys.command("list")
def list_keys() -> None:
    """List the keys: id, organization, access, made at, revoked at. The keys themselves are not known."""
    with _database() as database, database.reading() as db:
        for key in stored.list_keys(db):
            access = "full" if key.may_write else "read-only"
            revoked = shown_or_none(key.revoked_at) or "-"
            typer.echo(f"{key.id}\t{key.organization}\t{access}\t{shown(key.created_at)}\t{revoked}")


@keys.command("revoke")
def revoke_key(id: Annotated[int, typer.Argument(help="The key's id, from `keys list`.")]) -> None:
    """Stop a key at once."""
    with _database() as database, database.writing() as db:
        done = stored.revoke_key(db, id, _now())
    if not done:
        _fail(f"There is no key {id} in use.")
    typer.echo(f"Key {id} is revoked.")


@keys.command("rotate")
def rotate_keys() -> None:
    """Seal everything stored under the first key of TRUNKLINE_KEYS, while the service runs; tells what is left."""
    with _database() as database:
        try:
            sealer = open_keys(database, _settings().keys)
        except StartError as error:
            _fail(str(error))
        done = key_use.reseal_all(database, sealer)
        for column, count in done.resealed.items():
            typer.echo(f"{column}: {count} sealed anew under {sealer.primary}")
        with database.reading() as db:
            for id in sealer.key_ids:
                if id != sealer.primary:
                    needed = ", ".join(key_use.uses_of(db, id, _now()))
                    typer.echo(f"Key {id} is needed for {needed}." if needed else f"Key {id} is not needed any more.")
    if done.unreadable:
        broken = ", ".join(f"{count} of {column}" for column, count in done.unreadable.items())
        _fail(f"These values cannot be opened with any key of the ring and stay as they are: {broken}.")


@connections.command("sip-login")
def show_sip_login(
    id: Annotated[int, typer.Argument(help="The connection's id.")],
    organization: Annotated[int, typer.Option(help="The id of the organization that it belongs to.")],
) -> None:
    """Print the SIP login that guided set-up made, password and all: for the platform's own SIP side."""
    with _database() as database:
        try:
            sealer = open_keys(database, _settings().keys)
        except StartError as error:
            _fail(str(error))
        with database.reading() as db:
            found = stored_connections.find(db, organization, id)
        if found is None:
            _fail(f"Organization {organization} has no connection {id}.")
        try:
            login = sip_login(found.made(sealer))
        except SealBroken:
            _fail(f"What was made for connection {id} cannot be opened with any key of the ring.")
    if not isinstance(password := login.get("password"), Secret):
        _fail(f"Connection {id} has no SIP login of its own: only a guided set-up that is finished makes one.")
    print("Whoever has this password calls at the customer's cost: keep it out of logs and tickets.", file=sys.stderr)
    for name, value in {**login, "password": password.reveal()}.items():
        typer.echo(f"{name}\t{value}")


def _settings() -> Settings:
    try:
        return Settings.from_environment()
    except SettingsError as error:
        _fail(str(error))


@contextmanager
def _database() -> Iterator[Database]:
    try:
        database = open_database(_settings())
    except StartError as error:
        _fail(str(error))
    try:
        yield database
    finally:
        database.dispose()


def _listen(host: str, port: int) -> socket.socket:
    """Take the address before anything else is started."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError:
        _fail(f"{host} is not an address to listen on.")
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        _fail(f"Cannot listen on {host} port {port}: {error.strerror}. Choose another with --port.")
    return listener


def _stop_on_signals(server: DrainingServer) -> None:
    """Stop on signals that come before the server listens to them, and on the one it raises again when it is done."""

    def stop(*_: object) -> None:
        server.should_exit = True

    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, stop)


def _now() -> int:
    return in_milliseconds(utc_now())


def _fail(message: str) -> NoReturn:
    print(message, file=sys.stderr)
    raise typer.Exit(1)
