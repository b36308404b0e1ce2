"""The journal: what was received. Authorization never enters it."""

import re
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import attrs

from .carrier import JSON_TYPE, Request


@attrs.define(eq=False)
class Received:
    """One request as it was received; `status` is None until, and unless, it is answered."""

    method: str
    host: str
    path: str
    query: dict[str, str]
    form: dict[str, str]
    json: Any
    account: str | None
    in_flight: int
    at: datetime
    status: int | None = None
    fault: str | None = None

    def described(self) -> dict[str, Any]:
        """The entry as control shows it."""
        return {**attrs.asdict(self), "at": self.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")}


class Journal:
    """The last requests, oldest first; `keep=0` switches it off. Safe to read from any thread."""

    def __init__(self, keep: int = 10_000) -> None:
        self._entries: deque[Received] = deque(maxlen=keep)

    @property
    def keep(self) -> int:
        """How many requests are kept."""
        return self._entries.maxlen or 0

    @keep.setter
    def keep(self, keep: int) -> None:
        self._entries = deque(self._entries, maxlen=keep)

    def note(self, request: Request, account: str | None) -> Received | None:
        """Write a request down on arrival."""
        if not self._entries.maxlen:
            return None
        entry = Received(
            method=request.method,
            host=request.host,
            path=request.path,
            query=request.query,
            form=request.form,
            json=request.json() if request.content_type == JSON_TYPE else None,
            account=account,
            in_flight=request.in_flight,
            at=datetime.now(UTC),
        )
        self._entries.append(entry)
        return entry

    def matching(self, method: str | None = None, path: str = "", host: str | None = None) -> list[Received]:
        """The requests with this method, on this host, whose path the expression is found in."""
        sought = re.compile(path)
        return [
            entry
            for entry in self
            if (method is None or entry.method == method)
            and (host is None or entry.host == host)
            and sought.search(entry.path)
        ]

    def clear(self) -> None:
        """Forget all."""
        self._entries.clear()

    def __iter__(self) -> Iterator[Received]:
        return iter(self._entries.copy())

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, at: int) -> Received:
        return self._entries[at]
