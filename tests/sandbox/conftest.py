"""A running sandbox, callers that speak plain HTTP to it, and the carriers' own documents to check its answers."""

import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import attrs
import jsonschema
import pytest
import requests

from trunkline_sandbox import Sandbox, running
from trunkline_sandbox.twilio import Account, SimulatedTwilio

SPECS = Path(__file__).resolve().parents[2].parent / "shared" / "specs"

Twilio = Sandbox[SimulatedTwilio]


@pytest.fixture
def twilio() -> Iterator[Twilio]:
    with running(SimulatedTwilio()) as sandbox:
        yield sandbox


@attrs.define
class Caller:
    """One account's credentials on one of the carrier's hosts, spoken over plain HTTP to the sandbox."""

    session: requests.Session
    address: str
    user: str
    password: str
    sid: str
    host: str | None = None

    def on(self, product: str) -> "Caller":
        """The same caller, at one of Twilio's products by its real name."""
        return attrs.evolve(self, host=f"{product}.twilio.com")

    def at(self, host: str | None) -> "Caller":
        """The same caller, at any host name."""
        return attrs.evolve(self, host=host)

    def ask(self, method: str, path: str, form: dict[str, Any] | None = None, **more: Any) -> requests.Response:
        """One request."""
        headers = {"Host": self.host} if self.host else {}
        headers |= more.pop("headers", {})
        more.setdefault("timeout", 5)
        return self.session.request(
            method, self.address + path, data=form, auth=(self.user, self.password), headers=headers, **more
        )

    def get(self, path: str, **more: Any) -> Any:
        """What is read there, which must be there."""
        answer = self.ask("GET", path, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, **form: Any) -> Any:
        """What a write that must succeed answers."""
        answer = self.ask("POST", path, form)
        assert answer.status_code in (200, 201, 202), answer.text
        return answer.json()

    def refusal(self, method: str, path: str, form: dict[str, Any] | None = None, **more: Any) -> tuple[int, int]:
        """Status and code of a refusal, in the shape Twilio gives them."""
        answer = self.ask(method, path, form, **more)
        body = answer.json()
        assert set(body) == {"code", "message", "more_info", "status"}
        assert body["status"] == answer.status_code
        assert body["more_info"] == f"https://www.twilio.com/docs/errors/{body['code']}"
        return answer.status_code, body["code"]

    def numbers(self, tail: str = ".json") -> str:
        """The path of the account's numbers."""
        return f"/2010-04-01/Accounts/{self.sid}/IncomingPhoneNumbers{tail}"


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


CallAs = Callable[..., Caller]


@pytest.fixture
def call_as(twilio: Twilio, session: requests.Session) -> CallAs:
    """A caller with the credentials that control lists under a label."""

    def caller(label: str, host: str | None = None) -> Caller:
        (entry,) = [entry for entry in twilio.carrier.listing() if entry.label == label]
        credentials = entry.credentials
        sid = credentials["accountSid"]
        user, password = credentials.get("apiKeySid", sid), credentials.get("authToken") or credentials["apiKeySecret"]
        return Caller(session, twilio.address, user, password, sid, host)

    return caller


@pytest.fixture
def healthy(call_as: CallAs) -> Caller:
    return call_as("healthy")


@pytest.fixture
def account(twilio: Twilio) -> Account:
    return twilio.carrier.accounts["healthy"]


@pytest.fixture
def control(twilio: Twilio, session: requests.Session) -> Callable[..., Any]:
    """Ask control; the JSON it answers, or None."""

    def ask(method: str, path: str, body: Any = None, status: int | None = None) -> Any:
        answer = session.request(method, f"{twilio.address}/_sandbox/{path}", json=body, timeout=5)
        assert answer.status_code == (status or (200 if answer.content else 204)), answer.text
        return answer.json() if answer.content else None

    return ask


def basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


# The documents

_FORMATS = jsonschema.FormatChecker(formats=())


def _format(name: str, check: Callable[[str], bool]) -> None:
    _FORMATS.checks(name, raises=ValueError)(lambda value: not isinstance(value, str) or check(value))


_format("date-time", lambda value: bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value)))
_format("date-time-rfc-2822", lambda value: bool(datetime.strptime(value, "%a, %d %b %Y %H:%M:%S %z")))
_format("phone-number", lambda value: bool(re.fullmatch(r"\+[1-9]\d{6,14}", value)))
_format("iso-country-code", lambda value: bool(re.fullmatch(r"[A-Z]{2}", value)))
_format("currency", lambda value: bool(re.fullmatch(r"[A-Z]{3}", value)))
_format("http-method", lambda value: value in ("GET", "POST"))
_format("uri", lambda value: value == "" or bool(re.match(r"(https?://|sip:|/)\S+$", value)))

# Where the documents are known to be wrong: the property, what really comes, how that is known.
_PRICE = {"type": ["string", "null"], "pattern": r"^\d+(\.\d+)?$"}
KNOWN_DIFFERENCES: dict[str, tuple[dict[str, Any], str]] = {
    "base_price": (_PRICE, "prices are strings or null in the documents' own examples"),
    "current_price": (_PRICE, "prices are strings in the documents' own examples"),
    **{
        field: (
            {"type": ["string", "null"], "pattern": f"^({prefix}[0-9a-f]{{32}})?$"},
            'unset is "" as well as null in the documents\' own examples, though the pattern does not allow it',
        )
        for field, prefix in {"trunk_sid": "TK", "voice_application_sid": "AP", "sms_application_sid": "AP"}.items()
    },
}


@attrs.define
class Document:
    """One of the carrier's OpenAPI documents."""

    content: dict[str, Any]

    def template_of(self, path: str) -> str:
        """The documented path that a real one is an instance of; the most literal one when several fit."""
        fitting = [
            template
            for template in self.content["paths"]
            if re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template)), path)
        ]
        assert fitting, f"{path} is not documented"
        return min(fitting, key=lambda template: template.count("{"))

    def check(self, method: str, path: str, status: int, payload: Any) -> None:
        """Hold an answer against the document: its status, its types, and all of its properties, no more, no fewer."""
        responses = self.content["paths"][self.template_of(path)][method.lower()]["responses"]
        assert str(status) in responses, f"{status} is not documented"
        content = responses[str(status)].get("content")
        if content is None:
            assert payload is None
            return
        ((_, media),) = content.items()
        jsonschema.Draft202012Validator(self._translated(media["schema"]), format_checker=_FORMATS).validate(payload)

    def _translated(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The schema in JSON Schema's own terms, references resolved; OpenAPI 3.0 has `nullable`."""
        if "$ref" in schema:
            return self._translated(self.content["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]])
        result = {name: schema[name] for name in ("type", "format", "pattern", "enum", "items") if name in schema}
        if "items" in result:
            result["items"] = self._translated(result["items"])
        if "properties" in schema:
            result["properties"] = {
                name: KNOWN_DIFFERENCES[name][0] if name in KNOWN_DIFFERENCES else self._translated(inner)
                for name, inner in schema["properties"].items()
            }
            result["required"] = list(schema["properties"])
            result["additionalProperties"] = False
        if schema.get("nullable"):
            return {"anyOf": [result, {"type": "null"}]}
        return result


_read: dict[str, Document] = {}


@pytest.fixture
def document() -> Callable[[str], Document]:
    """A document of a carrier by its path under specs/, without `.json`."""

    def read(name: str) -> Document:
        path = SPECS / f"{name}.json"
        if not path.exists():
            pytest.skip(f"the carrier's document is not here: {path}")
        if name not in _read:
            _read[name] = Document(json.loads(path.read_text()))
        return _read[name]

    return read
