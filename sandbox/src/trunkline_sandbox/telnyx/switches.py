"""What nobody has seen Telnyx do, or seen it do in two ways: each a switch, so that both answers can be tried."""

from typing import Literal

import attrs

Clearing = Literal["clears", "ignored", "refused"]


@attrs.define
class Switches:
    """How one account of the simulated Telnyx behaves where its behaviour is not confirmed."""

    null_connection: Clearing = "clears"
    """What `{"connection_id": null}` does to a number."""
    empty_connection: Clearing = "clears"
    """What `{"connection_id": ""}` does to a number."""
    foreign_connection: Literal["refused", "ignored", "not_found"] = "refused"
    """What a number says to a connection that the account does not have."""
    applications_are_connections: bool = True
    """Whether /connections/{id} knows applications, external and UAC connections."""
    delete_in_use: Literal["refused", "detaches"] = "refused"
    """What deleting a connection with numbers, or a profile with connections, does."""
    primary_blocks_deletion: bool = False
    """Whether an FQDN record that is a connection's primary one can be deleted."""
    names_unique: bool = False
    """Whether a second connection or profile of the same name is refused, with 10012."""
    plus_in_filter: bool = True
    """Whether filter[phone_number] finds anything when it holds a plus."""
    trouble_status: int = 403
    """HTTP status of the 20xxx codes."""
    rate_limit_reset: Literal["seconds", "epoch", "absent"] = "seconds"
    """How x-ratelimit-reset is written."""
    retry_after: bool = False
    """Whether 429 carries Retry-After."""
    authentication_endpoint: bool = True
    """Whether /fqdn_connections/{id}/fqdn_authentication is there."""
    authentication_nested: bool = True
    """Whether outbound.fqdn_authentication_method is taken; if not, outbound.ip_authentication_method is."""
    credentials_on_create: bool = True
    """Whether user_name and password are taken when an FQDN connection is made and changed."""
    attach_needs_credentials: bool = True
    """Whether an outbound voice profile is refused before outbound authentication is configured."""
    sip_secrets_readable: bool = False
    """Whether a SIP password can be read after it was set."""
    connection_count: bool = True
    """Whether /connections/count is there."""
    numeric_connection_id: bool = True
    """Whether /fqdns writes connection_id as a number."""
    charges: Literal["documented", "live", "forbidden", "empty", "unknown_user"] = "documented"
    """How /charges_breakdown answers."""
    charges_in_future: bool = True
    """Whether /charges_breakdown takes an end date that has not come yet."""
    voicemail_always_there: bool = True
    """Whether a number that never had voicemail has settings of it."""
    stale_reads: int = 0
    """How many reads of a number, after a change of its connection, still show the one before."""
