"""What came of asking a SIP server: its final answer, or the trouble that kept one away."""

from __future__ import annotations

import enum

import attrs

CHALLENGES = (401, 407)
_SAYS_NOTHING = (*CHALLENGES, 408)


class SipTrouble(enum.Enum):
    """Why there is no answer."""

    NO_SUCH_NAME = "no_such_name"
    """DNS knows no server by that name."""
    NOT_LOOKED_UP = "not_looked_up"
    """DNS itself could not be asked: nothing is known of the server."""
    ADDRESS_REFUSED = "address_refused"
    """The name leads to a private address, and the operator does not allow that name."""
    REFUSED = "refused"
    """The machine answers that nobody listens there."""
    UNREACHABLE = "unreachable"
    """The network knows no way there."""
    SILENT = "silent"
    """No answer in time. Over UDP a server may also drop what it does not know."""
    CLOSED = "closed"
    """The connection was closed without an answer."""
    CERTIFICATE_EXPIRED = "certificate_expired"
    CERTIFICATE_NOT_YET_VALID = "certificate_not_yet_valid"
    CERTIFICATE_WRONG_NAME = "certificate_wrong_name"
    CERTIFICATE_UNKNOWN_AUTHORITY = "certificate_unknown_authority"
    CERTIFICATE_SELF_SIGNED = "certificate_self_signed"
    CERTIFICATE_REFUSED = "certificate_refused"
    """The certificate is not acceptable for another reason."""
    NO_TLS = "no_tls"
    """The connection opens, but what is behind it does not speak TLS."""
    TLS_VERSION = "tls_version"
    """The server speaks no TLS from 1.2 on."""
    TLS_REFUSED = "tls_refused"
    """The server ended the TLS handshake, as where it asks for a client certificate."""
    MALFORMED = "malformed"
    """What came back is not SIP."""
    TOO_LARGE = "too_large"
    """The answer is larger than the wire reads."""


CERTIFICATE_TROUBLES = frozenset(each for each in SipTrouble if each.value.startswith("certificate_"))
"""What is wrong with a certificate, each apart."""


class NoAnswer(Exception):
    """Asking ended in trouble; `detail` is for the operator."""

    def __init__(self, trouble: SipTrouble, detail: str) -> None:
        super().__init__(detail)
        self.trouble = trouble
        self.detail = detail


class Unanswered(enum.Enum):
    """Why a challenge was not answered."""

    NO_CREDENTIALS = "no_credentials"
    OTHER_REALM = "other_realm"
    """It is for another realm than the customer named."""
    NO_COMMON_ALGORITHM = "no_common_algorithm"
    """It asks for an algorithm or a quality of protection that the wire does not have, or cannot be read."""
    STALE = "stale"
    """It calls the nonce of the challenge before stale, and that one was new: of the login it says nothing."""


@attrs.frozen
class SipAnswer:
    """How one question ended: either `status` is set or `trouble` is.

    `challenged` says that a challenge came, `answered` that credentials were sent for it; `algorithm` and `realm` are
    those of the last one. `retry_after` is in seconds. `transport` and `address` are what was dialled, `request_id` is
    the Call-ID. `detail` is for the operator: what became of each address that was tried.
    """

    status: int | None = None
    trouble: SipTrouble | None = None
    reason: str = ""
    challenged: bool = False
    answered: bool = False
    unanswered: Unanswered | None = None
    algorithm: str | None = None
    realm: str | None = None
    retry_after: float | None = None
    transport: str | None = None
    address: str | None = None
    request_id: str | None = None
    server: str | None = None
    allow: tuple[str, ...] = ()
    detail: str = ""

    def __attrs_post_init__(self) -> None:
        if (self.status is None) == (self.trouble is None):
            raise ValueError("a SIP answer has either a status or a trouble")

    @property
    def authenticated(self) -> bool:
        """Whether credentials were sent, and answered by neither a further challenge nor a server in trouble.

        A 403 after that may still mean a wrong password: Kamailio-style servers answer so.
        """
        return self.answered and self.status is not None and self.status < 500 and self.status not in _SAYS_NOTHING
