"""What every request works with: the database, the seals, the time, and an engine for each world."""

from __future__ import annotations

import datetime as dt
import functools
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager

import attrs

from trunkline.account import CarrierAccount
from trunkline.engine import Engine
from trunkline.errors import InvalidFields, UnknownProvider
from trunkline.http.dial import CarrierDial, Dial
from trunkline_service.clock import in_milliseconds
from trunkline_service.errors import ApiError
from trunkline_service.limits import Rates, RequestLimit
from trunkline_service.lookup import addresses_of
from trunkline_service.metrics import Metrics
from trunkline_service.sealing import Sealer
from trunkline_service.storage import locks
from trunkline_service.storage.connections import StoredConnection
from trunkline_service.storage.database import Database


@attrs.frozen(eq=False)
class Service:
    """The parts of one process. Nothing depends on which process is asked: every replica is like every other.

    `engines` has one for `live` keys, which reaches the carriers, and one for `sandbox` keys, which cannot.
    `installation` is this installation's name, by which carriers know what it made. `metrics_token` is the SHA-256 of
    what opens the metrics; `draining` is set once this process is about to stop.
    """

    database: Database
    sealer: Sealer
    engines: Mapping[str, Engine]
    installation: str
    clock: Callable[[], dt.datetime]
    request_limit: RequestLimit
    rates: Rates = attrs.field(factory=Rates)
    watch_minutes: int = 60
    evidence_minutes: int = 15
    webhooks: Dial = attrs.field(factory=CarrierDial)
    """The road to webhook endpoints, which leads to no private address."""
    addresses_of: Callable[[str], Sequence[str]] = addresses_of
    """How the name of a webhook endpoint's host is looked up when it is made or changed."""
    metrics: Metrics = attrs.field(factory=Metrics)
    metrics_token: bytes | None = attrs.field(default=None, repr=False)
    draining: threading.Event = attrs.field(factory=threading.Event)

    def now(self) -> int:
        """The time as it is stored."""
        return in_milliseconds(self.clock())

    def marker(self, organization: int) -> str:
        """What names the things we make at a carrier for an organization."""
        return f"trunkline-{self.installation}-{organization}"

    def lock(self, name: str, lease_ms: int = locks.LEASE_MS) -> AbstractContextManager[locks.Held]:
        """Hold a lock that every replica respects."""
        return locks.holding(self.database, name, self.now, lease_ms=lease_ms)

    def open_account(self, engine: Engine, stored: StoredConnection) -> CarrierAccount:
        """The carrier account of a stored connection."""
        open_account = functools.partial(
            engine.account,
            stored.provider,
            setup_method=stored.setup_method,
            marker=self.marker(stored.organization),
            made=stored.made(self.sealer),
        )
        try:
            return open_account(credentials=stored.credentials(self.sealer), sip_config=stored.sip_config(self.sealer))
        except UnknownProvider:
            raise ApiError("provider_unavailable", "This connection's provider is not installed here.") from None
        except InvalidFields:
            outdated = "This provider asks for other credentials by now. Change the connection's credentials."
            raise ApiError("connection_outdated", outdated) from None

    def backed(self, engine: Engine, provider: str) -> bool:
        """Whether a carrier's own list tells the numbers; a provider that asks no carrier has them typed in."""
        return bool(engine.descriptor(provider).hosts)
