"""The one trunk that numbers are pointed at: found before it is made, mended where it was changed."""

from typing import Any

import pytest

from trunkline.errors import (
    CarrierRefused,
    CarrierUnavailable,
    RateLimited,
    WriteOutcomeUnknown,
)

URI = "sip:sip.platform.example:5061;transport=tls"
TRUNKS = r"/v1/Trunks$"
URLS = r"/OriginationUrls"


def ours(desk: Any, label: str = "healthy") -> list[Any]:
    trunks = desk.carrier_account(label).trunks.values()
    return [trunk for trunk in trunks if trunk.friendly_name == "trunkline 1 org 7"]


def urls(desk: Any) -> list[tuple[str, bool]]:
    (trunk,) = ours(desk)
    return [(url.sip_url, url.enabled) for url in trunk.origination_urls.values()]


def test_the_first_time_a_trunk_and_its_origination_url_are_made(desk: Any) -> None:
    route = desk.engine.prepare_route(desk.account())
    (trunk,) = ours(desk)
    assert (route.id, route.kind, route.made) == (trunk.sid, "trunk", True)
    assert urls(desk) == [(URI, True)]
    assert trunk.domain_name == ""
    assert [entry.method for entry in desk.asked()] == ["GET", "POST", "POST"]


def test_after_that_it_is_found_and_nothing_is_written(desk: Any) -> None:
    first = desk.engine.prepare_route(desk.account())
    desk.forget()
    again = desk.engine.prepare_route(desk.account())
    assert (again.id, again.made, again.data) == (first.id, False, first.data)
    assert [entry.method for entry in desk.asked()] == ["GET", "GET"]


def test_another_organization_gets_a_trunk_of_its_own(desk: Any) -> None:
    assert desk.engine.prepare_route(desk.account()).id != desk.engine.prepare_route(desk.account(marker="another")).id


def test_of_several_trunks_with_our_name_the_oldest_is_ours(desk: Any) -> None:
    first = desk.engine.prepare_route(desk.account())
    other = desk.engine.prepare_route(desk.account(marker="another"))
    desk.change("trunks", other.id, friendly_name="trunkline 1 org 7")
    desk.carrier_account().trunks[other.id].created -= 10
    assert desk.engine.prepare_route(desk.account()).id == other.id
    desk.carrier_account().trunks[first.id].created -= 20
    assert desk.engine.prepare_route(desk.account()).id == first.id


def test_it_is_found_on_a_later_page_too(desk: Any) -> None:
    route = desk.engine.prepare_route(desk.account())
    link = "https://trunking.twilio.com/v1/Trunks?PageSize=1000&Page=1&PageToken="
    (head_office,) = [sid for sid in desk.carrier_account().trunks if sid != route.id]
    desk.fault(
        "patch_json",
        path=TRUNKS,
        patch={"meta": {"next_page_url": link + "PA" + head_office}, "trunks": {"*": {"friendly_name": "other"}}},
    )
    assert desk.engine.prepare_route(desk.account()).id == route.id


def test_a_name_too_long_for_twilio_is_cut_and_stays_its_own(desk: Any) -> None:
    long = "installation-" * 8
    routes = {desk.engine.prepare_route(desk.account(marker=long + end)).id for end in ("a", "b", "a")}
    assert len(routes) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"enabled": False},
        {"sip_url": "sip:old.platform.example:5061;transport=tls"},
        {"sip_url": "sip:old.platform.example", "enabled": False},
        {"sip_url": "sip:sip.platform.example:5061;transport=tcp"},
        {"sip_url": "sip:sip.platform.example"},
        {"friendly_name": "renamed", "enabled": False},
    ],
)
def test_an_origination_url_that_was_changed_is_mended_in_place(desk: Any, change: dict[str, Any]) -> None:
    route = desk.engine.prepare_route(desk.account())
    desk.change("origination_urls", route.data["origination_url"], **change)
    desk.forget()
    again = desk.engine.prepare_route(desk.account())
    assert again.data["origination_url"] == route.data["origination_url"]
    assert urls(desk) == [(URI, True)]
    assert [entry.method for entry in desk.asked()] == ["GET", "GET", "POST"]


def test_an_origination_url_that_was_removed_is_made_again(desk: Any) -> None:
    route = desk.engine.prepare_route(desk.account())
    desk.sandbox.carrier.remove("healthy", "origination_urls", route.data["origination_url"])
    desk.engine.prepare_route(desk.account())
    assert urls(desk) == [(URI, True)]


def test_an_origination_url_that_the_customer_added_stays(desk: Any) -> None:
    route = desk.engine.prepare_route(desk.account())
    desk.change(
        "origination_urls", route.data["origination_url"], sip_url="sip:pbx.acme.example", friendly_name="spare"
    )
    desk.engine.prepare_route(desk.account())
    assert sorted(urls(desk)) == [("sip:pbx.acme.example", True), (URI, True)]


@pytest.mark.parametrize(
    "kind", ["timeout_after", "reset_after", "truncated_json", "cut_short", "patch_json", "wrong_content_type"]
)
def test_a_trunk_whose_making_was_answered_badly_is_looked_for_and_not_made_twice(desk: Any, kind: str) -> None:
    patch = {"sid": "TK1"} if kind == "patch_json" else None
    desk.fault(kind, method="POST", path=TRUNKS, patch=patch)
    route = desk.engine.prepare_route(desk.account())
    assert [trunk.sid for trunk in ours(desk)] == [route.id]
    assert len(desk.asked("POST", TRUNKS)) == 1
    assert urls(desk) == [(URI, True)]


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "timeout_before"},
        {"kind": "reset_before"},
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 503},
        {"kind": "html", "status": 502},
        {"kind": "html", "status": 200},
        {"kind": "html", "status": 404},
        {"kind": "empty"},
    ],
)
def test_where_it_cannot_be_told_whether_a_trunk_was_made_no_second_one_is_tried(
    desk: Any, fault: dict[str, Any]
) -> None:
    desk.fault(**fault, method="POST", path=TRUNKS)
    with pytest.raises(WriteOutcomeUnknown):
        desk.engine.prepare_route(desk.account())
    assert len(desk.asked("POST", TRUNKS)) == 1
    assert [entry.method for entry in desk.asked(None, TRUNKS)] == ["GET", "POST", "GET"]
    assert desk.engine.prepare_route(desk.account()).made


def test_where_looking_again_fails_too_the_outcome_is_unknown(desk: Any) -> None:
    desk.fault("timeout_after", method="POST", path=TRUNKS)
    desk.fault("status", status=500, method="GET", path=TRUNKS, after=1, times=None)
    with pytest.raises(WriteOutcomeUnknown):
        desk.engine.prepare_route(desk.account())
    assert len(desk.asked("POST")) == 1


@pytest.mark.parametrize("kind", ["timeout_after", "reset_after", "truncated_json", "patch_json"])
def test_an_origination_url_whose_making_was_answered_badly_is_looked_for(desk: Any, kind: str) -> None:
    desk.fault(kind, method="POST", path=URLS, patch={"enabled": False} if kind == "patch_json" else None)
    desk.engine.prepare_route(desk.account())
    assert len(desk.asked("POST", URLS)) == 1
    assert urls(desk) == [(URI, True)]


@pytest.mark.parametrize("fault", [{"kind": "timeout_before"}, {"kind": "status", "status": 500}, {"kind": "empty"}])
def test_an_origination_url_that_is_not_there_afterwards_leaves_the_outcome_unknown(
    desk: Any, fault: dict[str, Any]
) -> None:
    desk.fault(**fault, method="POST", path=URLS)
    with pytest.raises(WriteOutcomeUnknown):
        desk.engine.prepare_route(desk.account())
    assert len(desk.asked("POST", URLS)) == 1
    desk.engine.prepare_route(desk.account())
    assert len(ours(desk)) == 1
    assert urls(desk) == [(URI, True)]


def test_a_second_trunk_on_a_trial_account_is_refused_with_what_to_do(desk: Any) -> None:
    desk.engine.prepare_route(desk.account("trial", marker="somebody else"))
    with pytest.raises(CarrierRefused, match=r"trial account may have one SIP trunk.*Upgrade") as caught:
        desk.engine.prepare_route(desk.account("trial"))
    assert (caught.value.reply.status, caught.value.reply.code) == (403, "10002")


def test_an_account_that_has_100_trunks_gets_no_other_and_is_told_what_to_do(desk: Any) -> None:
    desk.fill_with_trunks(100)
    with pytest.raises(CarrierRefused, match=r"has 100 SIP trunks, and Twilio allows 100\. Delete a trunk") as caught:
        desk.engine.prepare_route(desk.account())
    assert caught.value.reply.status == 400
    assert ours(desk) == []
    assert [entry.method for entry in desk.asked()] == ["GET", "POST"]


def test_a_number_is_imported_into_an_account_that_has_100_trunks_with_ours_among_them(desk: Any) -> None:
    first = desk.engine.prepare_route(desk.account())
    desk.fill_with_trunks(100)
    (number,) = desk.numbers(count=1)
    route, _ = desk.imported(number)
    assert (route.id, route.made) == (first.id, False)
    assert desk.routing(number)["trunk_sid"] == route.id


def test_a_write_that_was_not_processed_for_its_pace_is_sent_again(desk: Any) -> None:
    desk.fault("status", status=429, json={"code": 20429, "status": 429}, method="POST", path=TRUNKS, times=2)
    assert desk.engine.prepare_route(desk.account()).made
    assert len(ours(desk)) == 1


def test_a_carrier_that_asks_for_patience_for_ever_is_told_of(desk: Any) -> None:
    desk.fault("status", status=429, json={"code": 20429, "status": 429}, method="POST", path=TRUNKS, times=None)
    with pytest.raises(RateLimited):
        desk.engine.prepare_route(desk.account())
    assert ours(desk) == []


def test_where_the_trunks_cannot_be_read_none_is_made(desk: Any) -> None:
    desk.fault("status", status=500, method="GET", path=TRUNKS, times=None)
    with pytest.raises(CarrierUnavailable):
        desk.engine.prepare_route(desk.account())
    assert not desk.asked("POST")
