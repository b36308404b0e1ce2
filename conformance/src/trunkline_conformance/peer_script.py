"""What a scripted SIP peer answers: the part of a cassette that stands in place of HTTP interactions.

```yaml
peer:
  host: sip.trunk.example
  username: '{{credentials.username}}'
  password: '{{credentials.password}}'
  answers:      # the first whose method and login are those of the request
  - {method: OPTIONS, status: 401, challenge: {realm: trunk.example, algorithm: SHA-256, qop: auth}}
  - {method: OPTIONS, login: true, status: 200}
  - {method: REGISTER}      # silence
```
"""

from __future__ import annotations

from typing import Literal

import attrs

from trunkline.sip.answer import CHALLENGES
from trunkline.sip.limits import SipLimits

IMPATIENT = SipLimits(t1=0.05, t2=0.1, answer_seconds=0.3)
"""For a peer that is silent somewhere."""


@attrs.frozen
class Challenge:
    """What the peer asks a login for, and how it is to be hashed; without `qop` as in RFC 2069."""

    realm: str
    algorithm: Literal["MD5", "SHA-256"] = "MD5"
    qop: Literal["auth"] | None = None


@attrs.frozen
class PeerAnswer:
    """What a method is answered, with the right `login` or without any; without a `status` it is silence.

    A challenge comes with 401 or 407.
    """

    method: Literal["OPTIONS", "REGISTER"]
    status: int | None = None
    login: bool = False
    challenge: Challenge | None = attrs.field(default=None)
    retry_after: int | None = None

    @challenge.validator
    def _challenges(self, attribute: object, value: Challenge | None) -> None:
        if value is not None and self.status not in CHALLENGES:
            raise ValueError(f"a challenge comes with the status {' or '.join(map(str, CHALLENGES))}")


@attrs.frozen
class PeerScript:
    """The host that leads to the peer, the login that it knows, and what it answers.

    A request that no answer is for gets 500.
    """

    host: str
    username: str = ""
    password: str = attrs.field(default="", repr=False)
    answers: tuple[PeerAnswer, ...] = ()

    @property
    def limits(self) -> SipLimits:
        """How patiently it is asked."""
        return IMPATIENT if any(each.status is None for each in self.answers) else SipLimits()
