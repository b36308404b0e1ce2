"""The numbers of a carrier account that can be imported, page after page as the carrier gives them."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from itertools import chain, islice

from trunkline.errors import TrunklineError
from trunkline.numbers import CarrierNumber
from trunkline_service.connections import note_health
from trunkline_service.desk import open_desk, says_no_more
from trunkline_service.service import Service
from trunkline_service.storage import numbers
from trunkline_service.storage.events import Reason
from trunkline_service.storage.organizations import Caller
from trunkline_service.views import available_number_view, encode

_BATCH = 250


def available_numbers(service: Service, caller: Caller, connection: int) -> Generator[bytes]:
    """The pieces of a JSON array. The first batch is read here, so that its failure can be answered properly."""
    desk = open_desk(service, caller, connection)
    batches = _batches(desk.engine.list_numbers(desk.account))
    try:
        first = next(batches)
    except TrunklineError as error:
        if says_no_more(error):
            note_health(service, desk.connection, Reason.of(error))
        raise
    if desk.claimant.backed:  # Else no carrier was asked.
        note_health(service, desk.connection, None)
    return _pieces(service, caller, first, batches)


def _batches(listed: Generator[CarrierNumber]) -> Generator[list[CarrierNumber]]:
    """At least one batch, which is empty where the account has no numbers."""
    with closing(listed):
        yield list(islice(listed, _BATCH))
        while batch := list(islice(listed, _BATCH)):
            yield batch


def _pieces(
    service: Service, caller: Caller, first: list[CarrierNumber], batches: Generator[list[CarrierNumber]]
) -> Generator[bytes]:
    opening = b"["
    with closing(batches):
        for batch in chain([first], batches):
            free = _not_held(service, caller, batch)
            if free:
                yield opening + encode([available_number_view(number) for number in free])[1:-1]
                opening = b","
    yield b"[]" if opening == b"[" else b"]"


def _not_held(service: Service, caller: Caller, batch: list[CarrierNumber]) -> list[CarrierNumber]:
    with service.database.reading() as db:
        held = numbers.held_among(db, caller.mode, caller.organization, [number.number for number in batch])
    return [number for number in batch if number.number not in held]
