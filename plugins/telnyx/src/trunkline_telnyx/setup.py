"""Guided set-up: what an account needs so that numbers reach the platform and calls go out, made from an API key alone.

An outbound voice profile, an FQDN connection with user and password, its FQDN record, its authentication, the profile
attached, the record made its primary one; then all of it is read back. Each step is looked for before it is announced,
announced before it is taken, and read back after: so it may be killed anywhere and run again.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from trunkline.checks import FAIL
from trunkline.errors import (
    CarrierAnswerUnexpected,
    CarrierRefused,
    CarrierUnavailable,
    PermissionMissing,
    TrunklineError,
    Unsupported,
    WriteOutcomeUnknown,
)
from trunkline.redaction import Scrubber
from trunkline.refusals import NotThere
from trunkline.secret import Secret
from trunkline.setup import SetUpStep, StepState
from trunkline_telnyx import connections, numbers, profiles, routes
from trunkline_telnyx.client import Row, Telnyx
from trunkline_telnyx.connections import (
    CREDENTIALS,
    NUMBER_FORMATS,
    Connection,
    Place,
    name_for,
    wanted_port,
    wanted_transport,
)
from trunkline_telnyx.descriptor import GUIDED
from trunkline_telnyx.profiles import DEFAULT_DESTINATIONS, Profile
from trunkline_telnyx.refusals import LevelTooLow, Taken
from trunkline_telnyx.routes import Target

SIP_HOST = "sip.telnyx.com"
"""Where the platform sends calls that go out."""

PROFILE, CONNECTION, RECORD = "outbound_profile", "connection", "fqdn"
AUTHENTICATION, ATTACHMENT, PRIMARY, READ_BACK = "authentication", "attachment", "primary_fqdn", "read_back"

PRIMARY_ID, NUMBER_FORMAT, TRANSPORT = "default_primary_fqdn_id", "dnis_number_format", "transport_protocol"
PROFILE_ID = "outbound_voice_profile_id"

_LETTERS, _USER_CHARACTERS = string.ascii_lowercase, string.ascii_lowercase + string.digits
_CHARACTERS = string.ascii_letters + string.digits


def set_up(telnyx: Telnyx, setup_method: str, done: Sequence[SetUpStep]) -> Iterator[SetUpStep]:
    """The steps, INTENDED before each is taken and FOUND or DONE after; `done` is what an interrupted run recorded."""
    if setup_method != GUIDED:
        raise Unsupported("guided_setup", f"{setup_method} makes nothing at Telnyx")
    return _SetUp(telnyx, Journal(done)).steps()


def routing_values(connection: Connection) -> Row:
    """What making a record the primary one changes of a connection."""
    return {
        PRIMARY_ID: connection.primary,
        NUMBER_FORMAT: connection.number_format,
        TRANSPORT: connection.transport,
    }


def record_values(place: Place) -> Row:
    """What mending changes of an FQDN record."""
    return {"fqdn": place.host, "port": place.port, "srv": place.srv}


class Journal:
    """What was recorded of an earlier run."""

    def __init__(self, steps: Sequence[SetUpStep]) -> None:
        self._steps = tuple(steps)

    def last(self, id: str, state: StepState | None = None) -> SetUpStep | None:
        """The last record of a step, or the last in that state."""
        found = (step for step in reversed(self._steps) if step.id == id and state in (None, step.state))
        return next(found, None)

    def undo(self, id: str) -> Mapping[str, Any] | None:
        """How a step is undone that the earlier run took, or may have taken: announced as a write, and not found.

        What was there already is announced without `undo`, so that whatever bears our marker later on was made by it.
        """
        for step in reversed(self._steps):
            if step.id == id and step.undo is not None:
                return step.undo
            if step.id == id and step.state is StepState.FOUND:
                return None
        return None

    def interrupted(self, id: str) -> bool:
        """Whether a write was announced and what came of it is not recorded."""
        step = self.last(id)
        return step is not None and step.state is StepState.INTENDED and step.undo is not None

    def made(self, name: str) -> Any:
        """The last value of this name among what was made."""
        return next((step.made[name] for step in reversed(self._steps) if name in step.made), None)

    def everything_made(self) -> Iterator[Mapping[str, Any]]:
        """What each step made."""
        return (step.made for step in self._steps)


class _SetUp:
    """One run."""

    def __init__(self, telnyx: Telnyx, journal: Journal) -> None:
        self._telnyx = telnyx
        self._journal = journal
        self._name = name_for(telnyx.call.marker)
        self._profile: Profile
        self._destinations: tuple[str, ...]
        """Where the profile has to allow calls to."""
        self._connection: Connection
        self._place: Place
        self._logins: dict[str, Secret] = {}
        """The users whose password is known: each was made but once, so the one in force is known by its name."""
        for made in (*telnyx.earlier, telnyx.made, *journal.everything_made()):
            if made.get("sip_username") and made.get("sip_password"):
                self._logins[made["sip_username"]] = made["sip_password"]

    def steps(self) -> Iterator[SetUpStep]:
        """All of them, in order."""
        routes.named_platform(self._telnyx)
        yield from self._outbound_profile()
        yield from self._fqdn_connection()
        yield from self._record()
        yield from self._authentication()
        yield from self._attachment()
        yield from self._primary()
        yield self._read_back()

    # Steps that make something

    def _outbound_profile(self) -> Iterator[SetUpStep]:
        found = _chosen(profiles.named(self._telnyx, self._name), self._journal.made("outbound_voice_profile_id"))
        what = f"outbound voice profile “{self._name}”"
        if found is None:
            undo = {"kind": PROFILE, "name": self._name}
            self._destinations = self._wanted_destinations()
            yield _intended(PROFILE, f"Make the {what} for calls to {', '.join(self._destinations)}.", undo)
            self._profile = self._make_profile()
            undo["id"] = self._profile.id
            yield _done(PROFILE, f"Made the {what}.", self._profile_made(), undo)
            return
        self._profile, self._destinations = found, found.destinations
        yield from self._kept(PROFILE, f"The {what} is there.", self._profile_made(), {"id": found.id})

    def _wanted_destinations(self) -> tuple[str, ...]:
        """Telnyx' own two, and the countries that the account has numbers of."""
        try:
            own = numbers.countries(self._telnyx)
        except (NotThere, PermissionMissing):
            own = ()
        return tuple(dict.fromkeys((*DEFAULT_DESTINATIONS, *own)))

    def _make_profile(self) -> Profile:
        body: Row = {
            "name": self._name,
            "traffic_type": "conversational",
            "service_plan": "global",
            "enabled": True,
            "whitelisted_destinations": list(self._destinations),
        }
        try:
            return profiles.of_row(self._telnyx.ask(lambda sdk: sdk.outbound_voice_profiles.create(**body)))
        except (WriteOutcomeUnknown, Taken) as failure:
            found: list[Profile] = _after(failure, lambda: profiles.named(self._telnyx, self._name)) or []
            if not found:
                raise failure from None
            return found[0]
        except LevelTooLow as level:
            raise CarrierRefused(
                "Telnyx allows this account one outbound voice profile, and that one is in other use. Upgrade the "
                "account in the Telnyx Mission Control Portal, or delete that profile, then try again.",
                detail=level.detail,
                reply=level.reply,
            ) from None

    def _profile_made(self) -> Row:
        return {"outbound_voice_profile_id": self._profile.id}

    def _fqdn_connection(self) -> Iterator[SetUpStep]:
        found = _chosen(connections.named(self._telnyx, self._name), self._journal.made("connection_id"))
        what = f"FQDN connection “{self._name}”"
        if found is None:
            undo = {"kind": CONNECTION, "name": self._name}
            yield _intended(CONNECTION, f"Make the {what} with a user and a password.", undo)
            login = self._new_login(self._make_connection)
            undo["id"] = self._connection.id
            made = {**self._connection_made(), **login}
            yield _done(CONNECTION, f"Made the {what}.", made, undo)
            return
        self._connection = found
        yield from self._kept(CONNECTION, f"The {what} is there.", self._connection_made(), {"id": found.id})

    def _make_connection(self, user: str, password: str) -> None:
        more = {"user_name": user, "password": password, "outbound": {"fqdn_authentication_method": CREDENTIALS}}
        self._connection = routes.make(self._telnyx, more)

    def _connection_made(self) -> Row:
        transport = wanted_transport(self._telnyx.call.require_platform()).lower()
        return {"connection_id": self._connection.id, "sip_domain": SIP_HOST, "sip_transport": transport}

    def _record(self) -> Iterator[SetUpStep]:
        platform = self._telnyx.call.require_platform()
        target = Target(self._connection, tuple(connections.places(self._telnyx, self._connection)), own=True)
        action, which = routes.needed_change(target, platform)
        what = f"FQDN record {platform.host}"
        if action == "found" and which is not None:
            self._place = which
            yield from self._kept(RECORD, f"The {what} is there.", {"fqdn_id": which.id}, {"id": which.id})
            return
        undo: Row = {"kind": RECORD, "connection": self._connection.id}
        if which is not None:
            undo |= {
                "id": which.id,
                "before": record_values(which),
                "after": {"fqdn": platform.host, "port": wanted_port(platform), "srv": False},
            }
        yield _intended(RECORD, f"Make the {what}, so that calls reach this platform.", undo)
        self._place = routes.mend(self._telnyx, target, platform)
        undo["id"] = self._place.id
        yield _done(RECORD, f"Made the {what}.", {"fqdn_id": self._place.id}, undo)

    # Steps that change something

    def _authentication(self) -> Iterator[SetUpStep]:
        self._connection = connections.fetch_fqdn(self._telnyx, self._connection.id)
        known = self._known_login()
        if known is not None and not self._journal.interrupted(AUTHENTICATION):
            yield from self._kept(AUTHENTICATION, "Calls out are authenticated by user and password.", known, {})
            return
        # Telnyx shows a password once, so one that was not kept can only be replaced.
        yield _intended(AUTHENTICATION, "Set a new user and password for calls out.", {"kind": AUTHENTICATION})
        made = self._new_login(self._set_login)
        yield SetUpStep(AUTHENTICATION, StepState.DONE, "Set a new user and password for calls out.", made, None)

    def _new_login(self, write: Callable[[str, str], None]) -> Row:
        """A login that Telnyx took. A user name may be taken by anybody: where it is refused, another is tried once."""
        try:
            return self._login_written(write)
        except CarrierRefused as refused:
            if not _is_about_user(refused):
                raise
        return self._login_written(write)

    def _login_written(self, write: Callable[[str, str], None]) -> Row:
        user, password = _login(self._telnyx.call.random)
        with _hiding(password):
            write(user, password)
        self._logins[user] = Secret(password)
        return {"sip_username": user, "sip_password": self._logins[user]}

    def _known_login(self) -> Row | None:
        """The login in force, where its password is known."""
        user = self._connection.user_name
        if user not in self._logins or self._connection.authentication != CREDENTIALS:
            return None
        return {"sip_username": user, "sip_password": self._logins[user]}

    def _set_login(self, user: str, password: str) -> None:
        """By the resource made for it, else by the connection as it is live, else by the connection as documented."""
        path = f"/fqdn_connections/{self._connection.id}"
        login = {"user_name": user, "password": password}
        ways: tuple[tuple[str, Row], ...] = (
            (f"{path}/fqdn_authentication", {**login, "fqdn_outbound_authentication": CREDENTIALS}),
            (path, {**login, "outbound": {"fqdn_authentication_method": CREDENTIALS}}),
            (path, {**login, "outbound": {"ip_authentication_method": CREDENTIALS}}),
        )
        refused: TrunklineError | None = None
        for where, body in ways:
            try:
                self._telnyx.send("PATCH", where, body)
            except NotThere:
                continue
            except CarrierRefused as error:
                if _is_about_user(error):
                    raise
                refused = error
                continue
            except WriteOutcomeUnknown as unknown:
                self._settle(unknown, lambda: self._has_login(user))
                return
            if self._has_login(user):
                return
        raise refused or CarrierAnswerUnexpected(
            "Telnyx accepted the user and password of the connection but did not take them. Try again later.",
            detail="neither of the ways to authenticate took effect",
        )

    def _has_login(self, user: str) -> bool:
        # The user is new each time, so that reading it back proves which password is in force.
        self._connection = connections.fetch_fqdn(self._telnyx, self._connection.id)
        return self._connection.user_name == user and self._connection.authentication == CREDENTIALS

    def _attachment(self) -> Iterator[SetUpStep]:
        id, wanted = self._connection.id, self._profile.id
        if self._connection.profile_id == wanted:
            yield from self._kept(ATTACHMENT, "The outbound voice profile is attached to the connection.", {}, {})
            return
        before, after = {PROFILE_ID: self._connection.profile_id}, {PROFILE_ID: wanted}
        undo = {"kind": ATTACHMENT, "connection": id, "before": before, "after": after}
        yield _intended(ATTACHMENT, "Attach the outbound voice profile to the connection.", undo)
        # Nested: flat it is accepted and ignored.
        self._change(
            lambda sdk: sdk.fqdn_connections.update(id, outbound={"outbound_voice_profile_id": wanted}),
            lambda: self._connection.profile_id == wanted,
        )
        yield _done(ATTACHMENT, "Attached the outbound voice profile to the connection.", {}, undo)

    def _primary(self) -> Iterator[SetUpStep]:
        id = self._connection.id
        transport = wanted_transport(self._telnyx.call.require_platform())
        if self._is_routed(transport):
            yield from self._kept(PRIMARY, "The FQDN record is the connection's primary one.", {}, {})
            return
        before = routing_values(self._connection)
        after = {
            PRIMARY_ID: self._place.id,
            NUMBER_FORMAT: NUMBER_FORMATS[NUMBER_FORMAT],
            TRANSPORT: transport,
        }
        undo = {"kind": PRIMARY, "connection": id, "before": before, "after": after}
        yield _intended(PRIMARY, "Make the FQDN record the connection's primary one.", undo)
        inbound = {"default_routing_method": "sequential", "default_primary_fqdn_id": self._place.id, **NUMBER_FORMATS}
        self._change(
            lambda sdk: sdk.fqdn_connections.update(id, inbound=inbound, transport_protocol=transport),
            lambda: self._is_routed(transport),
        )
        yield _done(PRIMARY, "Made the FQDN record the connection's primary one.", {}, undo)

    def _is_routed(self, transport: str) -> bool:
        now = self._connection
        return (now.primary, now.transport, now.number_format) == (
            self._place.id,
            transport,
            NUMBER_FORMATS["dnis_number_format"],
        )

    def _change(self, work: Callable[[Any], object], is_so: Callable[[], bool]) -> None:
        """Write to the connection and read it back: what Telnyx answers 200 to, it may have ignored."""

        def reread() -> bool:
            self._connection = connections.fetch_fqdn(self._telnyx, self._connection.id)
            return is_so()

        try:
            self._telnyx.ask(work)
        except WriteOutcomeUnknown as unknown:
            self._settle(unknown, reread)
            return
        if not reread():
            raise CarrierAnswerUnexpected(
                "Telnyx accepted a change of the connection but did not make it. Try again later.",
                detail="a change of the connection was passed over in silence",
            )

    def _settle(self, unknown: WriteOutcomeUnknown, is_so: Callable[[], bool]) -> None:
        if not _after(unknown, is_so):
            raise CarrierUnavailable(
                "Telnyx did not confirm the change, and the connection is as before. Try again.",
                detail=unknown.detail,
                reply=unknown.reply,
            ) from None

    def _read_back(self) -> SetUpStep:
        """The same checks as those of a test, on what is there now and what was asked for."""
        connection = connections.fetch_fqdn(self._telnyx, self._connection.id)
        profile = profiles.attached(self._telnyx, connection)
        found = connections.places(self._telnyx, connection)
        for finding in (
            connections.judge(self._telnyx, connection, found),
            profiles.judge(connection, profile, self._destinations),
        ):
            if finding.outcome is FAIL or finding.code == "geo_permission_partial":
                raise CarrierAnswerUnexpected(
                    f"The account was set up, but reads back otherwise: {finding.summary} {finding.remedy}",
                    detail=finding.code,
                )
        made = {**self._profile_made(), **self._connection_made(), "fqdn_id": self._place.id}
        return SetUpStep(READ_BACK, StepState.FOUND, "Everything reads back as it was set up.", made, None)

    def _kept(self, id: str, summary: str, made: Row, undo: Row) -> Iterator[SetUpStep]:
        """A step that needs no write: FOUND, or DONE where it was an interrupted run that took it."""
        recorded = self._journal.undo(id)
        yield _intended(id, summary, None)
        if recorded is None or id == AUTHENTICATION:
            yield SetUpStep(id, StepState.FOUND, summary, made, None)
        else:
            yield SetUpStep(id, StepState.DONE, summary, made, {**recorded, **undo})


def _intended(id: str, summary: str, undo: Mapping[str, Any] | None) -> SetUpStep:
    return SetUpStep(id, StepState.INTENDED, summary, {}, undo)


def _done(id: str, summary: str, made: Row, undo: Row) -> SetUpStep:
    return SetUpStep(id, StepState.DONE, summary, made, dict(undo))


def _chosen(found: Sequence[Any], recorded: Any) -> Any:
    """The one that was recorded, else the oldest: every run must choose the same one of several."""
    return next((each for each in found if each.id == recorded), next(iter(found), None))


def _after(failure: TrunklineError, look: Callable[[], Any]) -> Any:
    """What looking gives, or the failure that made it necessary where looking fails too."""
    try:
        return look()
    except NotThere:
        return None
    except TrunklineError:
        raise failure from None


def _login(chance: random.Random) -> tuple[str, str]:
    """A user as Telnyx takes it (4 to 32 letters and digits, a letter first) and a password of 40 characters."""
    user = chance.choice(_LETTERS) + "".join(chance.choice(_USER_CHARACTERS) for _ in range(23))
    return user, "".join(chance.choice(_CHARACTERS) for _ in range(40))


def _is_about_user(refused: CarrierRefused) -> bool:
    return "user_name" in refused.detail


@contextmanager
def _hiding(password: str) -> Iterator[None]:
    """Take a password out of whatever is raised inside: Telnyx may quote what it refuses."""
    try:
        yield
    except TrunklineError as error:
        raise error.scrubbed(Scrubber((Secret(password),))) from None
