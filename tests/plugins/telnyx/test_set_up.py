"""Guided set-up: found before made, announced before taken, safe to kill anywhere, taken back whole."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest

from trunkline.errors import (
    CarrierAnswerUnexpected,
    CarrierRefused,
    CredentialsRejected,
    TrunklineError,
    Unsupported,
    WriteOutcomeUnknown,
)
from trunkline.secret import Secret
from trunkline.setup import SetUpStep, StepState
from trunkline_sandbox.telnyx.accounts import give_numbers

from .conftest import MARKER, PLATFORM

INTENDED, FOUND, DONE = StepState.INTENDED, StepState.FOUND, StepState.DONE
STEPS = ("outbound_profile", "connection", "fqdn", "authentication", "attachment", "primary_fqdn", "read_back")
TAKEN = ("outbound_profile", "connection", "fqdn", "attachment", "primary_fqdn")


def made_of(steps: list[SetUpStep]) -> dict[str, Any]:
    return {name: value for step in steps for name, value in step.made.items()}


def holdings(desk: Any, label: str = "guided") -> dict[str, Any]:
    """All that set-up could touch, as the carrier holds it."""
    held = desk.held(label)
    return {
        "connections": {each.id: attrs.asdict(each) for each in held.connections.values()},
        "fqdns": {each.id: attrs.asdict(each) for each in held.fqdns.values()},
        "profiles": {each.id: attrs.asdict(each) for each in held.profiles.values()},
        "numbers": {each.id: each.connection_id for each in held.numbers.values()},
    }


def without_times(found: Any) -> Any:
    if isinstance(found, dict):
        return {name: without_times(value) for name, value in found.items() if name not in ("updated", "created")}
    return found


def assert_whole(desk: Any, steps: list[SetUpStep], label: str = "guided") -> None:
    """Everything is there once, works, and the password in `made` is the one in force."""
    held, made = desk.held(label), made_of(steps)
    (own,) = desk.ours(label)
    (profile,) = [each for each in held.profiles.values() if each.name == MARKER]
    (record,) = [each for each in held.fqdns.values() if each.connection_id == own.id]
    assert (own.id, profile.id, record.id) == (
        made["connection_id"],
        made["outbound_voice_profile_id"],
        made["fqdn_id"],
    )
    assert (own.active, own.profile_id, own.authentication) == (True, profile.id, "credential-authentication")
    assert own.inbound["default_primary_fqdn_id"] == record.id
    assert own.inbound["dnis_number_format"] == "+e164"
    assert (record.fqdn, record.port) == (PLATFORM, 5060)
    assert made["sip_username"] == own.user_name
    assert made["sip_password"] == Secret(own.password)
    assert (made["sip_domain"], made["sip_transport"]) == ("sip.telnyx.com", "udp")
    result = desk.engine.test_credentials(desk.account(label))
    assert all(check.outcome.as_json for check in result.checks)


# From nothing


def test_each_step_is_announced_then_done(desk: Any) -> None:
    steps = desk.set_up()
    assert tuple(dict.fromkeys(step.id for step in steps)) == STEPS
    for id in STEPS[:-1]:
        first, second = [step.state for step in steps if step.id == id]
        assert first is INTENDED
        assert second is (FOUND if id == "authentication" else DONE)
    assert steps[-1].state is FOUND
    assert_whole(desk, steps)
    assert len([each for each in desk.writes() if each.account == desk.held("guided").user_id]) == 5


def test_a_step_is_taken_only_when_the_next_record_is_asked_for(desk: Any) -> None:
    running = desk.engine.set_up_account(desk.account("guided"))
    writes = []
    for step in running:
        writes.append((step.id, step.state, len(desk.writes())))
    counts = [count for _, state, count in writes if state is INTENDED]
    assert counts == [0, 1, 2, 3, 3, 4]


def test_what_is_recorded_is_plain_json_but_for_the_password(desk: Any) -> None:
    for step in desk.set_up():
        plain = {name: value for name, value in step.made.items() if not isinstance(value, Secret)}
        assert json.loads(json.dumps([plain, step.undo and dict(step.undo)]))
        assert step.summary.endswith(".")
        assert {type(value) for value in step.made.values()} <= {str, Secret}
        password = made_of([step]).get("sip_password")
        assert password is None or isinstance(password, Secret)


def test_the_other_set_up_makes_nothing(desk: Any) -> None:
    with pytest.raises(Unsupported):
        list(desk.engine.set_up_account(desk.account("healthy")))
    assert not desk.writes()


def test_without_a_sip_host_nothing_is_made(desk: Any) -> None:
    desk.platform = None
    with pytest.raises(CarrierRefused, match="SIP host"):
        desk.set_up()
    assert not desk.asked()


def test_platform_port_and_transport_are_kept(desk: Any) -> None:
    desk.platform = "sip.platform.example:5061;transport=tls"
    steps = desk.set_up()
    (own,) = desk.ours("guided")
    (record,) = [each for each in desk.held("guided").fqdns.values() if each.connection_id == own.id]
    assert (own.transport_protocol, record.port, made_of(steps)["sip_transport"]) == ("TLS", 5061, "tls")


@pytest.mark.parametrize(
    "switches",
    [
        {},
        {"authentication_endpoint": False},
        {"authentication_nested": False},
        {"authentication_nested": False, "authentication_endpoint": False},
        {"credentials_on_create": False},
        {"attach_needs_credentials": False},
        {"sip_secrets_readable": True},
        {"names_unique": True},
        {"numeric_connection_id": False},
    ],
)
def test_whatever_is_not_known_of_telnyx_set_up_works_and_can_be_taken_back(
    desk: Any, switches: dict[str, Any]
) -> None:
    desk.switch("guided", **switches)
    before = holdings(desk)
    steps = desk.set_up()
    assert_whole(desk, steps)
    list(desk.engine.undo_set_up(desk.account("guided"), steps))
    assert holdings(desk) == before


def test_where_no_way_to_authenticate_works_it_is_said_and_taken_back(desk: Any) -> None:
    desk.switch("guided", credentials_on_create=False, authentication_endpoint=False)
    before = holdings(desk)
    recorded = record_until_error(desk, CarrierAnswerUnexpected)
    list(desk.engine.undo_set_up(desk.account("guided"), recorded))
    assert holdings(desk) == before


def record_until_error(desk: Any, expected: type[TrunklineError] = TrunklineError) -> list[SetUpStep]:
    recorded: list[SetUpStep] = []

    def run() -> None:
        for step in desk.engine.set_up_account(desk.account("guided")):
            recorded.append(step)

    with pytest.raises(expected):
        run()
    return recorded


def test_numbers_of_an_account_that_was_set_up_are_imported_verified_and_given_back(desk: Any) -> None:
    steps = desk.set_up()
    account = desk.account("guided", made=made_of(steps))
    numbers = list(desk.held("guided").numbers.values())[8:12]
    before = {n.id: n.connection_id for n in numbers}
    desk.forget()
    route = desk.engine.prepare_route(account)
    assert not desk.writes()
    snapshots = list(desk.engine.read_routing(account, [n.phone_number for n in numbers]).values())
    outcomes = list(desk.engine.import_numbers(account, route, snapshots))
    assert all(each.error is None for each in outcomes)
    for snapshot in snapshots:
        assert desk.engine.verify_number(account, snapshot.number.ref, route).passed
        released = desk.engine.release_number(account, snapshot.number.ref, route, snapshot)
        assert released.outcome.value == "restored"
    assert {n.id: n.connection_id for n in numbers} == before


def test_calls_are_allowed_to_the_countries_of_the_numbers(desk: Any) -> None:
    held = desk.held("guided")
    held.numbers.clear()
    (number,) = give_numbers(desk.sandbox.carrier.world, held, "GB", "local", 1)
    steps = desk.set_up()
    (profile,) = [each for each in held.profiles.values() if each.name == MARKER]
    assert profile.whitelisted_destinations == ["US", "CA", "GB"]
    assert "GB" in steps[0].summary
    account = desk.account("guided", made=made_of(steps))
    assert desk.engine.test_credentials(account).outbound.code == "calls_allowed"
    route = desk.engine.prepare_route(account)
    snapshots = list(desk.engine.read_routing(account, [number.phone_number]).values())
    list(desk.engine.import_numbers(account, route, snapshots))
    assert desk.engine.verify_number(account, snapshots[0].number.ref, route).passed


def test_numbers_that_may_not_be_read_leave_telnyx_own_destinations(desk: Any) -> None:
    no = {"errors": [{"code": "10010", "title": "No"}]}
    desk.fault("status", path="/slim", status=403, json=no, times=None)
    desk.set_up()
    (profile,) = [each for each in desk.held("guided").profiles.values() if each.name == MARKER]
    assert profile.whitelisted_destinations == ["US", "CA"]


def test_destinations_that_telnyx_passed_over_are_noticed(desk: Any) -> None:
    patch = {"data": {"whitelisted_destinations": ["US"]}}
    desk.fault("patch_json", method="GET", path="/outbound_voice_profiles/", patch=patch)
    with pytest.raises(CarrierAnswerUnexpected, match="but not to CA"):
        desk.set_up()


# Again


def test_running_it_again_makes_nothing_and_sets_a_new_password(desk: Any) -> None:
    first = desk.set_up()
    desk.forget()
    again = desk.set_up()
    assert {step.id: step.state for step in again} == {
        **dict.fromkeys(STEPS, FOUND),
        "authentication": DONE,
    }
    (write,) = desk.writes()
    assert write.path.endswith("/fqdn_authentication")
    assert made_of(again)["sip_password"] != made_of(first)["sip_password"]
    assert_whole(desk, again)


def test_running_it_again_with_what_was_made_writes_nothing(desk: Any) -> None:
    made = made_of(desk.set_up())
    desk.forget()
    steps = list(desk.engine.set_up_account(desk.account("guided", made=made)))
    assert not desk.writes()
    assert {step.state for step in steps if step.id != "read_back"} == {INTENDED, FOUND}
    assert_whole(desk, [*steps, SetUpStep("x", DONE, "x.", made)])


def test_of_several_with_our_marker_the_oldest_is_taken(desk: Any) -> None:
    steps = desk.set_up()
    (own,) = desk.ours("guided")
    held = desk.held("guided")
    later = attrs.evolve(own, id="999", created=own.created + 1e6)
    held.connections = {"999": later, **held.connections}
    assert made_of(desk.set_up())["connection_id"] == made_of(steps)["connection_id"]


def test_a_name_that_only_contains_the_marker_is_not_ours(desk: Any) -> None:
    held = desk.held("guided")
    office = next(iter(held.connections.values()))
    office.name = f"{MARKER}0"
    next(iter(held.profiles.values())).name = f"old {MARKER}"
    assert_whole(desk, desk.set_up())


def test_it_follows_the_platform_when_it_moves(desk: Any) -> None:
    made = made_of(desk.set_up())
    desk.platform = "new.platform.example:5070;transport=tcp"
    steps = list(desk.engine.set_up_account(desk.account("guided", made=made)))
    (own,) = desk.ours("guided")
    (record,) = [each for each in desk.held("guided").fqdns.values() if each.connection_id == own.id]
    assert (record.fqdn, record.port, own.transport_protocol) == ("new.platform.example", 5070, "TCP")
    list(desk.engine.undo_set_up(desk.account("guided"), steps))
    assert (record.fqdn, record.port, own.transport_protocol) == (PLATFORM, 5060, "UDP")


def test_ours_that_the_customer_switched_off_is_told(desk: Any) -> None:
    desk.set_up()
    desk.ours("guided")[0].active = False
    with pytest.raises(CarrierAnswerUnexpected, match="switched off"):
        desk.set_up()


# Trial accounts


def test_a_trial_account_is_set_up_and_reused_only_where_it_is_ours(desk: Any) -> None:
    assert_whole(desk, desk.set_up("trial"), "trial")
    assert_whole(desk, desk.set_up("trial"), "trial")
    before = holdings(desk, "trial_taken")
    with pytest.raises(CarrierRefused, match="Upgrade"):
        desk.set_up("trial_taken")
    assert holdings(desk, "trial_taken") == before


def test_a_key_that_is_not_one_makes_nothing(desk: Any) -> None:
    wrong = desk.credentials("bad_credentials")["apiKey"]
    with pytest.raises(CredentialsRejected):
        list(desk.engine.set_up_account(desk.account("guided", apiKey=wrong)))
    assert not desk.writes()


# Killed


def killed_after(desk: Any, count: int) -> list[SetUpStep]:
    """What was recorded when the process died after so many records: what was not pulled was not taken."""
    running = desk.engine.set_up_account(desk.account("guided"))
    recorded = [next(running) for _ in range(count)]
    running.close()
    return recorded


def killed_before_the_record_of(desk: Any, step: str) -> list[SetUpStep]:
    """What was recorded when the process died after a step's write: that it was announced, and no more."""
    recorded: list[SetUpStep] = []
    running = desk.engine.set_up_account(desk.account("guided"))
    for each in running:
        if each.id == step and each.state is DONE:
            break
        recorded.append(each)
    running.close()
    return recorded


LENGTH = 13


@pytest.mark.parametrize("count", range(LENGTH))
def test_killed_after_any_record_it_is_resumed(desk: Any, count: int) -> None:
    recorded = killed_after(desk, count)
    resumed = desk.set_up(done=recorded)
    everything = recorded + resumed
    assert_whole(desk, everything)
    before = {"connections": 1, "fqdns": 1, "profiles": 1}
    list(desk.engine.undo_set_up(desk.account("guided"), everything))
    assert {name: len(holdings(desk)[name]) for name in before} == before


@pytest.mark.parametrize("count", range(LENGTH + 1))
def test_killed_after_any_record_it_is_taken_back(desk: Any, count: int) -> None:
    before = holdings(desk)
    recorded = killed_after(desk, count)
    list(desk.engine.undo_set_up(desk.account("guided"), recorded))
    assert holdings(desk) == before
    assert list(desk.engine.undo_set_up(desk.account("guided"), recorded)) is not None
    assert holdings(desk) == before


@pytest.mark.parametrize("step", TAKEN)
def test_killed_between_a_write_and_its_record_it_is_resumed_as_its_own(desk: Any, step: str) -> None:
    before = holdings(desk)
    recorded = killed_before_the_record_of(desk, step)
    resumed = desk.set_up(done=recorded)
    assert {each.id: each.state for each in resumed}[step] is DONE
    everything = recorded + resumed
    assert_whole(desk, everything)
    list(desk.engine.undo_set_up(desk.account("guided"), everything))
    assert holdings(desk) == before


@pytest.mark.parametrize("step", TAKEN)
def test_killed_between_a_write_and_its_record_it_is_taken_back(desk: Any, step: str) -> None:
    before = holdings(desk)
    recorded = killed_before_the_record_of(desk, step)
    assert len(desk.writes()) == TAKEN.index(step) + 1
    list(desk.engine.undo_set_up(desk.account("guided"), recorded))
    assert holdings(desk) == before


def test_killed_while_the_password_was_set_it_is_set_anew(desk: Any) -> None:
    desk.set_up()
    second = desk.set_up()
    at = next(i for i, each in enumerate(second) if each.id == "authentication" and each.state is DONE)
    resumed = desk.set_up(done=second[:at])
    assert {each.id: each.state for each in resumed}["authentication"] is DONE
    assert_whole(desk, second[:at] + resumed)


def test_resumed_twice_nothing_is_forgotten(desk: Any) -> None:
    before = holdings(desk)
    recorded = killed_after(desk, 4)
    for count in (5, 9):
        running = desk.engine.set_up_account(desk.account("guided"), recorded)
        recorded = recorded + [next(running) for _ in range(count)]
        running.close()
    recorded += desk.set_up(done=recorded)
    assert_whole(desk, recorded)
    list(desk.engine.undo_set_up(desk.account("guided"), recorded))
    assert holdings(desk) == before


def test_what_was_deleted_since_is_made_again(desk: Any) -> None:
    recorded = desk.set_up()
    (own,) = desk.ours("guided")
    desk.sandbox.carrier.remove("guided", "connections", own.id)
    resumed = desk.set_up(done=recorded)
    assert_whole(desk, resumed)


# Taking back


def test_taking_back_goes_from_the_newest_to_the_oldest_and_gives_back_what_was(desk: Any) -> None:
    before = holdings(desk)
    steps = desk.set_up()
    undone = list(desk.engine.undo_set_up(desk.account("guided"), steps))
    assert [each.id for each in undone] == list(reversed(TAKEN))
    assert {each.state for each in undone} <= {DONE, FOUND}
    assert holdings(desk) == before
    assert not desk.asked("DELETE", "/phone_numbers")


def test_what_was_found_is_never_taken_back(desk: Any) -> None:
    desk.set_up()
    before = without_times(holdings(desk))
    again = desk.set_up()
    rotated = without_times(holdings(desk))
    assert list(desk.engine.undo_set_up(desk.account("guided"), again)) == []
    assert without_times(holdings(desk)) == rotated
    assert before.keys() == rotated.keys()


@pytest.mark.parametrize(
    "switches",
    [{"delete_in_use": "detaches"}, {"delete_in_use": "refused"}, {"primary_blocks_deletion": True}],
)
def test_a_connection_with_numbers_is_left_whatever_deleting_it_would_do(desk: Any, switches: dict[str, Any]) -> None:
    desk.switch("guided", **switches)
    steps = desk.set_up()
    (own,) = desk.ours("guided")
    number = next(iter(desk.held("guided").numbers.values()))
    number.connection_id = own.id
    undone = {each.id: each for each in desk.engine.undo_set_up(desk.account("guided"), steps)}
    assert undone["connection"].state is FOUND
    assert "numbers are on it" in undone["connection"].summary
    assert number.connection_id == own.id


def test_a_primary_record_that_blocks_its_deletion_is_no_obstacle(desk: Any) -> None:
    desk.switch("guided", primary_blocks_deletion=True)
    before = holdings(desk)
    list(desk.engine.undo_set_up(desk.account("guided"), desk.set_up()))
    assert holdings(desk) == before


def test_what_is_gone_already_is_no_obstacle(desk: Any) -> None:
    steps = desk.set_up()
    (own,) = desk.ours("guided")
    desk.sandbox.carrier.remove("guided", "connections", own.id)
    undone = list(desk.engine.undo_set_up(desk.account("guided"), steps))
    assert len(undone) == len(TAKEN)
    assert not [each for each in desk.held("guided").profiles.values() if each.name == MARKER]


def changed_ours(desk: Any) -> list[SetUpStep]:
    """A set-up that changes a connection of ours with another profile, transport, primary record and host."""
    made = made_of(desk.set_up())
    (own,) = desk.ours("guided")
    own.profile_id = next(each.id for each in desk.held("guided").profiles.values() if each.name == "Default")
    own.inbound = {**own.inbound, "default_primary_fqdn_id": None}
    desk.platform = "new.platform.example:5070;transport=tcp"
    steps = list(desk.engine.set_up_account(desk.account("guided", made=made)))
    desk.forget()
    return steps


def undone(desk: Any, steps: list[SetUpStep]) -> dict[str, tuple[StepState, str]]:
    found = desk.engine.undo_set_up(desk.account("guided"), steps)
    return {step.id: (step.state, step.summary) for step in found}


def change_profile(desk: Any) -> str:
    (own,) = desk.ours("guided")
    own.profile_id = None
    return "attachment"


def change_transport(desk: Any) -> str:
    desk.ours("guided")[0].transport_protocol = "TLS"
    return "primary_fqdn"


def change_record(desk: Any) -> str:
    (own,) = desk.ours("guided")
    (record,) = [each for each in desk.held("guided").fqdns.values() if each.connection_id == own.id]
    record.fqdn = "elsewhere.example"
    return "fqdn"


@pytest.mark.parametrize("change", [change_profile, change_transport, change_record])
def test_what_somebody_changed_since_is_left_as_it_is_and_said(desk: Any, change: Any) -> None:
    steps = changed_ours(desk)
    step = change(desk)
    (own,) = desk.ours("guided")
    (record,) = [each for each in desk.held("guided").fqdns.values() if each.connection_id == own.id]
    theirs = {"attachment": own.profile_id, "primary_fqdn": own.transport_protocol, "fqdn": record.fqdn}[step]
    state, summary = undone(desk, steps)[step]
    assert (state, "somebody changed it since" in summary) == (FOUND, True)
    assert {"attachment": own.profile_id, "primary_fqdn": own.transport_protocol, "fqdn": record.fqdn}[step] == theirs


def test_beside_what_somebody_changed_the_rest_is_put_back(desk: Any) -> None:
    steps = changed_ours(desk)
    change_transport(desk)
    undone(desk, steps)
    (own,) = desk.ours("guided")
    assert (own.inbound["default_primary_fqdn_id"], own.transport_protocol) == (None, "TLS")


def test_what_is_back_as_it_was_is_not_written_again(desk: Any) -> None:
    steps = changed_ours(desk)
    undone(desk, steps)
    desk.forget()
    assert {state for state, _ in undone(desk, steps).values()} == {DONE}
    assert not desk.writes()


PUT_BACK = [("PATCH", "/fqdn_connections/", 0), ("PATCH", "/fqdn_connections/", 1), ("PATCH", "/fqdns/", 0)]


@pytest.mark.parametrize(("method", "path", "after"), PUT_BACK)
@pytest.mark.parametrize("kind", ["timeout_after", "reset_after", "truncated_json"])
def test_a_lost_answer_to_what_is_put_back_is_looked_up(
    desk: Any, method: str, path: str, after: int, kind: str
) -> None:
    steps = changed_ours(desk)
    desk.fault(kind, method=method, path=path, after=after)
    assert {state for state, _ in undone(desk, steps).values()} == {DONE}
    assert len(desk.asked("PATCH")) == 3


@pytest.mark.parametrize(("method", "path", "after"), PUT_BACK)
@pytest.mark.parametrize("kind", ["timeout_before", "html", "status"])
def test_what_was_not_put_back_is_said_and_can_be_run_again(
    desk: Any, method: str, path: str, after: int, kind: str
) -> None:
    steps = changed_ours(desk)
    desk.fault(kind, method=method, path=path, after=after)
    with pytest.raises(TrunklineError) as caught:
        undone(desk, steps)
    assert caught.value.retryable
    assert {state for state, _ in undone(desk, steps).values()} == {DONE}


def test_a_change_back_that_is_passed_over_in_silence_is_noticed(desk: Any) -> None:
    steps = changed_ours(desk)
    desk.fault("status", method="PATCH", path="/fqdn_connections/", status=200, json={"data": {"id": "1"}})
    state, summary = undone(desk, steps)["primary_fqdn"]
    assert (state, "did not take back" in summary) == (FOUND, True)


@pytest.mark.parametrize("path", ["/fqdns/", "/fqdn_connections/", "/outbound_voice_profiles/"])
@pytest.mark.parametrize("kind", ["timeout_after", "reset_after", "truncated_json"])
def test_a_lost_answer_to_a_deletion_is_looked_up(desk: Any, path: str, kind: str) -> None:
    before, steps = holdings(desk), desk.set_up()
    desk.fault(kind, method="DELETE", path=path)
    list(desk.engine.undo_set_up(desk.account("guided"), steps))
    assert holdings(desk) == before


@pytest.mark.parametrize("path", ["/fqdns/", "/fqdn_connections/", "/outbound_voice_profiles/"])
@pytest.mark.parametrize("kind", ["timeout_before", "html", "status"])
def test_a_deletion_that_was_not_made_is_said_and_can_be_run_again(desk: Any, path: str, kind: str) -> None:
    before, steps = holdings(desk), desk.set_up()
    desk.fault(kind, method="DELETE", path=path)
    with pytest.raises(TrunklineError) as caught:
        list(desk.engine.undo_set_up(desk.account("guided"), steps))
    assert caught.value.retryable
    list(desk.engine.undo_set_up(desk.account("guided"), steps))
    assert holdings(desk) == before


# Faults on the way


WRITES = {
    "outbound_profile": ("POST", "/outbound_voice_profiles$"),
    "connection": ("POST", "/fqdn_connections$"),
    "fqdn": ("POST", "/fqdns$"),
    "attachment": ("PATCH", "/fqdn_connections/[0-9]+$"),
}
LOST = ["timeout_after", "reset_after", "truncated_json", "cut_short"]
NOT_MADE = ["timeout_before", "reset_before", "html", "empty", "status"]


@pytest.mark.parametrize("kind", LOST)
def test_a_lost_answer_to_the_primary_record_is_looked_for_and_not_repeated(desk: Any, kind: str) -> None:
    desk.fault(kind, method="PATCH", path="/fqdn_connections/[0-9]+$", after=1)
    assert_whole(desk, desk.set_up())
    assert len(desk.asked("PATCH")) == 2


@pytest.mark.parametrize("kind", NOT_MADE)
def test_a_primary_record_that_may_not_have_been_set_ends_the_run(desk: Any, kind: str) -> None:
    before = holdings(desk)
    desk.fault(kind, method="PATCH", path="/fqdn_connections/[0-9]+$", after=1)
    recorded = record_until_error(desk)
    assert (recorded[-1].id, recorded[-1].state) == ("primary_fqdn", INTENDED)
    assert len(desk.asked("PATCH")) == 2
    resumed = desk.set_up(done=recorded)
    assert_whole(desk, recorded + resumed)
    list(desk.engine.undo_set_up(desk.account("guided"), recorded + resumed))
    assert holdings(desk) == before


@pytest.mark.parametrize("step", WRITES)
@pytest.mark.parametrize("kind", ["timeout_after", "reset_after", "truncated_json", "cut_short"])
def test_a_write_whose_answer_is_lost_is_looked_for_and_not_repeated(desk: Any, step: str, kind: str) -> None:
    method, path = WRITES[step]
    desk.fault(kind, method=method, path=path)
    steps = desk.set_up()
    assert_whole(desk, steps)
    assert len(desk.asked(method, path)) == (2 if step == "attachment" else 1)


@pytest.mark.parametrize("step", WRITES)
@pytest.mark.parametrize("kind", ["timeout_before", "reset_before", "html", "empty", "status"])
def test_a_write_that_may_not_have_been_made_ends_the_run_which_can_be_taken_back_or_resumed(
    desk: Any, step: str, kind: str
) -> None:
    before = holdings(desk)
    method, path = WRITES[step]
    desk.fault(kind, method=method, path=path)
    recorded = record_until_error(desk)
    assert recorded[-1].id == step
    assert recorded[-1].state is INTENDED
    assert len(desk.asked(method, path)) == 1
    resumed = desk.set_up(done=recorded)
    assert_whole(desk, recorded + resumed)
    list(desk.engine.undo_set_up(desk.account("guided"), recorded + resumed))
    assert holdings(desk) == before


@pytest.mark.parametrize("kind", ["timeout_before", "timeout_after", "status", "html"])
def test_a_lost_answer_to_a_new_password_is_settled_by_the_user(desk: Any, kind: str) -> None:
    desk.set_up()
    desk.fault(kind, method="PATCH", path="/fqdn_authentication$")
    if kind == "timeout_after":
        assert_whole(desk, desk.set_up())
        return
    recorded = record_until_error(desk)
    assert recorded[-1].state is INTENDED
    assert_whole(desk, recorded + desk.set_up(done=recorded))


class TakenOnce(set[str]):
    """User names of which the next ones are taken by somebody."""

    def __init__(self, times: int) -> None:
        self.times = times

    def __contains__(self, name: object) -> bool:
        self.times -= 1
        return self.times >= 0


@pytest.mark.parametrize("again", [False, True])
def test_a_user_name_that_is_taken_is_tried_once_more_with_another(desk: Any, again: bool) -> None:
    """At the making of the connection, and at a new login for one that is there."""
    if again:
        desk.set_up()
        desk.forget()
    desk.sandbox.carrier.world.taken_user_names = TakenOnce(1)
    assert_whole(desk, desk.set_up())
    written = [each.json["user_name"] for each in desk.writes() if "user_name" in (each.json or {})]
    assert len(set(written)) == 2


@pytest.mark.parametrize("again", [False, True])
def test_a_second_user_name_that_is_taken_ends_the_run_which_is_taken_back(desk: Any, again: bool) -> None:
    if again:
        desk.set_up()
        desk.forget()
    before = holdings(desk)
    desk.sandbox.carrier.world.taken_user_names = TakenOnce(9)
    recorded = record_until_error(desk, CarrierRefused)
    written = [each.json["user_name"] for each in desk.writes() if "user_name" in (each.json or {})]
    assert len(set(written)) == len(written) == 2
    list(desk.engine.undo_set_up(desk.account("guided"), recorded))
    assert holdings(desk) == before


def test_a_silent_refusal_to_attach_is_noticed(desk: Any) -> None:
    desk.fault("status", method="PATCH", path="/fqdn_connections/[0-9]+$", status=200, json={"data": {"id": "1"}})
    with pytest.raises(CarrierAnswerUnexpected):
        desk.set_up()


def test_a_password_that_a_refusal_quotes_is_not_told(desk: Any) -> None:
    def refuse(password: str) -> dict[str, Any]:
        return {"errors": [{"code": "10015", "title": "Invalid", "detail": f"password {password} is too weak"}]}

    sent: list[str] = []
    real = desk.sandbox.carrier.handle

    def handle(request: Any) -> Any:
        from trunkline_sandbox import Response

        body = request.json() or {}
        if isinstance(body, dict) and "password" in body:
            sent.append(body["password"])
            return Response.of_json(422, refuse(body["password"]))
        return real(request)

    desk.sandbox.carrier.handle = handle
    with pytest.raises(TrunklineError) as caught:
        desk.set_up()
    assert sent
    told = f"{caught.value} {caught.value.detail} {caught.value.__cause__} {caught.value.__context__}"
    assert sent[0] not in told
    assert "[redacted]" in told


def test_an_unknown_outcome_stays_unknown_where_looking_fails_too(desk: Any) -> None:
    desk.fault("timeout_after", method="POST", path="/fqdn_connections$")
    desk.fault("status", method="GET", path="/fqdn_connections$", after=1, status=503, times=None)
    with pytest.raises(WriteOutcomeUnknown):
        desk.set_up()
    recorded = [SetUpStep("connection", INTENDED, "x.", {}, {"kind": "connection", "name": MARKER})]
    desk.sandbox.faults.clear()
    (undone,) = desk.engine.undo_set_up(desk.account("guided"), recorded)
    assert undone.state is DONE
    assert not desk.ours("guided")
