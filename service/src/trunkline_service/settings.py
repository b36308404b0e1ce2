"""The operator's settings: read from `TRUNKLINE_*` once at start, and refused by name where they are wrong."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

import attrs
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from trunkline.sip.server import is_host, is_literal
from trunkline.sip_target import SipTarget
from trunkline_service.key_ring import KeyRing, LocalKeyRing
from trunkline_service.limits import Rates

_RATES = range(1, 60_000_001)
_LEVELS = ("debug", "info", "warning", "error")


class SettingsError(Exception):
    """A setting that the service cannot start with; its text names the variable and shows no secret."""

    def __init__(self, variable: str, problem: str) -> None:
        super().__init__(f"{variable}: {problem}")
        self.variable = variable


@attrs.frozen
class Settings:
    """What the operator decides."""

    data_dir: Path
    database_url: URL = attrs.field(repr=lambda url: url.render_as_string(hide_password=True))
    keys: KeyRing
    sip_host: SipTarget | None = None
    sip_allowed_hosts: frozenset[str] = frozenset()
    sandbox: Mapping[str, str] = attrs.field(factory=dict)
    sip_sandbox: Mapping[str, tuple[str, int]] = attrs.field(factory=dict)
    rates: Rates = attrs.field(factory=Rates)
    watch_minutes: int = 60
    evidence_minutes: int = 15
    log_level: str = "info"
    drain_seconds: int = 0
    metrics_token: bytes | None = attrs.field(default=None, repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Read and check every variable; makes the data folder and the key file where there are none."""
        given = {name: value.strip() for name, value in environment.items() if value.strip()}
        data_dir = Path(given.get("TRUNKLINE_DATA_DIR", "trunkline-data")).absolute()
        sandbox, sip_sandbox = _sandboxes(given.get("TRUNKLINE_SANDBOX", ""))
        return cls(
            data_dir=data_dir,
            database_url=_database_url(given.get("TRUNKLINE_DATABASE_URL"), data_dir),
            keys=_keys(given.get("TRUNKLINE_KEYS"), given.get("TRUNKLINE_KEYS_FILE"), data_dir),
            sip_host=_sip_host(given.get("TRUNKLINE_SIP_HOST"), given.get("TRUNKLINE_SIP_ADDRESSES", "")),
            sip_allowed_hosts=_hosts(given.get("TRUNKLINE_SIP_ALLOWED_HOSTS", "")),
            sandbox=sandbox,
            sip_sandbox=sip_sandbox,
            rates=Rates(
                requests=_whole(given, "TRUNKLINE_REQUESTS_PER_MINUTE", 6000, _RATES),
                tests=_whole(given, "TRUNKLINE_TESTS_PER_MINUTE", 60, _RATES),
                account_tests=_whole(given, "TRUNKLINE_ACCOUNT_TESTS_PER_MINUTE", 10, _RATES),
            ),
            watch_minutes=_whole(given, "TRUNKLINE_WATCH_MINUTES", 60, range(7 * 1440 + 1)),
            evidence_minutes=_whole(given, "TRUNKLINE_EVIDENCE_MINUTES", 15, range(1, 1441)),
            log_level=_level(given.get("TRUNKLINE_LOG_LEVEL", "info")),
            drain_seconds=_drain_seconds(given.get("TRUNKLINE_DRAIN_SECONDS", "0")),
            metrics_token=_metrics_token(given.get("TRUNKLINE_METRICS_TOKEN")),
        )


def _database_url(text: str | None, data_dir: Path) -> URL:
    variable = "TRUNKLINE_DATABASE_URL"
    if text is None:
        _make_private_folder(data_dir)
        return URL.create("sqlite", database=str(data_dir / "trunkline.db"))
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise SettingsError(variable, "not a database URL; write sqlite:///path or postgresql://host/name") from None
    if url.drivername in ("postgres", "postgresql", "postgresql+psycopg"):
        return url.set(drivername="postgresql+psycopg")
    if url.drivername in ("sqlite", "sqlite+pysqlite"):
        if not url.database or url.database == ":memory:":
            raise SettingsError(variable, "SQLite needs a file, as in sqlite:////var/lib/trunkline/trunkline.db")
        return url
    raise SettingsError(variable, f"{url.drivername} is not supported; use sqlite or postgresql")


def _keys(text: str | None, file: str | None, data_dir: Path) -> KeyRing:
    if text is not None and file is not None:
        raise SettingsError("TRUNKLINE_KEYS_FILE", "the keys stand in TRUNKLINE_KEYS too; give one of the two")
    if text is not None:
        try:
            return LocalKeyRing.parse(text)
        except ValueError as error:
            raise SettingsError("TRUNKLINE_KEYS", str(error)) from None
    if file is not None:
        return _keys_in("TRUNKLINE_KEYS_FILE", Path(file))
    path = data_dir / "keys"
    try:
        if not path.exists():
            _make_private_folder(data_dir)
            _write_once(path, LocalKeyRing.generate() + "\n")
    except OSError as error:
        raise SettingsError("TRUNKLINE_DATA_DIR", f"the key file {path} cannot be made: {error.strerror}") from None
    return _keys_in("TRUNKLINE_DATA_DIR", path)


def _keys_in(variable: str, path: Path) -> KeyRing:
    """The key ring of a file that its owner alone may read."""
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise SettingsError(variable, f"{path} may be read by others; run: chmod 600 {path}")
        return LocalKeyRing.parse(path.read_text())
    except ValueError as error:
        raise SettingsError(variable, f"the key file {path} is damaged: {error}") from None
    except OSError as error:
        raise SettingsError(variable, f"the key file {path} cannot be used: {error.strerror}") from None


def _write_once(path: Path, text: str) -> None:
    """Put the whole file there at once; of two first starts, one file wins and both read it."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _make_private_folder(path: Path) -> None:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError("TRUNKLINE_DATA_DIR", f"{path} cannot be made: {error.strerror}") from None


def _sip_host(text: str | None, addresses: str) -> SipTarget | None:
    if text is None:
        if addresses:
            raise SettingsError("TRUNKLINE_SIP_ADDRESSES", "they are those of TRUNKLINE_SIP_HOST, which is not set")
        return None
    try:
        host = SipTarget.parse(text)
    except ValueError as error:
        raise SettingsError("TRUNKLINE_SIP_HOST", str(error)) from None
    return attrs.evolve(host, addresses=tuple(_network(part.strip()) for part in addresses.split(",") if part.strip()))


def _network(text: str) -> str:
    try:
        ip_network(text)
    except ValueError:
        raise SettingsError(
            "TRUNKLINE_SIP_ADDRESSES", f"write addresses or networks like 203.0.113.7,203.0.113.32/28, not {text!r}"
        ) from None
    return text


def _hosts(text: str) -> frozenset[str]:
    hosts = frozenset(part.strip().lower() for part in text.split(",") if part.strip())
    if wrong := sorted(host for host in hosts if not is_host(host)):
        raise SettingsError(
            "TRUNKLINE_SIP_ALLOWED_HOSTS", f"write host names or addresses with commas between them, not {wrong[0]!r}"
        )
    return hosts


def _sandboxes(text: str) -> tuple[dict[str, str], dict[str, tuple[str, int]]]:
    """Each carrier's origin, and each SIP host, with the sandbox that stands in for it."""
    origins: dict[str, str] = {}
    hosts: dict[str, tuple[str, int]] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        carrier, _, address = (part.strip().rstrip("/") for part in entry.partition("="))
        ip, _, port = address.rpartition(":")
        if _is_origin(carrier, ("https",)) and _is_origin(address, ("http", "https")):
            origins[carrier] = address
        elif carrier.startswith("sip:") and is_host(carrier[4:]) and is_literal(ip) and _is_port(port):
            hosts[carrier[4:].lower()] = (ip, int(port))
        else:
            raise SettingsError(
                "TRUNKLINE_SANDBOX",
                "write it like https://api.twilio.com=http://127.0.0.1:9001 or sip:trunk.acme.example=127.0.0.1:5070, "
                f"not {entry!r}",
            )
    return origins, hosts


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text) < 65536


def _is_origin(text: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in schemes and bool(parts.hostname) and text == f"{parts.scheme}://{parts.netloc}"
    except ValueError:
        return False


def _whole(given: Mapping[str, str], variable: str, default: int, allowed: range) -> int:
    text = given.get(variable, str(default))
    if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) not in allowed:
        raise SettingsError(variable, f"must be a whole number from {allowed[0]} to {allowed[-1]}")
    return int(text)


def _level(text: str) -> str:
    if text.lower() not in _LEVELS:
        raise SettingsError("TRUNKLINE_LOG_LEVEL", f"must be one of: {', '.join(_LEVELS)}")
    return text.lower()


def _drain_seconds(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 3 or int(text) > 300:
        raise SettingsError("TRUNKLINE_DRAIN_SECONDS", "must be a whole number from 0 to 300")
    return int(text)


def _metrics_token(text: str | None) -> bytes | None:
    """A hash is all that a comparison needs."""
    if text is None:
        return None
    if len(text) < 16 or not text.isascii() or text.startswith("sk_"):
        raise SettingsError(
            "TRUNKLINE_METRICS_TOKEN", "must have at least 16 ASCII characters, and must not be an API key"
        )
    return hashlib.sha256(text.encode()).digest()
