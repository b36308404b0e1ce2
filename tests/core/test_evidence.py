"""Fingerprints tell accounts apart and give nothing away; evidence is examined in one order."""

import datetime as dt
import functools
import hmac
import uuid

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.account import CarrierAccount
from trunkline.descriptor import CredentialForm, Field, Host, ProviderDescriptor, SetupMethod
from trunkline.errors import EvidenceRefused
from trunkline.evidence import Evidence, examine, fingerprint
from trunkline.secret import Secret

FORM = CredentialForm("f", "F", (), None)
DESCRIPTOR = ProviderDescriptor(
    "acme",
    "Acme",
    (SetupMethod("api_key", "Key"),),
    (FORM,),
    (Host("a"),),
    sip_fields=(
        Field("domain", "D", "d", steers=True),
        Field("realm", "R", "r", tested=True),
        Field("label", "L", "l"),
    ),
)
NOW = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
CREDENTIALS = st.dictionaries(st.text(max_size=4), st.text(max_size=4), max_size=4)
KEY, OTHER_KEY = (functools.partial(hmac.digest, key, digest="sha256") for key in (b"k", b"l"))
CONFIGS = st.dictionaries(st.sampled_from(["domain", "realm", "label"]), st.text(max_size=3) | st.integers(0, 9))


def _account(credentials, config=(), provider="acme"):
    secrets = {name: Secret(value) for name, value in credentials.items()}
    return CarrierAccount(provider, "api_key", FORM, secrets, dict(config), "m")


@given(CREDENTIALS, CONFIGS, st.randoms())
def test_the_order_of_fields_does_not_matter(credentials, config, rng):
    items = list(credentials.items())
    rng.shuffle(items)
    one, two = (
        _account(credentials, config),
        _account(dict(items), dict(reversed(config.items()))),
    )
    assert fingerprint(KEY, DESCRIPTOR, one) == fingerprint(KEY, DESCRIPTOR, two)


@given(CREDENTIALS, CREDENTIALS, CONFIGS, CONFIGS)
def test_fingerprints_are_equal_only_for_equal_accounts(one, two, config, other):
    def covered(given):
        return {name: value for name, value in given.items() if name != "label"}

    prints = [fingerprint(KEY, DESCRIPTOR, _account(*it)) for it in ((one, config), (two, other))]
    assert (prints[0] == prints[1]) == (one == two and covered(config) == covered(other))


def test_fingerprints_differ_between_keys_and_providers():
    account = _account({"a": "b"})
    other = _account({"a": "b"}, provider="other")
    prints = {fingerprint(KEY, DESCRIPTOR, account), fingerprint(OTHER_KEY, DESCRIPTOR, account)}
    prints.add(fingerprint(KEY, DESCRIPTOR, other))
    assert len(prints) == 3
    assert all(len(each) == 64 for each in prints)


def test_a_secret_and_a_plain_value_are_fingerprinted_alike():
    plain = CarrierAccount("acme", "api_key", FORM, {"a": "b"}, {}, "m")
    assert fingerprint(KEY, DESCRIPTOR, plain) == fingerprint(KEY, DESCRIPTOR, _account({"a": "b"}))


@pytest.fixture
def evidence():
    return Evidence(uuid.uuid4(), 1, "acme", "id-1", "Acme", True, "f" * 64, (), NOW, NOW + dt.timedelta(minutes=15))


def _examine(evidence, **changes):
    use = {"organization": 1, "provider": "acme", "fingerprint": "f" * 64, "now": NOW} | changes
    return examine(evidence, **use)


def test_evidence_that_covers_its_use_is_given_back(evidence):
    assert _examine(evidence) is evidence
    assert _examine(evidence, now=NOW + dt.timedelta(minutes=15, microseconds=-1)) is evidence


@pytest.mark.parametrize(
    ("change", "use", "reason"),
    [
        ({}, {"organization": 2}, "unknown"),
        ({}, {"provider": "other"}, "wrong_provider"),
        ({"spent": True}, {}, "spent"),
        ({}, {"now": NOW + dt.timedelta(minutes=15)}, "stale"),
        ({}, {"fingerprint": "0" * 64}, "wrong_credentials"),
        ({"spent": True}, {"organization": 2, "provider": "other"}, "unknown"),
        ({"spent": True}, {"provider": "other"}, "wrong_provider"),
        ({"spent": True}, {"now": NOW + dt.timedelta(days=1), "fingerprint": "0"}, "spent"),
        ({}, {"now": NOW + dt.timedelta(days=1), "fingerprint": "0"}, "stale"),
    ],
)
def test_evidence_is_refused_for_the_first_reason(evidence, change, use, reason):
    with pytest.raises(EvidenceRefused) as refused:
        _examine(attrs.evolve(evidence, **change), **use)
    assert (refused.value.reason, refused.value.code) == (reason, "evidence_refused")


def test_no_evidence_and_another_organizations_are_told_alike(evidence):
    with pytest.raises(EvidenceRefused) as none:
        _examine(None)
    with pytest.raises(EvidenceRefused) as others:
        _examine(evidence, organization=2)
    assert str(none.value) == str(others.value)
