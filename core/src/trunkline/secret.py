"""A value that may be sent to a carrier and shown to nobody."""

from __future__ import annotations

import hmac
from typing import NoReturn, final


@final
class Secret:
    """A string that no repr, format, pickle, asdict or unstructure gives away; only `reveal` opens it.

    `reveal` belongs to the wires, the fingerprint and the seal. A test holds that list.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself."""
        return self._value

    def __repr__(self) -> str:
        return "[secret]"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "[secret]"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        mine, theirs = (each._value.encode("utf-8", "surrogatepass") for each in (self, other))
        return hmac.compare_digest(mine, theirs)

    __hash__ = None  # type: ignore[assignment]

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Secret is not serialised")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a Secret is not serialised")
