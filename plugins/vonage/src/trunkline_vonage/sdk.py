"""The official SDK on the guarded wire. Importing this module imports the SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import requests
from vonage_account import Account
from vonage_application import Application
from vonage_http_client import Auth, HttpClient, HttpClientOptions
from vonage_subaccounts import Subaccounts

from trunkline.http.guard import PLACEHOLDER

if TYPE_CHECKING:
    from trunkline_vonage.client import Vonage

_TIMEOUT_SECONDS = 15


class GuardedHttpClient(HttpClient):  # type: ignore[misc, unused-ignore]
    """Sends what the SDK asks for through `call.http`, and raises Trunkline's errors in place of the SDK's.

    `payloads` holds the JSON objects of the answers. One client per hook call, so nothing of one thread or of one
    request reaches another. It holds the API key, which is part of paths, and a placeholder for the secret.
    """

    def __init__(self, vonage: Vonage) -> None:
        super().__init__(
            Auth(api_key=vonage.api_key, api_secret=PLACEHOLDER),
            HttpClientOptions(timeout=_TIMEOUT_SECONDS, max_retries=0),
        )
        # Whatever does not pass `make_request` must not reach the network either.
        self._session.close()
        self._session: requests.Session = vonage.call.http
        self.payloads: list[dict[str, Any]] = []
        self._vonage = vonage

    def make_request(
        self,
        request_type: str,
        host: str,
        request_path: str = "",
        params: dict[str, Any] | None = None,
        auth_type: str = "jwt",
        sent_data_type: str = "json",
        token: str | None = None,
    ) -> dict[str, Any]:
        """Send one request, with headers of its own.

        The SDK's own method keeps one dictionary of headers for all requests (a form after a JSON call goes out as
        JSON), logs it with the Authorization header in it, logs the bodies of refusals, and repeats broken writes.
        """
        given = {"json": "json", "form": "data", "query_params": "params"}[sent_data_type]
        response = self._vonage.call.http.request(
            request_type,
            f"https://{host}{request_path}",
            headers={"Accept": "application/json", "User-Agent": self.user_agent},
            allow_redirects=False,
            **{given: params},  # type: ignore[arg-type]
        )
        payload = self._vonage.received(response)
        self.payloads.append(payload)
        return payload


@attrs.frozen
class Sdk:
    """The parts of the SDK that the plugin uses, on one client."""

    account: Account
    application: Application
    subaccounts: Subaccounts


def connect(vonage: Vonage) -> tuple[Sdk, GuardedHttpClient]:
    """The SDK for one account, and the client under it."""
    client = GuardedHttpClient(vonage)
    return Sdk(Account(client), Application(client), Subaccounts(client)), client
