"""The trunks that exist from the start: one for every way a trunk can answer."""

import hashlib
from typing import Any

from trunkline_sandbox.carrier import AccountEntry
from trunkline_sandbox.number_plan import NumberPlan

from .model import Trunk

PLATFORM = "sip.platform.example"
"""A host that is no trunk: a voice platform's own, which answers OPTIONS to anybody."""

_BOTH = ("OPTIONS", "REGISTER")


class World:
    """The trunks by label, and the ways into them that control lists."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._plan = NumberPlan()
        self.trunks: dict[str, Trunk] = {}
        self.by_host: dict[str, Trunk] = {}
        self.entries: list[AccountEntry] = []

    def open(self, label: str, expect: str, *, numbers: int = 6, login: bool = True, **details: Any) -> Trunk:
        """A trunk of its own host, with a login unless told otherwise; listed by control."""
        name = label.replace("_", "-")
        user, password = (f"acme-{name}", self._secret(label)) if login else ("", "")
        trunk = Trunk(label, f"{name}.trunk.example", user, password, **details)
        self.trunks[label] = self.by_host[trunk.host] = trunk
        self.list_entry(label, expect, trunk, trunk.login, numbers=numbers)
        return trunk

    def list_entry(
        self, label: str, expect: str, trunk: Trunk, credentials: dict[str, str], *, numbers: int = 2, **config: Any
    ) -> None:
        """Have control list a way into a trunk, with numbers that its customer would enter."""
        entered = [self._plan.take("US", "local") for _ in range(numbers)]
        sip_config = {"domain": trunk.host, **config, "numbers": entered}
        self.entries.append(AccountEntry(label, "manual", credentials, expect, "manual", sip_config))

    def _secret(self, label: str) -> str:
        return hashlib.sha256(f"{self._seed}/{label}".encode()).hexdigest()[:24]


def build_world(seed: str) -> World:
    """All of them, the same ones for the same seed."""
    world = World(seed)
    healthy = world.open("healthy", "healthy", challenged=_BOTH)
    known = healthy.login
    world.open("md5", "healthy", challenged=("REGISTER",), algorithms=("MD5",))
    world.open("behind_proxy", "healthy", challenged=_BOTH, by_proxy=True, stale=True)
    world.list_entry("registration", "healthy", healthy, known, authentication="registration")
    world.list_entry("over_tcp", "healthy", healthy, known, transport="tcp")
    world.list_entry("bad_credentials", "bad_credentials", healthy, {**known, "password": "never-valid-0b1c2d"})
    world.list_entry("other_realm", "other_realm", healthy, known, realm="elsewhere.example")
    world.list_entry("no_login", "credentials_missing", healthy, {})
    forbids = world.open("forbids", "healthy", challenged=_BOTH, forbids=True)
    wrong = {"username": forbids.username, "password": "never-valid-3e4f5a"}
    world.list_entry("forbidden", "bad_credentials", forbids, wrong)
    world.open("open", "open", login=False)
    world.open("no_registration", "not_challenged", registers=False)
    world.open("address_refused", "address_refused", login=False, answers=403)
    world.open("not_served", "not_served", answers=404)
    world.open("overloaded", "overloaded", answers=503, retry_after=30)
    world.open("silent", "silent", login=False, silent=True)
    return world
