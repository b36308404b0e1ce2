"""Every answer of the simulated Vonage is what Vonage's own documents say, but for the differences known."""

import copy
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests
import yaml

from trunkline_sandbox import running
from trunkline_sandbox.vonage import Limitation, SimulatedVonage

PLACES = [parent / "shared" / "specs" / "vonage" for parent in Path(__file__).resolve().parents]
SPECS = next((place for place in PLACES if place.is_dir()), PLACES[-1])

_TEXT = {"type": "string"}
# What the documents of 2021 lack: property, schema, and how it is known.
KNOWN_DIFFERENCES: dict[str, dict[str, tuple[Any, str]]] = {
    "ownednumber": {
        "app_id": (_TEXT, "Numbers API 1.1.0"),
        "limitations": (
            {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "feature": {"enum": ["SMS", "MMS", "VOICE"]},
                        "type": {"enum": ["INBOUND", "OUTBOUND"]},
                        "reach": {"enum": ["DOMESTIC", "INTERNATIONAL"]},
                    },
                    "required": ["feature", "type", "reach"],
                    "additionalProperties": False,
                },
            },
            "Numbers API 1.1.0",
        ),
    },
    "availablenumber": {"initialPrice": (_TEXT, "Numbers API 1.1.0")},
    "SubaccountsAllResponse": {
        "total_balance": ({"type": "number"}, "test data of vonage-subaccounts"),
        "total_credit_limit": ({"type": "number"}, "test data of vonage-subaccounts"),
    },
}
# Statuses that a path answers though its document does not list them.
KNOWN_STATUSES = {("/number/update", 420): "vonage-numbers raises NumbersError for it; listed for /number/buy alone"}


class Document:
    def __init__(self, path: Path) -> None:
        self.base = path.parent
        self.content = yaml.safe_load(path.read_text())

    def resolve(self, reference: str) -> tuple["Document", str, Any]:
        """The document that a reference leads into, the last name in it, and what stands there."""
        file, _, pointer = reference.partition("#/")
        document = Document(self.base / file) if file else self
        content = document.content
        for part in pointer.split("/"):
            content = content[part]
        return document, pointer.rpartition("/")[2], content

    def strict(self, schema: Any, name: str = "") -> Any:
        if "$ref" in schema:
            document, name, target = self.resolve(schema["$ref"])
            return document.strict(target, name)
        result = {key: schema[key] for key in ("type", "enum", "minLength", "maxLength") if key in schema}
        if "items" in schema:
            result["items"] = self.strict(schema["items"])
        if "properties" in schema:
            own = {key: self.strict(inner) for key, inner in schema["properties"].items()}
            result["properties"] = own | {key: known[0] for key, known in KNOWN_DIFFERENCES.get(name, {}).items()}
            result["additionalProperties"] = False
            result["required"] = schema.get("required", [])
        return result

    def check(self, path: str, template: str, method: str, answer: requests.Response) -> None:
        operation = self.content["paths"][template][method.lower()]
        status = answer.status_code
        if (path, status) in KNOWN_STATUSES:
            operation = copy.deepcopy(self.content["paths"]["/number/buy"]["post"])
        response = operation["responses"][str(status)]
        document = self
        if "$ref" in response:
            document, _, response = self.resolve(response["$ref"])
        schema = document.strict(response["content"]["application/json"]["schema"])
        jsonschema.Draft202012Validator(schema).validate(answer.json())


def read(name: str) -> Document:
    path = SPECS / f"{name}.yml"
    if not path.exists():
        pytest.skip(f"the carrier's document is not here: {path}")
    return Document(path)


NUMBERS = "numbers"
ANSWERS = [
    ("account", "rest", "GET", "/account/get-balance", None, "healthy", 200),
    ("account", "rest", "GET", "/account/get-balance", None, "bad_credentials", 401),
    (NUMBERS, "rest", "GET", "/account/numbers?size=100", None, "healthy", 200),
    (NUMBERS, "rest", "GET", "/account/numbers", None, "empty", 200),
    (NUMBERS, "rest", "GET", "/account/numbers", None, "bad_credentials", 401),
    (NUMBERS, "rest", "GET", "/number/search?country=US", None, "healthy", 200),
    (NUMBERS, "rest", "POST", "/number/update", {}, "healthy", 200),
    (NUMBERS, "rest", "POST", "/number/update", {"voiceCallbackType": "sip"}, "healthy", 420),
    (NUMBERS, "rest", "POST", "/number/update", {}, "bad_credentials", 401),
    (NUMBERS, "rest", "POST", "/number/cancel", {}, "healthy", 200),
    (NUMBERS, "rest", "POST", "/number/buy", {}, "healthy", 420),
    ("subaccounts", "api", "GET", "/accounts/{key}/subaccounts", None, "provisioned", 200),
    ("subaccounts", "api", "GET", "/accounts/{key}/subaccounts", None, "healthy", 403),
    ("subaccounts", "api", "GET", "/accounts/{key}/subaccounts", None, "bad_credentials", 401),
    ("subaccounts", "api", "GET", "/accounts/ffffffff/subaccounts", None, "healthy", 404),
    ("application.v2", "api", "GET", "/v2/applications", None, "healthy", 200),
    ("application.v2", "api", "GET", "/v2/applications?page=0", None, "healthy", 400),
    ("application.v2", "api", "GET", "/v2/applications", None, "bad_credentials", 401),
    ("application.v2", "api", "GET", "/v2/applications/{application}", None, "healthy", 200),
    ("application.v2", "api", "GET", "/v2/applications/none", None, "healthy", 404),
]


def template_of(document: str, path: str) -> str:
    if document == "subaccounts":
        return "/{api_key}/subaccounts"
    if document == "application.v2":
        return "/" if path == "/v2/applications" else "/{id}"
    return path


@pytest.mark.parametrize(
    ("document", "host", "method", "path", "form", "label", "status"),
    [pytest.param(*each, id=f"{each[2]} {each[3]} {each[6]}") for each in ANSWERS],
)
def test_an_answer_is_as_documented(
    document: str, host: str, method: str, path: str, form: dict[str, str] | None, label: str, status: int
) -> None:
    known = read(document)
    with running(SimulatedVonage()) as sandbox:
        (entry,) = [entry for entry in sandbox.carrier.listing() if entry.label == label]
        account = sandbox.carrier.accounts["healthy"]
        number = next(iter(account.numbers.values()))
        number.limitations = (Limitation("VOICE", "OUTBOUND", "DOMESTIC"),)
        path = path.format(key=entry.credentials["apiKey"], application=next(iter(account.applications)))
        if form is not None:
            form = {"country": number.country, "msisdn": number.msisdn, **form}
        answer = requests.request(
            method,
            sandbox.address + path,
            data=form,
            auth=(entry.credentials["apiKey"], entry.credentials["apiSecret"]),
            headers={"Host": f"{host}.nexmo.com"},
            timeout=5,
        )
    assert answer.status_code == status, answer.text
    bare = path.partition("?")[0]
    known.check(bare, template_of(document, bare), method, answer)
