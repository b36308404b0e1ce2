"""Reading lists page after page, while they change, without remembering more than a page of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class Repeats(Generic[T]):
    """Drops the rows that the last page with any rows had too.

    What is made or taken away while pages are read moves other rows from one page to the next. One page is remembered:
    what is kept does not grow with the list.
    """

    def __init__(self, key: Callable[[T], Hashable]) -> None:
        self._key = key
        self._before: set[Hashable] = set()

    def dropped_from(self, rows: Iterable[T]) -> list[T]:
        """The rows of the next page that are new, each once."""
        now: set[Hashable] = set()
        fresh = []
        for row in rows:
            key = self._key(row)
            if key not in self._before and key not in now:
                fresh.append(row)
            now.add(key)
        self._before = now or self._before
        return fresh


class Circle:
    """Notices links that lead round in a circle.

    One link is remembered at a time, a later one each time that twice as many were followed: in a circle it comes up
    again (R. P. Brent, An improved Monte Carlo factorization algorithm, 1980).
    """

    def __init__(self) -> None:
        self._remembered: str | None = None
        self._followed, self._until = 0, 1

    def is_closed_by(self, link: str) -> bool:
        """Whether this link, which is about to be followed, was followed before."""
        if link == self._remembered:
            return True
        self._followed += 1
        if self._followed == self._until:
            self._remembered, self._until = link, self._until * 2
        return False


def until_found(pages: Iterable[Sequence[T]], wanted: Iterable[str], name: Callable[[T], object]) -> Iterator[T]:
    """The rows of these names, each once, as pages come; no page is read once all were found."""
    missing = set(wanted)
    for rows in pages:
        for row in rows:
            found = name(row)
            if isinstance(found, str) and found in missing:
                missing.discard(found)
                yield row
        if not missing:
            return
