"""What may leave, and where to."""

import base64

import attrs
import pytest
import requests

from trunkline.errors import CredentialsRejected, PluginBroken, Unsupported
from trunkline.http.dial import SandboxDial
from trunkline.secret import Secret


@pytest.mark.parametrize(
    "url",
    [
        "http://api.acme.example/",
        "ftp://api.acme.example/",
        "//api.acme.example/",
        "https://api.acme.example:443/",
        "https://api.acme.example:8443/",
        "https://api.acme.example:99999/",
        "https://user@api.acme.example/",
        "https://user:pass@api.acme.example/",
        "https://api.acme.example@evil.example/",
        "https://evil.example\\@api.acme.example/",
        "https://api.acme.example\\@evil.example/",
        "https://api.acme.example\\.evil.example/",
        "https://api.acme.example.evil.example/",
        "https://api.acme.example./",
        "https://API.ACME.EXAMPLE/",
        "https://api.\u0430cme.example/",
        "https://api.acme.exampl\u2100/",
        "https://api.ac\nme.example/",
        "https://api.acme.example\n.evil.example/",
        "https://api.acme.example\t/",
        " https://api.acme.example/",
        "https://api.acme.example%2eevil.example/",
        "https://evil.example/#@api.acme.example/",
        "https://evil.example?api.acme.example/",
        "https://[::1]/",
        "https://[::1/",
        "https://127.0.0.1/",
        "https://localhost/",
        "https:///path",
        "https://other.space.example/",
        "https://api.acme.example/" + "x" * 20_000,
        "",
    ],
)
def test_an_address_that_is_not_plainly_the_carriers_is_refused(wire, carrier, url):
    request = requests.Request("GET", "https://api.acme.example/").prepare()
    request.url = url
    with pytest.raises(PluginBroken) as refusal:
        wire().adapter.send(request)
    assert not carrier.asked
    assert refusal.value.__cause__ is None


def test_a_host_named_by_a_credential_must_be_that_credential(wire, carrier, account, descriptor):
    host = "ac123456.space.example"
    named = attrs.evolve(account, credentials={**account.credentials, "account": host})
    assert wire(account=named).get(f"https://{host}/").ok
    with pytest.raises(PluginBroken):
        wire(account=named).get("https://other.space.example/")


def test_a_secret_names_no_host(wire, account):
    hidden = attrs.evolve(account, credentials={**account.credentials, "account": Secret("ac123456.space.example")})
    with pytest.raises(PluginBroken):
        wire(account=hidden).get("https://ac123456.space.example/")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "get", "TRACE"])
def test_reading_hooks_write_nothing(wire, carrier, method):
    request = requests.Request("GET", "https://api.acme.example/x").prepare()
    request.method = method
    with pytest.raises(PluginBroken, match="only read"):
        wire(read_only=True).adapter.send(request)
    assert not carrier.asked


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_reading_hooks_read(wire, carrier, method):
    carrier.then(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    assert wire(read_only=True).request(method, "https://api.acme.example/x").ok


def test_a_post_that_is_declared_a_read_passes(wire, carrier):
    assert wire(read_only=True).post("https://api.acme.example/search/numbers", json={"q": 1}).ok


@pytest.mark.parametrize(
    "path", ["/search/../x", "/search/a/b", "/search/%2e%2e", "/search/..%5c", "/x/search/a", "/search/"]
)
def test_a_post_near_a_declared_read_is_a_write(wire, carrier, path):
    request = requests.Request("POST", "https://api.acme.example/").prepare()
    request.url = "https://api.acme.example" + path
    with pytest.raises(PluginBroken, match="only read"):
        wire(read_only=True).adapter.send(request)


def test_dots_do_not_turn_a_pattern_that_allows_slashes_into_a_write(wire, descriptor):
    loose = attrs.evolve(descriptor, reads_by_post=(attrs.evolve(descriptor.reads_by_post[0], path="/search/.*"),))
    request = requests.Request("POST", "https://api.acme.example/").prepare()
    request.url = "https://api.acme.example/search/../numbers"
    with pytest.raises(PluginBroken, match="only read"):
        wire(read_only=True, descriptor=loose).adapter.send(request)


def test_an_origin_without_a_sandbox_is_unsupported(wire, carrier):
    with pytest.raises(Unsupported):
        wire(dial=SandboxDial({})).get("https://api.acme.example/")


@pytest.mark.parametrize("body", [b"x" * 1_100_000, iter([b"x"]), open])
def test_a_body_that_is_too_large_or_of_unknown_size_is_not_sent(wire, carrier, body):
    request = requests.Request("POST", "https://api.acme.example/").prepare()
    request.body = body
    with pytest.raises(PluginBroken, match="more than one request"):
        wire().adapter.send(request)
    assert not carrier.asked


def test_a_call_may_send_only_so_many_requests(wire, carrier):
    session = wire(requests_per_call=2)
    session.get("https://api.acme.example/")
    session.get("https://api.acme.example/")
    with pytest.raises(PluginBroken, match="more requests"):
        session.get("https://api.acme.example/")
    assert len(carrier.asked) == 2


def test_a_bearer_that_no_header_can_hold_is_rejected_before_it_leaves(wire, carrier, account, descriptor):
    odd = attrs.evolve(account, form=descriptor.credential_forms[1], credentials={"key": Secret("k\u20acy")})
    with pytest.raises(CredentialsRejected) as refusal:
        wire(account=odd).get("https://api.acme.example/")
    assert "\u20ac" not in str(refusal.value)
    assert not carrier.asked


def test_an_account_without_the_field_it_authenticates_with_sends_nothing(wire, carrier, account):
    with pytest.raises(PluginBroken, match="authenticates with a field"):
        wire(account=attrs.evolve(account, credentials={"account": "AC123456"})).get("https://api.acme.example/")
    assert not carrier.asked


def test_a_session_sends_its_own_headers_and_parameters_and_no_cookies_or_logins(wire, carrier):
    session = wire()
    session.headers.update({"X-Own": "kept", "X-Other": "session"})
    session.params = {"all": "1"}
    session.auth = ("user", "canary-password")
    session.cookies.set("canary", "cookie", domain="api.acme.example")
    session.get("https://api.acme.example/x", params={"one": "2"}, headers={"x-other": "request", "X-Own": None})
    ((_, target, headers, _),) = carrier.asked
    assert target == "/x?all=1&one=2"
    assert headers["x-other"] == "request"
    assert "x-own" not in headers
    assert "canary" not in str(headers)
    assert base64.b64encode(b"user:canary-password").decode() not in str(headers)
