"""Which error a refusal is: by its code first, by its status else, and never certain about a write that may be made."""

import datetime as dt
import json
from typing import Any

import pytest
import requests

from trunkline.errors import (
    AccountSuspended,
    CarrierAnswerUnexpected,
    CarrierRefused,
    CarrierUnavailable,
    CredentialsRejected,
    PermissionMissing,
    RateLimited,
    TrunklineError,
    WriteOutcomeUnknown,
)
from trunkline.refusals import NotThere
from trunkline_telnyx.refusals import InUse, LevelTooLow, Taken, json_object

NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)


def response(status: int, body: Any, **headers: str) -> requests.Response:
    made = requests.Response()
    made.status_code = status
    made._content = body if isinstance(body, bytes) else json.dumps(body).encode()
    made.headers.update({"Content-Type": "application/json", **headers})
    return made


def refusal(status: int, body: Any, *, writes: bool = False, **headers: str) -> TrunklineError:
    with pytest.raises(TrunklineError) as caught:
        json_object(response(status, body, **headers), writes=writes, now=NOW)
    return caught.value


def coded(code: Any, **more: Any) -> dict[str, Any]:
    return {"errors": [{"code": code, "title": "x", **more}]}


CODES = {
    "10005": NotThere,
    "10009": CredentialsRejected,
    "10010": PermissionMissing,
    "10011": RateLimited,
    "10012": Taken,
    "10015": CarrierRefused,
    "10021": InUse,
    "10035": CarrierRefused,
    "10036": CarrierUnavailable,
    "10038": LevelTooLow,
    "10039": LevelTooLow,
    **dict.fromkeys(("20001", "20002", "20003", "20006", "20008"), CredentialsRejected),
    **dict.fromkeys(("20012", "20013", "20100"), AccountSuspended),
    **dict.fromkeys(("20014", "20015", "20016", "20017"), LevelTooLow),
}


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 422])
@pytest.mark.parametrize("code", CODES)
def test_a_code_says_more_than_its_status(code: str, status: int) -> None:
    if code == "10015" and status in (401, 402, 403, 404):
        return
    for writes in (False, True):
        for written in (code, int(code)):
            error = refusal(status, coded(written), writes=writes)
            assert type(error) is CODES[code]
            assert (error.reply.status, error.reply.code) == (status, code)


@pytest.mark.parametrize(("status", "error"), [(403, PermissionMissing), (400, NotThere), (422, NotThere)])
def test_10006_means_one_thing_or_the_other_by_its_status(status: int, error: type[TrunklineError]) -> None:
    assert type(refusal(status, coded("10006"))) is error


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, CarrierRefused),
        (401, CredentialsRejected),
        (402, AccountSuspended),
        (403, PermissionMissing),
        (404, NotThere),
        (409, CarrierRefused),
        (422, CarrierRefused),
        (429, RateLimited),
    ],
)
@pytest.mark.parametrize(
    "body", [b"", {"errors": []}, {"errors": None}, {"errors": [None]}, {"errors": {"title": "x"}}, {}]
)
def test_without_a_code_the_status_decides(status: int, error: type[TrunklineError], body: Any) -> None:
    for writes in (False, True):
        assert type(refusal(status, body, writes=writes)) is error


@pytest.mark.parametrize("status", [200, 201, 301, 302, 408, 500, 502, 503, 504])
@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"{", b"[1]", b"null", {"errors": []}, {"errors": [{"code": "10007"}]}]
)
def test_what_may_have_been_processed_is_never_certain(status: int, body: Any) -> None:
    assert type(refusal(status, body, writes=True)) is WriteOutcomeUnknown
    expected = CarrierUnavailable if status >= 500 or status == 408 else CarrierAnswerUnexpected
    assert type(refusal(status, body)) is expected


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_what_stands_in_between_says_nothing_of_the_account(status: int) -> None:
    assert type(refusal(status, b"<html>blocked</html>")) is CarrierAnswerUnexpected
    assert type(refusal(status, b"<html>blocked</html>", writes=True)) is WriteOutcomeUnknown


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "5"}, 5.0),
        ({"x-ratelimit-reset": "12"}, 12.0),
        ({"x-ratelimit-reset": str(int(NOW.timestamp()) + 30)}, 30.0),
        ({"x-ratelimit-reset": str(int(NOW.timestamp()) - 30)}, 0.0),
        ({"x-ratelimit-reset": "soon"}, None),
        ({"x-ratelimit-reset": "1e9"}, None),
        ({"Retry-After": "3", "x-ratelimit-reset": "12"}, 3.0),
    ],
)
def test_patience_is_written_in_three_ways(headers: dict[str, str], seconds: float | None) -> None:
    for body in (coded("10011"), b"", b"<html>"):
        error = refusal(429, body, **headers)
        assert isinstance(error, RateLimited)
        assert error.retry_after == seconds


def test_the_most_telling_of_several_codes_counts() -> None:
    body = {"errors": [{"code": "10015", "title": "a"}, {"code": "20013", "title": "b"}]}
    assert isinstance(refusal(403, body), AccountSuspended)


def test_details_are_told_without_addresses_or_values() -> None:
    body = coded("10015", detail="url https://u:p@x.example/a is bad, 's3cret' too", source={"pointer": "/webhook"})
    error = refusal(422, body, **{"x-request-id": "abc"})
    assert "/webhook" in error.detail
    for hidden in ("u:p", "x.example", "s3cret"):
        assert hidden not in error.detail
    assert error.reply.request_id == "abc"


def test_pins_passwords_and_addresses_are_taken_out_of_good_answers() -> None:
    body = {"data": {"external_pin": "1", "outbound": {"tech_prefix": "2", "x": 3}, "l": [{"password": "4", "y": 5}]}}
    assert json_object(response(200, body), writes=False, now=NOW) == {"data": {"outbound": {"x": 3}, "l": [{"y": 5}]}}


def test_deep_nesting_is_no_crash() -> None:
    assert isinstance(refusal(200, b"[" * 100_000), CarrierAnswerUnexpected)
