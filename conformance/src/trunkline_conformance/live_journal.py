"""What a live recording may have changed and not put back yet: written down before, for whoever comes after a kill.

One private file a provider, in the user's folder for state. It shows which numbers are meant and where their calls
went, by kind and host. The rest holds whole addresses, which may hold passwords, and is sealed under the account's own
credentials.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from filelock import FileLock, Timeout

from trunkline.numbers import Route, RoutingSnapshot
from trunkline.snapshots import load_route, load_snapshot, route_as_json, snapshot_as_json

_SALT, _NONCE = 16, 12


class JournalClosed(Exception):
    """A journal cannot be opened now; says what to do."""


@attrs.frozen
class Kept:
    """A number's routing before it was first written to, and the route that it was to be pointed at."""

    route: Route
    snapshot: RoutingSnapshot


def path_of(provider: str) -> Path:
    """Where a provider's journal is, if there is one."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "trunkline-conformance" / f"{provider}.json"


def shown(provider: str) -> Iterator[str]:
    """What an earlier recording left to put back, line by line; nothing where it left nothing."""
    path = path_of(provider)
    if path.exists():
        left = _read(path)
        yield f"A recording that began {left['began']} was cut short. This is put back first:"
        for each in left["numbers"]:
            yield f"  {each['number']} to {each['kind']} {each['host'] or ''}".rstrip()


@contextmanager
def alone(provider: str) -> Iterator[None]:
    """Keep every other live recording of a provider off until the block ends; raises `JournalClosed`.

    A second one would put back, as left behind, what the first is still at work on. Whoever is killed lets go.
    """
    path = path_of(provider).with_suffix(".lock")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        held = FileLock(path).acquire(timeout=0)
    except Timeout:
        raise JournalClosed(f"Another live recording of {provider} is under way. Wait until it has ended.") from None
    with held:
        yield


class Journal:
    """The numbers of one account that have to be put back. What it keeps is on the disk before `keep` returns."""

    def __init__(self, provider: str, credentials: Mapping[str, str | None]) -> None:
        self.path = path_of(provider)
        self._provider = provider
        self._credentials = json.dumps({name: each for name, each in credentials.items() if each}, sort_keys=True)
        self._kept: dict[str, Kept] = {}

    @classmethod
    def opened(cls, provider: str, credentials: Mapping[str, str | None]) -> Journal:
        """The account's journal as an earlier recording left it; raises `JournalClosed`."""
        journal = cls(provider, credentials)
        if journal.path.exists():
            journal._kept = journal._opened(_read(journal.path))
        return journal

    @property
    def kept(self) -> tuple[Kept, ...]:
        """What has to be put back."""
        return tuple(self._kept.values())

    def keep(self, route: Route, snapshot: RoutingSnapshot) -> None:
        """A number is about to be written to. What is kept of it already is older, and stays."""
        if snapshot.number.number not in self._kept:
            self._kept[snapshot.number.number] = Kept(route, snapshot)
            self._write()

    def forget(self, number: str) -> None:
        """A number was put back."""
        del self._kept[number]
        self._write()

    def _write(self) -> None:
        if not self._kept:
            self.path.unlink(missing_ok=True)
            return
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self.path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        with open(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
            json.dump(self._told(), file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path)

    def _told(self) -> dict[str, Any]:
        plain = json.dumps(
            [{"route": route_as_json(each.route), "snapshot": snapshot_as_json(each.snapshot)} for each in self.kept]
        )
        salt, nonce = os.urandom(_SALT), os.urandom(_NONCE)
        sealed = AESGCM(self._key(salt)).encrypt(nonce, plain.encode(), self._provider.encode())
        views = [(each.snapshot.number.number, each.snapshot.view) for each in self.kept]
        return {
            "began": min(each.snapshot.read_at for each in self.kept).astimezone(dt.UTC).isoformat(),
            "numbers": [{"number": number, "kind": view.kind, "host": view.host} for number, view in views],
            "sealed": base64.b64encode(salt + nonce + sealed).decode(),
        }

    def _opened(self, told: Mapping[str, Any]) -> dict[str, Kept]:
        sealed = base64.b64decode(told["sealed"])
        salt, nonce, rest = sealed[:_SALT], sealed[_SALT : _SALT + _NONCE], sealed[_SALT + _NONCE :]
        try:
            plain = AESGCM(self._key(salt)).decrypt(nonce, rest, self._provider.encode())
        except InvalidTag:
            raise JournalClosed(
                f"{self.path} is of another account, or of other credentials. Give those that the recording began "
                f"with, or route the numbers as they were by hand, and remove the file."
            ) from None
        kept = (Kept(load_route(each["route"]), load_snapshot(each["snapshot"])) for each in json.loads(plain))
        return {each.snapshot.number.number: each for each in kept}

    def _key(self, salt: bytes) -> bytes:
        return hashlib.scrypt(self._credentials.encode(), salt=salt, n=2**14, r=8, p=1, dklen=32)


def _read(path: Path) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads(path.read_text("utf-8"))
        base64.b64decode(told["sealed"], validate=True)
        return {name: told[name] for name in ("began", "numbers", "sealed")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise JournalClosed(
            f"{path} says which numbers an earlier recording left to put back, and cannot be read "
            f"({type(error).__name__}). Look at them at the carrier, and remove the file."
        ) from None
