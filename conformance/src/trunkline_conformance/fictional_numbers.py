"""Telephone numbers that belong to nobody, one for each real one: same country, and same area where it has any."""

from __future__ import annotations

import re
from collections.abc import Iterator

import phonenumbers

_TOLL_FREE = ("800", "833", "844", "855", "866", "877", "888")

# Ranges that regulators keep for films and books: what the real number begins with, then prefix and digits to count.
# Ofcom, "Telephone numbers for use in TV and radio drama programmes"; Bundesnetzagentur, "Rufnummern für
# Medienproduktionen"; ACMA, "Phone numbers for use in TV shows, films and creative works"; ARCEP, decision 2018-0881.
_RANGES = (
    ("+447", "+447700900", 3),
    ("+448", "+448081570", 3),
    ("+4420", "+4420794600", 2),
    ("+44", "+441632960", 3),
    ("+4917", "+4917139200", 2),
    ("+4915", "+4917139200", 2),
    ("+4916", "+4917139200", 2),
    ("+49", "+493023125", 3),
    ("+614", "+61491570", 3),
    ("+613", "+6135550", 4),
    ("+617", "+6175550", 4),
    ("+618", "+6185550", 4),
    ("+61", "+6125550", 4),
    ("+336", "+3363998", 4),
    ("+337", "+3363998", 4),
    ("+33", "+3319900", 4),
)
_NORTH_AMERICAN = re.compile(r"\+1[2-9]\d{2}55501\d{2}|\+1555\d{7}")
"""555 is reserved as an exchange for these hundred, and as an area code for none."""
_IN_RANGE = re.compile("|".join(rf"{re.escape(prefix)}\d{{{digits}}}" for _, prefix, digits in _RANGES))
_NOWHERE = "0000"
"""What no subscriber's number begins with."""


def is_fictional(number: str) -> bool:
    """Whether an E.164 number is one that belongs to nobody."""
    if _NORTH_AMERICAN.fullmatch(number):
        return True
    if _IN_RANGE.fullmatch(number):
        return True
    return number[1 + len(_country_code(number)) :].startswith(_NOWHERE)


def candidates(number: str) -> Iterator[str]:
    """Fictional numbers to take the place of this E.164 number, the most alike first; there is always one more."""
    if re.fullmatch(r"\+1\d{10}", number):
        yield from _north_american(number[2:5])
    else:
        for begin, prefix, digits in _RANGES:
            if number.startswith(begin):
                yield from (f"{prefix}{count:0{digits}d}" for count in range(10**digits))
                break
    code = _country_code(number)
    width = max(len(number) - len(code) - 1, 7)
    yield from (f"+{code}{count:0{width}d}" for count in range(1, 10 ** min(width - 4, 6)))


def _north_american(area: str) -> Iterator[str]:
    """100 numbers an area; then those of the areas that come after it, toll-free ones for a toll-free one."""
    own = (
        _TOLL_FREE
        if area in _TOLL_FREE
        else tuple(str(code) for code in range(200, 1000) if str(code) not in _TOLL_FREE)
    )
    first = own.index(area) if area in own else 0
    for code in (*own[first:], *own[:first]):
        if area in _TOLL_FREE or code == area or phonenumbers.is_valid_number(phonenumbers.parse(f"+1{code}5550100")):
            yield from (f"+1{code}55501{line:02d}" for line in range(100))


def _country_code(number: str) -> str:
    known = (number[1 : 1 + length] for length in (1, 2, 3))
    return next((code for code in known if int(code) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE), number[1:2])
