"""Whether calls can go out: SignalWire tells so little of it that the check is always left open."""

from __future__ import annotations

from trunkline.checks import OUTBOUND_AUTHORIZED, Check, Outcome
from trunkline.errors import PermissionMissing
from trunkline_signalwire.client import SignalWire

_REMEDY = (
    "Nothing has to be done if calls go out. If they do not, see in the SignalWire Dashboard that the project is not "
    "in trial mode, that there is credit, and that the Geographic Permissions allow the countries that are called."
)


def check(signalwire: SignalWire, *, account_wide: bool) -> Check:
    """No request, or one with a SIP domain: the project's SIP profile.

    Every account is shown as active and full, a trial too (AccountResponse), and neither balance nor geographic
    permissions can be read.
    """
    with signalwire.call.proving() as proof:
        code, summary, remedy = _domain(signalwire) if signalwire.domain else (None, "", "")
    if code is None:
        code, remedy = "account_state_unreadable", _REMEDY
        said = "SignalWire does not tell whether the project is in trial mode or which countries it may call."
        summary = f"{summary} {said}".strip() if account_wide else f"The number may be shown to who is called. {said}"
    return Check(OUTBOUND_AUTHORIZED, Outcome.UNKNOWN, code, summary, remedy, proof())


def _domain(signalwire: SignalWire) -> tuple[str | None, str, str]:
    try:
        profile = signalwire.ask(lambda sdk: sdk.sip_profile.get())
    except PermissionMissing:
        return (
            "domain_unreadable",
            "This API token lacks the scope Voice, so the SIP domain could not be checked.",
            "Open the API page of the SignalWire Dashboard and give this token the scope Voice.",
        )
    own = profile.get("domain")
    if isinstance(own, str) and own.lower() == (signalwire.domain or "").lower():
        return None, f"{own} is the project's SIP domain.", ""
    # A domain application or a SIP address has a domain of its own, so another one need not be wrong.
    return (
        "domain_not_confirmed",
        f"{signalwire.domain} is not the domain of the project's SIP profile.",
        "Compare it with the domains on the SIP page of the SignalWire Dashboard.",
    )
