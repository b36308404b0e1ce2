"""The official SDK on the guarded wire. Importing this module imports the SDK."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import telnyx
from telnyx import Telnyx as Sdk

from trunkline.errors import TrunklineError
from trunkline.http.guard import PLACEHOLDER
from trunkline_telnyx.client import ORIGIN, VERSION
from trunkline_telnyx.refusals import without_pins

if TYPE_CHECKING:
    from requests import Response

    from trunkline.call import Call

_HEADERS = ("Accept", "Content-Type")


class GuardedTransport(httpx.BaseTransport):
    """Sends what the SDK asks for through `call.http`.

    What the SDK would add of its own, of the environment or of its placeholders to the headers is left behind, and
    pins and passwords are taken out of an answer before the SDK makes objects of it.
    """

    def __init__(self, call: Call) -> None:
        self._call = call
        self._response: Response | None = None
        self._failure: TrunklineError | None = None

    def taken(self) -> Response | None:
        """The last answer, once; raises what the wire raised, which the SDK wraps in an error of its own."""
        response, failure = self._response, self._failure
        self._response = self._failure = None
        if failure is not None:
            raise failure
        return response

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request."""
        headers = {name: request.headers[name] for name in _HEADERS if name in request.headers}
        try:
            response = self._call.http.request(
                request.method, str(request.url), data=request.read() or None, headers=headers, allow_redirects=False
            )
        except TrunklineError as failure:
            self._failure = failure
            raise httpx.TransportError("the wire refused") from None
        self._response = response
        kind = response.headers.get("Content-Type", "")
        return httpx.Response(
            response.status_code, headers={"Content-Type": kind}, content=_clean(response.content), request=request
        )


def connect(call: Call) -> tuple[Any, GuardedTransport]:
    """An SDK client, and the wire under it: no retries, since it would send a write again after any 5xx."""
    transport = GuardedTransport(call)
    client = Sdk(
        api_key=PLACEHOLDER,
        # None would take these from the process's environment, and two of them switch to another way to log in.
        public_key="",
        client_id="",
        client_secret="",
        base_url=ORIGIN + VERSION,
        max_retries=0,
        timeout=max(0.05, call.deadline.remaining),
        http_client=httpx.Client(transport=transport, trust_env=False, follow_redirects=False),
    )
    return client, transport


def warm_up() -> None:
    """Import every part of the SDK that the hooks use."""
    client = Sdk(
        api_key=PLACEHOLDER,
        public_key="",
        client_id="",
        client_secret="",
        base_url=ORIGIN + VERSION,
        http_client=httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200)), trust_env=False),
    )
    for part in (
        client.balance,
        client.phone_numbers.voice,
        client.connections,
        client.fqdn_connections,
        client.fqdns,
        client.outbound_voice_profiles,
    ):
        assert part is not None
    assert telnyx.__version__


def _clean(content: bytes) -> bytes:
    try:
        return json.dumps(json.loads(content, object_pairs_hook=without_pins)).encode()
    except (ValueError, RecursionError):
        return content
