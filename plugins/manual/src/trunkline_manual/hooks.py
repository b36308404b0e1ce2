"""The hooks of `trunkline.hookspec`, each handed on to the module that knows its subject.

Those modules are imported when the first call needs them.
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
from trunkline_manual.descriptor import SIP_FIELDS, describe


class ManualPlugin:
    """Any SIP trunk: it is asked over SIP, and nothing is changed at it."""

    @hookimpl
    def describe_provider(self) -> ProviderDescriptor:
        """A SIP trunk as data."""
        return describe()

    @hookimpl
    def check_fields(self, account: CarrierAccount) -> Mapping[str, Sequence[str]]:
        """Login and authentication, hosts, networks, and how many numbers."""
        from trunkline_manual import fitting

        return fitting.problems(account)

    @hookimpl
    def test_credentials(self, account: CarrierAccount, call: Call) -> CredentialTest:
        """One or two requests: OPTIONS, REGISTER without Contact."""
        from trunkline_manual import checks
        from trunkline_manual.trunk import Trunk

        return checks.test(Trunk(account, call))

    @hookimpl
    def suggest_name(self, account: CarrierAccount, call: Call) -> SuggestedName:
        """No request: the trunk's host, and the first of its numbers."""
        from trunkline_manual.trunk import Trunk

        trunk = Trunk(account, call)
        return SuggestedName(trunk.server.host, next(iter(trunk.numbers), None))

    @hookimpl
    def list_numbers(self, account: CarrierAccount, call: Call) -> Iterator[CarrierNumber]:
        """No request: the numbers that were entered."""
        from trunkline_manual import numbers
        from trunkline_manual.trunk import Trunk

        return numbers.list_numbers(Trunk(account, call))

    @hookimpl
    def read_routing(self, account: CarrierAccount, numbers: Sequence[str], call: Call) -> Iterator[RoutingSnapshot]:
        """No request: it is not known."""
        from trunkline_manual import importing
        from trunkline_manual.trunk import Trunk

        return importing.read(Trunk(account, call), numbers)

    @hookimpl
    def plan_import(self, account: CarrierAccount, snapshots: Sequence[RoutingSnapshot], call: Call) -> ImportPlan:
        """No request: what is left to the customer."""
        from trunkline_manual import importing
        from trunkline_manual.trunk import Trunk

        return importing.plan(Trunk(account, call), snapshots)

    @hookimpl
    def prepare_route(self, account: CarrierAccount, call: Call) -> Route:
        """No request: there is nothing to make."""
        from trunkline_manual import importing
        from trunkline_manual.trunk import Trunk

        return importing.prepare(Trunk(account, call))

    @hookimpl
    def import_number(self, account: CarrierAccount, number: NumberRef, route: Route, call: Call) -> RoutingSnapshot:
        """No request: nothing is changed."""
        from trunkline_manual import importing
        from trunkline_manual.trunk import Trunk

        return importing.point_at(Trunk(account, call), number, route)

    @hookimpl
    def verify_number(self, account: CarrierAccount, number: NumberRef, call: Call) -> Verification:
        """One or two requests, as for a credential test."""
        from trunkline_manual import verification
        from trunkline_manual.trunk import Trunk

        return verification.verify(Trunk(account, call), number)

    @hookimpl
    def release_number(self, number: NumberRef, route: Route) -> Release:
        """No request: nothing was changed."""
        from trunkline_manual import importing

        return importing.release(number, route)

    @hookimpl
    def redact_sip_config(self, sip_config: Mapping[str, Any]) -> Mapping[str, Any]:
        """All fields may be shown, since none is secret; what is not known may not."""
        return by_allow_list(sip_config, SIP_FIELDS)

    @hookimpl
    def warm_up(self) -> None:
        """Import the modules that calls need."""
        from importlib import import_module

        for name in ("checks", "fitting", "importing", "verification"):
            import_module(f"trunkline_manual.{name}")
