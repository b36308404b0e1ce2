"""The way of a number through any provider, and whatever a customer does meanwhile."""

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import attrs
import pytest
import requests

from trunkline.checks import Outcome
from trunkline.errors import CredentialsRejected, NumberNotFound, TrunklineError
from trunkline.numbers import ReleaseOutcome

from .conftest import PLATFORM, Desk
from .hooks import HOOKS, error_of, outcome_of

RESTORED, LEFT_ALONE, CANNOT = ReleaseOutcome.RESTORED, ReleaseOutcome.LEFT_ALONE, ReleaseOutcome.CANNOT_RESTORE


def test_import_and_release_give_back_exactly_the_state_before(desk: Desk) -> None:
    numbers = desk.numbers()
    desk.engine.prepare_route(desk.account())
    before = desk.held()
    for number in numbers if desk.provider.can_route_nowhere else routed(desk, numbers):
        route, snapshot = desk.imported(number)
        assert desk.held() != before
        assert desk.snapshot(number).points_at == route.id
        verification = desk.engine.verify_number(desk.account(), snapshot.number.ref, route)
        assert (verification.inbound.outcome, verification.inbound.code) == (Outcome.PASS, "routed_here")
        assert verification.inbound.proof
        release = desk.release(route, snapshot)
        assert (release.outcome, release.code) == (RESTORED, "restored")
        assert desk.held() == before, number
        desk.close()  # So that the pace of writes starts anew.


def routed(desk: Desk, numbers: list[str]) -> list[str]:
    kinds = {
        number: snapshot.view.kind for number, snapshot in desk.engine.read_routing(desk.account(), numbers).items()
    }
    found = [number for number, kind in kinds.items() if kind != "none"]
    assert len(found) >= 2
    return found


def test_importing_twice_writes_once(desk: Desk) -> None:
    number = desk.numbers()[0]
    route, _ = desk.imported(number)
    before = desk.held()
    again = desk.put(route, desk.snapshot(number))
    assert again.error is None
    assert again.readback is not None
    assert again.readback.points_at == route.id
    assert not desk.writes()
    assert desk.held() == before


def test_a_route_is_made_once_and_then_found(desk: Desk) -> None:
    first = desk.engine.prepare_route(desk.account(making=True))
    assert first.made is desk.provider.makes_a_route
    desk.forget()
    second = desk.engine.prepare_route(desk.account(making=True))
    assert (second.id, second.kind, second.made) == (first.id, first.kind, False)
    assert not desk.writes()


def test_releasing_twice_writes_once(desk: Desk) -> None:
    number = desk.numbers()[0]
    route, snapshot = desk.imported(number)
    assert desk.release(route, snapshot).outcome is RESTORED
    desk.forget()
    before = desk.held()
    again = desk.release(route, snapshot)
    assert (again.outcome, again.code) == (RESTORED, "restored_before")
    assert not desk.writes()
    assert desk.held() == before


def test_a_number_that_was_ours_before_the_import_has_no_earlier_routing(desk: Desk) -> None:
    number = desk.numbers()[-1]
    route, _ = desk.imported(number)
    ours = desk.snapshot(number)
    desk.forget()
    before = desk.held()
    release = desk.release(route, ours)
    if release.outcome is CANNOT:
        assert release.code == "no_earlier_routing"
    else:
        assert (release.outcome, release.code) == (RESTORED, "restored_before")
    assert not desk.writes()
    assert desk.held() == before


def test_what_the_customer_routed_elsewhere_since_is_left_alone(desk: Desk) -> None:
    number = desk.numbers()[0]
    route, snapshot = desk.imported(number)
    desk.change(number, **desk.provider.elsewhere)
    before = desk.held()
    verification = desk.engine.verify_number(desk.account(), snapshot.number.ref, route)
    assert (verification.inbound.outcome, verification.inbound.code) == (Outcome.FAIL, "routed_elsewhere")
    assert verification.inbound.remedy
    release = desk.release(route, snapshot)
    assert (release.outcome, release.code) == (LEFT_ALONE, "changed_since")
    assert not desk.writes()
    assert desk.held() == before


def test_a_number_that_is_gone_is_said_to_be_gone_by_every_hook(desk: Desk) -> None:
    number = desk.numbers()[0]
    route, snapshot = desk.imported(number)
    desk.remove(number)
    account, before = desk.account(), desk.held()
    assert number not in desk.numbers()
    assert desk.engine.read_routing(account, [number]) == {}
    assert isinstance(desk.put(route, snapshot).error, NumberNotFound)
    verification = desk.engine.verify_number(account, snapshot.number.ref, route)
    assert (verification.inbound.outcome, verification.inbound.code) == (Outcome.FAIL, "number_not_on_account")
    assert verification.outbound.outcome is not Outcome.PASS
    release = desk.release(route, snapshot)
    assert (release.outcome, release.code) == (CANNOT, "number_not_on_account")
    assert desk.held() == before


def test_the_list_stays_the_same_whatever_is_imported(desk: Desk) -> None:
    before = desk.listed()
    assert desk.listed() == before
    assert len({each.number for each in before}) == len({each.handle for each in before}) == 12
    desk.imported(before[0].number)
    after = desk.listed()
    if desk.provider.named_by_route:
        after[0] = attrs.evolve(after[0], friendly_name=before[0].friendly_name)
    assert after == before


def test_routing_is_read_once_for_each_number_and_only_for_those_that_are_there(desk: Desk) -> None:
    numbers = desk.numbers()
    strangers = ["+18085550100", numbers[0][:-1]]
    for some in (numbers[:2], numbers):
        found = desk.engine.read_routing(desk.account(), [*some, *strangers, some[0]])
        assert set(found) == set(some)
        assert all(found[number].number.number == number for number in some)


def test_a_plan_tells_what_the_import_then_does(desk: Desk) -> None:
    account, numbers = desk.account(making=True), desk.numbers(3)
    snapshots = list(desk.engine.read_routing(account, numbers).values())
    held = desk.held()
    plan = desk.engine.plan_import(account, snapshots)
    assert not desk.writes()
    assert desk.held() == held
    assert {each.action for each in plan.objects} <= {"make", "found", "change"}
    assert any(each.action == "make" for each in plan.objects) is desk.provider.makes_a_route
    assert [each.number for each in plan.numbers] == [each.number.number for each in snapshots]
    assert [each.before for each in plan.numbers] == [each.view for each in snapshots]
    assert not any(each.already_ours for each in plan.numbers)
    route = desk.engine.prepare_route(account)
    outcomes = list(desk.engine.import_numbers(account, route, snapshots))
    assert [each.error for each in outcomes] == [None] * 3
    kinds = {each.number: each.readback.view.kind for each in outcomes if each.readback}
    assert kinds == {each.number: each.after.kind for each in plan.numbers}
    assert {each.after.host for each in plan.numbers} == {PLATFORM}
    again = desk.engine.plan_import(account, list(desk.engine.read_routing(account, numbers).values()))
    assert all(each.already_ours for each in again.numbers)
    assert not any(each.action == "make" for each in again.objects)


def test_one_bad_number_sinks_no_other(desk: Desk) -> None:
    account, numbers = desk.account(), desk.numbers(4)
    route = desk.engine.prepare_route(account)
    snapshots = list(desk.engine.read_routing(account, numbers).values())
    desk.remove(numbers[1])
    outcomes = {each.number: each.error for each in desk.engine.import_numbers(account, route, snapshots)}
    assert isinstance(outcomes.pop(numbers[1]), NumberNotFound)
    assert set(outcomes.values()) == {None}


def test_credentials_that_are_wrong_are_rejected_by_every_hook_and_nothing_is_changed(desk: Desk) -> None:
    route, snapshot = desk.ready(desk.numbers()[0])
    wrong = Desk(desk.provider, desk.sandbox, label="bad_credentials")
    before = desk.held()
    for hook in HOOKS:
        if hook == "prepare_route" and not desk.provider.makes_a_route:
            continue
        outcome = outcome_of(hook, wrong, (route, snapshot))
        if hook == "test_credentials":
            assert [(each.outcome, each.code) for each in outcome.checks] == [
                (Outcome.FAIL, "credentials_rejected"),
                (Outcome.UNKNOWN, "not_asked"),
                (Outcome.UNKNOWN, "not_asked"),
            ]
            assert outcome.credentials.remedy
            assert outcome.credentials.proof
            assert outcome.identity is None
        else:
            assert isinstance(error_of(outcome), CredentialsRejected), (hook, outcome)
    wrong.close()
    assert {each.status for each in desk.asked()} == {401}
    assert desk.held() == before


def test_without_a_sip_host_of_the_platform_nothing_is_written(desk: Desk) -> None:
    snapshot = desk.snapshot(desk.numbers()[0])
    before = desk.held()
    desk.platform = None
    tested = desk.engine.test_credentials(desk.account())
    assert (tested.inbound.outcome, tested.inbound.code) == (Outcome.UNKNOWN, "platform_not_set")
    assert tested.credentials.outcome is Outcome.PASS
    for work in (
        lambda: desk.engine.prepare_route(desk.account()),
        lambda: desk.engine.prepare_route(desk.account(making=True)),
        lambda: desk.engine.plan_import(desk.account(), [snapshot]),
    ):
        with pytest.raises(TrunklineError) as caught:
            work()
        assert caught.value.code == "carrier_refused"
        assert "SIP host" in str(caught.value)
    assert not desk.writes()
    assert desk.held() == before


def test_a_healthy_account_passes_with_proof_and_the_same_identity_whenever_it_is_asked(desk: Desk) -> None:
    desk.label = "healthy"
    first, second = (desk.engine.test_credentials(desk.account()) for _ in range(2))
    for tested in (first, second):
        assert tested.passed
        assert (tested.credentials.outcome, tested.credentials.code) == (Outcome.PASS, "credentials_accepted")
        assert tested.inbound.outcome is Outcome.PASS
        for check in tested.checks:
            assert check.outcome is Outcome.UNKNOWN or check.proof
            assert check.summary
    assert first.identity == second.identity is not None


def test_an_empty_account_has_an_empty_list_and_a_name(desk: Desk) -> None:
    desk.label = "empty"
    assert desk.listed() == []
    assert desk.engine.suggest_name(desk.account()).number is None
    assert desk.engine.test_credentials(desk.account()).credentials.outcome is Outcome.PASS


# Pages


@pytest.mark.parametrize("size", [1, 2, 5, 11, 12, 13])
def test_any_split_into_pages_gives_the_same_list(desk: Desk, size: int) -> None:
    whole = desk.listed()
    desk.forget()
    paged = in_pages_of(desk, size)
    assert paged.listed() == whole
    at = desk.provider.page_size
    assert {each.query[at] for each in desk.asked() if at in each.query} == {str(size)}
    paged.close()


def in_pages_of(desk: Desk, size: int) -> Desk:
    """The same, with the size of pages decided below the wire."""
    return Desk(desk.provider, desk.sandbox, dial=Resized(desk, size))


class Resized:
    """A dial that asks for pages of another size."""

    def __init__(self, desk: Desk, size: int) -> None:
        self._size = size
        self._name = desk.provider.page_size
        self._dial = desk.sandbox_dial()

    def send(self, request: requests.PreparedRequest, timeout: tuple[float, float]) -> requests.Response:
        resized = request.copy()
        parts = urlsplit(str(request.url))
        query = [(name, str(self._size) if name == self._name else value) for name, value in parse_qsl(parts.query)]
        resized.url = urlunsplit(parts._replace(query=urlencode(query)))
        return self._dial.send(resized, timeout)

    def close(self) -> None:
        self._dial.close()


def test_a_page_that_comes_again_ends_in_an_error_and_not_in_a_circle(desk: Desk) -> None:
    whole = desk.listed()
    desk.forget()
    paged = in_pages_of(desk, 5)
    desk.fault("repeat_page", path=desk.provider.list_path, after=1, times=None)
    listed: list[Any] = []
    with pytest.raises(TrunklineError) as caught:
        listed.extend(paged.engine.list_numbers(paged.account()))
    assert caught.value.code == "carrier_answer_unexpected"
    assert len(desk.asked()) < 10
    paged.close()
    assert whole[: len(listed)] == listed
