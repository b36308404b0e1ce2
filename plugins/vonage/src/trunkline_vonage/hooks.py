"""The hooks of `trunkline.hookspec`, each handed on to the module that knows its subject.

Those modules, and with them the SDK, are imported when the first call needs them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from trunkline.account import CarrierAccount
from trunkline.call import Call
from trunkline.checks import CredentialTest, Verification
from trunkline.descriptor import ProviderDescriptor
from trunkline.hookspec import hookimpl
from trunkline.numbers import CarrierNumber, NumberRef, Release, Route, RoutingSnapshot, SuggestedName
from trunkline.plan import ImportPlan
from trunkline.redaction import by_allow_list
from trunkline_vonage.descriptor import SIP_FIELDS, describe


class VonagePlugin:
    """Vonage: each number is given a SIP address of its own at the platform."""

    @hookimpl
    def describe_provider(self) -> ProviderDescriptor:
        """Vonage as data."""
        return describe()

    @hookimpl
    def test_credentials(self, account: CarrierAccount, call: Call) -> CredentialTest:
        """Three requests: balance, a page of numbers, the account's standing; one more with an application."""
        from trunkline_vonage import checks
        from trunkline_vonage.client import Vonage

        return checks.test(Vonage(account, call))

    @hookimpl
    def suggest_name(self, account: CarrierAccount, call: Call) -> SuggestedName:
        """Two requests where the account has a name, else three: numbers, standing, applications."""
        from trunkline_vonage import names
        from trunkline_vonage.client import Vonage

        return names.suggest(Vonage(account, call))

    @hookimpl
    def list_numbers(self, account: CarrierAccount, call: Call) -> Iterator[CarrierNumber]:
        """One request per hundred numbers."""
        from trunkline_vonage import numbers
        from trunkline_vonage.client import Vonage

        return numbers.list_numbers(Vonage(account, call))

    @hookimpl
    def read_routing(self, account: CarrierAccount, numbers: Sequence[str], call: Call) -> Iterator[RoutingSnapshot]:
        """One request per number, or one per hundred numbers of the account, whichever are fewer."""
        from trunkline_vonage import routing
        from trunkline_vonage.client import Vonage

        return routing.read(Vonage(account, call), numbers)

    @hookimpl
    def plan_import(self, account: CarrierAccount, snapshots: Sequence[RoutingSnapshot], call: Call) -> ImportPlan:
        """One request: the balance."""
        from trunkline_vonage import plans
        from trunkline_vonage.client import Vonage

        return plans.plan(Vonage(account, call), snapshots)

    @hookimpl
    def prepare_route(self, account: CarrierAccount, call: Call) -> Route:
        """No request: there is nothing to make."""
        from trunkline_vonage import target
        from trunkline_vonage.client import Vonage

        return target.prepare(Vonage(account, call))

    @hookimpl
    def import_number(
        self, account: CarrierAccount, number: NumberRef, route: Route, snapshot: RoutingSnapshot, call: Call
    ) -> RoutingSnapshot:
        """Three requests: read, write, read back; one where the number is ours already."""
        from trunkline_vonage import routing
        from trunkline_vonage.client import Vonage

        return routing.point_at(Vonage(account, call), number, route, snapshot)

    @hookimpl
    def verify_number(self, account: CarrierAccount, number: NumberRef, route: Route, call: Call) -> Verification:
        """Three requests: the number, the balance, the account's standing."""
        from trunkline_vonage import verification
        from trunkline_vonage.client import Vonage

        return verification.verify(Vonage(account, call), number, route)

    @hookimpl
    def release_number(
        self, account: CarrierAccount, number: NumberRef, route: Route, snapshot: RoutingSnapshot, call: Call
    ) -> Release:
        """Three requests: read, write, read back; one where the number is not ours any more.

        A second write where leaving the voice callback out did not clear it.
        """
        from trunkline_vonage import routing
        from trunkline_vonage.client import Vonage

        return routing.put_back(Vonage(account, call), number, route, snapshot)

    @hookimpl
    def redact_sip_config(self, sip_config: Mapping[str, Any]) -> Mapping[str, Any]:
        """The SIP domain may be shown, and nothing that is not known."""
        return by_allow_list(sip_config, SIP_FIELDS)

    @hookimpl
    def warm_up(self) -> None:
        """Import the SDK and the modules that use it."""
        from importlib import import_module

        for name in ("checks", "names", "numbers", "plans", "routing", "sdk", "verification"):
            import_module(f"trunkline_vonage.{name}")
