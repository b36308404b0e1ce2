"""The cassette: one recorded conversation in vcrpy's YAML format, where it comes from, and what is true in it.

```yaml
version: 1
provenance: {origin: sandbox, recorded: '2026-11-25', suite: 0.1.0, sdks: {twilio: 9.9.0}, seed: 7,
             now: '2026-11-25T12:00:00+00:00', marker: trunkline 1 org 7, platform: sip.platform.example}
account: {setup_method: api_key, credentials: {accountSid: null, authToken: null, region: ie1}, sip_config: {}}
facts: {numbers: [{number: '+12015550101'}], cast: {first: '+12015550101'}, endings: {list_numbers: [answered]}}
interactions:
- step: list_numbers
  request:
    method: GET
    uri: https://api.acme.example/{{credentials.accountSid}}/numbers
    body: null
    headers: {Authorization: ['Basic {{credentials.accountSid}}:{{credentials.authToken}}']}
  response: {status: {code: 200, message: OK}, headers: {Content-Type: [application/json]}, body: {string: '{}'}}
- step: import_number
  lost: timeout        # the answer never came
  request: …
```

In place of interactions a trunk that is asked over SIP has a `peer`: `trunkline_conformance.peer_script` shows it.

A credential of `null` is a fresh one at each run, and stands as `{{credentials.NAME}}` wherever it occurs. The
authorization of a request stands in the open: `Basic USER:PASSWORD` before it is encoded, or `Bearer TOKEN`.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import attrs
import yaml
from vcr.request import Request

from trunkline.converter import structure
from trunkline.errors import InvalidFields
from trunkline_conformance.peer_script import PeerScript

PLACEHOLDER = re.compile(r"\{\{credentials\.([A-Za-z][A-Za-z0-9_]*)\}\}")
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class CassetteUnreadable(Exception):
    """A cassette is no cassette; says which, where in it, and what is wrong."""


@attrs.frozen
class Provenance:
    """Where a cassette comes from, and the time, randomness and names under which its bodies repeat.

    `origin` is `live` (a real account), `sandbox` (a simulated carrier) or `example` (written by hand).
    """

    origin: Literal["live", "sandbox", "example"]
    recorded: str
    suite: str
    seed: int
    now: str
    marker: str
    platform: str
    sdks: Mapping[str, str] = attrs.Factory(dict)

    @property
    def moment(self) -> dt.datetime:
        """The time that every call is told."""
        return dt.datetime.fromisoformat(self.now)

    @property
    def day(self) -> dt.date:
        """When it was recorded."""
        return dt.date.fromisoformat(self.recorded)


@attrs.frozen
class GivenAccount:
    """What the customer gives. A credential of None is made afresh for each run."""

    credentials: Mapping[str, str | None]
    setup_method: str | None = None
    sip_config: Mapping[str, Any] = attrs.Factory(dict)


@attrs.frozen
class NumberFact:
    """A number that is on the account. What is None is not known of it; `monthly_fee` is `1.15 USD` or `unknown`."""

    number: str
    friendly_name: str | None = None
    type: str | None = None
    capabilities: tuple[str, ...] | None = None
    region: str | None = None
    monthly_fee: str | None = None


@attrs.frozen
class RoutingFact:
    """Where a number's calls went when the conversation began."""

    kind: str
    host: str | None = None


@attrs.frozen
class Facts:
    """What was true at the carrier, from the carrier's own side: never from what a plugin said.

    `endings` names for each step how it may end for a right plugin: `answered`, `imported`, `passed`, `not_passed`,
    `restored`, `left_alone`, `cannot_restore`, or the code of an error. `verdicts` names for each test and
    verification the outcomes that each of its checks may have. `cast` gives the numbers that the scenario is about
    by role. `derived` are fields that the carrier fills in by itself, and that nobody can put back.
    """

    numbers: tuple[NumberFact, ...] = ()
    cast: Mapping[str, str] = attrs.Factory(dict)
    endings: Mapping[str, tuple[str, ...]] = attrs.Factory(dict)
    verdicts: Mapping[str, Mapping[str, tuple[str, ...]]] = attrs.Factory(dict)
    routing: Mapping[str, RoutingFact] = attrs.Factory(dict)
    identity: str | None = None
    account_name: str | None = None
    derived: tuple[str, ...] = ()


@attrs.frozen
class Interaction:
    """One request and its answer. `lost` where the answer never came: `timeout`, or `reset` for a broken connection."""

    step: str
    request: Mapping[str, Any]
    response: Mapping[str, Any]
    lost: Literal["timeout", "reset"] | None = None


@attrs.frozen
class Cassette:
    """One recorded conversation."""

    scenario: str
    path: Path
    provenance: Provenance
    account: GivenAccount
    facts: Facts
    interactions: tuple[Interaction, ...]
    peer: PeerScript | None = None

    def facts_with(self, credentials: Mapping[str, str]) -> Facts:
        """The facts with this run's credentials in their places."""
        whole = attrs.asdict(self.facts, recurse=True)
        return structure(_filled(_listed(whole), credentials, str), Facts)

    def played_with(self, credentials: Mapping[str, str]) -> list[tuple[Request, dict[str, Any]]]:
        """vcrpy's requests and responses with this run's credentials in their places."""
        return [(_request(each, credentials), _response(each, credentials)) for each in self.interactions]

    def peer_with(self, credentials: Mapping[str, str]) -> PeerScript | None:
        """The peer's script with this run's credentials in their places."""
        if self.peer is None:
            return None
        username, password = (filled(each, credentials) for each in (self.peer.username, self.peer.password))
        return attrs.evolve(self.peer, username=username, password=password)


def path_of(folder: Path, scenario: str) -> Path:
    """Where a scenario's cassette lies in a provider's folder."""
    return folder / f"{scenario}.yaml"


def load(path: Path, scenario: str) -> Cassette:
    """Read a cassette; raises `CassetteUnreadable`."""
    try:
        return _load(path, scenario, path.stat().st_mtime_ns)
    except OSError as error:
        raise CassetteUnreadable(f"{path}: {error.strerror}") from None


@attrs.frozen
class _File:
    """The whole file, as it is written."""

    version: int
    provenance: Provenance
    account: GivenAccount
    facts: Facts
    interactions: tuple[Interaction, ...] | None = None
    peer: PeerScript | None = None


@functools.lru_cache(maxsize=512)
def _load(path: Path, scenario: str, changed: int) -> Cassette:
    try:
        whole = yaml.load(path.read_text("utf-8"), Loader=_Loader)  # noqa: S506  # nosec B506
        file = structure(_plain(whole), _File)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CassetteUnreadable(f"{path}: this is no YAML: {error}") from None
    except InvalidFields as error:
        wrong = "; ".join(f"{name}: {', '.join(problems)}" for name, problems in error.fields.items())
        raise CassetteUnreadable(f"{path}: {wrong}") from None
    if (file.interactions is None) is (file.peer is None):
        raise CassetteUnreadable(f"{path}: it holds either interactions or a peer")
    return Cassette(scenario, path, file.provenance, file.account, file.facts, file.interactions or (), file.peer)


def dump(cassette: Cassette) -> str:
    """The file's text."""
    whole = attrs.asdict(cassette, filter=lambda attribute, value: value not in (None, (), {}))
    head = {name: _listed(whole[name]) for name in ("provenance", "account") if name in whole}
    facts = _listed(whole.get("facts", {}))
    account = {**head["account"], "credentials": dict(cassette.account.credentials)}
    peer = attrs.asdict(cassette.peer, filter=lambda attribute, value: value) if cassette.peer else None
    interactions = [
        {
            "step": each.step,
            **({"lost": each.lost} if each.lost else {}),
            "request": dict(each.request),
            "response": dict(each.response),
        }
        for each in cassette.interactions
    ]
    return yaml.dump(
        {
            "version": 1,
            "provenance": head["provenance"],
            "account": account,
            "facts": facts,
            **({"peer": _listed(peer)} if peer else {"interactions": interactions}),
        },
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=110,
    )


class _Dumper(yaml.SafeDumper):
    """Texts of several lines stand as such, so that a change of a body is a change of its lines."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def _plain(value: Any) -> Any:
    """What YAML took for a date was meant as its text."""
    match value:
        case dict():
            return {name: _plain(each) for name, each in value.items()}
        case list():
            return [_plain(each) for each in value]
        case dt.date():
            return value.isoformat()
    return value


def _listed(value: Any) -> Any:
    """Mappings as dicts and sequences as lists, however deep."""
    match value:
        case Mapping():
            return {name: _listed(each) for name, each in value.items()}
        case list() | tuple():
            return [_listed(each) for each in value]
    return value


# Credentials in their places


def filled(text: str, credentials: Mapping[str, str]) -> str:
    """A text with this run's credentials in their places."""
    return PLACEHOLDER.sub(lambda found: credentials.get(found[1], found[0]), text)


def _filled(value: Any, credentials: Mapping[str, str], escape: Callable[[str], str]) -> Any:
    match value:
        case str():
            return PLACEHOLDER.sub(lambda found: escape(credentials.get(found[1], found[0])), value)
        case Mapping():
            return {name: _filled(each, credentials, escape) for name, each in value.items()}
        case list() | tuple():
            return [_filled(each, credentials, escape) for each in value]
    return value


def _request(interaction: Interaction, credentials: Mapping[str, str]) -> Request:
    given = interaction.request
    headers = {
        name: value[0] if isinstance(value, list) else value for name, value in (given.get("headers") or {}).items()
    }
    kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    return Request(
        given["method"],
        _filled(given["uri"], credentials, functools.partial(quote, safe="")),
        _filled(given.get("body"), credentials, _escape_of(kind)),
        headers,
    )


def _response(interaction: Interaction, credentials: Mapping[str, str]) -> dict[str, Any]:
    given = interaction.response
    headers = _filled(given.get("headers") or {}, credentials, str)
    kind = next((value[0] for name, value in headers.items() if name.lower() == "content-type"), "")
    body = (given.get("body") or {}).get("string") or ""
    return {
        "status": dict(given["status"]),
        "headers": headers,
        "body": {"string": _filled(body, credentials, _escape_of(kind))},
        "lost": interaction.lost,
    }


def _escape_of(content_type: str) -> Callable[[str], str]:
    if "json" in content_type:
        return lambda value: json.dumps(value)[1:-1]
    return functools.partial(quote, safe="") if "form" in content_type else str
