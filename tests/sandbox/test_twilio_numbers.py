"""What happens to a number of the simulated Twilio when it is read, changed and given up."""

from typing import Any

import phonenumbers
import pytest

from trunkline_sandbox.number_plan import BLOCKS, NumberPlan

Caller = Any
Account = Any


def at(healthy: Caller, number: Any) -> str:
    return str(healthy.numbers(f"/{number.sid}.json"))


@pytest.fixture
def number(account: Account) -> Any:
    """A number that is routed nowhere."""
    return next(number for number in account.numbers.values() if not number.own)


@pytest.fixture
def with_application(account: Account) -> Any:
    return next(number for number in account.numbers.values() if number.value("voice_application_sid"))


@pytest.fixture
def on_trunk(account: Account) -> Any:
    return next(number for numbers in account.on_trunk.values() for number in numbers.values())


def test_an_update_answers_the_number_as_it_is_then(healthy: Caller, number: Any) -> None:
    path = at(healthy, number)
    answer = healthy.post(path, VoiceUrl="https://example.com/voice", VoiceMethod="get", FriendlyName="Sales")
    assert (answer["voice_url"], answer["voice_method"]) == ("https://example.com/voice", "GET")
    assert answer["friendly_name"] == "Sales"
    assert healthy.get(path) == answer


def test_what_an_update_does_not_name_stays(healthy: Caller, number: Any) -> None:
    path = at(healthy, number)
    before = healthy.get(path)
    after = healthy.post(path, StatusCallback="https://example.com/status")
    changed = {field for field in before if before[field] != after[field]}
    assert changed <= {"status_callback", "date_updated"}


def test_an_empty_string_clears(healthy: Caller, number: Any) -> None:
    path = at(healthy, number)
    healthy.post(path, VoiceUrl="https://example.com/voice")
    assert not healthy.post(path, VoiceUrl="")["voice_url"]


def test_a_misnamed_field_is_ignored(healthy: Caller, number: Any) -> None:
    path = at(healthy, number)
    answer = healthy.post(path, voice_url="https://example.com/", Voiceurl="https://example.com/", TrunkSID="TK0")
    assert not answer["voice_url"]
    assert not answer["trunk_sid"]


def test_a_json_body_is_not_understood(healthy: Caller, number: Any) -> None:
    answer = healthy.ask("POST", at(healthy, number), None, json={"VoiceUrl": "https://example.com/"})
    assert answer.status_code == 200
    assert not answer.json()["voice_url"]


def test_a_trunk_drives_out_the_voice_application(healthy: Caller, account: Account, with_application: Any) -> None:
    (trunk,) = account.trunks
    answer = healthy.post(at(healthy, with_application), TrunkSid=trunk)
    assert answer["trunk_sid"] == trunk
    assert not answer["voice_application_sid"]


def test_taking_the_trunk_off_does_not_bring_the_application_back(
    healthy: Caller, account: Account, with_application: Any
) -> None:
    path = at(healthy, with_application)
    healthy.post(path, TrunkSid=next(iter(account.trunks)))
    answer = healthy.post(path, TrunkSid="")
    assert not answer["trunk_sid"]
    assert not answer["voice_application_sid"]


def test_a_voice_application_drives_out_the_trunk(healthy: Caller, account: Account, on_trunk: Any) -> None:
    (application,) = account.applications
    answer = healthy.post(at(healthy, on_trunk), VoiceApplicationSid=application)
    assert answer["voice_application_sid"] == application
    assert not answer["trunk_sid"]


def test_voice_urls_are_kept_while_a_trunk_overrides_them(healthy: Caller, on_trunk: Any) -> None:
    kept = healthy.get(at(healthy, on_trunk))["voice_url"]
    assert kept
    assert healthy.post(at(healthy, on_trunk), TrunkSid="")["voice_url"] == kept


def test_a_trunk_of_another_account_is_refused(healthy: Caller, call_as: Any, number: Any) -> None:
    foreign = call_as("empty").on("trunking").post("/v1/Trunks")["sid"]
    assert healthy.refusal("POST", at(healthy, number), {"TrunkSid": foreign})[0] == 400
    assert not healthy.get(at(healthy, number))["trunk_sid"]


@pytest.mark.parametrize(
    "form",
    [
        {"VoiceApplicationSid": "AP" + "0" * 32},
        {"VoiceUrl": "not an address"},
        {"VoiceUrl": "ftp://example.com/"},
        {"VoiceMethod": "PATCH"},
        {"VoiceReceiveMode": "telex"},
        {"VoiceCallerIdLookup": "perhaps"},
        {"FriendlyName": "n" * 65},
    ],
)
def test_a_wrong_value_changes_nothing(healthy: Caller, number: Any, form: dict[str, str]) -> None:
    before = healthy.get(at(healthy, number))
    assert healthy.refusal("POST", at(healthy, number), {"StatusCallback": "https://example.com/", **form})[0] == 400
    assert healthy.get(at(healthy, number)) == before


def test_unset_comes_as_null_on_one_number_and_as_nothing_on_another(healthy: Caller) -> None:
    listed = healthy.get(healthy.numbers(".json?PageSize=100"))["incoming_phone_numbers"]
    for field in ("trunk_sid", "voice_application_sid", "voice_url", "status_callback"):
        assert {None, ""} <= {number[field] for number in listed}


def test_deleting_a_number_loses_it(healthy: Caller, account: Account, number: Any) -> None:
    answer = healthy.ask("DELETE", at(healthy, number))
    assert (answer.status_code, answer.content) == (204, b"")
    assert healthy.refusal("GET", at(healthy, number)) == (404, 20404)
    assert number.sid not in account.numbers


def test_no_number_is_for_sale(healthy: Caller, account: Account) -> None:
    before = len(account.numbers)
    assert healthy.refusal("POST", healthy.numbers(), {"PhoneNumber": "+14155550100"})[0] == 400
    assert len(account.numbers) == before


def test_a_trial_account_may_have_one_number_on_a_trunk(call_as: Any) -> None:
    trial = call_as("trial")
    trunk = trial.on("trunking").post("/v1/Trunks", FriendlyName="Ours")["sid"]
    one, two = (number["sid"] for number in trial.get(trial.numbers())["incoming_phone_numbers"])
    trial.post(trial.numbers(f"/{one}.json"), TrunkSid=trunk)
    assert trial.post(trial.numbers(f"/{one}.json"), TrunkSid=trunk)["trunk_sid"] == trunk
    assert trial.refusal("POST", trial.numbers(f"/{two}.json"), {"TrunkSid": trunk}) == (403, 10002)
    form = {"PhoneNumberSid": two}
    assert trial.on("trunking").refusal("POST", f"/v1/Trunks/{trunk}/PhoneNumbers", form) == (403, 10002)


def test_sub_lists_hold_one_kind_each_and_do_not_name_it(healthy: Caller, account: Account) -> None:
    for tail, kind in (("Local", "local"), ("Mobile", "mobile"), ("TollFree", "toll-free")):
        page = healthy.get(healthy.numbers(f"/{tail}.json?PageSize=1000"))["incoming_phone_numbers"]
        assert page
        assert all("type" not in number for number in page)
        assert {account.numbers[number["sid"]].kind for number in page} == {kind}


def test_a_number_named_like_a_piece_of_json_comes_through_whole(healthy: Caller, number: Any) -> None:
    name = '","type":"local",\\"'
    assert healthy.post(at(healthy, number), FriendlyName=name)["friendly_name"] == name
    page = healthy.get(healthy.numbers("/Local.json?PageSize=1000"))["incoming_phone_numbers"]
    assert [one["friendly_name"] for one in page if one["sid"] == number.sid] == [name]


def test_every_oddity_is_among_the_first_numbers(healthy: Caller) -> None:
    page = healthy.get(healthy.numbers())["incoming_phone_numbers"]
    assert any(not number["capabilities"]["voice"] for number in page)
    assert any(number["voice_receive_mode"] == "fax" for number in page)
    assert any("@" in (number["voice_url"] or "") for number in page)
    assert any(number["trunk_sid"] for number in page)
    assert any(number["voice_application_sid"] for number in page)
    assert any(number["origin"] == "hosted" for number in page)
    assert any(number["friendly_name"] == "Front desk" for number in page)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"PhoneNumber": "+1808"}, lambda number: number["phone_number"].startswith("+1808")),
        ({"PhoneNumber": "1808*******"}, lambda number: number["phone_number"].startswith("+1808")),
        ({"FriendlyName": "Front desk"}, lambda number: number["friendly_name"] == "Front desk"),
        ({"Origin": "hosted"}, lambda number: number["origin"] == "hosted"),
        ({"Beta": "false"}, lambda number: not number["beta"]),
    ],
)
def test_a_list_can_be_filtered(healthy: Caller, query: dict[str, str], expected: Any) -> None:
    found = healthy.get(healthy.numbers(), params=query)["incoming_phone_numbers"]
    assert found
    assert all(expected(number) for number in found)


def test_a_filtered_list_follows_a_change(healthy: Caller, number: Any) -> None:
    query = {"FriendlyName": "Newly named"}
    assert healthy.get(healthy.numbers(), params=query)["incoming_phone_numbers"] == []
    healthy.post(at(healthy, number), FriendlyName="Newly named")
    (found,) = healthy.get(healthy.numbers(), params=query)["incoming_phone_numbers"]
    assert found["sid"] == number.sid


def test_every_number_is_valid_and_belongs_to_one_account(twilio: Any) -> None:
    everywhere = [number for account in twilio.carrier.accounts.values() for number in account.numbers.values()]
    assert len(everywhere) == len({number.phone_number for number in everywhere})
    assert len(everywhere) == len({number.sid for number in everywhere})
    for number in everywhere:
        assert phonenumbers.is_valid_number(phonenumbers.parse(number.phone_number)), number.phone_number


@pytest.mark.parametrize(("country", "kind"), [*BLOCKS, ("US", "local"), ("CA", "local"), ("US", "toll-free")])
def test_the_plan_gives_valid_numbers_of_the_right_country(country: str, kind: str) -> None:
    plan = NumberPlan()
    given = [plan.take(country, kind) for _ in range(1000)]
    assert len(set(given)) == 1000
    for number in given:
        parsed = phonenumbers.parse(number)
        assert phonenumbers.is_valid_number(parsed), number
        assert phonenumbers.region_code_for_number(parsed) == country
