"""Credentials and SIP config, held against the forms that a provider's descriptor gives."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from trunkline.descriptor import CredentialForm, Field, FieldKind, ProviderDescriptor
from trunkline.secret import Secret

Problems = dict[str, list[str]]


def read_credentials(
    descriptor: ProviderDescriptor, given: Any, problems: Problems
) -> tuple[CredentialForm, dict[str, str | Secret]]:
    """Choose the form that the given fields belong to, and read them; what is wrong joins `problems`."""
    every_field = (field for form in descriptor.credential_forms for field in form.fields)
    given = _given("credentials", every_field, given, problems)
    form = _closest_form(descriptor, given)
    values = _read_fields("credentials", form.fields, given, problems)
    secret = {field.name for field in form.fields if field.secret}
    return form, {name: Secret(str(value)) if name in secret else str(value) for name, value in values.items()}


def read_sip_config(descriptor: ProviderDescriptor, given: Any, problems: Problems) -> dict[str, Any]:
    """Read a SIP config; what is wrong joins `problems`."""
    given = _given("sip_config", descriptor.sip_fields, given, problems)
    return _read_fields("sip_config", descriptor.sip_fields, given, problems)


def normal(field: Field, value: Any) -> Any:
    """A value as it is kept, whichever way it was written."""
    if field.spelling is None or not isinstance(value, str):
        return value
    # Without ASCII, letters of other alphabets would match as the Latin ones that they are the same case of.
    match = re.fullmatch(field.spelling.pattern, value, re.IGNORECASE | re.ASCII)
    return match.expand(field.spelling.means).lower() if match else value


def is_acceptable(field: Field, value: Any) -> bool:
    """Whether a value has the form that the field asks for."""
    return _problem(field, value) is None


def readable_name(name: Any) -> str:
    """The name of a field as a customer sent it, if it looks like one."""
    text = name if isinstance(name, str) else ""
    return text if re.fullmatch(r"[\w.-]{1,64}", text) else "(unreadable name)"


def _given(where: str, fields: Iterable[Field], given: Any, problems: Problems) -> dict[Any, Any]:
    """What was given, without the nulls of these fields; another field's null stays, to be refused by its name."""
    if not isinstance(given, Mapping):
        problems.setdefault(where, []).append("must be an object")
        return {}
    known = {field.name for field in fields}
    return {name: value for name, value in given.items() if value is not None or name not in known}


def _closest_form(descriptor: ProviderDescriptor, given: Mapping[Any, Any]) -> CredentialForm:
    def distance(form: CredentialForm) -> tuple[int, int]:
        names = {field.name for field in form.fields}
        missing = sum(field.required and field.name not in given for field in form.fields)
        return (-len(names & given.keys()), missing)

    return min(descriptor.credential_forms, key=distance)


def _read_fields(where: str, fields: tuple[Field, ...], given: Mapping[Any, Any], problems: Problems) -> dict[str, Any]:
    known = {field.name: field for field in fields}
    for name in given:
        if name not in known:
            accepted = ", ".join(known) or "none"
            problems.setdefault(f"{where}.{readable_name(name)}", []).append(
                f"unknown field; accepted here: {accepted}"
            )
    values: dict[str, Any] = {}
    for name, field in known.items():
        value = normal(field, given.get(name, field.default))
        if value is None:
            if field.required:
                problems.setdefault(f"{where}.{name}", []).append(f"required: {field.help}")
            continue
        problem = _problem(field, value)
        if problem:
            problems.setdefault(f"{where}.{name}", []).append(problem)
        else:
            values[name] = value
    return values


def _problem(field: Field, value: Any) -> str | None:
    match field.kind:
        case FieldKind.TEXT:
            return _text_problem(field, value)
        case FieldKind.INTEGER:
            return _integer_problem(field, value)
        case FieldKind.TEXT_LIST:
            if not isinstance(value, list):
                return "must be a list of strings"
            return next((found for item in value if (found := _text_problem(field, item))), None)


def _integer_problem(field: Field, value: Any) -> str | None:
    if type(value) is not int:
        return "must be a whole number"
    if abs(value) >= 10 ** min(field.max_length, 255):
        return f"must have at most {min(field.max_length, 255)} digits"
    if field.pattern and not re.fullmatch(field.pattern, str(value)):
        return f"does not look right: {field.help}"
    return None


def _text_problem(field: Field, value: Any) -> str | None:
    if not isinstance(value, str):
        return "must be a string"
    if not value:
        return "must not be empty"
    if len(value) > field.max_length:
        return f"must have at most {field.max_length} characters"
    if not value.isprintable() or value != value.strip():
        return "must not have control characters, or space around it"
    if field.pattern and not re.fullmatch(field.pattern, value):
        return f"does not look right: {field.help}"
    return None
