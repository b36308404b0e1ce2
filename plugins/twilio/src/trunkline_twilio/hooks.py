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
from trunkline_twilio.descriptor import SIP_FIELDS, describe


class TwilioPlugin:
    """Twilio: numbers are put on one Elastic SIP trunk, whose origination URL leads to the platform."""

    @hookimpl
    def describe_provider(self) -> ProviderDescriptor:
        """Twilio as data."""
        return describe()

    @hookimpl
    def test_credentials(self, account: CarrierAccount, call: Call) -> CredentialTest:
        """Three requests for a healthy account; up to three more where an answer leaves a doubt."""
        from trunkline_twilio import checks
        from trunkline_twilio.client import Twilio

        return checks.test(Twilio(account, call))

    @hookimpl
    def suggest_name(self, account: CarrierAccount, call: Call) -> SuggestedName:
        """Two requests: the account, one number."""
        from trunkline_twilio import names
        from trunkline_twilio.client import Twilio

        return names.suggest(Twilio(account, call))

    @hookimpl
    def list_numbers(self, account: CarrierAccount, call: Call) -> Iterator[CarrierNumber]:
        """One request per thousand numbers, and one per country for prices."""
        from trunkline_twilio import numbers
        from trunkline_twilio.client import Twilio

        return numbers.list_numbers(Twilio(account, call))

    @hookimpl
    def read_routing(self, account: CarrierAccount, numbers: Sequence[str], call: Call) -> Iterator[RoutingSnapshot]:
        """One request for each of up to three numbers; for more, one per thousand numbers until all are found."""
        from trunkline_twilio import routing
        from trunkline_twilio.client import Twilio

        return routing.read(Twilio(account, call), numbers)

    @hookimpl
    def plan_import(self, account: CarrierAccount, snapshots: Sequence[RoutingSnapshot], call: Call) -> ImportPlan:
        """Two requests, three where our trunk is there."""
        from trunkline_twilio import plans
        from trunkline_twilio.client import Twilio

        return plans.plan(Twilio(account, call), snapshots)

    @hookimpl
    def prepare_route(self, account: CarrierAccount, call: Call) -> Route:
        """Two requests where all is there; three, two of them writes, where nothing is."""
        from trunkline_twilio import trunks
        from trunkline_twilio.client import Twilio

        return trunks.prepare(Twilio(account, call))

    @hookimpl
    def import_number(
        self, account: CarrierAccount, number: NumberRef, route: Route, snapshot: RoutingSnapshot, call: Call
    ) -> RoutingSnapshot:
        """One write, and nothing else unless its answer is lost."""
        from trunkline_twilio import routing
        from trunkline_twilio.client import Twilio

        return routing.point_at(Twilio(account, call), number, route, snapshot)

    @hookimpl
    def verify_number(self, account: CarrierAccount, number: NumberRef, route: Route, call: Call) -> Verification:
        """Five requests, six with a termination domain."""
        from trunkline_twilio import verification
        from trunkline_twilio.client import Twilio

        return verification.verify(Twilio(account, call), number, route)

    @hookimpl
    def release_number(
        self, account: CarrierAccount, number: NumberRef, route: Route, snapshot: RoutingSnapshot, call: Call
    ) -> Release:
        """One read and one write; one more read where the number is said to be gone."""
        from trunkline_twilio import routing
        from trunkline_twilio.client import Twilio

        return routing.put_back(Twilio(account, call), number, route, snapshot)

    @hookimpl
    def redact_sip_config(self, sip_config: Mapping[str, Any]) -> Mapping[str, Any]:
        """The termination domain may be shown, and nothing that is not known."""
        return by_allow_list(sip_config, SIP_FIELDS)

    @hookimpl
    def warm_up(self) -> None:
        """Import the SDK and the modules that use it."""
        from importlib import import_module

        for name in ("checks", "names", "numbers", "plans", "routing", "verification"):
            import_module(f"trunkline_twilio.{name}")
        from trunkline_twilio import sdk

        sdk.warm_up()
