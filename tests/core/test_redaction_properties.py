"""What is shown holds no trace of a secret, whatever stands around it."""

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from trunkline.redaction import HIDDEN, Scrubber, by_allow_list
from trunkline.secret import Secret

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
CONFIGS = st.dictionaries(st.sampled_from(["domain", "port", "numbers", "password", "other"]) | st.text(), JSON)
# No part of the marker itself can be told from it.
SECRETS = st.text(st.characters(codec="utf-8"), min_size=6, max_size=60).filter(lambda s: s not in HIDDEN)

FORMS = {
    "raw": str,
    "url": lambda s: quote(s, safe=""),
    "url lower": lambda s: quote(s, safe="").replace("%2F", "%2f"),
    "form": quote_plus,
    "path": quote,
    "json": lambda s: json.dumps(s)[1:-1],
    "json text": lambda s: json.dumps(s, ensure_ascii=False)[1:-1],
    "html": html.escape,
    "python": lambda s: repr(s)[1:-1],
    "hex": lambda s: s.encode().hex(),
    "HEX": lambda s: s.encode().hex().upper(),
    "base64": lambda s: base64.b64encode(s.encode()).decode().rstrip("="),
    "base64 url": lambda s: base64.urlsafe_b64encode(s.encode()).decode().rstrip("="),
    "basic": lambda s: base64.b64encode(f"user:{s}".encode()).decode().rstrip("="),
}


@given(JSON | CONFIGS)
def test_an_allow_list_takes_any_json_and_twice_is_once(descriptor_fields, config):
    once = by_allow_list(config, descriptor_fields)
    assert by_allow_list(once, descriptor_fields) == once
    assert set(once) <= {field.name for field in descriptor_fields}


CANARY = "canary4711"


@given(CONFIGS, st.sampled_from([CANARY, [CANARY], {"a": CANARY}, [[CANARY]], {"password": [CANARY, 1]}]))
def test_no_canary_survives_where_only_a_host_or_a_port_may_stand(descriptor_fields, config, canary):
    config |= {"password": canary, "port": canary, "domain": canary, "secret": canary}
    config.pop("numbers", None)
    assert CANARY not in repr(by_allow_list(config, descriptor_fields))


@pytest.fixture(scope="module")
def descriptor_fields():
    from trunkline.descriptor import Field, FieldKind

    return (
        Field("domain", "Domain", "a host", pattern=r"[a-z.]+"),
        Field("port", "Port", "a port", kind=FieldKind.INTEGER),
        Field("numbers", "Numbers", "a list", kind=FieldKind.TEXT_LIST),
        Field("password", "Password", "a password", secret=True),
    )


def test_valid_values_are_shown(descriptor_fields):
    config = {"domain": "a.b", "port": 5060, "numbers": ["+1"], "password": "x"}
    assert by_allow_list(config, descriptor_fields) == config | {"password": HIDDEN}
    assert by_allow_list({"domain": None, "password": None}, descriptor_fields) == {"domain": None, "password": None}


@pytest.mark.parametrize("form", FORMS)
@given(secret=SECRETS, before=st.text(), after=st.text())
@example(secret="redacted", before="", after="")
@example(secret="]abcde", before="[redacted", after="")
@example(secret="d[redacted]r", before="d", after="r")
def test_no_form_of_a_secret_survives(form, secret, before, after):
    made = FORMS[form](secret)
    assume(made not in HIDDEN and len(made) >= 4)
    scrub = Scrubber([Secret(secret)], ["user"])
    clean = scrub(before + made + after)
    assert made not in clean.replace(HIDDEN, "\0")
    assert scrub.finds(before + made + after)


@given(secret=SECRETS.filter(lambda s: len(s) >= 14), before=st.text(), after=st.text(), data=st.data())
def test_no_piece_of_twelve_characters_survives(secret, before, after, data):
    start = data.draw(st.integers(0, len(secret) - 12))
    piece = secret[start : start + data.draw(st.integers(12, len(secret)))]
    assert piece not in Scrubber([Secret(secret)])(before + piece + after)


@given(secret=st.text(st.characters(codec="ascii"), min_size=12), prefix=st.binary(max_size=9), suffix=st.binary())
def test_no_base64_of_more_than_the_secret_survives(secret, prefix, suffix):
    made = base64.b64encode(prefix + secret.encode() + suffix).decode()
    clean = Scrubber([Secret(secret)])(made)
    assert HIDDEN in clean
    assert len(clean) - len(HIDDEN) <= len(made) - len(secret) * 4 // 3 + 4


@given(SECRETS, st.text("xyz \n[]", max_size=60))
def test_a_text_without_a_secret_is_unchanged(secret, text):
    assume(set(secret).isdisjoint("xyz \n[]"))
    scrub = Scrubber([Secret(secret)])
    assert scrub(text) == text
    assert not scrub.finds(text)


@given(st.lists(st.text(max_size=20), max_size=3), st.text())
@example(["d[", "]r"], "dd[[redacted]r]")
@example(["[", "]", "re"], "[redacted]re[")
def test_scrubbing_twice_is_scrubbing_once(secrets, text):
    scrub = Scrubber([Secret(secret) for secret in secrets])
    once = scrub(text)
    assert scrub(once) == once


def test_what_stands_around_a_secret_is_kept():
    assert Scrubber([Secret("hush-hush")])("a hush-hush b hush-hushhush-hush c") == f"a {HIDDEN} b {HIDDEN} c"


def test_a_long_text_is_scrubbed_in_reasonable_time():
    import time

    scrub = Scrubber([Secret("0123456789abcdef0123456789abcdef")], ["AC123456"])
    started = time.process_time()
    scrub("some words of a carrier " * 40_000)
    assert time.process_time() - started < 5


def test_without_secrets_nothing_is_found():
    assert Scrubber(())("text") == "text"
    assert Scrubber([Secret("")])("text") == "text"
    assert not Scrubber([Secret("abc")]).finds("abc")
