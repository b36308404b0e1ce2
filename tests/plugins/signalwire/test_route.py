"""Our script: found or made, never two, and mended where it leads elsewhere."""

from typing import Any

import pytest

from trunkline.errors import CarrierRefused, CarrierUnavailable, PermissionMissing, TrunklineError, WriteOutcomeUnknown

WANTED = "sip:%{call.to}@sip.platform.example:5061;transport=tls"


def own(desk: Any, label: str = "healthy") -> list[Any]:
    return [each for each in desk.project(label).scripts.values() if each.display_name == "trunkline 1 org 7"]


def test_the_script_connects_each_call_to_the_number_dialled_at_the_platform(desk: Any) -> None:
    route = desk.engine.prepare_route(desk.account())
    (script,) = own(desk)
    assert script.contents == {"version": "1.0.0", "sections": {"main": [{"connect": {"to": WANTED}}]}}
    assert (route.kind, route.made) == ("swml_script", True)
    assert dict(route.data) == {"id": script.id, "address": script.request_url, "sip": WANTED}
    assert desk.methods() == ["GET", "GET", "POST"]


@pytest.mark.parametrize(
    ("platform", "to"),
    [
        ("sip.platform.example", "sip:%{call.to}@sip.platform.example"),
        ("sip:sip.platform.example;transport=tcp", "sip:%{call.to}@sip.platform.example;transport=tcp"),
    ],
)
def test_host_port_and_transport_are_the_platforms(desk: Any, platform: str, to: str) -> None:
    desk.platform = platform
    assert desk.engine.prepare_route(desk.account()).data["sip"] == to


def test_preparing_again_finds_the_same_script(desk: Any) -> None:
    first = desk.engine.prepare_route(desk.account())
    desk.forget()
    second = desk.engine.prepare_route(desk.account())
    assert (second.id, second.made, second.data) == (first.id, False, first.data)
    assert desk.methods() == ["GET", "GET"]
    assert len(own(desk)) == 1


@pytest.mark.parametrize(
    "switches",
    [{"script_list": "array"}, {"contents": "text"}, {"links": "relative"}, {"empty_pages": True}],
    ids=str,
)
def test_it_is_found_however_the_list_is_written(desk: Any, switches: dict[str, Any]) -> None:
    desk.switch(**switches)
    first = desk.engine.prepare_route(desk.account())
    assert desk.engine.prepare_route(desk.account()).data == first.data
    assert len(own(desk)) == 1


def test_it_is_found_behind_a_thousand_others(desk: Any) -> None:
    first = desk.engine.prepare_route(desk.account())
    from trunkline_sandbox.signalwire.accounts import give_script

    for at in range(1200):
        give_script(desk.sandbox.carrier.world, desk.project(), f"Other {at}")
    assert desk.engine.prepare_route(desk.account()).data == first.data


def test_owners_have_scripts_and_routes_of_their_own(desk: Any) -> None:
    ours = desk.engine.prepare_route(desk.account())
    theirs = desk.engine.prepare_route(desk.account(marker="trunkline 1 org 8"))
    assert ours.id != theirs.id
    assert ours.data["id"] != theirs.data["id"]
    elsewhere = desk.engine.prepare_route(desk.account("empty"))
    assert elsewhere.id != ours.id


def test_of_two_scripts_of_our_name_the_oldest_is_ours(desk: Any) -> None:
    first = desk.engine.prepare_route(desk.account())
    (script,) = own(desk)
    desk.sandbox.carrier.clock.advance(seconds=60)
    path = f"{desk.sandbox.address}/api/fabric/resources/swml_scripts"
    import requests

    given = desk.credentials()
    body = {"name": script.display_name, "contents": script.contents}
    requests.post(path, json=body, auth=(given["projectId"], given["apiToken"]), timeout=5).raise_for_status()
    assert len(own(desk)) == 2
    assert desk.engine.prepare_route(desk.account()).data == first.data


@pytest.mark.parametrize(
    "to",
    ["sip:%{call.to}@elsewhere.example", "sip:%{call.to}@sip.platform.example:5061;transport=tcp", "+18085550100"],
)
def test_a_script_that_leads_elsewhere_is_mended_and_keeps_its_address(desk: Any, to: str) -> None:
    first = desk.engine.prepare_route(desk.account())
    (script,) = own(desk)
    script.contents = {"sections": {"main": [{"connect": {"to": to}}]}}
    desk.forget()
    assert desk.engine.prepare_route(desk.account()).data == first.data
    assert desk.methods() == ["GET", "GET", "PUT"]
    assert own(desk)[0].contents["sections"]["main"] == [{"connect": {"to": WANTED}}]


def test_what_the_customer_added_to_the_script_stays(desk: Any) -> None:
    desk.engine.prepare_route(desk.account())
    (script,) = own(desk)
    steps = [{"record_call": {}}, {"connect": {"to": WANTED, "timeout": 30}}]
    script.contents = {"sections": {"main": steps}}
    desk.forget()
    desk.engine.prepare_route(desk.account())
    assert desk.methods() == ["GET", "GET"]
    assert own(desk)[0].contents == {"sections": {"main": steps}}


@pytest.mark.parametrize("contents", [{}, {"sections": {}}, {"sections": {"main": "x"}}, {"sections": {"main": [7]}}])
def test_a_script_of_another_shape_is_mended(desk: Any, contents: Any) -> None:
    desk.engine.prepare_route(desk.account())
    own(desk)[0].contents = contents
    desk.engine.prepare_route(desk.account())
    assert own(desk)[0].contents["sections"]["main"] == [{"connect": {"to": WANTED}}]


@pytest.mark.parametrize("patch", [[1], "text", {"id": 7}, {"id": "../x"}, {"swml_script": None, "id": None}], ids=str)
def test_an_unreadable_answer_to_making_it_is_looked_up(desk: Any, patch: Any) -> None:
    desk.fault("patch_json", method="POST", patch=patch)
    assert desk.engine.prepare_route(desk.account()).kind == "swml_script"
    assert len(desk.asked("POST")) == len(own(desk)) == 1


@pytest.mark.parametrize("kind", ["timeout_after", "reset_after", "truncated_json", "cut_short"])
@pytest.mark.parametrize("what", ["made", "changed"])
def test_a_lost_answer_is_looked_up_and_nothing_is_made_twice(desk: Any, kind: str, what: str) -> None:
    if what == "changed":
        desk.engine.prepare_route(desk.account())
        own(desk)[0].contents = {"sections": {}}
        desk.forget()
    method = "POST" if what == "made" else "PUT"
    desk.fault(kind, method=method)
    desk.engine.prepare_route(desk.account())
    assert len(desk.asked(method)) == 1
    (script,) = own(desk)
    assert script.contents["sections"]["main"] == [{"connect": {"to": WANTED}}]


@pytest.mark.parametrize(
    "fault", [{"kind": "reset_before"}, {"kind": "empty"}, {"kind": "html"}, {"kind": "status", "status": 500}]
)
def test_a_script_that_was_not_made_is_not_made_blindly_again(desk: Any, fault: dict[str, Any]) -> None:
    desk.fault(**fault, method="POST")
    with pytest.raises(WriteOutcomeUnknown):
        desk.engine.prepare_route(desk.account())
    assert len(desk.asked("POST")) == 1
    assert not own(desk)


def test_a_lost_answer_that_cannot_be_looked_up_is_unknown(desk: Any) -> None:
    desk.fault("timeout_after", method="POST")
    desk.fault("status", status=500, method="GET", after=2, times=None)
    with pytest.raises(WriteOutcomeUnknown):
        desk.engine.prepare_route(desk.account())
    assert len(desk.asked("POST")) == 1
    desk.forget()
    assert not desk.engine.prepare_route(desk.account()).made
    assert len(own(desk)) == 1


def test_without_a_platform_host_nothing_is_asked(desk: Any) -> None:
    desk.platform = None
    with pytest.raises(CarrierRefused, match="operator"):
        desk.engine.prepare_route(desk.account())
    with pytest.raises(CarrierRefused, match="operator"):
        desk.engine.plan_import(desk.account(), [])
    assert not desk.asked()


def test_a_token_that_may_make_no_script_is_told_so(desk: Any) -> None:
    with pytest.raises(PermissionMissing, match="Voice"):
        desk.engine.prepare_route(desk.account("no_voice"))
    assert not desk.asked("POST")


def test_a_token_that_may_make_scripts_and_no_bins_gets_its_script(desk: Any) -> None:
    assert desk.engine.prepare_route(desk.account("video_only")).kind == "swml_script"


def test_a_project_at_its_limit_is_told_so(desk: Any) -> None:
    with pytest.raises(CarrierRefused, match="limit") as caught:
        desk.engine.prepare_route(desk.account("limit_reached"))
    assert caught.value.reply.code == "account_limit_exceeded"
    assert not desk.project("limit_reached").bins


@pytest.mark.parametrize("address", ["https://evil.example/relay-bins/1", "http://acme-voice.signalwire.com/x", 7, ""])
def test_an_address_that_is_not_signalwires_own_is_not_used(desk: Any, address: Any) -> None:
    desk.fault("patch_json", method="POST", path="swml", patch={"swml_script": {"request_url": address}})
    route = desk.engine.prepare_route(desk.account())
    assert route.kind == "laml_bin"


def test_a_bin_that_leads_elsewhere_is_mended(desk: Any) -> None:
    desk.switch(scripts="refused")
    route = desk.engine.prepare_route(desk.account())
    (known,) = desk.project().bins.values()
    known.contents = "<Response><Hangup/></Response>"
    assert desk.engine.prepare_route(desk.account()).data == route.data
    assert "sip.platform.example" in known.contents
    assert len(desk.project().bins) == 1


@pytest.mark.parametrize(
    ("platform", "to"),
    [
        ("sip.platform.example", "sip:{{To}}@sip.platform.example;transport=udp"),
        ("sip.platform.example:5080", "sip:{{To}}@sip.platform.example:5080;transport=udp"),
        ("sip.platform.example;transport=tcp", "sip:{{To}}@sip.platform.example;transport=tcp"),
    ],
)
def test_a_bin_names_a_transport_since_signalwire_would_take_tls(desk: Any, platform: str, to: str) -> None:
    desk.platform = platform
    desk.switch(scripts="refused")
    desk.engine.prepare_route(desk.account())
    (known,) = desk.project().bins.values()
    assert known.contents == f"<Response><Dial><Sip>{to}</Sip></Dial></Response>"
    desk.forget()
    assert not desk.engine.prepare_route(desk.account()).made
    assert not desk.asked("POST")


def test_a_bin_that_names_no_transport_is_mended_and_keeps_its_address(desk: Any) -> None:
    desk.platform = "sip.platform.example"
    desk.switch(scripts="refused")
    route = desk.engine.prepare_route(desk.account())
    (known,) = desk.project().bins.values()
    right = known.contents
    known.contents = right.replace(";transport=udp", "")
    assert desk.engine.plan_import(desk.account(), []).objects[0].action == "change"
    assert desk.engine.prepare_route(desk.account()).data == route.data
    assert [each.contents for each in desk.project().bins.values()] == [right]


@pytest.mark.parametrize("kind", ["timeout_after", "truncated_json", "reset_after"])
def test_a_lost_answer_to_making_the_bin_is_looked_up(desk: Any, kind: str) -> None:
    desk.switch(scripts="refused")
    desk.fault(kind, method="POST", path="LamlBins")
    assert desk.engine.prepare_route(desk.account()).kind == "laml_bin"
    assert len(desk.asked("POST", "LamlBins")) == 1
    assert len(desk.project().bins) == 1


def test_a_bin_whose_name_only_contains_ours_is_not_ours(desk: Any) -> None:
    desk.switch(scripts="refused")
    desk.engine.prepare_route(desk.account(marker="trunkline 1 org 77"))
    desk.engine.prepare_route(desk.account())
    assert sorted(known.name for known in desk.project().bins.values()) == ["trunkline 1 org 7", "trunkline 1 org 77"]


def test_a_route_is_plain_json_and_holds_no_secret(desk: Any) -> None:
    import json

    route = desk.engine.prepare_route(desk.account())
    text = json.dumps([route.id, dict(route.data)])
    assert desk.credentials()["apiToken"] not in text


def test_an_unreachable_carrier_is_no_route(desk: Any) -> None:
    desk.fault("status", status=503, times=None)
    with pytest.raises(CarrierUnavailable) as caught:
        desk.engine.prepare_route(desk.account())
    assert isinstance(caught.value, TrunklineError)
