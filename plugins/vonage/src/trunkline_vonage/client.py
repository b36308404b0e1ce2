"""One Vonage account over the guarded wire: its two hosts, single answers, pages of numbers, the one write, the SDK."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import attrs

from trunkline.account import CarrierAccount
from trunkline.call import Call
from trunkline.errors import TrunklineError
from trunkline_vonage.refusals import json_object, unexpected

if TYPE_CHECKING:
    from requests import Response

    from trunkline_vonage.sdk import GuardedHttpClient, Sdk

REST = "https://rest.nexmo.com"

PAGE_SIZE = 100
"""The most that Vonage gives on one page of numbers."""

# Without it rest.nexmo.com may answer in XML: its documents list both.
_HEADERS = {"Accept": "application/json"}

Row = dict[str, Any]


@attrs.frozen
class Page:
    """One page of numbers: its rows, and how many more rows the list has after it, None where it does not tell."""

    rows: list[Row]
    left: int | None


class Vonage:
    """What a hook asks Vonage with. The README's table says which calls go through the SDK and which do not."""

    def __init__(self, account: CarrierAccount, call: Call) -> None:
        self.call = call
        self.api_key = account.credential("apiKey") or ""
        self.application_id = account.credential("applicationId")
        self._sdk: Sdk | None = None
        self._sdk_client: GuardedHttpClient | None = None

    def ask(self, work: Callable[[Sdk], object]) -> dict[str, Any]:
        """Make one call with the SDK and give the JSON object of its answer.

        The SDK's own objects make floats of amounts and drop what its version does not know.
        """
        sdk, client = self._connected()
        client.payloads.clear()
        try:
            work(sdk)
        except TrunklineError:
            raise
        except Exception as error:
            # The answer was read before the SDK made an object of it: what it trips over is checked by us.
            if not client.payloads:
                raise unexpected(f"the SDK: {type(error).__name__}") from None
        return client.payloads[-1]

    def pages(self, **filters: str) -> Iterator[Page]:
        """The pages of the numbers that fit, counted from 1, until as many rows came as the list has, or none.

        An account without numbers answers `{}`. Pages have numbers and no links, so none can lead elsewhere; a page
        that repeats the one before, or begins as the first one did, goes round in a circle.
        """
        index, seen = 1, 0
        first: Row | None = None
        before: list[Row] = []
        while True:
            query = {"size": str(PAGE_SIZE), "index": str(index), **filters}
            body = self.received(self.call.http.get(f"{REST}/account/numbers", params=query, headers=_HEADERS))
            rows = _rows(body)
            if not rows:
                return
            if rows == before or rows[0] == first:
                raise unexpected("the pages of numbers go round in a circle")
            first = first or rows[0]
            seen += len(rows)
            total = _count(body)
            left = None if total is None else max(0, total - seen)
            yield Page(rows, left)
            if left == 0:
                return
            index, before = index + 1, rows

    def update(self, form: dict[str, str]) -> None:
        """Replace all settings of a number by those given: `POST /number/update`."""
        self.received(self.call.http.post(f"{REST}/number/update", data=form, headers=_HEADERS))

    def received(self, response: Response) -> dict[str, Any]:
        """The JSON object of an answer."""
        return json_object(response, writes=response.request.method != "GET", now=self.call.now())

    def _connected(self) -> tuple[Sdk, GuardedHttpClient]:
        if self._sdk is None or self._sdk_client is None:
            from trunkline_vonage.sdk import connect

            self._sdk, self._sdk_client = connect(self)
        return self._sdk, self._sdk_client


def _rows(body: dict[str, Any]) -> list[Row]:
    if "numbers" not in body and body.get("count") in (None, 0, "0"):
        return []
    rows = body.get("numbers")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise unexpected("a page without numbers")
    return rows


def _count(body: dict[str, Any]) -> int | None:
    count = body.get("count")
    if isinstance(count, str) and count.isascii() and count.isdigit():
        count = int(count[:12])
    return count if isinstance(count, int) and not isinstance(count, bool) and count >= 0 else None
