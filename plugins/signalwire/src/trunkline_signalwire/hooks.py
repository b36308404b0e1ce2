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
from trunkline_signalwire.descriptor import SIP_FIELDS, describe


class SignalWirePlugin:
    """SignalWire: numbers are pointed at one SWML script, which connects each call to the platform."""

    @hookimpl
    def describe_provider(self) -> ProviderDescriptor:
        """SignalWire as data."""
        return describe()

    @hookimpl
    def test_credentials(self, account: CarrierAccount, call: Call) -> CredentialTest:
        """Two requests for a healthy project, one more with a SIP domain; at most four."""
        from trunkline_signalwire import checks
        from trunkline_signalwire.client import SignalWire

        return checks.test(SignalWire(account, call))

    @hookimpl
    def suggest_name(self, account: CarrierAccount, call: Call) -> SuggestedName:
        """Two requests: one number, the project; one more where the token may not read numbers."""
        from trunkline_signalwire import names
        from trunkline_signalwire.client import SignalWire

        return names.suggest(SignalWire(account, call))

    @hookimpl
    def list_numbers(self, account: CarrierAccount, call: Call) -> Iterator[CarrierNumber]:
        """One request per thousand numbers."""
        from trunkline_signalwire import numbers
        from trunkline_signalwire.client import SignalWire

        return numbers.list_numbers(SignalWire(account, call))

    @hookimpl
    def read_routing(self, account: CarrierAccount, numbers: Sequence[str], call: Call) -> Iterator[RoutingSnapshot]:
        """One request for each of up to three numbers; for more, one per thousand numbers until all are found.

        One more for the project's scripts, and one for its LaML bins, where a number is routed to one.
        """
        from trunkline_signalwire import routing
        from trunkline_signalwire.client import SignalWire

        return routing.read(SignalWire(account, call), numbers)

    @hookimpl
    def plan_import(self, account: CarrierAccount, snapshots: Sequence[RoutingSnapshot], call: Call) -> ImportPlan:
        """Two requests: our LaML bin, the project's scripts."""
        from trunkline_signalwire import plans
        from trunkline_signalwire.client import SignalWire

        return plans.plan(SignalWire(account, call), snapshots)

    @hookimpl
    def prepare_route(self, account: CarrierAccount, call: Call) -> Route:
        """Two requests where all is there; one more, a write, where something has to be made or mended."""
        from trunkline_signalwire import routes
        from trunkline_signalwire.client import SignalWire

        return routes.prepare(SignalWire(account, call))

    @hookimpl
    def import_number(
        self, account: CarrierAccount, number: NumberRef, route: Route, snapshot: RoutingSnapshot, call: Call
    ) -> RoutingSnapshot:
        """One write, and nothing else unless its answer is lost or the script's address is not accepted."""
        from trunkline_signalwire import routing
        from trunkline_signalwire.client import SignalWire

        return routing.point_at(SignalWire(account, call), number, route, snapshot)

    @hookimpl
    def verify_number(self, account: CarrierAccount, number: NumberRef, route: Route, call: Call) -> Verification:
        """Two requests: the number, our script; one more with a SIP domain."""
        from trunkline_signalwire import verification
        from trunkline_signalwire.client import SignalWire

        return verification.verify(SignalWire(account, call), number, route)

    @hookimpl
    def release_number(
        self, account: CarrierAccount, number: NumberRef, route: Route, snapshot: RoutingSnapshot, call: Call
    ) -> Release:
        """One read and one write; a second write only where SignalWire did not accept the first."""
        from trunkline_signalwire import releasing
        from trunkline_signalwire.client import SignalWire

        return releasing.put_back(SignalWire(account, call), number, route, snapshot)

    @hookimpl
    def redact_sip_config(self, sip_config: Mapping[str, Any]) -> Mapping[str, Any]:
        """The SIP domain may be shown, and nothing that is not known."""
        return by_allow_list(sip_config, SIP_FIELDS)

    @hookimpl
    def warm_up(self) -> None:
        """Import the SDK and the modules that use it."""
        from importlib import import_module

        for name in ("checks", "names", "numbers", "plans", "releasing", "routing", "verification"):
            import_module(f"trunkline_signalwire.{name}")
        from trunkline_signalwire import sdk

        sdk.warm_up()
