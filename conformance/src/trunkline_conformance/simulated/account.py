"""An account of a kind on a simulated carrier: what it is given, what is true of it, and what may happen to it."""

from __future__ import annotations

import abc
import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, Generic, TypeVar

from trunkline_conformance.cassettes import Facts, GivenAccount, NumberFact, RoutingFact
from trunkline_sandbox import Carrier, Fault, Sandbox, running
from trunkline_sandbox.number_plan import CA_AREAS, US_AREAS

CarrierT = TypeVar("CarrierT", bound=Carrier)

LABEL = "recorded"
NAME = "Acme Voice Ltd"
STRANGER = "+12025550199"
"""A number that is on no account."""

CALLS = "https://menu:s3same-0pen@calls.acme.example/voice?key=91ac77"
"""Where the customer's calls went before: an address that holds a password."""

GIVEN: tuple[tuple[str, str, int], ...] = (
    ("US", "local", 6),
    ("CA", "local", 2),
    ("US", "toll-free", 1),
    ("GB", "local", 2),
    ("DE", "mobile", 1),
)
"""Country, kind and count of the numbers that an account has, unless it is an empty one."""

TEXTS_ONLY = 3
"""Which of them takes no calls."""

ROUTED = 1
"""Which of them is routed somewhere."""

Endings = Mapping[str, Mapping[str, tuple[str, ...]]]

EVERYWHERE: Endings = {
    # Whether a write that was answered with 503 took effect is not known.
    "trouble/down": dict.fromkeys(
        ("import_number", "release_number", "prepare_route 2"), ("carrier_unavailable", "unverified_write")
    ),
    # That it is routed as before is known, and why is not.
    "import/ignored": {"import_number": ("carrier_unavailable", "carrier_answer_unexpected", "unverified_write")},
}
"""Endings that depend on no carrier."""

Happen = Callable[[str], None]


class SimulatedAccount(abc.ABC, Generic[CarrierT]):
    """One account, on a carrier of its own that was just built and whose clock stands.

    Kinds: `small` and `healthy` have the twelve numbers of `GIVEN`, `many` the same on pages of `page_size`, `empty`
    none, `guided` the twelve and nothing that a guided set-up makes.
    """

    list_path: ClassVar[str]
    """Where numbers are listed, as an expression."""
    list_key: ClassVar[str]
    page_size_parameter: ClassVar[str]
    ends_otherwise: ClassVar[Endings] = {}
    """By scenario, or part of the name of several, and by step, where a right plugin ends otherwise at this carrier."""
    accepts_with: ClassVar[Mapping[str, Any] | None] = None
    """What a write is answered with that was taken; None where the answer is the thing itself."""
    derived: ClassVar[tuple[str, ...]] = ()
    """Fields of a number that the carrier fills in by itself."""
    without: ClassVar[Mapping[str, str]] = {}
    """Scenarios that this carrier has no conversation for, each with the reason."""

    def __init__(self, kind: str, now: dt.datetime) -> None:
        self.kind = kind
        self.carrier = self.build(now.timestamp())
        self.open([] if kind == "empty" else list(GIVEN))
        self.sandbox = Sandbox(self.carrier)
        self._happenings: dict[str, Happen] = {
            "number is removed": lambda number: self.carrier.remove(LABEL, "numbers", number),
            "number is routed elsewhere": self.route_elsewhere,
            "credentials are revoked": lambda _: self.revoke(),
            "permissions are taken away": lambda _: self.forbid(),
            "account is suspended": lambda _: self.suspend(),
            "too many requests": lambda _: setattr(self.sandbox, "concurrency", 0),
            "the carrier goes down": lambda _: self.go_down(),
            "the second page fails": lambda _: self.fault("status", status=503, path=self.list_path, after=1),
        }

    @property
    def page_size(self) -> int | None:
        """How long a page of the list is at most; None where it is as long as was asked for."""
        return 5 if self.kind == "many" else None

    @contextmanager
    def served(self) -> Iterator[Mapping[str, str]]:
        """Serve the carrier on loopback; gives the carrier's origins with the address of each."""
        with running(self.carrier) as sandbox:
            self.sandbox = sandbox
            yield {f"https://{host}": sandbox.address for host in self.carrier.hosts}

    def happen(self, event: str, number: str | None = None) -> None:
        """Let something happen at the carrier; `KeyError` for what only happens on the wire."""
        with self.carrier.lock:
            self._happenings[event](number or "")

    def given(self) -> GivenAccount:
        """What the customer gives: the real credentials."""
        entry = next(each for each in self.carrier.listing() if each.label == LABEL)
        method = "guided_telnyx" if self.kind == "guided" else "api_key"
        return GivenAccount(entry.credentials, method, entry.sip_config)

    def facts(self) -> Facts:
        """What is true at the carrier now."""
        numbers = self.numbers()
        written = [each.number for each in numbers]
        cast = {"stranger": STRANGER}
        if written:
            cast |= {"first": written[0], "routed": written[ROUTED], "second": written[2], "third": written[4]}
        return Facts(
            numbers=tuple(numbers),
            cast=cast,
            routing={written[ROUTED]: self.routing()} if written else {},
            identity=self.identity(),
            account_name=self.account_name(),
            derived=self.derived,
        )

    def held(self) -> Mapping[str, Any]:
        """What the carrier holds of each number now, but for what it fills in by itself."""
        with self.carrier.lock:
            accounts = self.carrier.state().values()
        mine = next(each for each in accounts if each.get("label", LABEL) == LABEL)
        return {
            number: {name: value for name, value in fields.items() if name not in self.derived}
            for number, fields in mine["numbers"].items()
        }

    def endings(self, scenario: str) -> dict[str, tuple[str, ...]]:
        """How steps of a scenario may end at this carrier, where not as elsewhere."""
        found: dict[str, tuple[str, ...]] = {}
        for part, steps in (*EVERYWHERE.items(), *self.ends_otherwise.items()):
            found |= steps if scenario.startswith(part) else {}
        return found

    def fault(self, kind: Any, **more: Any) -> None:
        """Put a fault in force, for good."""
        self.sandbox.faults.add(Fault(kind, **{"times": None, **more}))

    def go_down(self) -> None:
        """Let every request be answered with 503."""
        self.fault("status", status=503)

    def identity(self) -> str | None:
        """The account's own id, where the carrier tells it."""
        return None

    def account_name(self) -> str | None:
        """The account's own name, where the carrier tells it."""
        return None

    @abc.abstractmethod
    def build(self, now: float) -> CarrierT:
        """A carrier whose clock stands at this time."""

    @abc.abstractmethod
    def open(self, numbers: list[tuple[str, str, int]]) -> None:
        """Open the account with these numbers: country, kind, count."""

    @abc.abstractmethod
    def numbers(self) -> list[NumberFact]:
        """The account's numbers as they stand, those first that the cast is taken from."""

    @abc.abstractmethod
    def routing(self) -> RoutingFact:
        """Where the calls of the routed number go, with the whole address in place of the host."""

    @abc.abstractmethod
    def route_elsewhere(self, number: str) -> None:
        """Let the customer send the number's calls somewhere else."""

    @abc.abstractmethod
    def revoke(self) -> None:
        """Let the credentials be valid no more."""

    @abc.abstractmethod
    def forbid(self) -> None:
        """Let the credentials be valid, and allow nothing."""

    @abc.abstractmethod
    def suspend(self) -> None:
        """Let the carrier suspend the account."""


def region_of(number: str, country: str, kind: str) -> str:
    """State or province of a North American number by its area code, else the country."""
    area = number[2:5]
    if kind == "toll-free":
        return country
    if country == "US":
        return f"US-{US_AREAS[area]}"
    return f"CA-{CA_AREAS[area]}" if country == "CA" else country
