"""What observers are told."""

from __future__ import annotations

import datetime as dt

import attrs

from trunkline.checks import Exchange


@attrs.frozen
class Event:
    """One hook call that came to an end: who was asked what, how it went, what it sent; nothing secret.

    `code` is `ok` or the error's code. `seconds` is how long it took.
    """

    provider: str
    hook: str
    code: str
    seconds: float
    at: dt.datetime
    exchanges: tuple[Exchange, ...] = ()
    carrier_code: str | None = None
    request_id: str | None = None
