"""A SIP trunk as its carrier holds it: whom it knows, what it asks of them, how it answers."""

from collections.abc import Iterable
from typing import Any

import attrs


def _as_tuple(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(names)


@attrs.define
class Trunk:
    """One trunk, reached by a host of its own."""

    label: str
    host: str
    username: str = ""
    password: str = ""
    algorithms: tuple[str, ...] = attrs.field(default=("SHA-256", "MD5"), converter=_as_tuple)
    """What a challenge offers, preferred first."""
    challenged: tuple[str, ...] = attrs.field(default=(), converter=_as_tuple)
    """The methods that a login is asked for; others are answered to anybody."""
    by_proxy: bool = False
    """Challenges are 407, as a proxy's."""
    realm: str = ""
    """The realm of challenges; the host where it is empty."""
    stale: bool = False
    """The first nonce given out is stale when it comes back."""
    forbids: bool = False
    """A login that is not accepted is answered with 403 instead of another challenge, as Kamailio's examples do."""
    registers: bool = True
    """REGISTER is served; else it is 405."""
    answers: int | None = None
    """The status that everything is answered with, before anything is looked at."""
    retry_after: int | None = None
    silent: bool = False
    """Nothing is ever answered."""
    bindings: list[str] = attrs.Factory(list)
    """Where the user is registered: changed by a REGISTER that has a Contact, and by nothing else."""

    @property
    def login(self) -> dict[str, str]:
        """What its customer was given; empty where nothing was."""
        return {"username": self.username, "password": self.password} if self.username else {}

    def described(self) -> dict[str, Any]:
        """The trunk as control shows it."""
        return attrs.asdict(self)


SETTABLE = frozenset(field.name for field in attrs.fields(Trunk)) - {"label", "host"}
"""What control may change."""
