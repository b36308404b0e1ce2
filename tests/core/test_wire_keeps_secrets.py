"""Who writes the Authorization header, and what comes back to the plugin."""

import base64
import time

import attrs
import pytest
import requests

from trunkline.secret import Secret

URL = "https://api.acme.example/v1/me"
EXPECTED = "Basic " + base64.b64encode(b"AC123456:tok-S3cret/+value&more").decode()


def test_the_wire_writes_basic_authorization(wire, carrier):
    wire().get(URL)
    assert carrier.asked[0][2]["authorization"] == EXPECTED


def test_the_wire_writes_bearer_authorization(wire, carrier, account, descriptor):
    bearer = attrs.evolve(account, form=descriptor.credential_forms[1], credentials={"key": Secret("k3y")})
    wire(account=bearer).get(URL)
    assert carrier.asked[0][2]["authorization"] == "Bearer k3y"


def test_a_form_without_authentication_sends_none(wire, carrier, account):
    wire(account=attrs.evolve(account, form=attrs.evolve(account.form, authentication=None))).get(URL, auth=("a", "b"))
    assert "authorization" not in carrier.asked[0][2]


def test_what_a_plugin_sets_of_its_own_is_not_sent(wire, carrier):
    ours = ("Authorization", "Cookie", "Proxy-Authorization", "X-HTTP-Method-Override", "X-HTTP-Method", "Host")
    wire().get(URL, headers=dict.fromkeys(ours, "evil"), cookies={"a": "evil"}, auth=("evil", "evil"))
    headers = carrier.asked[0][2]
    assert "evil" not in " ".join(headers.values())
    assert headers["host"] == "api.acme.example"
    assert headers["authorization"] == EXPECTED


def test_no_response_gives_the_plugin_the_secret_or_a_way_around_the_guard(wire):
    session = wire()
    response = session.get(URL)
    assert "Authorization" not in response.request.headers
    assert response.raw is None
    assert response.connection is session.adapter


def test_cookies_are_neither_kept_nor_sent(wire, carrier):
    carrier.then(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 0\r\n\r\n")
    session = wire()
    session.get(URL)
    session.get(URL)
    assert not session.cookies
    assert "cookie" not in carrier.asked[1][2]


def test_an_sdk_with_a_session_of_its_own_keeps_no_cookie_and_follows_no_redirect(wire, carrier):
    carrier.then(
        b"HTTP/1.1 307 Moved\r\nLocation: https://api.acme.example/b\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"
    )
    with requests.Session() as theirs:
        theirs.mount("https://", wire().adapter)
        assert theirs.post(URL, data="x").status_code == 307
        assert not theirs.cookies
    assert len(carrier.asked) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer(wire, carrier, status):
    carrier.then(f"HTTP/1.1 {status} Moved\r\nLocation: https://evil.example/\r\nContent-Length: 0\r\n\r\n".encode())
    answer = wire().get(URL, allow_redirects=True)
    assert (answer.status_code, answer.is_redirect, answer.is_permanent_redirect) == (status, False, False)
    assert len(carrier.asked) == 1


def test_the_environment_is_not_honoured(wire, carrier, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine api.acme.example login evil password evil\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1/")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "missing"))
    assert wire().get(URL).ok
    with requests.Session() as theirs:
        theirs.mount("https://", wire().adapter)
        assert theirs.get(URL).ok
    assert [asked[2]["authorization"] for asked in carrier.asked] == [EXPECTED] * 2


def test_an_exchange_holds_no_query_no_body_and_no_secret(wire, carrier):
    token = "tok-S3cret%2F%2Bvalue%26more"
    carrier.then(f"HTTP/1.1 201 OK\r\nX-Request-Id: r-{TOKEN}\r\nContent-Length: 0\r\n\r\n".encode())
    session = wire()
    session.post(f"https://api.acme.example/a/AC123456/{token}/b?q=hush", data="hush-body", timeout=1)
    (exchange,) = session.exchanges
    assert (exchange.method, exchange.host, exchange.path) == ("POST", "api.acme.example", "/a/{account}/{token}/b")
    assert (exchange.status, exchange.request_id) == (201, "r-[redacted]")
    assert "hush" not in repr(exchange)
    assert 0 <= exchange.seconds < time.monotonic()


def test_a_piece_of_a_secret_in_a_path_is_hidden(wire):
    session = wire()
    session.get("https://api.acme.example/tok-S3cret/+val")
    assert session.exchanges[0].path == "/[redacted]"


TOKEN = "tok-S3cret/+value&more"
