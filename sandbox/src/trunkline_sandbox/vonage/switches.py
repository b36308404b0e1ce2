"""What nobody has seen Vonage do, or seen it do in two ways: each a switch, so that both answers can be tried."""

from collections.abc import Iterable
from typing import Literal

import attrs


def _as_tuple(hosts: Iterable[str]) -> tuple[str, ...]:
    return tuple(hosts)


@attrs.define
class Switches:
    """How one account of the simulated Vonage behaves where its behaviour is not confirmed."""

    clears_left_out: bool = True
    """An update clears what it leaves out, as Nexmo/nexmo-cli issue 83 shows; else it merges."""
    takes_empty_voice: bool = True
    """An empty `voiceCallbackType` is accepted, and clears the voice callback."""
    refusal_status: int = 420
    """The HTTP status of a refused update: 420, or 200 with the refusal in the body alone."""
    webhook_label: str = "method failed"
    """How a dead SMS webhook is told; `{url}` is the webhook."""
    dead_hosts: tuple[str, ...] = attrs.field(default=(), converter=_as_tuple)
    """Hosts whose webhooks do not answer 200 when an update checks them."""
    unauthorized: Literal["old", "problem"] = "old"
    """The body of a 401 on rest.nexmo.com."""
    empty: Literal["nothing", "zero"] = "nothing"
    """What an account without numbers answers: `{}`, or a count of 0 and an empty list."""
    hidden_fields: Literal["unlisted", "listed", "listed_as_url"] = "unlisted"
    """Whether the list shows voiceStatusCallback and moSmppSysType, and by which name."""
    shows_app_as_voice: bool = True
    """A number that an application answers is listed with `voiceCallbackType` app as well as with `app_id`."""
    sip_drops_application: bool = False
    """Setting a voice callback takes the number off its application."""
    takes_app_type: bool = True
    """The deprecated `voiceCallbackType` app is still accepted."""
    sip_value: Literal["as_written", "escaped", "upper_host"] = "as_written"
    """How a SIP URI that was written is listed."""
    pattern: Literal["starts", "contains"] = "starts"
    """What `search_pattern=0` finds."""
    count: Literal["number", "text", "missing"] = "number"
    """How the list tells its total."""
    writes_per_second: float | None = None
    """Updates over this rate get 429."""
    retry_after: int | None = 1
    """What the 429 of a write asks for."""
    lag: int = 0
    """So many reads after a write still show what was before."""
