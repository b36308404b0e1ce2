"""The scenarios: conversations that every plugin with the capability must master.

Each is a story, the kind of account it begins with, and a short drive; what a right plugin finds out in it stands in
the cassette's facts, and how each step may end here, unless the facts of a carrier say otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs

from trunkline.setup import SetUpStep, StepState
from trunkline_conformance.cassettes import Cassette, Interaction
from trunkline_conformance.conversation import READING_METHODS
from trunkline_conformance.peer_script import PeerAnswer
from trunkline_conformance.stage import Stage, Stuck
from trunkline_conformance.subject import Road

Contains = Callable[[Cassette], str | None]
Endings = Mapping[str, tuple[str, ...]]
Verdicts = Mapping[str, Mapping[str, tuple[str, ...]]]

USUALLY: Endings = {
    "test_credentials": ("passed",),
    "verify_number": ("passed",),
    "import_number": ("imported",),
    "release_number": ("restored",),
}
"""How a step ends where nothing else is said: `answered` for every other hook."""

AFTERWARDS = "afterwards"
"""In a scenario's endings: every step after the first event."""


@attrs.frozen
class Scenario:
    """One conversation.

    `account` is the kind of account it begins with; `cast` the roles for which the facts name a number; `events` what
    happens at the carrier between steps. `endings` says by step how it may end, `verdicts` what outcome each check of a
    step may have. `contains` gives a sentence where a cassette does not hold what the scenario is about.
    """

    id: str
    story: str
    drive: Callable[[Stage], None] = attrs.field(repr=False)
    needs: tuple[str, ...] = ()
    account: str = "small"
    cast: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    endings: Endings = attrs.Factory(dict)
    verdicts: Verdicts = attrs.Factory(dict)
    reads_in_any_order: bool = False
    contains: Contains = attrs.field(default=lambda cassette: None, repr=False)

    @property
    def road(self) -> Road | None:
        """The way of asking that it is about, if there is one; a trunk without an API tells of a refused login only."""
        if self.account == "trunk":
            return Road.SIP
        told = {"credentials are revoked", "permissions are taken away"}
        return Road.HTTP if self.account == "many" or set(self.events) - told else None

    def may_end(self, facts_say: Endings, step: str, hook: str, events: tuple[str, ...]) -> tuple[str, ...]:
        """How a step may end for a right plugin."""
        for said in (facts_say, self.endings):
            if step in said:
                return said[step]
        if events and AFTERWARDS in self.endings:
            return self.endings[AFTERWARDS]
        return USUALLY.get(hook, ("answered",))


def perform(stage: Stage, scenario: Scenario) -> str | None:
    """Go through a scenario; why it could not go on, if it could not."""
    try:
        scenario.drive(stage)
    except Stuck as stuck:
        return str(stuck)
    finally:
        stage.close()
    return None


# Drives


def _test(stage: Stage) -> None:
    stage.test_credentials()


def _name(stage: Stage) -> None:
    stage.suggest_name()


def _list(stage: Stage) -> None:
    stage.list_numbers()


def _new(stage: Stage) -> None:
    before = stage.list_numbers()
    snapshot = stage.snapshot("first")
    stage.plan_import([snapshot])
    route = stage.route()
    stage.import_number(route, snapshot)
    if before:
        stage.list_numbers()


def _already_ours(stage: Stage) -> None:
    route, _ = stage.imported("first")
    again = stage.snapshot("first")
    stage.plan_import([again])
    stage.prepare_route()
    stage.import_number(route, again)


def _foreign(stage: Stage) -> None:
    stage.read_routing([stage.number("stranger")])


def _removed(stage: Stage) -> None:
    snapshot, route = stage.snapshot("first"), stage.route()
    stage.meanwhile("number is removed", "first")
    stage.read_routing([snapshot.number.number])
    stage.import_number(route, snapshot)
    if stage.can("verify_number"):
        stage.verify_number(route, snapshot)
    if stage.can("release_number"):
        stage.release_number(route, snapshot)


def _mixed(stage: Stage) -> None:
    numbers = [stage.number(role) for role in ("first", "second", "stranger", "third")]
    found = stage.read_routing(numbers)
    stage.plan_import(list(found.values()))
    route = stage.route()
    stage.meanwhile("number is removed", "second")
    for number in numbers:
        if number in found:
            stage.import_number(route, found[number])


def _import_while(event: str) -> Callable[[Stage], None]:
    def drive(stage: Stage) -> None:
        snapshot, route = stage.snapshot("first"), stage.route()
        stage.meanwhile(event, "first")
        stage.import_number(route, snapshot)

    return drive


def _verify(stage: Stage) -> None:
    route, snapshot = stage.imported("first")
    stage.verify_number(route, snapshot)


def _drifted(stage: Stage) -> None:
    route, snapshot = stage.imported("first")
    stage.meanwhile("number is routed elsewhere", "first")
    stage.verify_number(route, snapshot)


def _release(stage: Stage) -> None:
    route, snapshot = stage.imported("routed")
    stage.release_number(route, snapshot)
    stage.snapshot("routed")


def _release_twice(stage: Stage) -> None:
    route, snapshot = stage.imported("routed")
    stage.release_number(route, snapshot)
    stage.release_number(route, snapshot)


def _release_while(event: str) -> Callable[[Stage], None]:
    def drive(stage: Stage) -> None:
        route, snapshot = stage.imported("routed")
        stage.meanwhile(event, "routed")
        stage.release_number(route, snapshot)

    return drive


def _set_up(stage: Stage) -> None:
    stage.set_up_account()
    stage.test_credentials()


def _set_up_again(stage: Stage) -> None:
    done = stage.whole_set_up()
    stage.set_up_account(done)


def _undo(stage: Stage) -> None:
    done = stage.whole_set_up()
    stage.undo_set_up(done)


def _interrupted(stage: Stage) -> None:
    """Broken off after each announcement, and, where the step was taken, before that was recorded."""
    whole = stage.whole_set_up()
    stage.undo_set_up(whole)
    for number in range(1, len(whole)):
        part = stage.set_up_account(until=number)
        recorded: list[SetUpStep] = part if part[-1:] and part[-1].state is StepState.INTENDED else part[:-1]
        rest = stage.set_up_account(recorded)
        stage.undo_set_up([*recorded, *rest])


def _in_trouble(event: str) -> Callable[[Stage], None]:
    """Every hook, once the carrier begins to refuse."""

    def drive(stage: Stage) -> None:
        imports = stage.can("import_number")
        ready = (stage.snapshot("first"), stage.route()) if imports else None
        stage.meanwhile(event)
        stage.test_credentials()
        stage.suggest_name()
        if stage.can("list_numbers"):
            stage.list_numbers()
        if ready is None:
            return
        snapshot, route = ready
        stage.read_routing([snapshot.number.number])
        stage.plan_import([snapshot])
        stage.prepare_route()
        stage.import_number(route, snapshot)
        if stage.can("verify_number"):
            stage.verify_number(route, snapshot)
        if stage.can("release_number"):
            stage.release_number(route, snapshot)

    return drive


# What a cassette must hold to be one of its scenario


def _pages(at_least: int) -> Contains:
    def contains(cassette: Cassette) -> str | None:
        if cassette.peer is not None:
            return None  # A trunk has no list to ask for.
        digits = [number.number.lstrip("+") for number in cassette.facts.numbers]
        pages = [each for each in _of_step(cassette, "list_numbers") if any(d in _answer(each) for d in digits)]
        if len(pages) < at_least:
            return f"only {len(pages)} answers of list_numbers name numbers of the account; {at_least} are needed"
        return None

    return contains


def _no_numbers(cassette: Cassette) -> str | None:
    return "an empty account has no numbers, and the facts name some" if cassette.facts.numbers else None


def _status(*statuses: int) -> Contains:
    def contains(cassette: Cassette) -> str | None:
        answered = {each.response["status"]["code"] for each in cassette.interactions}
        if cassette.peer is not None:
            answered = {each.status for each in cassette.peer.answers if each.login}
        if answered.intersection(statuses):
            return None
        return f"no answer has the status {' or '.join(map(str, statuses))}"

    return contains


def _peer(answers: Callable[[PeerAnswer], bool]) -> Contains:
    def contains(cassette: Cassette) -> str | None:
        if cassette.peer is not None and any(map(answers, cassette.peer.answers)):
            return None
        return "no peer, or none that answers so"

    return contains


def _lost_write(cassette: Cassette) -> str | None:
    if any(each.lost and each.request["method"] not in READING_METHODS for each in cassette.interactions):
        return None
    return "no write's answer is lost"


def _lost_write_and_read(cassette: Cassette) -> str | None:
    lost = [at for at, each in enumerate(cassette.interactions) if each.lost]
    after = cassette.interactions[lost[0] + 1 :] if lost else ()
    failed = [each for each in after if each.lost or each.response["status"]["code"] >= 500]
    return _lost_write(cassette) or (None if failed else "reading back does not fail after the lost answer")


def _of_step(cassette: Cassette, step: str) -> list[Interaction]:
    return [each for each in cassette.interactions if each.step == step]


def _answer(interaction: Interaction) -> str:
    return str((interaction.response.get("body") or {}).get("string") or "")


_IMPORT = ("import_numbers",)
_RELEASE = ("import_numbers", "release_numbers")
_LIST = ("list_numbers",)
_GUIDED = ("guided_setup",)
_PASS, _FAIL, _NOT_PASS = ("pass",), ("fail",), ("fail", "unknown")
_REJECTED = {"credentials_valid": _FAIL, "inbound_reachable": _NOT_PASS, "outbound_authorized": _NOT_PASS}
_UNKNOWN = ("unknown",)
_NOTHING_OF_THE_LOGIN = {
    "trunk_reachable": _PASS,
    "credentials_valid": _UNKNOWN,
    "outbound_authorized": _UNKNOWN,
}
_NO_VERDICT = ("carrier_unavailable", "carrier_timed_out")


def _trunk(
    id: str,
    story: str,
    ends: tuple[str, ...],
    told: Mapping[str, tuple[str, ...]],
    answers: Callable[[PeerAnswer], bool],
) -> Scenario:
    """A trunk that is asked over SIP: how its test may end, what each check may say, and how the peer answers."""
    return Scenario(
        f"trunk/{id}",
        story,
        _test,
        account="trunk",
        endings={"test_credentials": ends},
        verdicts={"test_credentials": told},
        contains=_peer(answers),
    )


SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        "test-credentials/valid",
        "A healthy account is tested.",
        _test,
        account="healthy",
        verdicts={"test_credentials": {"credentials_valid": _PASS, "inbound_reachable": _PASS}},
    ),
    Scenario(
        "test-credentials/empty",
        "An account without any number is tested.",
        _test,
        account="empty",
        verdicts={"test_credentials": {"credentials_valid": _PASS}},
    ),
    Scenario("suggest-name/valid", "A healthy account is asked for its name.", _name),
    Scenario("suggest-name/empty", "An account without any number is asked for its name.", _name, account="empty"),
    Scenario("list-numbers/empty", "An account has no numbers.", _list, _LIST, account="empty", contains=_no_numbers),
    Scenario("list-numbers/one-page", "All numbers stand on one page.", _list, _LIST, contains=_pages(1)),
    Scenario(
        "list-numbers/many-pages",
        "The numbers stand on three pages or more.",
        _list,
        _LIST,
        account="many",
        contains=_pages(3),
    ),
    Scenario(
        "list-numbers/duplicate-page",
        "The list changes while it is read: the last number of one page comes again on the next.",
        _list,
        _LIST,
        account="many",
        events=("a number is added while pages are read",),
        contains=_pages(2),
    ),
    Scenario(
        "list-numbers/page-fails",
        "The second page fails, and goes on failing.",
        _list,
        _LIST,
        account="many",
        events=("the second page fails",),
        endings={"list_numbers": _NO_VERDICT},
        contains=_status(500, 502, 503, 504),
    ),
    Scenario("import/new", "A number is planned, imported and listed again.", _new, _IMPORT, cast=("first",)),
    Scenario(
        "import/already-ours",
        "A number that is ours already is imported again.",
        _already_ours,
        _IMPORT,
        cast=("first",),
    ),
    Scenario(
        "import/foreign", "A number is asked for that is not on the account.", _foreign, _IMPORT, cast=("stranger",)
    ),
    Scenario(
        "import/removed",
        "The number leaves the account before it is imported, verified and released.",
        _removed,
        _IMPORT,
        cast=("first",),
        events=("number is removed",),
        endings={
            "import_number": ("number_not_found",),
            "verify_number": ("not_passed", "number_not_found"),
            "release_number": ("cannot_restore", "number_not_found"),
        },
    ),
    Scenario(
        "import/mixed",
        "Three numbers and a stranger are asked for, and the second of them leaves the account before its turn.",
        _mixed,
        _IMPORT,
        cast=("first", "second", "third", "stranger"),
        events=("number is removed",),
        endings={"import_number 2": ("number_not_found",)},
    ),
    Scenario(
        "import/answer-lost",
        "The write takes effect, and its answer is lost.",
        _import_while("answer is lost"),
        _IMPORT,
        cast=("first",),
        events=("answer is lost",),
        contains=_lost_write,
    ),
    Scenario(
        "import/write-lost",
        "The write is lost on its way: it takes no effect, and no answer comes.",
        _import_while("write is lost"),
        _IMPORT,
        cast=("first",),
        events=("write is lost",),
        endings={"import_number": (*_NO_VERDICT, "unverified_write")},
        contains=_lost_write,
    ),
    Scenario(
        "import/unsettled",
        "The answer to the write is lost, and the carrier cannot be asked what became of it.",
        _import_while("answer is lost and the carrier goes down"),
        _IMPORT,
        cast=("first",),
        events=("answer is lost and the carrier goes down",),
        endings={"import_number": ("unverified_write",)},
        contains=_lost_write_and_read,
    ),
    Scenario(
        "import/ignored",
        "The carrier accepts the write, and its answer shows the number routed as before.",
        _import_while("write is ignored"),
        _IMPORT,
        cast=("first",),
        events=("write is ignored",),
        endings={"import_number": (*_NO_VERDICT, "carrier_answer_unexpected", "carrier_refused", "unverified_write")},
    ),
    Scenario("verify/good", "An imported number is verified.", _verify, (*_IMPORT, "verify_numbers"), cast=("first",)),
    Scenario(
        "verify/drifted",
        "The customer routed an imported number elsewhere, and it is verified.",
        _drifted,
        (*_IMPORT, "verify_numbers"),
        cast=("first",),
        events=("number is routed elsewhere",),
        endings={"verify_number": ("not_passed",)},
        verdicts={"verify_number": {"inbound_routed": _FAIL}},
    ),
    Scenario(
        "release/restored",
        "A number that was routed somewhere is imported and given back.",
        _release,
        _RELEASE,
        cast=("routed",),
    ),
    Scenario("release/twice", "A number is given back twice.", _release_twice, _RELEASE, cast=("routed",)),
    Scenario(
        "release/changed-since",
        "The customer routed an imported number elsewhere, and it is given back.",
        _release_while("number is routed elsewhere"),
        _RELEASE,
        cast=("routed",),
        events=("number is routed elsewhere",),
        endings={"release_number": ("left_alone",)},
    ),
    Scenario(
        "release/cannot",
        "An imported number left the account, and it is to be given back.",
        _release_while("number is removed"),
        _RELEASE,
        cast=("routed",),
        events=("number is removed",),
        endings={"release_number": ("cannot_restore",)},
    ),
    Scenario(
        "release/answer-lost",
        "A number is given back, and the answer to the write is lost.",
        _release_while("answer is lost"),
        _RELEASE,
        cast=("routed",),
        events=("answer is lost",),
        contains=_lost_write,
    ),
    Scenario("set-up/new", "An account is set up from nothing, and tested.", _set_up, _GUIDED, account="guided"),
    Scenario("set-up/repeated", "An account that is set up is set up again.", _set_up_again, _GUIDED, account="guided"),
    Scenario("set-up/undone", "What a set-up made is taken back.", _undo, _GUIDED, account="guided"),
    Scenario(
        "set-up/interrupted",
        "A set-up breaks off after each of its announcements, goes on, and is taken back.",
        _interrupted,
        _GUIDED,
        account="guided",
    ),
    Scenario(
        "trouble/rejected",
        "The credentials are not accepted any more.",
        _in_trouble("credentials are revoked"),
        cast=("first",),
        events=("credentials are revoked",),
        endings={
            "test_credentials": ("not_passed",),
            "verify_number": ("credentials_rejected", "not_passed"),
            AFTERWARDS: ("credentials_rejected",),
        },
        verdicts={"test_credentials": _REJECTED},
        contains=_status(401, 403),
    ),
    Scenario(
        "trouble/forbidden",
        "The credentials are genuine, and may do nothing here.",
        _in_trouble("permissions are taken away"),
        cast=("first",),
        events=("permissions are taken away",),
        endings={
            "test_credentials": ("not_passed",),
            "verify_number": ("permission_missing", "not_passed"),
            AFTERWARDS: ("permission_missing",),
        },
        contains=_status(401, 403),
    ),
    Scenario(
        "trouble/suspended",
        "The account is suspended.",
        _in_trouble("account is suspended"),
        cast=("first",),
        events=("account is suspended",),
        endings={
            "test_credentials": ("not_passed",),
            "verify_number": ("account_suspended", "not_passed"),
            AFTERWARDS: ("account_suspended",),
        },
    ),
    Scenario(
        "trouble/rate-limited",
        "The carrier asks for patience, and goes on asking.",
        _in_trouble("too many requests"),
        cast=("first",),
        events=("too many requests",),
        endings={AFTERWARDS: ("rate_limited",)},
        contains=_status(429),
    ),
    Scenario(
        "trouble/down",
        "The carrier is down.",
        _in_trouble("the carrier goes down"),
        cast=("first",),
        events=("the carrier goes down",),
        endings={"import_number": (*_NO_VERDICT, "unverified_write"), AFTERWARDS: _NO_VERDICT},
        contains=_status(500, 502, 503, 504),
    ),
    _trunk(
        "register-challenges",
        "A trunk answers OPTIONS to anybody, and asks for the login where it is asked to register.",
        ("passed",),
        {"trunk_reachable": _PASS, "credentials_valid": _PASS, "outbound_authorized": _UNKNOWN},
        lambda answer: answer.method == "REGISTER" and answer.challenge is not None,
    ),
    _trunk(
        "open",
        "A trunk answers anybody, and never asks for the login.",
        ("passed",),
        _NOTHING_OF_THE_LOGIN,
        lambda answer: (answer.method, answer.status, answer.login) == ("REGISTER", 200, False),
    ),
    _trunk(
        "takes-no-registration",
        "A trunk takes no registrations.",
        ("passed",),
        _NOTHING_OF_THE_LOGIN,
        lambda answer: answer.method == "REGISTER" and answer.status in (405, 501),
    ),
    _trunk(
        "address-refused",
        "A trunk does not let this address in.",
        ("not_passed",),
        {"trunk_reachable": _PASS, "credentials_valid": _UNKNOWN, "outbound_authorized": _FAIL},
        lambda answer: (answer.status, answer.login) == (403, False),
    ),
    _trunk(
        "overloaded",
        "A trunk takes nothing more at the moment.",
        ("passed",),
        _NOTHING_OF_THE_LOGIN,
        lambda answer: (answer.status, answer.login) == (503, False),
    ),
    _trunk(
        "silent",
        "A trunk does not answer.",
        ("not_passed",),
        {"trunk_reachable": _FAIL, "credentials_valid": _UNKNOWN, "outbound_authorized": _UNKNOWN},
        lambda answer: answer.status is None,
    ),
    _trunk(
        "fails-behind-the-login",
        "A trunk asks for the login, and then fails.",
        _NO_VERDICT,
        {},
        lambda answer: answer.login and (answer.status or 0) >= 500,
    ),
)
BY_ID = {scenario.id: scenario for scenario in SCENARIOS}
