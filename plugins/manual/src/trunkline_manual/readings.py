"""What one answer of a trunk proves, and what it leaves open: never a guess.

The table follows RFC 3261 where it says what an answer means, and what carriers mean by it where it does not.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

from trunkline.checks import FAIL, PASS, UNKNOWN, Outcome
from trunkline.sip.answer import CHALLENGES, SipAnswer, SipTrouble, Unanswered

When = Callable[[str, SipAnswer], bool]


@attrs.frozen
class Reading:
    """Which answers it is for; whether the trunk is there, takes the login, lets calls out; code, sentence, remedy.

    In sentences `{method}` and `{status}` stand for what was asked and answered, `{wait}` for how long the trunk asks
    to be left alone, `{addresses}` for where the platform's calls come from.
    """

    when: When
    code: str
    reachable: Outcome
    credentials: Outcome
    outbound: Outcome
    summary: str
    remedy: str | None = None


def _status(*statuses: int) -> When:
    return lambda method, answer: answer.status in statuses


def _after_login(*statuses: int) -> When:
    return lambda method, answer: answer.answered and answer.status in statuses


def _to_register(*statuses: int) -> When:
    return lambda method, answer: method == "REGISTER" and answer.status in statuses


def _not_answered(reason: Unanswered) -> When:
    return lambda method, answer: answer.status in CHALLENGES and answer.unanswered is reason


def _trouble(*troubles: SipTrouble) -> When:
    return lambda method, answer: answer.trouble in troubles


_COPY = "Compare host, port and transport with what the carrier gave."
_CERTIFICATE = "Ask the carrier to mend its server's certificate, or for the host that it is made out to."

# The first that matches counts. The outcomes: the trunk is there, it takes the login, it lets calls out.
TABLE = (
    Reading(
        _after_login(*range(200, 300)), "credentials_accepted", PASS, PASS, UNKNOWN,
        "The trunk asked for the login and accepts it. That calls go out, only a call can prove.",
    ),
    Reading(
        _not_answered(Unanswered.STALE), "login_always_stale", PASS, UNKNOWN, UNKNOWN,
        "The trunk asks for the login again and again, and says each time that it took too long.",
    ),
    Reading(
        _after_login(401, 407), "credentials_rejected", PASS, FAIL, FAIL,
        "The trunk does not accept this user name and password.",
        "Copy both anew from the carrier's pages; the SIP password is often another than that of the pages.",
    ),
    Reading(
        _after_login(403), "credentials_or_permission_refused", PASS, FAIL, UNKNOWN,
        "The trunk answers the login with 403: the password is wrong, or this user may not use the trunk.",
        "Copy user name and password anew; if they are right, ask the carrier what this user may do.",
    ),
    # A challenge that was answered and does not come again is met: what is refused behind it is something else.
    Reading(
        _after_login(*range(300, 408), *range(409, 500)), "credentials_accepted", PASS, PASS, UNKNOWN,
        "The trunk accepts the login, though it answers {method} with {status}. That calls go out, only a call can "
        "prove.",
    ),
    Reading(
        _not_answered(Unanswered.NO_CREDENTIALS), "credentials_missing", PASS, FAIL, UNKNOWN,
        "The trunk asks for a login, and none was given.", "Give the user name and password of the trunk.",
    ),
    Reading(
        _not_answered(Unanswered.OTHER_REALM), "other_realm", PASS, FAIL, UNKNOWN,
        "The trunk asks for a login of another realm than the one that was given, so none was sent.",
        "Ask the carrier for its realm, or leave the realm out.",
    ),
    Reading(
        _not_answered(Unanswered.NO_COMMON_ALGORITHM), "login_not_supported", PASS, FAIL, UNKNOWN,
        "The trunk asks for a login in a way that is not spoken here.",
        "Ask the carrier for digest authentication with MD5, SHA-256 or SHA-512-256.",
    ),
    Reading(
        _status(403), "address_not_allowed", PASS, UNKNOWN, FAIL,
        "The trunk does not let this platform in: its address is not on the carrier's list.",
        "Have the carrier allow calls from {addresses}.",
    ),
    Reading(
        _status(404), "not_served", PASS, UNKNOWN, UNKNOWN,
        "The trunk answers 404: it does not serve this user or this host.",
        "Compare the host with what the carrier gave: it may have to be the trunk's domain instead of a server.",
    ),
    Reading(
        _to_register(405, 501), "registration_not_served", PASS, UNKNOWN, UNKNOWN,
        "The trunk takes no registrations, which is no fault, and did not ask for the login.",
    ),
    Reading(
        _status(408), "trunk_timed_out", FAIL, UNKNOWN, UNKNOWN,
        "A server in front of the trunk says that the trunk itself does not answer (408).",
        "Test again in a moment; if it stays so, ask the carrier.",
    ),
    Reading(
        _status(503), "overloaded", PASS, UNKNOWN, UNKNOWN,
        "The trunk takes nothing more at the moment (503).", "Test again in {wait}.",
    ),
    Reading(
        _status(*range(200, 300)), "not_challenged", PASS, UNKNOWN, UNKNOWN,
        "The trunk answers, and did not ask for a login. Many trunks answer anybody: that calls go out, only a call "
        "can prove.",
    ),
    Reading(
        _status(*range(300, 700)), "trunk_answers", PASS, UNKNOWN, UNKNOWN,
        "The trunk answers {method} with {status}, and did not ask for a login.",
    ),
    Reading(
        _trouble(SipTrouble.SILENT), "trunk_silent", FAIL, UNKNOWN, UNKNOWN,
        "The trunk did not answer in time.",
        f"{_COPY} Some trunks are silent towards addresses that are not on their list: have the carrier allow calls "
        "from {addresses}.",
    ),
    Reading(
        _trouble(SipTrouble.REFUSED), "connection_refused", FAIL, UNKNOWN, UNKNOWN,
        "The host says that nothing listens there.", _COPY,
    ),
    Reading(
        _trouble(SipTrouble.CLOSED, SipTrouble.UNREACHABLE), "trunk_unreachable", FAIL, UNKNOWN, UNKNOWN,
        "The trunk could not be reached.", _COPY,
    ),
    Reading(
        _trouble(SipTrouble.NO_SUCH_NAME), "no_such_name", FAIL, UNKNOWN, UNKNOWN,
        "DNS knows no such host.", _COPY,
    ),
    Reading(
        _trouble(SipTrouble.ADDRESS_REFUSED), "private_address", FAIL, UNKNOWN, UNKNOWN,
        "The host leads to a private address, which this platform does not speak to.",
        "Give the trunk's public host, or ask the operator of this platform to allow this one.",
    ),
    Reading(
        _trouble(SipTrouble.CERTIFICATE_EXPIRED), "certificate_expired", FAIL, UNKNOWN, UNKNOWN,
        "The trunk's certificate has expired.", _CERTIFICATE,
    ),
    Reading(
        _trouble(SipTrouble.CERTIFICATE_WRONG_NAME), "certificate_wrong_name", FAIL, UNKNOWN, UNKNOWN,
        "The trunk's certificate is made out to another host.", _CERTIFICATE,
    ),
    Reading(
        _trouble(SipTrouble.CERTIFICATE_UNKNOWN_AUTHORITY, SipTrouble.CERTIFICATE_SELF_SIGNED),
        "certificate_unknown_authority", FAIL, UNKNOWN, UNKNOWN,
        "The trunk's certificate was made by nobody whom this platform trusts.", _CERTIFICATE,
    ),
    Reading(
        _trouble(SipTrouble.CERTIFICATE_NOT_YET_VALID, SipTrouble.CERTIFICATE_REFUSED),
        "certificate_refused", FAIL, UNKNOWN, UNKNOWN,
        "The trunk's certificate is not acceptable.", _CERTIFICATE,
    ),
    Reading(
        _trouble(SipTrouble.NO_TLS), "no_tls", FAIL, UNKNOWN, UNKNOWN,
        "What listens there does not speak TLS.", "Give the port for TLS, or choose the transport udp or tcp.",
    ),
    Reading(
        _trouble(SipTrouble.TLS_VERSION, SipTrouble.TLS_REFUSED), "tls_refused", FAIL, UNKNOWN, UNKNOWN,
        "The trunk and this platform agree on no encryption.",
        "Ask the carrier for TLS 1.2 or later without a client certificate, or choose the transport udp or tcp.",
    ),
    Reading(
        _trouble(SipTrouble.MALFORMED, SipTrouble.TOO_LARGE), "answer_unreadable", FAIL, UNKNOWN, UNKNOWN,
        "What came back is no SIP.", _COPY,
    ),
)  # fmt: skip


def read(method: str, answer: SipAnswer) -> Reading | None:
    """What an answer to OPTIONS or REGISTER proves; None where DNS itself could not be asked, which proves nothing."""
    return next((reading for reading in TABLE if reading.when(method, answer)), None)
