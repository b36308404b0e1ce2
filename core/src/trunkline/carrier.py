"""A carrier by name, for the sentences that are the same with every carrier."""

from __future__ import annotations

import attrs


@attrs.frozen
class Carrier:
    """What a carrier is called, and what its customers know its own pages as: `Acme`, `the Acme Console`."""

    name: str
    pages: str
