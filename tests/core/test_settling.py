"""After a write whose outcome is not known: what is read settles it, and nothing is promised that was not read."""

import datetime as dt

import pytest

from trunkline import releases
from trunkline.carrier import Carrier
from trunkline.errors import CarrierTimedOut, CarrierUnavailable, NumberNotFound, PluginBroken, WriteOutcomeUnknown
from trunkline.numbers import CarrierNumber, ReleaseOutcome, Route, RoutingSnapshot, RoutingView
from trunkline.settling import read_back, settled_import, settled_release

ACME = Carrier("Acme", "the Acme Console")
OURS = Route("t1", "trunk", made=False)
LOST = WriteOutcomeUnknown("Lost.", detail="no answer")


def at(points_at):
    number = CarrierNumber("+18085550100", "n1", None, None, frozenset({"voice"}), None)
    return RoutingSnapshot(number, RoutingView("trunk"), points_at, {}, dt.datetime(2026, 1, 2, tzinfo=dt.UTC))


def raising(error):
    def fetch():
        raise error

    return fetch


@pytest.mark.parametrize("error", [CarrierUnavailable("Down."), CarrierTimedOut("Late."), PluginBroken("Broken.")])
@pytest.mark.parametrize(("unknown", "word"), [(LOST, "did not confirm"), (None, "accepted")])
def test_what_cannot_be_read_back_stays_unknown(error, unknown, word):
    with pytest.raises(WriteOutcomeUnknown, match=word) as caught:
        read_back(ACME, raising(error), unknown)
    assert caught.value.detail.endswith(f"reading back: {error.code} ")
    assert caught.value.__suppress_context__


def test_a_number_that_reading_back_does_not_find_leaves_the_outcome_unknown():
    with pytest.raises(WriteOutcomeUnknown, match="not confirm"):
        read_back(ACME, raising(NumberNotFound("Gone.")), LOST)


@pytest.mark.parametrize(("times", "reads"), [(1, 1), (2, 2), (3, 3), (9, 4)])
def test_it_is_read_until_it_is_as_expected_and_no_longer(times, reads):
    shown = iter([at("old"), at("old"), at("old"), at("t1"), at("t1")])
    seen = []
    present = read_back(
        ACME, lambda: seen.append(0) or next(shown), until=lambda present: present.points_at == "t1", times=times
    )
    assert (len(seen), present.points_at) == (reads, "t1" if reads == 4 else "old")


def test_an_import_is_done_undone_or_neither():
    assert settled_import(ACME, at("t1"), OURS, LOST, as_before=True).points_at == "t1"
    with pytest.raises(CarrierUnavailable, match=r"routed as before\. Nothing was changed") as caught:
        settled_import(ACME, at("old"), OURS, LOST, as_before=True)
    assert caught.value.detail == "no answer"
    with pytest.raises(WriteOutcomeUnknown, match=r"neither as before nor ours\..* in the Acme Console"):
        settled_import(ACME, at("other"), OURS, LOST, as_before=False)


def test_what_may_yet_come_is_not_called_undone():
    late = WriteOutcomeUnknown("Late.", detail="no answer", may_come=True)
    assert settled_import(ACME, at("t1"), OURS, late, as_before=True).points_at == "t1"
    assert settled_release(ACME, at("old"), OURS, late).points_at == "old"
    with pytest.raises(WriteOutcomeUnknown, match=r"still routed as before, and the change may come yet\.") as caught:
        settled_import(ACME, at("old"), OURS, late, as_before=True)
    assert (caught.value.detail, caught.value.may_come) == ("no answer", True)
    with pytest.raises(WriteOutcomeUnknown, match="still routed to this platform, and the change may come yet"):
        settled_release(ACME, at("t1"), OURS, late)
    with pytest.raises(WriteOutcomeUnknown) as caught:
        read_back(ACME, raising(CarrierTimedOut("Late.")), late)
    assert caught.value.may_come


def test_a_release_is_done_or_not():
    assert settled_release(ACME, at("old"), OURS, LOST).points_at == "old"
    with pytest.raises(CarrierUnavailable, match="still routed to this platform"):
        settled_release(ACME, at("t1"), OURS, LOST)


def test_releases_end_in_the_same_words_with_every_carrier():
    ends = [
        releases.restored(),
        releases.restored_before(),
        releases.left_alone(ACME),
        releases.not_on_account(NumberNotFound("It is gone.")),
        releases.no_earlier_routing(ACME, "this platform's trunk"),
    ]
    assert [(end.outcome, end.code) for end in ends] == [
        (ReleaseOutcome.RESTORED, "restored"),
        (ReleaseOutcome.RESTORED, "restored_before"),
        (ReleaseOutcome.LEFT_ALONE, "changed_since"),
        (ReleaseOutcome.CANNOT_RESTORE, "number_not_on_account"),
        (ReleaseOutcome.CANNOT_RESTORE, "no_earlier_routing"),
    ]
    assert ends[-1].detail.endswith("Set where its calls go in the Acme Console.")
