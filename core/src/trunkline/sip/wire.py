"""The SIP road of one hook call: OPTIONS and REGISTER without Contact, and nothing else."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

from trunkline.account import CarrierAccount
from trunkline.checks import Exchange
from trunkline.deadline import Deadline
from trunkline.descriptor import DigestAuth, ProviderDescriptor
from trunkline.errors import CarrierTimedOut, PluginBroken
from trunkline.secret import Secret
from trunkline.sip.answer import SipAnswer
from trunkline.sip.asking import Asker, DigestCredentials, Question
from trunkline.sip.dial import SipDial
from trunkline.sip.limits import SipLimits
from trunkline.sip.server import SipServer

_HOST_AND_PORT = re.compile(r"(\[[^\]]*\]|[^:]*):[0-9]+")


class SipWire:
    """Asks the SIP servers that the account's own fields name, with the account's own credentials.

    Raises `PluginBroken` for a host that no steering field of the account names, `CarrierTimedOut` past the
    deadline, `Unsupported` for a host that has no sandbox. All else is an answer.
    """

    def __init__(
        self,
        descriptor: ProviderDescriptor,
        account: CarrierAccount,
        *,
        dial: SipDial,
        limits: SipLimits,
        deadline: Deadline,
        exchanges: list[Exchange],
        rng: random.Random,
    ) -> None:
        self._descriptor = descriptor
        self._account = account
        self._credentials = _credentials(account)
        self._asker = Asker(dial, limits, rng, record=exchanges.append, scrub=account.scrub)
        self._deadline = deadline
        self._questions = 0
        self._challenged = False

    @property
    def challenged(self) -> bool:
        """Whether any server asked for credentials."""
        return self._challenged

    def options(self, server: SipServer) -> SipAnswer:
        """Ask what the server can do; a challenge is answered with the account's credentials."""
        return self._ask("OPTIONS", server)

    def register(self, server: SipServer) -> SipAnswer:
        """Ask which bindings the account's user has (RFC 3261, 10.2.3), with credentials where challenged.

        The request carries no Contact, so that it adds none and takes none away.
        """
        return self._ask("REGISTER", server)

    def _ask(self, method: str, server: SipServer) -> SipAnswer:
        if not {server.host, server.address_host} <= set(_steered(self._descriptor, self._account)):
            raise PluginBroken("The plugin tried a SIP server that the customer did not name.")
        self._questions += 1
        if self._questions > self._asker.limits.questions_per_call:
            raise PluginBroken("The plugin asked more in one call than it may.")
        if self._deadline.passed:
            raise CarrierTimedOut("The carrier did not answer in time.")
        answer = self._asker.ask(Question(method, server, self._credentials), self._deadline)
        self._challenged = self._challenged or answer.challenged
        return answer


def _steered(descriptor: ProviderDescriptor, account: CarrierAccount) -> Iterator[str]:
    """The hosts in the fields that decide where secrets are sent, without their ports."""
    fields = [*((field, account.credential(field.name)) for field in account.form.fields)]
    fields += [(field, account.sip_config.get(field.name)) for field in descriptor.sip_fields]
    for field, value in fields:
        if field.steers and isinstance(value, str):
            with_port = _HOST_AND_PORT.fullmatch(value)
            yield (with_port[1] if with_port else value).strip("[]").lower()


def _credentials(account: CarrierAccount) -> DigestCredentials | None:
    match account.form.authentication:
        case DigestAuth(username, password):
            user, secret = account.credential(username), account.credentials.get(password)
            if user is not None and isinstance(secret, Secret):
                return DigestCredentials(user, secret)
    return None
