"""Taking back what a guided set-up made: the newest first, and nothing that it found or that was changed since."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from trunkline.errors import CarrierRefused, CarrierUnavailable, TrunklineError, WriteOutcomeUnknown
from trunkline.refusals import NotThere
from trunkline.setup import SetUpStep, StepState
from trunkline_telnyx import connections, profiles
from trunkline_telnyx.client import Row, Telnyx
from trunkline_telnyx.numbers import on_connection
from trunkline_telnyx.setup import (
    ATTACHMENT,
    CONNECTION,
    PRIMARY,
    PRIMARY_ID,
    PROFILE,
    PROFILE_ID,
    RECORD,
    TRANSPORT,
    Journal,
    record_values,
    routing_values,
)


def undo(telnyx: Telnyx, steps: Sequence[SetUpStep]) -> Iterator[SetUpStep]:
    """One step for each that was taken, or may have been: DONE where it was taken back, FOUND where it was left."""
    journal = Journal(steps)
    newest_first = dict.fromkeys(step.id for step in reversed(steps))
    for id in newest_first:
        how = journal.undo(id)
        if how is None or how.get("kind") not in _UNDO:
            continue
        state, summary = _UNDO[how["kind"]](telnyx, how)
        yield SetUpStep(id, state, summary)


Ending = tuple[StepState, str]


def _primary(telnyx: Telnyx, how: Mapping[str, Any]) -> Ending:
    """First of all, since a record that is the primary one of its connection may not be deletable."""
    id = str(how["connection"])

    def write(sdk: Any, values: Row) -> None:
        inbound = {name: value for name, value in values.items() if name != TRANSPORT}
        more = {TRANSPORT: values[TRANSPORT]} if TRANSPORT in values else {}
        sdk.fqdn_connections.update(id, **({"inbound": inbound} if inbound else {}), **more)

    # A connection shows each of them; what it did not show cannot be put back.
    before = {name: value for name, value in how["before"].items() if value is not None or name == PRIMARY_ID}
    return _put_back(
        telnyx,
        "primary FQDN",
        before,
        how["after"],
        lambda: routing_values(connections.fetch_fqdn(telnyx, id)),
        write,
    )


def _attachment(telnyx: Telnyx, how: Mapping[str, Any]) -> Ending:
    id = str(how["connection"])
    return _put_back(
        telnyx,
        "outbound voice profile",
        how["before"],
        how["after"],
        lambda: {PROFILE_ID: connections.fetch_fqdn(telnyx, id).profile_id},
        lambda sdk, values: sdk.fqdn_connections.update(id, outbound=dict(values)),
    )


def _record(telnyx: Telnyx, how: Mapping[str, Any]) -> Ending:
    id, before = how.get("id"), how.get("before")
    if isinstance(before, Mapping) and id:
        kind = "srv" if before["srv"] else "a"
        place = {"fqdn": before["fqdn"], "port": before["port"], "dns_record_type": kind}
        return _put_back(
            telnyx,
            "FQDN record",
            {"record": before},
            {"record": how["after"]},
            lambda: {"record": record_values(connections.place_of(telnyx.ask(lambda sdk: sdk.fqdns.retrieve(id))))},
            lambda sdk, _: sdk.fqdns.update(id, connection_id=how["connection"], **place),
        )
    if id is None:
        id = _record_of(telnyx, how)
    if id is None:
        return StepState.FOUND, "No FQDN record had been made."
    return _deleted(
        telnyx,
        "FQDN record",
        lambda sdk: sdk.fqdns.delete(id),
        lambda sdk: sdk.fqdns.retrieve(id),
    )


def _record_of(telnyx: Telnyx, how: Mapping[str, Any]) -> str | None:
    """The record that a step was interrupted over: that of the platform on the connection, which had none."""
    try:
        connection = connections.fetch_fqdn(telnyx, str(how["connection"]))
    except NotThere:
        return None
    found = connections.leading(connections.places(telnyx, connection), telnyx.call.require_platform())
    return found[0].id if found else None


def _connection(telnyx: Telnyx, how: Mapping[str, Any]) -> Ending:
    id = how.get("id") or _id_of(connections.named(telnyx, str(how["name"])))
    if id is None:
        return StepState.FOUND, "No connection had been made."
    if on_connection(telnyx, id):
        # Whether deleting it would be refused or would take them off it is not documented.
        return StepState.FOUND, "The connection was left: numbers are on it."
    return _deleted(
        telnyx,
        "connection",
        lambda sdk: sdk.fqdn_connections.delete(id),
        lambda sdk: sdk.fqdn_connections.retrieve(id),
    )


def _profile(telnyx: Telnyx, how: Mapping[str, Any]) -> Ending:
    id = how.get("id") or _id_of(profiles.named(telnyx, str(how["name"])))
    if id is None:
        return StepState.FOUND, "No outbound voice profile had been made."
    try:
        using = telnyx.ask(lambda sdk: sdk.outbound_voice_profiles.retrieve(id)).get("connections_count")
    except NotThere:
        return StepState.DONE, "The outbound voice profile is gone already."
    if isinstance(using, int) and using > 0:
        return StepState.FOUND, "The outbound voice profile was left: connections use it."
    return _deleted(
        telnyx,
        "outbound voice profile",
        lambda sdk: sdk.outbound_voice_profiles.delete(id),
        lambda sdk: sdk.outbound_voice_profiles.retrieve(id),
    )


_UNDO: dict[str, Callable[[Telnyx, Mapping[str, Any]], Ending]] = {
    PRIMARY: _primary,
    ATTACHMENT: _attachment,
    RECORD: _record,
    CONNECTION: _connection,
    PROFILE: _profile,
}


def _id_of(found: Sequence[Any]) -> str | None:
    return found[0].id if found else None


def _put_back(
    telnyx: Telnyx, what: str, before: Row, after: Row, read: Callable[[], Row], write: Callable[[Any, Row], object]
) -> Ending:
    """Each value as it was before, where it still is what set-up made of it: what somebody changed since is theirs.

    What cannot be put back is left: if its connection was made here too, it goes with that.
    """
    refused = f"The {what} was left as it is: Telnyx did not take back the one before."
    try:
        present = read()
        ours = {name: value for name, value in before.items() if present[name] == after[name] != value}
        if ours:
            present = _written(telnyx, what, ours, read, write)
    except NotThere:
        return StepState.DONE, f"The {what} is gone already."
    except CarrierRefused:
        return StepState.FOUND, refused
    if any(present[name] != value for name, value in ours.items()):
        return StepState.FOUND, refused
    if any(present[name] != value for name, value in before.items()):
        return StepState.FOUND, f"The {what} was left as somebody changed it since."
    return StepState.DONE, f"The {what} is as it was before."


def _written(
    telnyx: Telnyx, what: str, values: Row, read: Callable[[], Row], write: Callable[[Any, Row], object]
) -> Row:
    """What is there after the write: Telnyx may pass over a change in silence, and an answer may be lost."""
    try:
        telnyx.ask(lambda sdk: write(sdk, values))
    except WriteOutcomeUnknown as unknown:
        try:
            present = read()
        except NotThere:
            raise
        except TrunklineError:
            raise unknown from None
        if any(present[name] != value for name, value in values.items()):
            raise CarrierUnavailable(
                f"Telnyx did not confirm the change, and the {what} is not back as it was. Try again.",
                detail=unknown.detail,
                reply=unknown.reply,
            ) from None
        return present
    return read()


def _deleted(telnyx: Telnyx, what: str, delete: Callable[[Any], object], look: Callable[[Any], object]) -> Ending:
    try:
        telnyx.ask(delete)
    except NotThere:
        return StepState.DONE, f"The {what} is gone already."
    except WriteOutcomeUnknown as unknown:
        try:
            telnyx.ask(look)
        except NotThere:
            return StepState.DONE, f"Deleted the {what}."
        except TrunklineError:
            raise unknown from None
        raise CarrierUnavailable(
            f"Telnyx did not confirm the change, and the {what} is still there. Try again.",
            detail=unknown.detail,
            reply=unknown.reply,
        ) from None
    return StepState.DONE, f"Deleted the {what}."
