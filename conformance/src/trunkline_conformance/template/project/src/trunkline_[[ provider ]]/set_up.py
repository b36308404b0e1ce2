"""Guided set-up: a trunk that calls come in on, and a login that calls go out with.

A carrier without it needs neither this module nor its two hooks, its set-up method and its capability.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from trunkline.errors import CarrierRefused
from trunkline.refusals import NotThere
from trunkline.secret import Secret
from trunkline.setup import SetUpStep, StepState

from . import trunks
from .client import Client, Row, id_of, text
from .refusals import TRUNK_IN_USE, unexpected

LOGINS = "/logins"
TRUNK, LOGIN = "trunk", "login"


def set_up(client: Client, done: Sequence[SetUpStep]) -> Iterator[SetUpStep]:
    """Make what is missing, each step announced before it is taken. `done` is what an interrupted run had recorded."""
    yield from _trunk(client, [step for step in done if step.id == TRUNK])
    yield from _login(client, [step for step in done if step.id == LOGIN])


def _trunk(client: Client, recorded: Sequence[SetUpStep]) -> Iterator[SetUpStep]:
    """Our trunk. One that an interrupted run may have made is ours to undo; one that was there before is not."""
    found = trunks.find(client)
    undo = next((step.undo for step in recorded if step.undo), None)
    if found:
        yield SetUpStep(TRUNK, StepState.INTENDED, "Look for the trunk.", undo=undo)
        state = StepState.DONE if undo else StepState.FOUND
        yield SetUpStep(TRUNK, state, "The trunk is there.", {"trunk_id": id_of(found)}, undo)
        return
    undo = {"name": client.call.marker}
    yield SetUpStep(TRUNK, StepState.INTENDED, "Make a trunk that leads to this platform.", undo=undo)
    made = trunks.make(client)
    yield SetUpStep(TRUNK, StepState.DONE, "Made the trunk.", {"trunk_id": id_of(made)}, undo)


def _login(client: Client, recorded: Sequence[SetUpStep]) -> Iterator[SetUpStep]:
    """A login of its own name for each set-up. Its password is told once: one whose password was lost is replaced."""
    undo = next((step.undo for step in recorded if step.undo), None)
    here = _logins_named(client, str(undo["name"])) if undo else []
    last = recorded[-1] if recorded else None
    if here and last and last.state is StepState.DONE:
        yield last
        return
    undo = undo or {"name": f"{client.call.marker} {client.call.now():%Y-%m-%dT%H:%M:%S.%f}"}
    yield SetUpStep(LOGIN, StepState.INTENDED, "Make a login for outbound calls.", undo=undo)
    for row in here:
        client.delete(f"{LOGINS}/{id_of(row)}")
    row = client.post(LOGINS, {"name": undo["name"]})
    username, password = text(row, "username"), text(row, "password")
    if not username or not password:
        raise unexpected("a login without user or password")
    made = {"sip_username": username, "sip_password": Secret(password)}
    yield SetUpStep(LOGIN, StepState.DONE, "Made the login.", made, undo)


def undo(client: Client, steps: Sequence[SetUpStep]) -> Iterator[SetUpStep]:
    """Take back what was made, the newest first; what was found there before is left."""
    undoable = {step.id: str(step.undo["name"]) for step in steps if step.undo}
    for id, name in reversed(undoable.items()):
        yield SetUpStep(id, StepState.INTENDED, f"Take the {id} away.")
        state, summary = _UNDO[id](client, name)
        yield SetUpStep(id, state, summary)


def _undo_trunk(client: Client, name: str) -> tuple[StepState, str]:
    found = trunks.named(client)
    if found is None:
        return StepState.FOUND, "The trunk is gone already."
    try:
        client.delete(f"{trunks.PATH}/{id_of(found)}")
    except NotThere:
        return StepState.FOUND, "The trunk is gone already."
    except CarrierRefused as refused:
        if refused.reply.code != TRUNK_IN_USE:
            raise
        return StepState.FOUND, "The trunk was left: numbers are on it."
    return StepState.DONE, "Deleted the trunk."


def _undo_login(client: Client, name: str) -> tuple[StepState, str]:
    found = _logins_named(client, name)
    for row in found:
        client.delete(f"{LOGINS}/{id_of(row)}")
    return (StepState.DONE, "Deleted the login.") if found else (StepState.FOUND, "The login is gone already.")


_UNDO = {TRUNK: _undo_trunk, LOGIN: _undo_login}


def _logins_named(client: Client, name: str) -> list[Row]:
    return [row for page in client.pages(LOGINS, "logins") for row in page if text(row, "name") == name]
