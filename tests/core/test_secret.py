"""A Secret tells its value to `reveal` and to nothing else."""

import copy
import json
import logging
import pickle
import string
import traceback
from pathlib import Path

import attrs
import cattrs
import pytest

import trunkline.deadline
import trunkline.errors
from trunkline.account import CarrierAccount
from trunkline.secret import Secret

VALUE = "canary-4711-canary"
MAY_REVEAL = {"account.py", "evidence.py", "redaction.py", "http/rules.py", "sip/asking.py"}


@attrs.frozen
class Holder:
    secret: Secret


TEXTS = {
    "repr": repr,
    "str": str,
    "format": lambda it: format(it, ">40"),
    "f-string": lambda it: f"{it} {it!r} {it!s} {it!a}",
    "percent": lambda it: "%s %r" % (it, it),  # noqa: UP031
    "str.format": "{} {0!r}".replace("{}", "{0}").format,
    "template": lambda it: string.Template("$it").substitute(it=it),
    "list": lambda it: repr([it, {"a": it}, Holder(it)]),
    "dir": lambda it: repr(dir(it)),
    "asdict": lambda it: repr(attrs.asdict(Holder(it))),
    "astuple": lambda it: repr(attrs.astuple(Holder(it))),
    "unstructure": lambda it: repr(cattrs.Converter().unstructure(Holder(it))),
    "json with default": lambda it: json.dumps(it, default=str),
    "copy": lambda it: repr(copy.copy(it)) + repr(copy.deepcopy([it])),
}


@pytest.mark.parametrize("way", TEXTS)
def test_no_text_of_a_secret_gives_its_value(way):
    assert VALUE not in TEXTS[way](Secret(VALUE))


@pytest.mark.parametrize(
    "way",
    [json.dumps, pickle.dumps, vars, hash, lambda it: it.__getstate__(), lambda it: it.__reduce__(), lambda it: {it}]
    + [lambda it, p=p: pickle.dumps(it, p) for p in range(pickle.HIGHEST_PROTOCOL + 1)],
)
def test_a_secret_is_not_serialised(way):
    with pytest.raises(TypeError) as refused:
        way(Secret(VALUE))
    assert VALUE not in str(refused.value)


def test_logging_tells_no_secret(caplog):
    logging.getLogger("t").error("%s %r", Secret(VALUE), [Secret(VALUE)], extra={"secret": Secret(VALUE)})
    assert VALUE not in caplog.text


def test_a_traceback_with_locals_tells_no_secret(account):
    def fail(secret: Secret, account: CarrierAccount) -> None:
        holder = Holder(secret)
        raise ValueError(f"{holder}")

    with pytest.raises(ValueError, match="secret") as caught:
        fail(Secret(VALUE), attrs.evolve(account, credentials={"key": Secret(VALUE)}))
    report = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    frames = [frame for frame in report.stack if frame.name == "fail"]
    assert frames
    assert VALUE not in "".join(traceback.StackSummary.from_list(frames).format()) + str(frames[0].locals)


def test_an_account_shows_neither_credentials_nor_config(account):
    assert "AC123456" not in repr(account)
    assert "tok-S3cret" not in repr(account) + repr(attrs.asdict(account, recurse=False))


def test_an_account_cannot_be_changed(account):
    with pytest.raises(TypeError):
        account.credentials["key"] = "x"
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        account.provider = "other"


def test_secrets_are_equal_by_value_and_to_nothing_else():
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert Secret("\ud800") == Secret("\ud800")


def test_only_the_wires_the_fingerprint_the_seal_and_the_scrubber_open_secrets():
    source = Path(trunkline.deadline.__file__).parent
    opens = {
        path.relative_to(source).as_posix() for path in source.rglob("*.py") if ".reveal(" in path.read_text("utf-8")
    }
    assert opens == MAY_REVEAL


def test_credentials_that_are_refused_are_in_no_frame_of_the_engine(engine):
    it = engine()
    with pytest.raises(trunkline.errors.InvalidFields) as caught:
        it.account("acme", {"key": VALUE, "other": VALUE}, {"password": VALUE}, marker="m")
    report = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    ours = [frame for frame in report.stack if "/trunkline/" in frame.filename]
    assert ours
    assert VALUE not in str([frame.locals for frame in ours])
