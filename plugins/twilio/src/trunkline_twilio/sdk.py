"""The official SDK on the guarded wire. Importing this module imports the SDK."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.rest import Client

from trunkline.http.guard import PLACEHOLDER

if TYPE_CHECKING:
    from trunkline_twilio.client import Twilio


class GuardedHttpClient(HttpClient):  # type: ignore[misc, unused-ignore]
    """Sends what the SDK asks for through `call.http`, and raises Trunkline's errors in place of the SDK's.

    No retries, no environment, no credentials of its own.
    """

    def __init__(self, twilio: Twilio) -> None:
        super().__init__(logging.getLogger("twilio.http_client"), False)
        self._answer: dict[str, Any] | None = None
        self._twilio = twilio

    def taken(self) -> dict[str, Any] | None:
        """The JSON object of the last answer, once."""
        answer, self._answer = self._answer, None
        return answer

    def request(
        self,
        method: str,
        uri: str,
        params: dict[str, Any] | None = None,
        data: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        """Send one request; `auth` holds placeholders and is left behind, the wire authorizes."""
        # By its exception the SDK would tell the status but no header, and for lists not even the code.
        response = self._twilio.call.http.request(
            method, uri, params=params, data=data, headers=headers, allow_redirects=False
        )
        self._answer = self._twilio.received(response)
        return Response(response.status_code, response.content.decode(), response.headers)


def connect(twilio: Twilio) -> tuple[Client, GuardedHttpClient]:
    """An SDK client for one account, and the wire under it."""
    wire = GuardedHttpClient(twilio)
    client = Client(
        username=PLACEHOLDER,
        password=PLACEHOLDER,
        account_sid=twilio.sid,
        region=twilio.region,
        edge=twilio.edge,
        http_client=wire,
        # Without this, or with an empty one, it takes TWILIO_REGION and TWILIO_EDGE from the process's environment.
        environment={"TWILIO_ACCOUNT_SID": PLACEHOLDER},
    )
    return client, wire


def warm_up() -> None:
    """Import every part of the SDK that the hooks use."""
    client = Client(PLACEHOLDER, PLACEHOLDER, environment={"TWILIO_ACCOUNT_SID": PLACEHOLDER})
    v1 = (client.trunking.v1.trunks, client.voice.v1.dialing_permissions, client.pricing.v1)
    for part in (client.api.v2010, *v1, client.routes.v2.phone_numbers):
        assert part is not None
