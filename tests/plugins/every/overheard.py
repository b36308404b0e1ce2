"""What a carrier answers a hook, field by field."""

from __future__ import annotations

import io
import re
from typing import Any

import requests

from .conftest import Desk


class Overheard:
    """A desk whose dial writes down what the carrier answers."""

    def __init__(self, desk: Desk) -> None:
        self._dial = desk.sandbox_dial()
        self._seen: dict[str, Any] = {}
        self.desk = Desk(desk.provider, desk.sandbox, dial=self)

    def send(self, request: requests.PreparedRequest, timeout: tuple[float, float]) -> requests.Response:
        response = self._dial.send(request, timeout)
        content = response.content
        self._seen[str(request.url).partition("?")[0].split("/", 3)[3]] = response.json()
        response.raw = io.BytesIO(content)
        response._content_consumed = response._content = False  # type: ignore[attr-defined]
        response.headers.pop("Content-Length", None)
        return response

    def close(self) -> None:
        self._dial.close()

    def fields(self) -> list[tuple[str, tuple[str, ...]]]:
        self.desk.close()
        return [(f"/{re.escape(path)}$", way) for path, answer in self._seen.items() for way in ways(answer, ()) if way]


def ways(answer: Any, so_far: tuple[str, ...]) -> list[tuple[str, ...]]:
    if isinstance(answer, list):
        return [so_far, *(way for item in answer[:1] for way in ways(item, (*so_far, "*")))]
    if isinstance(answer, dict) and len(so_far) < 5:
        return [so_far, *(way for name, value in answer.items() for way in ways(value, (*so_far, name)))]
    return [so_far]
