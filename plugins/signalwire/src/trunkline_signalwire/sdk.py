"""The official SDK on the guarded wire. Importing this module imports the SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from signalwire.rest import RequestOptions, RestClient

from trunkline.http.guard import PLACEHOLDER

if TYPE_CHECKING:
    from requests import Response

    from trunkline_signalwire.client import SignalWire

_TIMEOUT_SECONDS = 15.0


class GuardedSdkSession:
    """Stands where the SDK has its `requests` session: sends through `call.http`, and raises Trunkline's errors.

    No retries, no environment, no credentials of its own.
    """

    def __init__(self, signalwire: SignalWire) -> None:
        self._signalwire = signalwire
        self._answer: dict[str, Any] | list[Any] | None = None

    def taken(self) -> dict[str, Any] | list[Any] | None:
        """The JSON of the last answer, once."""
        answer, self._answer = self._answer, None
        return answer

    def request(
        self,
        method: str,
        url: str,
        json: Any = None,
        params: dict[str, Any] | None = None,
        timeout: float | None = None,
    ) -> Response:
        """Send one request; the guard bounds it in time, whatever `timeout` says."""
        # The SDK would take an empty answer to a write for a good one, and quotes bodies and queries in its errors.
        response = self._signalwire.sent(method, url, json=json, params=params)
        self._answer = self._signalwire.received(response)
        return response


def connect(signalwire: SignalWire) -> tuple[RestClient, GuardedSdkSession]:
    """An SDK client for one project, and the wire under it."""
    client = _client(signalwire.space)
    wire = GuardedSdkSession(signalwire)
    client._http._session = wire  # type: ignore[assignment]
    return client, wire


def _client(host: str) -> RestClient:
    # What is left empty it takes from the process's environment.
    options = RequestOptions(timeout=_TIMEOUT_SECONDS, retries=0)
    return RestClient(project=PLACEHOLDER, token=PLACEHOLDER, host=host, request_options=options)


def warm_up() -> None:
    """Import every part of the SDK that the hooks use."""
    client = _client("example.signalwire.com")
    for part in (client.phone_numbers, client.lookup, client.sip_profile, client.projects, client.fabric.swml_scripts):
        assert part is not None
