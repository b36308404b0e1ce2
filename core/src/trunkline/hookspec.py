"""The hooks that a provider implements: the whole of what a carrier plugin is.

A plugin is a module or an object, published as an entry point in the group `trunkline.providers`. Every hook is
called by keyword, in a thread of its own, with a deadline. A hook reaches the carrier through `call.http` and
`call.sip` and by no other road, raises the errors of `trunkline.errors`, and never sees the value of a secret.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pluggy

from trunkline.account import CarrierAccount
from trunkline.call import Call
from trunkline.checks import CredentialTest, Verification
from trunkline.descriptor import ProviderDescriptor
from trunkline.events import Event
from trunkline.numbers import CarrierNumber, NumberRef, Release, Route, RoutingSnapshot, SuggestedName
from trunkline.plan import ImportPlan
from trunkline.setup import SetUpStep

PROJECT = "trunkline"
PROVIDERS = "trunkline.providers"
OBSERVERS = "trunkline.observers"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a function of a plugin as its answer to the hook of the same name."""


class ProviderSpec:
    """The hooks of one carrier. Only those marked `writes` may send anything but reads."""

    @hookspec(firstresult=True)
    def describe_provider(self) -> ProviderDescriptor:
        """Say what this provider is, as data. Reaches nothing, imports no SDK."""

    @hookspec(firstresult=True)
    def check_fields(self, account: CarrierAccount) -> Mapping[str, Sequence[str]]:
        """Say what is wrong with fields that are each right but do not fit together, by name. Optional.

        A name is `credentials.password` or `sip_config.numbers`; each sentence says what to do. Reaches nothing.
        """

    @hookspec(firstresult=True)
    def test_credentials(self, account: CarrierAccount, call: Call) -> CredentialTest:
        """Find out whether the credentials are good, numbers can be routed here, and calls can go out.

        Each check carries its proof. A verdict is a result, never an exception; an error says that no verdict
        could be reached. Never writes.
        """

    @hookspec(firstresult=True)
    def suggest_name(self, account: CarrierAccount, call: Call) -> SuggestedName:
        """Find the account's own name and one of its numbers. Shows no e-mail address. Never writes."""

    @hookspec(firstresult=True)
    def list_numbers(self, account: CarrierAccount, call: Call) -> Iterator[CarrierNumber]:
        """Give every number of the account, page after page as they come. Never writes."""

    @hookspec(firstresult=True)
    def set_up_account(
        self, account: CarrierAccount, setup_method: str, done: Sequence[SetUpStep], call: Call
    ) -> Iterator[SetUpStep]:
        """Make at the carrier what a guided set-up needs; announce each step before taking it. Writes.

        `done` is what an interrupted run had recorded. The next step is taken only after the one before has been
        recorded by the caller.
        """

    @hookspec(firstresult=True)
    def undo_set_up(self, account: CarrierAccount, steps: Sequence[SetUpStep], call: Call) -> Iterator[SetUpStep]:
        """Take back what `set_up_account` made, newest first, and nothing else. Writes."""

    @hookspec(firstresult=True)
    def read_routing(self, account: CarrierAccount, numbers: Sequence[str], call: Call) -> Iterator[RoutingSnapshot]:
        """Read all that an import of these E.164 numbers will overwrite. A number that is not there is left out.

        Never writes.
        """

    @hookspec(firstresult=True)
    def plan_import(self, account: CarrierAccount, snapshots: Sequence[RoutingSnapshot], call: Call) -> ImportPlan:
        """Tell what an import of these numbers would make, change and cost. Never writes."""

    @hookspec(firstresult=True)
    def prepare_route(self, account: CarrierAccount, call: Call) -> Route:
        """Find, or make, the carrier-side object that numbers are pointed at. Safe to repeat. Writes."""

    @hookspec(firstresult=True)
    def import_number(
        self, account: CarrierAccount, number: NumberRef, route: Route, snapshot: RoutingSnapshot, call: Call
    ) -> RoutingSnapshot:
        """Point one number at the route and give its routing as read back. One write.

        Where the answer to the write was lost, read back; `WriteOutcomeUnknown` if that does not settle it. Writes.
        """

    @hookspec(firstresult=True)
    def verify_number(self, account: CarrierAccount, number: NumberRef, route: Route, call: Call) -> Verification:
        """Check that the number is still routed to the platform, and may dial out. Never writes."""

    @hookspec(firstresult=True)
    def release_number(
        self, account: CarrierAccount, number: NumberRef, route: Route, snapshot: RoutingSnapshot, call: Call
    ) -> Release:
        """Put the snapshot's routing back if the present routing is still ours. Never gives the number up. Writes."""

    @hookspec(firstresult=True)
    def redact_sip_config(self, sip_config: Mapping[str, Any]) -> Mapping[str, Any]:
        """Give the part of a SIP config that may be shown. Idempotent; unknown keys are hidden."""

    @hookspec(firstresult=True)
    def warm_up(self) -> None:
        """Import what the first call will need. Optional; runs in the background after start."""


class ObserverSpec:
    """The hook of those who watch: audit, metrics, tracing. Entry point group `trunkline.observers`."""

    @hookspec
    def observe(self, event: Event) -> None:
        """Take note of one redacted fact. Cannot change an outcome; its failures are contained."""


READS = frozenset({"test_credentials", "suggest_name", "list_numbers", "read_routing", "plan_import", "verify_number"})
"""Hooks whose wire refuses to write."""

WRITES = frozenset({"set_up_account", "undo_set_up", "prepare_route", "import_number", "release_number"})
"""Hooks whose wire may write."""

NEEDED_FOR = {
    "list_numbers": ("list_numbers",),
    "import_numbers": ("read_routing", "plan_import", "prepare_route", "import_number"),
    "verify_numbers": ("verify_number",),
    "release_numbers": ("release_number",),
    "guided_setup": ("set_up_account", "undo_set_up"),
}
"""The hooks that a declared capability calls for."""

ALWAYS_NEEDED = ("describe_provider", "test_credentials", "suggest_name", "redact_sip_config")
