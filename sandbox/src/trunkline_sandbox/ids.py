"""Identifiers and secrets: the same seed gives the same ones, whenever they are made."""

import hashlib


class Ids:
    """Makes identifiers one after another, each kind counted apart so that one more of a kind moves no other."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._made: dict[str, int] = {}

    def sid(self, prefix: str) -> str:
        """A fresh identifier: two letters and 32 hex digits."""
        count = self._made[prefix] = self._made.get(prefix, 0) + 1
        return self.named(prefix, f"#{count}")

    def named(self, prefix: str, name: str) -> str:
        """The identifier that belongs to a name, whenever it is asked for."""
        return prefix + hashlib.md5(f"{self._seed}/{prefix}/{name}".encode(), usedforsecurity=False).hexdigest()

    def named_secret(self, name: str) -> str:
        """The secret that belongs to a name."""
        return self.named("", name)
