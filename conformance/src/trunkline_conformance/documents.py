"""A carrier's own OpenAPI documents: which operation an exchange belongs to, and the schema of what it says."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import attrs
import requests
import yaml

_METHODS = ("get", "put", "post", "delete", "patch", "head")
_LONGEST_WAIT = 30.0
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class DocumentUnreadable(Exception):
    """A document is none, or is not there; says which, and why."""


@attrs.frozen(eq=False)
class Document:
    """One document, at the address or path that references in it are relative to."""

    address: str
    content: Mapping[str, Any]

    def resolved(self, node: Any) -> tuple[Document, Any]:
        """What a node stands for, through references however long, with the document that it stands in."""
        document: Document = self
        while isinstance(node, dict) and "$ref" in node:
            file, _, pointer = node["$ref"].partition("#")
            if file:
                document = read(_beside(document.address, file))
            node = functools.reduce(
                lambda inner, part: inner[part.replace("~1", "/").replace("~0", "~")],
                pointer.strip("/").split("/"),
                document.content,
            )
        return document, node


@attrs.frozen(eq=False)
class Operation:
    """What a document says of one method on one path."""

    document: Document
    method: str
    path: str
    content: Mapping[str, Any]
    parameters: tuple[Mapping[str, Any], ...]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def request_schema(self, kind: str) -> tuple[Document, Any] | None:
        """The schema of a body of that media type."""
        document, body = self.document.resolved(self.content.get("requestBody") or {})
        return _schema(document, body, kind)

    def response(self, status: int) -> tuple[Document, Any] | None:
        """What is said of answers of that status; None where nothing is."""
        said = {str(name): each for name, each in self.content.get("responses", {}).items()}
        for name in (str(status), f"{status // 100}XX", f"{status // 100}xx", "default"):
            if name in said:
                return self.document.resolved(said[name])
        return None

    def response_schema(self, status: int, kind: str) -> tuple[Document, Any] | None:
        """The schema of an answer's body."""
        found = self.response(status)
        return None if found is None else _schema(*found, kind)


@attrs.define(eq=False, slots=False)
class Documents:
    """Every document of a carrier at once."""

    all: tuple[Document, ...]

    def operation(self, method: str, uri: str) -> Operation | None:
        """The operation that a request asks for, the most literal one of several; None where there is none."""
        return self._found(method, *urlsplit(uri)[1:3])

    def speak_of(self, uri: str) -> bool:
        """Whether any operation is on the host of an address."""
        return any(_host_fits(host, urlsplit(uri).netloc) for host in {host for host, _, _ in self._operations})

    def _found(self, method: str, host: str, path: str) -> Operation | None:
        fitting = [
            operation
            for at, pattern, operation in self._operations
            if operation.method == method and pattern.fullmatch(path.rstrip("/")) and _host_fits(at, host)
        ]
        return min(fitting, key=lambda each: each.path.count("{"), default=None)

    @functools.cached_property
    def _operations(self) -> tuple[tuple[str, re.Pattern[str], Operation], ...]:
        return tuple(each for document in self.all for each in _operations_of(document))


def _operations_of(document: Document) -> Iterator[tuple[str, re.Pattern[str], Operation]]:
    """Each operation with the host, placeholders in it, and the path that it stands at."""
    for path, item in document.content.get("paths", {}).items():
        for method in _METHODS:
            if method not in item:
                continue
            operation = item[method]
            servers = (
                operation.get("servers") or item.get("servers") or document.content.get("servers") or [{"url": ""}]
            )
            parameters = [
                document.resolved(each)[1] for each in (*item.get("parameters", ()), *operation.get("parameters", ()))
            ]
            for server in servers:
                at = urlsplit(server["url"].rstrip("/") + path.rstrip("/"))
                pattern = re.compile(re.sub(r"\\\{[^/{}]+\\\}", "[^/]+", re.escape(at.path)))
                yield at.netloc, pattern, Operation(document, method.upper(), path, operation, tuple(parameters))


@functools.cache
def _host_fits(template: str, host: str) -> bool:
    """A host that is a credential fits one with a placeholder."""
    if host.startswith("{{credentials."):
        return "{" in template
    return re.fullmatch(re.sub(r"\\\{[^{}]+\\\}", "[^.]+", re.escape(template)), host) is not None


def _schema(document: Document, said: Any, kind: str) -> tuple[Document, Any] | None:
    """The schema for a media type, or the only one there is."""
    content = said.get("content") or {}
    media = content.get(kind.partition(";")[0].strip()) or (next(iter(content.values())) if content else None)
    return None if not media or "schema" not in media else document.resolved(media["schema"])


def _beside(address: str, file: str) -> str:
    return urljoin(address, file) if "://" in address else str(Path(address).parent / file)


@functools.cache
def read(address: str) -> Document:
    """Read a document from a file or a web address; raises `DocumentUnreadable`."""
    try:
        content = _parsed(_fetched(address))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise DocumentUnreadable(f"{address}: {error}") from None
    if not isinstance(content, dict):
        raise DocumentUnreadable(f"{address}: this is no OpenAPI document")
    return Document(address, content)


def _fetched(address: str) -> str:
    if "://" not in address:
        return Path(address).read_text("utf-8")
    response = requests.get(address, timeout=_LONGEST_WAIT)
    response.raise_for_status()
    return response.text


def _parsed(text: str) -> Any:
    if text.lstrip().startswith("{"):
        return json.loads(text)  # Which takes a hundredth of the time.
    return yaml.load(text, Loader=_Loader)  # noqa: S506  # nosec B506
