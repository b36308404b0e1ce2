"""One SignalWire project over the guarded wire: single answers, pages, and the SDK."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from trunkline.account import CarrierAccount
from trunkline.call import Call
from trunkline.errors import (
    CarrierUnavailable,
    CredentialsRejected,
    PermissionMissing,
    TrunklineError,
)
from trunkline.paging import Circle
from trunkline.refusals import NotThere, unread_write
from trunkline_signalwire.refusals import CARRIER, NoApi, json_answer, unexpected

if TYPE_CHECKING:
    from requests import Response
    from signalwire.rest import RestClient

    from trunkline_signalwire.sdk import GuardedSdkSession

PAGE_SIZE = 1000
"""The most that SignalWire gives on one page."""

ANY_NUMBER = "+15551234567"
"""A number to look up where only the answer's status counts."""

Row = dict[str, Any]


class SignalWire:
    """What a hook asks SignalWire with. The README's table says which calls go through the SDK and which do not."""

    def __init__(self, account: CarrierAccount, call: Call) -> None:
        self.call = call
        self.project = account.credential("projectId") or ""
        self.space = account.credential("spaceUrl") or ""
        self.origin = f"https://{self.space}"
        self.domain: str | None = account.sip_config.get("domain")
        self._accepted = False
        self._asking_again = False
        self._sdk: RestClient | None = None
        self._sdk_wire: GuardedSdkSession | None = None

    def get(self, path: str, query: dict[str, str] | str | None = None) -> Row:
        """Read one JSON object, without the SDK."""
        return _object(self.received(self.sent("GET", self.origin + path, params=query)))

    def write(self, method: str, path: str, *, json: Row | None = None, form: dict[str, str] | None = None) -> Row:
        """Send one write, without the SDK, and give the JSON object of its answer."""
        answer = self.received(self.sent(method, self.origin + path, json=json, data=form))
        return _object(answer)

    def ask(self, work: Callable[[RestClient], object]) -> Row:
        """Make one call with the SDK and give the JSON object of its answer."""
        sdk, wire = self._connected()
        failure = ""
        try:
            work(sdk)
        except TrunklineError:
            raise
        except Exception as error:
            # The answer was read before the SDK saw it: what it trips over is checked by us.
            failure = type(error).__name__
        answer = wire.taken()
        if answer is None:
            raise unexpected(f"the SDK asked nothing: {failure}")
        return _object(answer)

    def look_up(self) -> None:
        """Ask the one thing that "no API token scope is required" for, by its document (lookup_phone_number)."""
        self.ask(lambda sdk: sdk.lookup.phone_number(ANY_NUMBER))

    def prove(self, missing: PermissionMissing) -> None:
        """See that the credentials are good though nothing was answered yet; raises what was `missing` otherwise."""
        if self._accepted:
            return
        # After a 401 the lookup was asked already.
        if missing.reply.status == 401:
            raise missing
        try:
            self.look_up()
        except NotThere:
            raise missing from None

    def pages(self, path: str, key: str, query: dict[str, str]) -> Iterator[list[Row]]:
        """The rows of each page of a list, page after page, of this host and this path only.

        A page may be empty and have a next one.
        """
        following: dict[str, str] | str | None = query
        circle = Circle()
        while following is not None:
            rows, link = _page(self._listed(path, following), key)
            following = self._following(path, link)
            if following is not None and circle.is_closed_by(following):
                raise unexpected(f"the pages of {key} go round in a circle")
            yield rows

    def sent(self, method: str, url: str, **more: Any) -> Response:
        """Send one request over the guarded wire; no redirect is followed."""
        try:
            return self.call.http.request(
                method, url, headers={"Accept": "application/json"}, allow_redirects=False, **more
            )
        except CarrierUnavailable as error:
            if type(error) is not CarrierUnavailable or self._accepted:
                raise
            raise CarrierUnavailable(
                f"SignalWire cannot be reached at {self.space}. Check the space URL, or try again later.",
                detail=error.detail,
                reply=error.reply,
            ) from None

    def received(self, response: Response) -> Row | list[Any]:
        """The JSON of an answer; a 401 is believed when the lookup, which needs no scope, says so too."""
        writes = response.request.method != "GET"
        try:
            answer = json_answer(response, writes=writes, now=self.call.now())
        except CredentialsRejected as rejected:
            if self._asking_again:
                raise
            refused = self._second_opinion(rejected)
        except NoApi as nothing:
            if self._accepted:
                raise
            refused = self.no_space(nothing)
        else:
            self._accepted = True
            if writes and not isinstance(answer, dict):
                raise unread_write(CARRIER, "an array where an object is documented")
            return answer
        raise refused

    def no_space(self, error: TrunklineError) -> CredentialsRejected:
        """What it means that not even a list is there: the space does not exist, or is not this project's."""
        return CredentialsRejected(
            f"SignalWire has no space {self.space} with this project. Copy the space URL from its Dashboard.",
            detail=error.detail,
            reply=error.reply,
        )

    def _second_opinion(self, rejected: CredentialsRejected) -> TrunklineError:
        # "Tokens without these scopes will receive 401 Unauthorized responses" (signalwire/docs-legacy#725).
        if not self._accepted:
            self._asking_again = True
            try:
                self.look_up()
            except CredentialsRejected:
                return rejected
            except (PermissionMissing, NotThere):
                return PermissionMissing(
                    "SignalWire refuses this. Give the API token the scopes Numbers and Voice in the SignalWire "
                    "Dashboard, and check that project ID, token and space URL belong together.",
                    detail=rejected.detail,
                    reply=rejected.reply,
                )
            finally:
                self._asking_again = False
        return PermissionMissing(
            "SignalWire accepts this API token, but not for this. Give it the scopes Numbers and Voice in the "
            "SignalWire Dashboard.",
            detail=rejected.detail,
            reply=rejected.reply,
        )

    def _listed(self, path: str, query: dict[str, str] | str) -> Row | list[Any]:
        try:
            return self.received(self.sent("GET", self.origin + path, params=query))
        except NotThere as missing:
            if self._accepted:
                raise unexpected("a list that is not there") from None
            raise self.no_space(missing) from None

    def _following(self, path: str, link: object) -> str | None:
        """The query of the next page, or None; an address elsewhere is refused before anything is sent there."""
        if not link:
            return None
        if not isinstance(link, str):
            raise unexpected("the link to the next page is not a string")
        parts = urlsplit(link)
        if parts.netloc and (parts.scheme, parts.netloc.lower()) != ("https", self.space):
            raise unexpected("the next page is on another host")
        if parts.path not in ("", path) or not parts.query:
            raise unexpected("the next page has another path")
        return parts.query

    def _connected(self) -> tuple[RestClient, GuardedSdkSession]:
        if self._sdk is None or self._sdk_wire is None:
            from trunkline_signalwire.sdk import connect

            self._sdk, self._sdk_wire = connect(self)
        return self._sdk, self._sdk_wire


def _object(answer: Row | list[Any]) -> Row:
    if not isinstance(answer, dict):
        raise unexpected("an array where an object is documented")
    return answer


def _page(answer: Row | list[Any], key: str) -> tuple[list[Row], object]:
    """The rows of one page and its link to the next.

    `links.next` in the newer APIs, `next_page_uri` in the compatibility API. The document has the list of SWML scripts
    as an array of such pages (list_swml_scripts), where the SDK has one page alone: both are read.
    """
    if isinstance(answer, list):
        if len(answer) != 1 or not isinstance(answer[0], dict) or key not in answer[0]:
            if all(isinstance(row, dict) and key not in row for row in answer):
                return answer, None
            raise unexpected(f"an array of {len(answer)} pages of {key}")
        answer = answer[0]
    rows, links = answer.get(key), answer.get("links")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise unexpected(f"a page without {key}")
    return rows, links.get("next") if isinstance(links, dict) else answer.get("next_page_uri")
