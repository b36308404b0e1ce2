"""The simulated trunk as the server knows it: hosts by which trunks are told apart, and what each answers."""

from collections.abc import Callable, Collection, Mapping, Sequence
from threading import RLock
from typing import Any

from trunkline_sandbox.behind_the_api import put
from trunkline_sandbox.carrier import AccountEntry, Request, Response, UnknownThing

from . import digest
from .accounts import PLATFORM, World, build_world
from .model import SETTABLE, Trunk

ALLOW = ("Allow", "OPTIONS, REGISTER")


class SimulatedTrunk:
    """SIP trunks on one port, told apart by the host in the Request-URI, and a platform's host beside them.

    A request comes with its Request-URI as the path, and its Authorization and Contact among the headers.
    """

    name = "manual"
    concurrency = 1000

    def __init__(self, seed: str = "trunkline") -> None:
        self.lock = RLock()
        self._seed = seed
        self._extra: list[Callable[[World], Trunk]] = []
        self._build()

    def _build(self) -> None:
        self.nonces = digest.Nonces()
        self.world = build_world(self._seed)
        for build in self._extra:
            build(self.world)

    # For tests, in process

    @property
    def accounts(self) -> dict[str, Trunk]:
        """The trunks, by label."""
        return self.world.trunks

    def add_account(self, label: str, expect: str = "healthy", **details: Any) -> Trunk:
        """One more trunk; it survives a reset."""

        def build(world: World) -> Trunk:
            return world.open(label, expect, **details)

        with self.lock:
            self._extra.append(build)
            return build(self.world)

    # The carrier, as the server knows it

    @property
    def hosts(self) -> Collection[str]:
        """The SIP hosts that are answered for."""
        return frozenset((*self.world.by_host, PLATFORM))

    def account_of(self, request: Request) -> str | None:
        """The label of the trunk that is asked."""
        trunk = self.world.by_host.get(request.host)
        return trunk.label if trunk else None

    def handle(self, request: Request) -> Response:
        """Process one request; status 0 where the trunk says nothing."""
        if request.host == PLATFORM:
            return Response(200, headers=(ALLOW,)) if request.method == "OPTIONS" else _not_allowed()
        trunk = self.world.by_host.get(request.host)
        return _refused(404) if trunk is None else self._answer(trunk, request)

    def _answer(self, trunk: Trunk, request: Request) -> Response:
        if trunk.silent:
            return Response(0)
        if trunk.answers is not None:
            return _refused(trunk.answers, trunk.retry_after)
        if request.method not in ("OPTIONS", "REGISTER") or (request.method == "REGISTER" and not trunk.registers):
            return _not_allowed()
        if request.method in trunk.challenged and (refusal := self._login(trunk, request)):
            return refusal
        return self._register(trunk, request) if request.method == "REGISTER" else Response(200, headers=(ALLOW,))

    def _login(self, trunk: Trunk, request: Request) -> Response | None:
        """What stands in the way of the login; None where it is good."""
        said = digest.parameters(request.authorization)
        if not said or not self.nonces.knows(said.get("nonce", "")):
            return self._challenge(trunk, stale=False)
        realm = trunk.realm or trunk.host
        right = digest.expected(said, request.method, trunk.username, realm, trunk.password)
        if right is None or said.get("response") != right or said.get("username") != trunk.username:
            return _refused(403) if trunk.forbids else self._challenge(trunk, stale=False)
        return None if self.nonces.is_good(said["nonce"]) else self._challenge(trunk, stale=True)

    def _challenge(self, trunk: Trunk, *, stale: bool) -> Response:
        nonce = self.nonces.new(stale=trunk.stale and not stale)
        name = "Proxy-Authenticate" if trunk.by_proxy else "WWW-Authenticate"
        realm = trunk.realm or trunk.host
        offered = ((name, digest.challenge(realm, each, nonce, stale=stale)) for each in trunk.algorithms)
        return Response(407 if trunk.by_proxy else 401, headers=tuple(offered))

    @staticmethod
    def _register(trunk: Trunk, request: Request) -> Response:
        contact = request.headers.get("contact")
        if contact and contact not in trunk.bindings:
            trunk.bindings.append(contact)
        return Response(200, headers=tuple(("Contact", each) for each in trunk.bindings))

    def refuse_as_too_many(self, request: Request) -> Response:
        """503: never processed."""
        return _refused(503, 1)

    def with_repeated_page(self, request: Request, payload: Any) -> Any:
        """A trunk has no pages."""
        return payload

    def listing(self) -> Sequence[AccountEntry]:
        """Every way into a trunk."""
        return tuple(self.world.entries)

    def state(self) -> dict[str, Any]:
        """How each trunk stands, by label."""
        return {label: trunk.described() for label, trunk in self.world.trunks.items()}

    def change(self, account: str, collection: str, name: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Change how a trunk answers; the collection is `trunk`, by any name."""
        trunk = self.world.trunks.get(account)
        if trunk is None or collection != "trunk":
            raise UnknownThing(f"no {collection} of a trunk {account}")
        with self.lock:
            put(trunk, fields, SETTABLE)
            return trunk.described()

    def remove(self, account: str, collection: str, name: str) -> None:
        """A trunk has nothing to take away but its bindings, which `change` sets."""
        raise UnknownThing(f"a trunk has no {collection} {name}")

    def reset(self) -> None:
        """Back to the trunks as they were built."""
        with self.lock:
            self._build()


def _refused(status: int, retry_after: int | None = None) -> Response:
    return Response(status, headers=(("Retry-After", str(retry_after)),) if retry_after is not None else ())


def _not_allowed() -> Response:
    return Response(405, headers=(ALLOW,))
