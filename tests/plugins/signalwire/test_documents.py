"""What the plugin sends is what SignalWire's own documents say that may be sent, but for the differences known."""

import functools
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

PLACES = [parent / "shared" / "specs" / "signalwire" for parent in Path(__file__).resolve().parents]
SPECS = next((place for place in PLACES if place.is_dir()), PLACES[-1])


@functools.cache
def document(name: str) -> Any:
    path = SPECS / f"{name}.openapi.yaml"
    if not path.exists():
        pytest.skip(f"the carrier's document is not here: {path}")
    return yaml.load(path.read_text(), Loader=yaml.CSafeLoader)


def check(payload: Any, schema: str, name: str = "signalwire-rest") -> None:
    content = document(name)
    whole = {"$ref": f"#/components/schemas/{schema}", "components": content["components"]}
    jsonschema.Draft202012Validator(whole, format_checker=jsonschema.FormatChecker()).validate(payload)


def test_the_script_and_its_change_are_as_documented(desk: Any) -> None:
    route = desk.engine.prepare_route(desk.account())
    next(s for s in desk.project().scripts.values() if s.id == route.data["id"]).contents = {"sections": {}}
    desk.engine.prepare_route(desk.account())
    (made,), (changed,) = desk.asked("POST"), desk.asked("PUT")
    check(made.json, "CallingSwmlScriptCreateRequest")
    check(changed.json, "CallingSwmlScriptUpdateRequest")


def test_the_bin_is_as_documented(desk: Any) -> None:
    desk.switch(scripts="refused")
    desk.engine.prepare_route(desk.account())
    (made,) = desk.asked("POST", "LamlBins")
    check(made.form, "CreateCxmlScriptRequest", "compatibility")


def test_every_import_and_every_release_is_as_documented(desk: Any) -> None:
    desk.switch("every_handler", keeps_other_fields=True)
    numbers = desk.numbers("every_handler", count=100)
    for number in numbers:
        route, snapshot = desk.ready(number, "every_handler")
        assert desk.import_(route, snapshot, "every_handler").error is None
        desk.release(route, snapshot, "every_handler")
        for asked in desk.asked("PUT"):
            # That null takes a handler off is not documented: it is tried first, and not relied on.
            if asked.json != {"call_handler": None}:
                check(asked.json, "UpdatePhoneNumberRequest")


def test_the_check_against_the_document_notices() -> None:
    for wrong in ({"call_handler": "sip_gateway"}, {"call_request_url": None}, {"undocumented": "x"}):
        with pytest.raises(jsonschema.ValidationError):
            check(wrong, "UpdatePhoneNumberRequest")
