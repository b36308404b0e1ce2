"""The descriptor: what the provider says of itself is complete, tight, and the same each time."""

from __future__ import annotations

import re
from collections.abc import Iterator

from trunkline.descriptor import CAPABILITIES, BasicAuth, BearerAuth, DigestAuth, Field
from trunkline_conformance.check import RIGHT, About, Check, Finding, Judge, wrong
from trunkline_conformance.checks.words import says_something
from trunkline_conformance.subject import Road, Subject

_SECRET_NAME = re.compile(r"secret|password|passphrase|token|private.?key", re.IGNORECASE)
_STRANGERS = (
    "evil.example",
    "example.com",
    "api.acme.example.evil.example",
    "127.0.0.1",
    "localhost.localdomain",
    "169.254.169.254",
    "metadata.google.internal",
)
_HOOK = "describe_provider"


def _fields(subject: Subject) -> Iterator[tuple[str, Field]]:
    for form in subject.descriptor.credential_forms:
        yield from ((f"credentials of form {form.id}", field) for field in form.fields)
    yield from (("sip_config", field) for field in subject.descriptor.sip_fields)


def _is_constant(subject: Subject) -> Iterator[Finding]:
    again = subject.plugin.describe_provider()
    if again == subject.descriptor:
        yield RIGHT
    else:
        yield wrong("describe_provider, twice", expected="the same answer", came="another one", hook=_HOOK)


def _is_published_under_its_id(subject: Subject) -> Iterator[Finding]:
    if subject.entry_point in (None, subject.id):
        yield RIGHT
    else:
        came = f"the id {subject.id!r}"
        yield wrong("the entry point", expected=f"the id {subject.entry_point!r}", came=came, hook=_HOOK)


def _says_all_capabilities(subject: Subject) -> Iterator[Finding]:
    said = {capability.name for capability in subject.descriptor.capabilities}
    missing = [name for name in CAPABILITIES if name not in said]
    if missing:
        expected = "an answer for each: yes, no or unknown, with the reason"
        yield wrong("capabilities", expected=expected, came=f"silence on {', '.join(missing)}", hook=_HOOK)
    else:
        yield RIGHT


def _marks_secrets(subject: Subject) -> Iterator[Finding]:
    for where, field in _fields(subject):
        if _SECRET_NAME.search(field.name) and not field.secret:
            yield wrong(f"{field.name} in {where}", expected="secret=True", came="secret=False", hook=_HOOK)
        else:
            yield RIGHT
    for form in subject.descriptor.credential_forms:
        opens = _opens(form.authentication)
        if opens and not any(field.name == opens and field.secret for field in form.fields):
            yield wrong(f"{opens} of form {form.id}", expected="secret=True", came="secret=False", hook=_HOOK)


def _opens(authentication: BasicAuth | BearerAuth | DigestAuth | None) -> str | None:
    """The field that authenticates."""
    match authentication:
        case BasicAuth(_, password) | DigestAuth(_, password):
            return password
        case BearerAuth(token):
            return token
    return None


def _authenticates(subject: Subject) -> Iterator[Finding]:
    for form in subject.descriptor.credential_forms:
        if form.authentication is None and any(field.secret for field in form.fields):
            came = "no way in which its secrets are sent"
            yield wrong(f"form {form.id}", expected="BasicAuth or BearerAuth", came=came, hook=_HOOK)
        else:
            yield RIGHT


def _names_its_hosts(subject: Subject) -> Iterator[Finding]:
    for host in subject.descriptor.hosts:
        let_in = [name for name in _STRANGERS if re.fullmatch(host.pattern, name)]
        if let_in and host.field is None:
            yield wrong(host.pattern, expected="the carrier's hosts only", came=f"it lets {let_in[0]} in", hook=_HOOK)
        else:
            yield RIGHT


def _helps(subject: Subject) -> Iterator[Finding]:
    for where, field in _fields(subject):
        if field.label and says_something(field.help):
            yield RIGHT
        else:
            came = f"{field.label!r}, {field.help!r}"
            yield wrong(f"{field.name} in {where}", expected="a label, and help in words", came=came, hook=_HOOK)


def _sources_its_reads(subject: Subject) -> Iterator[Finding]:
    for read in subject.descriptor.reads_by_post:
        if not read.source:
            expected = "the source that says that it only reads"
            yield wrong(f"POST {read.path}", expected=expected, came="none", hook=_HOOK)
    yield RIGHT


def _check(
    id: str, rule: str, why: str, remedy: str, judge: Judge, *, essential: bool = False, road: Road | None = None
) -> Check:
    return Check(f"descriptor/{id}", rule, why, remedy, judge, About.PLUGIN, essential=essential, road=road)


CHECKS = (
    _check(
        "is-constant",
        "The descriptor is the same each time.",
        "Forms, guards and tables are made from it once.",
        "Build it from constants.",
        _is_constant,
    ),
    _check(
        "is-published-under-its-id",
        "The entry point has the name of the provider id.",
        "Whoever looks for the provider finds it by either.",
        "Name the entry point like the id.",
        _is_published_under_its_id,
    ),
    _check(
        "says-all-capabilities",
        "The descriptor answers for every capability.",
        "Silence means no, and nobody learns why.",
        "Name each capability: yes, no with the reason, or unknown with the reason.",
        _says_all_capabilities,
    ),
    _check(
        "marks-secrets",
        "What is a secret by its name, or authenticates, is marked as one.",
        "What is not marked is shown, logged and sent back.",
        "Set secret=True.",
        _marks_secrets,
        essential=True,
    ),
    _check(
        "says-how-it-authenticates",
        "Each form says how its secrets are sent.",
        "Only the wire opens a secret, and it goes by the form.",
        "Give the form BasicAuth, BearerAuth or DigestAuth.",
        _authenticates,
        essential=True,
    ),
    _check(
        "names-its-hosts",
        "The host patterns let only the carrier's hosts in.",
        "Credentials go to every host that a pattern lets in.",
        "Spell the hosts out; escape the dots; bind a host that the customer names to its credential field.",
        _names_its_hosts,
        essential=True,
        road=Road.HTTP,
    ),
    _check(
        "helps",
        "Each field has a label, and help in words.",
        "A form is drawn from them.",
        "Say what it looks like and where the customer finds it.",
        _helps,
    ),
    _check(
        "sources-its-reads",
        "Each POST that is declared as a read names where the carrier says so.",
        "The guard lets it out where nothing may be written.",
        "Give `source` the address of the carrier's documentation.",
        _sources_its_reads,
    ),
)
