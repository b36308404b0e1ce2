"""The numbers of a trunk: those that the customer entered, which no carrier's list backs."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline import e164
from trunkline.errors import NumberNotFound
from trunkline.numbers import CarrierNumber, NumberRef
from trunkline_manual.trunk import Trunk


def list_numbers(trunk: Trunk) -> Iterator[CarrierNumber]:
    """Every number that was entered, in the order of the list."""
    return map(_entered, trunk.numbers)


def find(trunk: Trunk, number: NumberRef) -> CarrierNumber:
    """One number; `NumberNotFound` if the customer took it off the list."""
    if number.number not in trunk.numbers:
        raise NumberNotFound(f"{number.number} is not among the numbers of this trunk any more.")
    return _entered(number.number)


def _entered(number: str) -> CarrierNumber:
    """What a number says of itself; a SIP trunk carries voice."""
    return CarrierNumber(
        number=number,
        handle=number,
        friendly_name=None,
        type=e164.number_type(number),
        capabilities=frozenset({"voice"}),
        region=e164.region(number),
    )
