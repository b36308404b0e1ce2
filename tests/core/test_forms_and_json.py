"""Any JSON is either what was asked for or refused by field, and no refusal repeats a value."""

import enum
import re
import typing
from collections.abc import Mapping, Sequence

import attrs
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from trunkline.account import CarrierAccount
from trunkline.converter import FieldErrors, structure
from trunkline.descriptor import BasicAuth, Can, Capability, CredentialForm, Field, FieldKind, Spelling
from trunkline.errors import InvalidFields
from trunkline.forms import normal

CANARY = "canary4711"
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(CANARY) | st.just(10**300)
NAMES = st.sampled_from(["account", "token", "key", "level", "domain", "port", "numbers"]) | st.text(max_size=8)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def read():
    from trunkline.engine import Engine

    made = {}

    def read(descriptor, *given, **more):
        if "engine" not in made:
            from trunkline.hookspec import hookimpl
            from trunkline.registry import Registry

            class Plugin:
                @hookimpl
                def describe_provider(self):
                    return attrs.evolve(descriptor, capabilities=())

                @hookimpl
                def test_credentials(self, account, call): ...

                @hookimpl
                def suggest_name(self, account, call): ...

                @hookimpl
                def redact_sip_config(self, sip_config): ...

            made["engine"] = Engine(Registry.of(Plugin()))
        return made["engine"].account("acme", *given, marker="m", **more)

    return read


FIELD = st.dictionaries(NAMES, LEAVES | st.lists(LEAVES, max_size=3), max_size=6)


@settings(max_examples=300)
@given(credentials=JSON | FIELD, config=JSON | FIELD, method=JSON | st.just("api_key"))
@example(credentials={1: 2, None: 3}, config={("a",): 1}, method=None)
@example(credentials={"key": "k", "level": 10**5000}, config={"port": -(10**5000)}, method=None)
@example(credentials=[], config="", method={})
def test_any_json_as_credentials_is_an_account_or_refused_by_field(read, descriptor_once, credentials, config, method):
    try:
        account = read(descriptor_once, credentials, config, setup_method=method)
    except InvalidFields as error:
        fields = error.fields
    else:
        assert isinstance(account, CarrierAccount)
        assert CANARY not in repr(account)
        return
    assert fields
    assert {name.partition(".")[0] for name in fields} <= {"credentials", "sip_config", "setup_method"}
    assert CANARY not in str(list(fields.values()))


@pytest.fixture(scope="module")
def descriptor_once():
    from trunkline.descriptor import BearerAuth, Host, ProviderDescriptor, SetupMethod

    token = Field("token", "Token", "the token", secret=True, required=True)
    return ProviderDescriptor(
        "acme",
        "Acme",
        (SetupMethod("api_key", "Key"),),
        (
            CredentialForm(
                "basic",
                "B",
                (Field("account", "A", "letters", required=True, pattern="[a-z]{2,}", max_length=8), token),
                BasicAuth("account", "token"),
            ),
            CredentialForm(
                "bearer",
                "K",
                (
                    Field("key", "K", "the key", secret=True, required=True),
                    Field("level", "L", "a digit", kind=FieldKind.INTEGER, pattern="[0-9]", default=1),
                ),
                BearerAuth("key"),
            ),
        ),
        (Host("x"),),
        sip_fields=(
            Field("domain", "D", "a host", pattern="[a-z.]+"),
            Field("port", "P", "a port", kind=FieldKind.INTEGER, max_length=5),
            Field("numbers", "N", "numbers", kind=FieldKind.TEXT_LIST, pattern=r"\+[0-9]+"),
        ),
    )


@pytest.mark.parametrize(
    ("credentials", "config", "fields"),
    [
        ({}, {}, {"credentials.key": "required: the key"}),
        ({"token": "t"}, {}, {"credentials.account": "required: letters"}),
        ({"key": ""}, {}, {"credentials.key": "must not be empty"}),
        ({"key": 5}, {}, {"credentials.key": "must be a string"}),
        ({"key": "a\nb"}, {}, {"credentials.key": "must not have control characters, or space around it"}),
        ({"key": " a"}, {}, {"credentials.key": "must not have control characters, or space around it"}),
        ({"key": "x" * 256}, {}, {"credentials.key": "must have at most 255 characters"}),
        ({"key": "k", "level": True}, {}, {"credentials.level": "must be a whole number"}),
        ({"key": "k", "level": 10}, {}, {"credentials.level": "does not look right: a digit"}),
        ({"key": "k", "x": 1}, {}, {"credentials.x": "unknown field; accepted here: key, level"}),
        ({"key": "k", "x": None}, {}, {"credentials.x": "unknown field; accepted here: key, level"}),
        ({"key": "k"}, {"x": None}, {"sip_config.x": "unknown field; accepted here: domain, port, numbers"}),
        ({"key": "k", "a b": 1}, {}, {"credentials.(unreadable name)": "unknown field; accepted here: key, level"}),
        ({"account": "A", "token": "t"}, {}, {"credentials.account": "does not look right: letters"}),
        ({"key": "k"}, {"port": 100000}, {"sip_config.port": "must have at most 5 digits"}),
        ({"key": "k"}, {"numbers": "+1"}, {"sip_config.numbers": "must be a list of strings"}),
        ({"key": "k"}, {"numbers": ["+1", "x"]}, {"sip_config.numbers": "does not look right: numbers"}),
        ({"key": "k"}, [], {"sip_config": "must be an object"}),
    ],
)
def test_each_problem_is_named_by_its_field(read, descriptor_once, credentials, config, fields):
    with pytest.raises(InvalidFields) as error:
        read(descriptor_once, credentials, config)
    assert {name: texts[0] for name, texts in error.value.fields.items()} == fields
    assert str(error.value) == "{}: {}".format(*next(iter(fields.items())))


def test_unknown_fields_are_told_in_the_order_given(read, descriptor_once):
    with pytest.raises(InvalidFields) as error:
        read(descriptor_once, {"key": "k", "z": 1, "a": 1, "m": 1})
    assert list(error.value.fields) == ["credentials.z", "credentials.a", "credentials.m"]


def test_null_is_left_out(read, descriptor_once):
    assert "port" not in read(descriptor_once, {"key": "k", "level": None}, {"port": None}).sip_config


def test_null_in_a_field_of_another_form_is_left_out(read, descriptor_once):
    given = {"account": None, "token": None, "key": "k"}
    assert read(descriptor_once, given, {}).credentials.keys() == {"key", "level"}


def test_a_form_that_cannot_work_cannot_be_made():
    with pytest.raises(ValueError, match="authenticates with fields it does not have: b"):
        CredentialForm("f", "F", (Field("a", "A", "a"),), BasicAuth("a", "b"))
    with pytest.raises(ValueError, match="one value, not a list"):
        CredentialForm("f", "F", (Field("a", "A", "a", kind=FieldKind.TEXT_LIST),), None)
    with pytest.raises(ValueError, match="say why"):
        Capability("balance", Can.NO)


class Colour(enum.Enum):
    RED = "red"
    ONE = 1


@attrs.frozen
class Inner:
    count: int


@attrs.frozen
class Outer:
    text: str
    flag: bool = False
    number: float = 0.0
    maybe: str | None = None
    colour: Colour = Colour.RED
    inner: Inner | None = None
    inners: tuple[Inner, ...] = ()
    grid: list[list[int]] = attrs.field(factory=list)
    pair: tuple[int, str] = (1, "a")
    words: Sequence[str] = ()
    prices: Mapping[str, int] = attrs.field(factory=dict)
    free: dict[str, typing.Any] = attrs.field(factory=dict)
    bare: list = attrs.field(factory=list)
    either: int | Inner | None = None
    word: typing.Literal["a", "b", 1] = "a"

    def __attrs_post_init__(self):
        if self.text == CANARY:
            raise ValueError(CANARY)


OUTER = st.fixed_dictionaries({"text": LEAVES}, optional={a.name: JSON for a in Outer.__attrs_attrs__[1:]})


@settings(max_examples=300)
@given(
    st.sampled_from([Outer, Inner, str, int, bool, float, list[int], dict[str, str], Colour, int | None]), JSON | OUTER
)
@example(Outer, {"text": CANARY})
@example(Outer, {"text": "a", 5: 1, "b": 2, CANARY * 9: 3})
@example(dict[str, str], {5: CANARY, "a": "b"})
def test_any_json_is_a_value_or_refused_by_field(kind, value):
    try:
        made = structure(value, kind)
    except FieldErrors as error:
        fields = error.fields
    else:
        assert made is value or kind not in (str, int, bool)
        return
    assert fields
    assert CANARY not in str(list(fields.values()))


def test_deep_json_is_refused_or_kept_without_harm():
    deep = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(FieldErrors):
        structure({"text": "a", "grid": deep}, Outer)
    assert structure({"text": "a", "free": {"a": deep}}, Outer).free["a"] is deep


@pytest.mark.parametrize(
    ("value", "fields"),
    [
        ({}, {"text": "required"}),
        ([], {"body": "must be an object"}),
        ({"text": None}, {"text": "must be a string"}),
        ({"text": "a", "flag": "false"}, {"flag": "must be true or false"}),
        ({"text": "a", "flag": 0}, {"flag": "must be true or false"}),
        ({"text": "a", "number": True}, {"number": "must be a number"}),
        ({"text": "a", "number": float("nan")}, {"number": "must be a number"}),
        ({"text": "a", "maybe": 5}, {"maybe": "must be a string"}),
        ({"text": "a", "colour": True}, {"colour": "must be one of: red, 1"}),
        ({"text": "a", "inner": {"count": 1.0}}, {"inner.count": "must be a whole number"}),
        (
            {"text": "a", "inners": [{"count": 1}, {}, 5]},
            {"inners[1].count": "required", "inners[2]": "must be an object"},
        ),
        ({"text": "a", "grid": [[1], [2, "3"]]}, {"grid[1][1]": "must be a whole number"}),
        ({"text": "a", "pair": [1]}, {"pair": "must be a list of 2"}),
        ({"text": "a", "pair": ["1", "a"]}, {"pair[0]": "must be a whole number"}),
        ({"text": "a", "words": "abc"}, {"words": "must be a list"}),
        ({"text": "a", "bare": "abc"}, {"bare": "must be a list"}),
        ({"text": "a", "prices": {"x": "1"}}, {"prices.x": "must be a whole number"}),
        ({"text": "a", "prices": []}, {"prices": "must be an object"}),
        ({"text": "a", "either": "x"}, {"either": "is of no kind that is accepted here"}),
        ({"text": "a", "word": True}, {"word": "must be one of: a, b, 1"}),
        ({"text": "a", "inner": {"count": 1, "y": 2}, "x": 1}, {"inner.y": "unknown field", "x": "unknown field"}),
    ],
)
def test_each_wrong_value_is_named_by_its_path(value, fields):
    with pytest.raises(FieldErrors) as error:
        structure(value, Outer)
    assert {name: texts[0] for name, texts in error.value.fields.items()} == fields


def test_a_right_value_is_made_without_change():
    value = {
        "text": "a",
        "flag": True,
        "number": 2,
        "maybe": None,
        "colour": 1,
        "inner": {"count": 1},
        "inners": [{"count": 2}],
        "grid": [[1]],
        "pair": [1, "b"],
        "words": ["a"],
        "prices": {"x": 1},
        "free": {"x": [None]},
        "bare": [1, "x"],
        "either": {"count": 3},
        "word": 1,
    }
    made = structure(value, Outer)
    assert made == Outer(
        "a", True, 2.0, None, Colour.ONE, Inner(1), (Inner(2),), [[1]], (1, "b"), ("a",), {"x": 1}, {"x": [None]},
        [1, "x"], Inner(3), 1,
    )  # fmt: skip
    assert type(made.number) is float


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("ACME", "acme.example"),
        ("Acme.Example", "acme.example"),
        ("acme.example", "acme.example"),
        ("x acme", "x acme"),
        ("\u212a", "\u212a"),
        (7, 7),
        (None, None),
    ],
)
def test_a_spelling_stands_for_the_normal_form_and_anything_else_for_itself(written, kept):
    field = Field("host", "Host", "a host", spelling=Spelling(r"([a-z]+)(?:\.example)?", r"\1.example"))
    assert normal(field, written) == kept
    assert normal(field, kept) == kept


@pytest.mark.parametrize("means", [r"\2.example", r"\g<name>", r"\q"])
def test_a_spelling_that_cannot_be_put_into_its_form_cannot_be_made(means):
    with pytest.raises((re.error, IndexError)):
        Spelling(r"([a-z]+)", means)
