"""The cassette end of the wire: plays each recorded exchange once, in order, and nothing that was not recorded."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import attrs
import requests
from requests.structures import CaseInsensitiveDict
from vcr import matchers
from vcr.cassette import Cassette as VcrCassette
from vcr.record_mode import RecordMode
from vcr.request import Request

from trunkline_conformance.cassettes import Cassette
from trunkline_conformance.conversation import Asked


def body(mine: Request, recorded: Request) -> bool:
    """Whether two bodies say the same: forms in any order of their fields, JSON in any order of its keys."""
    return canonical(mine.body) == canonical(recorded.body)


def step(mine: Request, recorded: Request) -> bool:
    """Whether a request is made in the step in which it was recorded."""
    return bool(mine.step == recorded.step)


MATCH_ON = (matchers.method, matchers.scheme, matchers.host, matchers.port, matchers.path, matchers.query, body, step)


def canonical(sent: bytes | None) -> object:
    """A body in a form in which equal ones are equal."""
    text = (sent or b"").decode("utf-8", "surrogateescape")
    if not text:
        return None
    try:
        return "json", json.dumps(json.loads(text), sort_keys=True)
    except ValueError:
        pass
    try:
        return "form", sorted(parse_qsl(text, keep_blank_values=True, strict_parsing=True))
    except ValueError:
        return "text", text


class Unrecorded(requests.exceptions.ConnectionError):
    """A request that is not in the cassette; to the plugin, a connection that broke."""


class CassetteDial:
    """Plays one cassette for one run. Safe to use from several threads; the order of its writes is the recorded one.

    With `reads_in_any_order`, reads may overtake each other, but no write.
    """

    def __init__(self, cassette: Cassette, credentials: Mapping[str, str], *, reads_in_any_order: bool = False) -> None:
        self.asked: list[Asked] = []
        self.step = ""
        self._lock = threading.Lock()
        self._any_order = reads_in_any_order
        self._tape = VcrCassette.load(
            path=str(cassette.path),
            persister=_Filled(cassette, credentials),
            record_mode=RecordMode.NONE,
            match_on=MATCH_ON,
        )

    def begin(self, step: str) -> None:
        """Requests from now on belong to this step."""
        self.step = step

    def send(self, request: requests.PreparedRequest, timeout: tuple[float, float]) -> requests.Response:
        """Play the answer that was recorded for it."""
        sent = asked_with(request, self.step)
        with self._lock:
            index = self._next(sent)
            response = None if index is None else self._play(index)
            self.asked.append(self._noted(sent, index, response))
        if response is None:
            raise Unrecorded("not recorded")
        return answer(response, request)

    def note(self, asked: Asked) -> None:
        """Remember what was asked of a peer meanwhile."""
        self.asked.append(attrs.evolve(asked, step=self.step))

    def close(self) -> None:
        """Nothing is open."""

    def unplayed(self) -> list[tuple[str, str]]:
        """Step and request of each exchange that was not played."""
        return [
            (request.step, f"{request.method} {request.uri}")
            for index, request in enumerate(self._tape.requests)
            if not self._tape.play_counts[index]
        ]

    def _next(self, sent: Request) -> int | None:
        """The recorded exchange whose turn it is, if it is this one."""
        for index, recorded in enumerate(self._tape.requests):
            if self._tape.play_counts[index] or recorded.step != sent.step:
                continue
            if matchers.requests_match(sent, recorded, MATCH_ON):
                return index
            if not (self._any_order and reads(sent) and reads(recorded)):
                return None
        return None

    def _play(self, index: int) -> dict[str, Any]:
        self._tape.play_counts[index] += 1
        played: dict[str, Any] = self._tape.responses[index]
        return played

    def _noted(
        self, sent: Request, index: int | None, response: dict[str, Any] | None, fault: str | None = None
    ) -> Asked:
        status = None if response is None or response["lost"] else response["status"]["code"]
        nearest = "" if response else self._nearest(sent)
        return Asked(self.step, sent.method, sent.uri, dict(sent.headers), sent.body, status, index, nearest, fault)

    def _nearest(self, sent: Request) -> str:
        """What is recorded that comes nearest to a request, and where it differs."""
        here = [each for index, each in enumerate(self._tape.requests) if not self._tape.play_counts[index]]
        best: tuple[int, str] = (0, "nothing more is recorded")
        for recorded in here:
            same, other = matchers.get_matchers_results(sent, recorded, MATCH_ON)
            if len(same) > best[0]:
                best = (
                    len(same),
                    f"{recorded.method} {recorded.uri}, which has another {' and '.join(n for n, _ in other)}",
                )
        return best[1]


def asked_with(request: requests.PreparedRequest, step: str) -> Request:
    """A request in vcrpy's terms."""
    sent = Request(request.method or "", request.url or "", request.body, dict(request.headers))
    sent.step = step
    return sent


def reads(request: Request) -> bool:
    """Whether the method of a request only reads."""
    return request.method in ("GET", "HEAD")


def answer(response: Mapping[str, Any], request: requests.PreparedRequest) -> requests.Response:
    """The recorded answer as `requests` gives one; raises what `requests` raises where it was lost."""
    match response["lost"]:
        case "timeout":
            raise requests.exceptions.ReadTimeout("no answer came")
        case "reset":
            raise requests.exceptions.ConnectionError("the connection was reset")
    made = requests.Response()
    made.status_code = response["status"]["code"]
    made.reason = response["status"].get("message") or ""
    made.url, made.request = request.url or "", request
    # The body stands here decoded, and its length differs from run to run with the credentials in it.
    plain = {
        name: ", ".join(values)
        for name, values in response["headers"].items()
        if name.lower() not in ("content-length", "content-encoding", "transfer-encoding")
    }
    made.headers = CaseInsensitiveDict(plain)
    made.encoding = requests.utils.get_encoding_from_headers(made.headers)
    made.raw = io.BytesIO(response["body"]["string"])
    return made


@attrs.frozen
class _Filled:
    """Gives vcrpy a cassette with this run's credentials in it; it is never saved."""

    cassette: Cassette
    credentials: Mapping[str, str]

    def load_cassette(self, path: str, serializer: object) -> tuple[list[Request], list[dict[str, Any]]]:
        """The requests, each with its step, and the responses."""
        pairs = self.cassette.played_with(self.credentials)
        for (request, response), interaction in zip(pairs, self.cassette.interactions, strict=True):
            request.step = interaction.step
            response["body"]["string"] = response["body"]["string"].encode()
        return [request for request, _ in pairs], [response for _, response in pairs]
