"""What an answer means where carriers do not differ: what is certain, what a lost write is, what may be said of it."""

import datetime as dt
import itertools

import pytest
import requests

from trunkline import refusals
from trunkline.carrier import Carrier
from trunkline.errors import (
    CarrierAnswerUnexpected,
    CarrierRefused,
    CarrierReply,
    CarrierUnavailable,
    CredentialsRejected,
    PermissionMissing,
    RateLimited,
    WriteOutcomeUnknown,
)
from trunkline.refusals import Meaning

ACME = Carrier("Acme", "the Acme Console")
NOW = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)


def answer(status, content=b"{}", **headers):
    response = requests.Response()
    response.status_code = status
    response._content = content
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return response


def refused(status, content=b"{}", *, meaning=None, writes=False, patience=None, own_status=None, **headers):
    response = answer(status, content, **headers)
    body = refusals.parsed(response)
    certain = refusals.is_certain(response, body, own_status)
    return refusals.refusal(
        ACME,
        meaning if certain else None,
        response,
        status=own_status,
        certain=certain,
        writes=writes,
        reason="error 7",
        detail="HTTP",
        reply=CarrierReply(status),
        now=NOW,
        patience=patience,
    )


@pytest.mark.parametrize("content", [b"", b"<html>", b"{", b"[" * 100_000, b"\xff", b'{"a": 1e999999999999}'])
def test_what_cannot_be_read_is_none_or_json(content):
    assert refusals.parsed(answer(200, content)) in (None, {"a": float("inf")})


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 422, 429])
@pytest.mark.parametrize("content", [b"{}", b"", b"  "])
def test_a_4xx_in_json_or_without_a_body_is_certain_even_for_a_write(status, content):
    error = refused(status, content, meaning=Meaning(PermissionMissing, "No."), writes=True)
    assert (type(error), str(error)) == (PermissionMissing, "No.")
    error = refused(status, content, writes=True)
    assert (type(error), str(error)) == (CarrierRefused, "Acme refused this: error 7.")


@pytest.mark.parametrize(("status", "content"), [*itertools.product([408, 500, 502, 503], [b"{}", b"", b"<html>"])])
def test_trouble_is_retried_for_a_read_and_unknown_for_a_write(status, content):
    meaning = Meaning(CredentialsRejected, "Wrong.")
    assert type(refused(status, content, meaning=meaning)) is CarrierUnavailable
    assert type(refused(status, content, meaning=meaning, writes=True)) is WriteOutcomeUnknown


@pytest.mark.parametrize(("status", "content"), [(401, b"<html>"), (404, b"not here"), (200, b"<html>"), (302, b"")])
def test_what_the_carrier_did_not_say_is_no_refusal(status, content):
    meaning = Meaning(CredentialsRejected, "Wrong.")
    assert type(refused(status, content, meaning=meaning)) is CarrierAnswerUnexpected
    assert type(refused(status, content, meaning=meaning, writes=True)) is WriteOutcomeUnknown


def test_a_429_is_certain_in_any_form():
    error = refused(429, b"<html>", meaning=Meaning(RateLimited, "Slower."), writes=True, Retry_After="3")
    assert (type(error), error.retry_after) == (RateLimited, 3)


@pytest.mark.parametrize(
    ("headers", "patience", "waits"), [({}, None, None), ({}, 4.0, 4.0), ({"Retry_After": "2"}, 4.0, 2.0)]
)
def test_retry_after_comes_before_what_a_carrier_says_otherwise(headers, patience, waits):
    error = refused(429, meaning=Meaning(RateLimited, "Slower."), patience=patience, **headers)
    assert error.retry_after == waits


@pytest.mark.parametrize(
    ("own", "kind"), [(420, CarrierRefused), (500, CarrierUnavailable), (200, CarrierAnswerUnexpected)]
)
def test_a_status_in_the_body_counts_where_a_carrier_has_one(own, kind):
    assert type(refused(200, own_status=own)) is kind


def test_the_operator_is_told_status_code_and_words_and_no_address():
    said = refusals.without_addresses("cannot reach https://user:pw@acme.example/x?pin=1 for pat@acme.example")
    assert said == "cannot reach [address] for [address]"
    told = refusals.detail_of(ACME, answer(400), "7", said)
    assert told == "HTTP 400, Acme error 7: cannot reach [address] for [address]"
    told = refusals.detail_of(ACME, answer(502, b"<html>", Content_Type="text/html; charset=utf-8"), None, "")
    assert told == "HTTP 502, 6 bytes of text/html"
    assert len(refusals.detail_of(ACME, answer(400), None, "word " * 1000)) < 400


def test_a_request_id_is_kept_short():
    assert refusals.reply_of(answer(400), "7", "x" * 1000) == CarrierReply(400, "7", "x" * 128)
    assert refusals.reply_of(answer(400), None, "").request_id is None
