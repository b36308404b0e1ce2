"""What nobody has seen SignalWire do, or its documents say in two ways: each a switch, so that both can be tried."""

from typing import Literal

import attrs


@attrs.define
class Switches:
    """How one project of the simulated SignalWire behaves where its behaviour is not confirmed."""

    missing_scope: Literal[401, 403] = 401
    """A missing scope: 401 by its staff (signalwire/docs-legacy#725), 403 by its page of error codes."""
    lookup: Literal["open", "not_found", "scoped"] = "open"
    """The bare number lookup: for every token, as documented; 404 for its number; or for the Numbers scope only."""
    unknown_space: Literal["401", "404", "404_html", "redirect"] = "404"
    """What a space that does not exist, or is another customer's, answers."""
    script_address: Literal["accepted", "refused", "dropped"] = "accepted"
    """Whether a PUT takes the address of a SWML script; `dropped` answers 200 and changes nothing."""
    scripts: Literal["made", "refused", "without_address"] = "made"
    """Whether a SWML script can be made, and whether it says where it is served."""
    script_list: Literal["envelope", "array"] = "envelope"
    """The list of scripts: an envelope, or an array of envelopes, which the document says."""
    contents: Literal["object", "text"] = "object"
    """How a script's contents are shown."""
    null_handler: Literal["refused", "accepted", "ignored", "error"] = "refused"
    """What becomes of `call_handler: null`."""
    empty_webhook: Literal["accepted", "refused"] = "accepted"
    """Whether `laml_webhooks` may be set without an address."""
    blanks: Literal["cleared", "refused"] = "cleared"
    """Whether an empty string clears a field of a handler that is not in force."""
    keeps_other_fields: bool = False
    """Whether the fields of the handler before stay when the handler changes."""
    derived_resource: Literal["script", "own"] = "script"
    """`calling_handler_resource_id` of a number on a script: the script's id, or one of its own."""
    links: Literal["absolute", "relative"] = "absolute"
    """How a page links to the others: both forms are in the documents."""
    empty_pages: bool = False
    """Every page is followed by an empty one that has a next page."""
    retry_after: int | None = None
    """What a 429 asks for."""
    writes_per_10_seconds: int = 13_800
    """The documented limit of POST, PUT and PATCH."""
