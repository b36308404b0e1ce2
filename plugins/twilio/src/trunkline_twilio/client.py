"""One Twilio account over the guarded wire: its hosts, single answers, pages, and the SDK."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from trunkline.account import CarrierAccount
from trunkline.call import Call
from trunkline.errors import AccountSuspended, CredentialsRejected, PermissionMissing, TrunklineError
from trunkline.paging import Circle
from trunkline.refusals import NotThere
from trunkline_twilio.refusals import json_object, unexpected

if TYPE_CHECKING:
    from requests import Response
    from twilio.rest import Client

    from trunkline_twilio.sdk import GuardedHttpClient

PAGE_SIZE = 1000
"""The most that Twilio gives on one page."""


class Twilio:
    """What a hook asks Twilio with. The README's table says which calls go through the SDK and which do not."""

    def __init__(self, account: CarrierAccount, call: Call) -> None:
        self.call = call
        self.sid = account.credential("accountSid") or ""
        self.region = account.credential("region")
        self.edge = account.credential("edge")
        self.domain: str | None = account.sip_config.get("domain")
        self.account_path = f"/2010-04-01/Accounts/{self.sid}.json"
        self.numbers_path = f"/2010-04-01/Accounts/{self.sid}/IncomingPhoneNumbers.json"
        self._asking_again = False
        self._sdk: Client | None = None
        self._sdk_wire: GuardedHttpClient | None = None

    @property
    def short_name(self) -> str:
        """The account by the last four characters of its SID, for where its name may not be shown."""
        return f"account …{self.sid[-4:]}"

    def origin(self, product: str) -> str:
        """Scheme and host of a product, with region and edge where the SDK puts them: an edge alone means us1."""
        region = self.region or (self.edge and "us1")
        return "https://" + ".".join(part for part in (product, self.edge, region, "twilio.com") if part)

    def get(self, product: str, path: str, query: dict[str, str] | str | None = None) -> dict[str, Any]:
        """Read one JSON object, without the SDK."""
        return self.received(self.call.http.get(self.origin(product) + path, params=query))

    def ask(self, work: Callable[[Client], object]) -> dict[str, Any]:
        """Make one call with the SDK and give the JSON object of its answer.

        The SDK's own objects turn dates about and drop what its version does not know; a snapshot needs what came.
        """
        sdk, wire = self._connected()
        failure = ""
        try:
            work(sdk)
        except TrunklineError:
            raise
        except Exception as error:
            # The answer was read before the SDK made an object of it: what it trips over is checked by us.
            failure = type(error).__name__
        answer = wire.taken()
        if answer is None:
            raise unexpected(f"the SDK asked nothing: {failure}")
        return answer

    def pages(self, product: str, path: str, key: str, query: dict[str, str]) -> Iterator[list[dict[str, Any]]]:
        """The rows of each page of a list, page after page, of this host and this path only."""
        following: dict[str, str] | str | None = query
        circle = Circle()
        while following is not None:
            body = self.get(product, path, following)
            rows = body.get(key)
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise unexpected(f"a page without {key}")
            following = self._following(product, path, body)
            if following is not None and circle.is_closed_by(following):
                raise unexpected(f"the pages of {key} go round in a circle")
            yield rows

    def received(self, response: Response) -> dict[str, Any]:
        """The JSON object of an answer; a 401 is believed when a second endpoint says so too."""
        writes = response.request.method != "GET"
        try:
            return json_object(response, writes=writes, now=self.call.now())
        except CredentialsRejected as rejected:
            if self._asking_again:
                raise
            refused = self._second_opinion(urlsplit(response.request.url or "").path, rejected)
        raise refused

    def _second_opinion(self, path: str, rejected: CredentialsRejected) -> TrunklineError:
        # 401/20003 is also what a Standard key gets at /Accounts, and a parent's credentials outside api.twilio.com
        # (https://www.twilio.com/docs/errors/20003): only where nothing else answers either are they wrong.
        self._asking_again = True
        try:
            if path == self.numbers_path:
                self.get("api", self.account_path)
            else:
                self.get("api", self.numbers_path, {"PageSize": "1"})
        except (CredentialsRejected, PermissionMissing):
            return rejected
        except AccountSuspended as suspended:
            return suspended
        except NotThere as missing:
            return unknown_account(missing)
        finally:
            self._asking_again = False
        return PermissionMissing(
            "Twilio accepts these credentials, but not for this. Use the account's auth token or a Main API key, and "
            "for a subaccount its own credentials.",
            detail=rejected.detail,
            reply=rejected.reply,
        )

    def _following(self, product: str, path: str, body: dict[str, Any]) -> str | None:
        """The query of the next page, or None; an address elsewhere is refused before anything is sent there."""
        meta = body.get("meta")
        link = meta.get("next_page_url") if isinstance(meta, dict) else body.get("next_page_uri")
        if not link:
            return None
        if not isinstance(link, str):
            raise unexpected("the link to the next page is not a string")
        parts = urlsplit(link)
        here = urlsplit(self.origin(product))
        if parts.netloc and (parts.scheme, parts.netloc) != (here.scheme, here.netloc):
            raise unexpected("the next page is on another host")
        if parts.path != path or not parts.query:
            raise unexpected("the next page has another path")
        return parts.query

    def _connected(self) -> tuple[Client, GuardedHttpClient]:
        if self._sdk is None or self._sdk_wire is None:
            from trunkline_twilio.sdk import connect

            self._sdk, self._sdk_wire = connect(self)
        return self._sdk, self._sdk_wire


def unknown_account(missing: NotThere) -> CredentialsRejected:
    """What 404 at the account's own address says: the account SID is not one of these credentials."""
    return CredentialsRejected(
        "Twilio does not know this account SID under these credentials. Copy both from the same account.",
        detail=missing.detail,
        reply=missing.reply,
    )
