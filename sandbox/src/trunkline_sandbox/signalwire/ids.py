"""Identifiers: the same seed gives the same UUIDs."""

import uuid


class Ids:
    """Makes UUIDs, by name or one after another."""

    def __init__(self, seed: str) -> None:
        self._space = uuid.uuid5(uuid.NAMESPACE_URL, f"trunkline-sandbox/signalwire/{seed}")
        self._made = 0

    def fresh(self) -> str:
        """A UUID that nothing else has."""
        self._made += 1
        return self.named(f"#{self._made}")

    def named(self, name: str) -> str:
        """The UUID that belongs to a name, whenever it is asked for."""
        return str(uuid.uuid5(self._space, name))

    def token(self, name: str) -> str:
        """The API token that belongs to a name."""
        return "PT" + self.named(f"token/{name}").replace("-", "") + self.named(f"token 2/{name}").replace("-", "")[:16]
