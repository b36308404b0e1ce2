"""One connection, opened for work with its carrier."""

from __future__ import annotations

import attrs

from trunkline.account import CarrierAccount
from trunkline.engine import Engine
from trunkline.errors import AccountSuspended, CredentialsRejected
from trunkline_service.errors import ApiError, not_found
from trunkline_service.service import Service
from trunkline_service.storage import connections
from trunkline_service.storage.connections import StoredConnection
from trunkline_service.storage.numbers import Claimant
from trunkline_service.storage.organizations import Caller


@attrs.frozen(eq=False)
class Desk:
    """A stored connection, its carrier account, the engine that reaches it, and the right to claim by it."""

    service: Service
    engine: Engine
    connection: StoredConnection
    account: CarrierAccount
    claimant: Claimant

    def now(self) -> int:
        """The time as it is stored."""
        return self.service.now()

    def route_lock(self) -> str:
        """One name per carrier account: two who made its route at once would make two.

        Accounts whose identity the carrier does not tell share a name, since two of them may be one.
        """
        known = self.connection.identity or "not identified"
        return f"route {self.claimant.mode} {self.claimant.organization} {self.connection.provider} {known}"[:255]

    def set_up_lock(self) -> str:
        """One name per organization and provider: no identity, or one that only some keys tell, splits an account."""
        return f"set-up {self.claimant.mode} {self.claimant.organization} {self.connection.provider}"

    def account_lock(self) -> str:
        """One name per carrier account, whoever connected it: what it allows, it allows all of them together."""
        known = self.connection.identity or f"connection {self.connection.id}"
        return f"import {self.claimant.mode} {self.connection.provider} {known}"[:255]


def open_desk(service: Service, caller: Caller, connection: int) -> Desk:
    """Open a connection of the caller's organization."""
    with service.database.reading() as db:
        stored = connections.find(db, caller.organization, connection)
    if stored is None:
        raise not_found()
    if not stored.ready:
        raise not_ready(stored.status)
    return desk_for(service, caller.mode, stored)


def desk_for(service: Service, mode: str, stored: StoredConnection) -> Desk:
    """Open a stored connection."""
    engine = service.engines[mode]
    account = service.open_account(engine, stored)
    claimant = Claimant(
        organization=stored.organization,
        mode=mode,
        connection=stored.id,
        provider=stored.provider,
        identity=stored.identity,
        backed=service.backed(engine, stored.provider),
    )
    return Desk(service, engine, stored, account, claimant)


def not_ready(status: str) -> ApiError:
    """The connection cannot be used yet, or never will be."""
    if status == "pending":
        going_on = "This connection is being set up at the carrier. Try again when its status is connected."
        return ApiError("connection_not_ready", going_on, retry_after=5)
    failed = "Setting this connection up failed, and what was made is being taken back. Delete it to try that at once."
    return ApiError("connection_not_ready", failed)


def says_no_more(error: Exception) -> bool:
    """Whether the carrier does not take these credentials any more."""
    return isinstance(error, CredentialsRejected | AccountSuspended)
