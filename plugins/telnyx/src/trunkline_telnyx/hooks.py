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
from trunkline.setup import SetUpStep
from trunkline_telnyx.descriptor import SIP_FIELDS, describe


class TelnyxPlugin:
    """Telnyx: numbers are put on one connection, whose FQDN record leads to the platform."""

    @hookimpl
    def describe_provider(self) -> ProviderDescriptor:
        """Telnyx as data."""
        return describe()

    @hookimpl
    def test_credentials(self, account: CarrierAccount, call: Call) -> CredentialTest:
        """Six requests for a healthy account with a connection; two without, four before guided set-up; at most ten."""
        from trunkline_telnyx import checks
        from trunkline_telnyx.client import Telnyx

        return checks.test(Telnyx(account, call))

    @hookimpl
    def suggest_name(self, account: CarrierAccount, call: Call) -> SuggestedName:
        """Two requests: the connection, one number on it."""
        from trunkline_telnyx import names
        from trunkline_telnyx.client import Telnyx

        return names.suggest(Telnyx(account, call))

    @hookimpl
    def list_numbers(self, account: CarrierAccount, call: Call) -> Iterator[CarrierNumber]:
        """One request per 250 numbers, and one or two for what they cost."""
        from trunkline_telnyx import numbers
        from trunkline_telnyx.client import Telnyx

        return numbers.list_numbers(Telnyx(account, call))

    @hookimpl
    def read_routing(self, account: CarrierAccount, numbers: Sequence[str], call: Call) -> Iterator[RoutingSnapshot]:
        """Three requests for each of up to three numbers; for more, two per 250 numbers of the account, and two."""
        from trunkline_telnyx import routing
        from trunkline_telnyx.client import Telnyx

        return routing.read(Telnyx(account, call), numbers)

    @hookimpl
    def plan_import(self, account: CarrierAccount, snapshots: Sequence[RoutingSnapshot], call: Call) -> ImportPlan:
        """Two requests."""
        from trunkline_telnyx import plans
        from trunkline_telnyx.client import Telnyx

        return plans.plan(Telnyx(account, call), snapshots)

    @hookimpl
    def prepare_route(self, account: CarrierAccount, call: Call) -> Route:
        """Two requests where all is there; three, two of them writes, where nothing is."""
        from trunkline_telnyx import routes
        from trunkline_telnyx.client import Telnyx

        return routes.prepare(Telnyx(account, call))

    @hookimpl
    def import_number(
        self, account: CarrierAccount, number: NumberRef, route: Route, snapshot: RoutingSnapshot, call: Call
    ) -> RoutingSnapshot:
        """One write and one read."""
        from trunkline_telnyx import routing
        from trunkline_telnyx.client import Telnyx

        return routing.point_at(Telnyx(account, call), number, route, snapshot)

    @hookimpl
    def verify_number(self, account: CarrierAccount, number: NumberRef, route: Route, call: Call) -> Verification:
        """Seven requests; an eighth where calls out are authenticated by address."""
        from trunkline_telnyx import verification
        from trunkline_telnyx.client import Telnyx

        return verification.verify(Telnyx(account, call), number, route)

    @hookimpl
    def release_number(
        self, account: CarrierAccount, number: NumberRef, route: Route, snapshot: RoutingSnapshot, call: Call
    ) -> Release:
        """One read, one write, one read."""
        from trunkline_telnyx import routing
        from trunkline_telnyx.client import Telnyx

        return routing.put_back(Telnyx(account, call), number, route, snapshot)

    @hookimpl
    def set_up_account(
        self, account: CarrierAccount, setup_method: str, done: Sequence[SetUpStep], call: Call
    ) -> Iterator[SetUpStep]:
        """Five writes where nothing is there, none where all is."""
        from trunkline_telnyx import setup
        from trunkline_telnyx.client import Telnyx

        return setup.set_up(Telnyx(account, call), setup_method, done)

    @hookimpl
    def undo_set_up(self, account: CarrierAccount, steps: Sequence[SetUpStep], call: Call) -> Iterator[SetUpStep]:
        """One write per step that was taken, and the reads that tell whether it is still ours."""
        from trunkline_telnyx import undoing
        from trunkline_telnyx.client import Telnyx

        return undoing.undo(Telnyx(account, call), steps)

    @hookimpl
    def redact_sip_config(self, sip_config: Mapping[str, Any]) -> Mapping[str, Any]:
        """The SIP domain may be shown, and nothing that is not known."""
        return by_allow_list(sip_config, SIP_FIELDS)

    @hookimpl
    def warm_up(self) -> None:
        """Import the SDK and the modules that use it."""
        from importlib import import_module

        for name in ("checks", "names", "numbers", "plans", "routing", "setup", "undoing", "verification"):
            import_module(f"trunkline_telnyx.{name}")
        from trunkline_telnyx import sdk

        sdk.warm_up()
