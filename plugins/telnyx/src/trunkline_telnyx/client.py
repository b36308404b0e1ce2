"""One Telnyx account over the guarded wire: single answers, pages, and the SDK."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import attrs

from trunkline.account import CarrierAccount
from trunkline.call import Call
from trunkline.errors import TrunklineError
from trunkline_telnyx.descriptor import GUIDED
from trunkline_telnyx.refusals import json_object, unexpected

if TYPE_CHECKING:
    from requests import Response

    from trunkline_telnyx.sdk import GuardedTransport

ORIGIN = "https://api.telnyx.com"
VERSION = "/v2"
PAGE_SIZE = 250
"""The most that Telnyx gives on one page (OpenAPI, `page[size]`)."""

Row = dict[str, Any]


@attrs.frozen
class Page:
    """One page of a list, and how many there are and how many rows in all where the answer said so."""

    rows: list[Row]
    total_pages: int | None
    total_results: int | None


class Telnyx:
    """What a hook asks Telnyx with. The README's table says which calls go through the SDK and which do not."""

    def __init__(self, account: CarrierAccount, call: Call) -> None:
        self.call = call
        self.guided = account.setup_method == GUIDED
        self.connection_id = None if self.guided else account.credential("connectionId")
        self.domain: str | None = account.sip_config.get("domain")
        self.made = account.made
        self.earlier = account.earlier
        self._sdk: Any = None
        self._wire: GuardedTransport | None = None

    def get(self, path: str, query: dict[str, str] | None = None) -> Row:
        """Read one object, without the SDK."""
        return _data(self.received(self.call.http.get(ORIGIN + VERSION + path, params=query)))

    def send(self, method: str, path: str, body: Row) -> Row:
        """Write without the SDK."""
        return _data(self.received(self.call.http.request(method, ORIGIN + VERSION + path, json=body)))

    def ask(self, work: Callable[[Any], object]) -> Row:
        """Make one call with the SDK and give the object of its answer.

        The SDK's own objects drop nothing but take what it has no type for as it comes; what came is checked by us.
        """
        sdk, wire = self._connected()
        failure = ""
        try:
            work(sdk)
        except TrunklineError:
            raise
        except Exception as error:
            failure = type(error).__name__
        response = wire.taken()
        if response is None:
            raise unexpected(f"the SDK asked nothing: {failure}")
        return _data(self.received(response))

    def pages(self, path: str, query: dict[str, str]) -> Iterator[Page]:
        """Each page of a list, by number, until all that Telnyx speaks of were read."""
        number, before, empty = 1, None, False
        while True:
            # As text in the address: what `requests` would quote is sent as every example has it.
            asked = {**query, "page[size]": query.get("page[size]", str(PAGE_SIZE)), "page[number]": str(number)}
            page = _page(self.received(self.call.http.get(ORIGIN + VERSION + path, params=asked)), number)
            ids = [row.get("id") for row in page.rows]
            if ids and ids == before:
                raise unexpected("the pages go round in a circle")
            if not ids and empty:
                raise unexpected("empty pages without end")
            yield page
            before, empty = ids, not ids
            more = len(ids) >= int(asked["page[size]"]) if page.total_pages is None else number < page.total_pages
            if not more:
                return
            number += 1

    def rows(self, path: str, query: dict[str, str]) -> Iterator[Row]:
        """The rows of all pages."""
        for page in self.pages(path, query):
            yield from page.rows

    def received(self, response: Response) -> Row:
        """The JSON object of an answer."""
        return json_object(response, writes=response.request.method not in ("GET", "HEAD"), now=self.call.now())

    def _connected(self) -> tuple[Any, GuardedTransport]:
        if self._wire is None:
            from trunkline_telnyx.sdk import connect

            self._sdk, self._wire = connect(self.call)
        return self._sdk, self._wire


def text(row: Row, name: str) -> str:
    """A field as text; "" where it is unset, and a number written out: ids come as both."""
    value = row.get(name)
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def part(row: Row, name: str) -> Row:
    """An object within an object; empty where there is none."""
    value = row.get(name)
    return value if isinstance(value, dict) else {}


def _data(body: Row) -> Row:
    data = body["data"]
    if not isinstance(data, dict):
        raise unexpected("an answer whose data is not an object")
    return data


def _page(body: Row, number: int) -> Page:
    data, meta = body["data"], part(body, "meta")
    if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
        raise unexpected("a page without rows")
    said = meta.get("page_number")
    if isinstance(said, int) and said != number:
        raise unexpected("another page than the one asked for")
    return Page(data, _whole(meta.get("total_pages")), _whole(meta.get("total_results")))


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
