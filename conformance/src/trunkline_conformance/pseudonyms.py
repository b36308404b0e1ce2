"""Stands in for what nobody may read: for each value one pseudonym of the same shape, the same wherever it occurs."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import unquote

from trunkline_conformance.cassettes import PLACEHOLDER
from trunkline_conformance.fictional_numbers import candidates, is_fictional

_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_SID = r"[A-Z]{2}[0-9a-f]{32}"
_E164 = r"(?:\+|%2[Bb])[1-9]\d{7,14}(?!\d)"
_NATIONAL = r"\([2-9]\d{2}\) [2-9]\d{2}-\d{4}(?!\d)"
_EMAIL = r"(?<![\w.+:/-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
_HEX = r"(?<![0-9a-zA-Z])(?=[a-f]*\d)[0-9a-f]{24,}(?![0-9a-zA-Z])"
_LONG = r"(?<![\d.+])\d{15,}(?![\d.])"
_TOKEN = re.compile(
    rf"(?P<uuid>{_UUID})|(?P<sid>{_SID}(?![0-9a-f]))|(?P<e164>{_E164})|(?P<national>{_NATIONAL})"
    rf"|(?P<email>{_EMAIL})|(?P<hex>{_HEX})|(?P<long>{_LONG})"
)
_ADDRESS = re.compile(
    r"(?P<scheme>https?://|wss?://|ftp://|sips?:)(?:(?P<user>[^@/?;,\s]*)@)?(?P<host>[^:/?;@,\s]+)(?P<port>:\d+)?"
    r"(?P<parameters>;[^?\s,]*)?(?P<path>/[^?\s]*)?(?P<query>\?\S*)?"
)
_OURS_ADDRESS = re.compile(
    r"(?:https?://|wss?://|ftp://|sips?:)(?:user\d+(?::password\d+)?@)?(?:host\d+\.example|198\.18\.\d+\.\d+)(?::\d+)?(?:;[^?\s,]*)?"
    r"(?:/path\d+)?(?:\?query=value\d+)?"
)
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}", re.IGNORECASE)
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:(?P<t>[T ])\d\d:\d\d:\d\d(?P<fraction>\.\d+)?(?P<zone>Z|[+-]\d\d:?\d\d)?)?")
_RFC_DATE = re.compile(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (?P<zone>[+-]\d{4}|GMT)")
_DIGITS = re.compile(r"\d{9,}")
_AMOUNT = re.compile(r"-?\d+(?:\.\d+)?")
_ADDRESS_OF_MACHINE = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_OPAQUE = re.compile(r"(?=.*\d)[\w.~=+/-]{12,}")
_OURS = re.compile(
    r"Name \d+|token\d+|user\d+|password\d+|host\d+\.example|person\d+@example\.com|value\d+|198\.18\.\d{1,3}\.\d{1,3}"
)


class Pseudonyms:
    """One for each value that it is asked about, counted in the order in which they come.

    What already is a pseudonym stands, and is given to nothing else once `keep` was told of it.
    """

    def __init__(self) -> None:
        self._given: dict[str, str] = {}
        self._taken: set[str] = set()
        self._counts: dict[str, Iterator[int]] = {}

    @property
    def given(self) -> Mapping[str, str]:
        """Every value that was replaced, with its pseudonym."""
        return self._given

    def keep(self, text: str) -> None:
        """Give no value a pseudonym that stands in this text."""
        self._taken |= {_plus(found[0]) for found in _TOKEN.finditer(text)}
        self._taken |= set(
            re.findall(r"Name \d+|token\d+|(?:https?|wss?|ftp|sips?):\S+\.example\S*|host\d+\.example|10{5,}\d+", text)
        )

    def of_text(self, text: str) -> str:
        """The text with every identifier, telephone number and e-mail address in it replaced."""
        replaced = _TOKEN.sub(lambda found: self._of_token(found), text)
        return self._of_bare_numbers(replaced)

    def of_bare_number(self, digits: str) -> str:
        """A telephone number in international form without its plus."""
        return self._of_number(f"+{digits}")[1:]

    def of_value(self, text: str) -> str:
        """A whole value of which nothing may stand."""
        if not text or _OURS.fullmatch(text) or _OURS_ADDRESS.fullmatch(text):
            return text
        for pattern, of in self._shapes():
            if pattern.fullmatch(text):
                return of(text)
        if "," in text and all(_ADDRESS.fullmatch(each) for each in text.split(",")):
            return ",".join(self.of_value(each) for each in text.split(","))
        replaced = self.of_text(text)
        # Of what is left between identifiers, only what joins them may stand.
        if not re.search(r"\w", _without_tokens(replaced)):
            return replaced
        if _OPAQUE.fullmatch(text):
            return self._once(text, "token", lambda n, _: f"token{n}")
        return self._once(text, "name", lambda n, _: f"Name {n}")

    def of_amount(self, value: float) -> float:
        """A number with its sign and its length, and nothing else."""
        text = repr(value)
        if isinstance(value, int) and value >= 10**8:
            return int(self._of_digits(text))
        return type(value)(_rounded(text)) if _AMOUNT.fullmatch(text) else type(value)(1)

    # One shape after the other

    def _shapes(self) -> tuple[tuple[re.Pattern[str], Callable[[str], str]], ...]:
        return (
            (_ISO_DATE, lambda text: _ISO_DATE.sub(_some_date, text)),
            (_RFC_DATE, lambda text: f"Mon, 01 Jan 2001 00:00:00 {_RFC_DATE.sub(lambda found: found['zone'], text)}"),
            (_ADDRESS, self._of_address),
            (
                _ADDRESS_OF_MACHINE,
                lambda text: self._once(text, "machine", lambda n, _: f"198.18.{n // 256}.{n % 256}"),
            ),
            (_DIGITS, self._of_digits),
            (_AMOUNT, _rounded),
            (_HOST, lambda text: self._once(text, "host", lambda n, _: f"host{n}.example")),
        )

    def _of_token(self, found: re.Match[str]) -> str:
        text = found[0]
        match found.lastgroup:
            case "uuid":
                return self._once(text, "uuid", lambda n, _: f"00000000-0000-4000-8000-{n:012x}", _is_uuid)
            case "sid":
                return self._once(text, f"sid {text[:2]}", lambda n, _: f"{text[:2]}{n:032x}", _is_counted)
            case "hex":
                return self._once(text, f"hex {len(text)}", lambda n, _: f"{n:0{len(text)}x}", _is_counted)
            case "long":
                return self._of_digits(text)
            case "email":
                return self._once(text, "email", lambda n, _: f"person{n}@example.com", _is_nobody)
            case "national":
                number = self._of_number("+1" + re.sub(r"\D", "", text))
                return f"({number[2:5]}) {number[5:8]}-{number[8:]}" if number.startswith("+1") else number
        number = self._of_number(_plus(text))
        return number if text.startswith("+") else text[:3] + number[1:]

    def _of_bare_numbers(self, text: str) -> str:
        """The text with every number that is known replaced where it stands without its plus."""
        for found in set(re.findall(r"(?<!\d)\d{8,15}(?!\d)", text)):
            if (pseudonym := self._given.get(f"+{found}")) is not None:
                text = re.sub(rf"(?<![\d+]){found}(?!\d)", pseudonym[1:], text)
        return text

    def _of_number(self, number: str) -> str:
        if is_fictional(number):
            return number
        if number not in self._given:
            self._given[number] = next(each for each in candidates(number) if each not in self._taken)
            self._taken.add(self._given[number])
        return self._given[number]

    def _of_digits(self, text: str) -> str:
        return self._once(text, f"digits {len(text)}", lambda n, _: f"1{n:0{len(text) - 1}d}", _is_counted)

    def _of_address(self, text: str) -> str:
        """An address with another host, and with others for user, password, path and query where it has them."""
        parts = _ADDRESS.fullmatch(text)
        assert parts is not None
        host = f"{self.of_value(parts['host'])}{parts['port'] or ''}{parts['parameters'] or ''}"
        user, secret = (parts["user"] or "").partition(":")[::2]
        path, query = (parts["path"] or "").rstrip("/"), parts["query"]

        def make(count: int, _: str) -> str:
            login = f"user{count}{f':password{count}' if secret else ''}@" if user else ""
            inside = f"{f'/path{count}' if path else ''}{f'?query=value{count}' if query else ''}"
            return f"{parts['scheme']}{login}{host}{inside}"

        if user or path or query:
            return self._once(text, "address", make)
        return self._given.setdefault(text, make(0, text))

    def _once(
        self,
        text: str,
        kind: str,
        make: Callable[[int, str], str],
        is_one: Callable[[str], bool] = lambda text: False,
    ) -> str:
        """The pseudonym that was given before, or the next of its kind that is free."""
        if is_one(text):
            return text
        if text not in self._given:
            counts = self._counts.setdefault(kind, itertools.count(1))
            made = next(each for count in counts if (each := make(count, text)) not in self._taken)
            self._given[text] = made
            self._taken.add(made)
        return self._given[text]


def _plus(number: str) -> str:
    return unquote(number) if number.startswith("%") else number


def _is_uuid(text: str) -> bool:
    return text.startswith("00000000-0000-4000-8000-")


def _is_counted(text: str) -> bool:
    return re.search(r"^(?:[A-Z]{2}0{8}|10{5}|0{8})", text) is not None


def _is_nobody(text: str) -> bool:
    return text.endswith(("@example.com", ".example"))


def _without_tokens(text: str) -> str:
    return PLACEHOLDER.sub("", _TOKEN.sub("", text))


def _rounded(text: str) -> str:
    """An amount with its sign, its length, and zero where it is zero."""
    if not re.search("[1-9]", text):
        return text
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    plain = re.sub(r"\d", "0", digits)
    at = 0 if digits[0] != "0" else next(i for i, digit in enumerate(digits) if digit in "123456789")
    return f"{sign}{plain[:at]}1{plain[at + 1 :]}"


def _some_date(found: re.Match[str]) -> str:
    if not found["t"]:
        return "2001-01-01"
    fraction = re.sub(r"\d", "0", found["fraction"] or "")
    return f"2001-01-01{found['t']}00:00:00{fraction}{found['zone'] or ''}"
