"""Writes `trunkline/area_codes.py`: which state, province or country each North American area code serves.

The facts come from the geocoding data of libphonenumber as the `phonenumbers` distribution carries it. Run it again
after an upgrade of that distribution: `make area-codes`.
"""

from __future__ import annotations

import collections
import importlib.metadata
import re
import sys
from pathlib import Path

import phonenumbers
from phonenumbers.geodata import GEOCODE_DATA

# ISO 3166-2 subdivisions, by the names that the data uses.
STATES = {
    "Alabama": "AL", "Alaska": "AK", "Arizona": "AZ", "Arkansas": "AR", "California": "CA", "Colorado": "CO",
    "Connecticut": "CT", "Delaware": "DE", "Florida": "FL", "Georgia": "GA", "Hawaii": "HI", "Idaho": "ID",
    "Illinois": "IL", "Indiana": "IN", "Iowa": "IA", "Kansas": "KS", "Kentucky": "KY", "Louisiana": "LA",
    "Maine": "ME", "Maryland": "MD", "Massachusetts": "MA", "Michigan": "MI", "Minnesota": "MN", "Mississippi": "MS",
    "Missouri": "MO", "Montana": "MT", "Nebraska": "NE", "Nevada": "NV", "New Hampshire": "NH", "New Jersey": "NJ",
    "New Mexico": "NM", "New York": "NY", "North Carolina": "NC", "North Dakota": "ND", "Ohio": "OH", "Oklahoma": "OK",
    "Oregon": "OR", "Pennsylvania": "PA", "Rhode Island": "RI", "South Carolina": "SC", "South Dakota": "SD",
    "Tennessee": "TN", "Texas": "TX", "Utah": "UT", "Vermont": "VT", "Virginia": "VA", "Washington State": "WA",
    "Washington D.C.": "DC", "West Virginia": "WV", "Wisconsin": "WI", "Wyoming": "WY",
}  # fmt: skip
PROVINCES = {
    "Alberta": "AB", "British Columbia": "BC", "British Colombia": "BC", "Manitoba": "MB", "New Brunswick": "NB",
    "Newfoundland and Labrador": "NL", "Ontario": "ON", "Quebec": "QC", "Saskatchewan": "SK",
}  # fmt: skip


def place_names() -> dict[str, str]:
    """Area code to the place that the data names for it, or for most of the exchanges in it."""
    exact = {prefix[1:]: names["en"] for prefix, names in GEOCODE_DATA.items() if re.fullmatch(r"1\d{3}", prefix)}
    within: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for prefix, names in GEOCODE_DATA.items():
        if re.fullmatch(r"1\d{4,}", prefix) and "en" in names and prefix[1:4] not in exact:
            within[prefix[1:4]][names["en"].rsplit(", ", 1)[-1]] += 1
    return exact | {code: counter.most_common(1)[0][0] for code, counter in within.items()}


def region(code: str, place: str | None) -> str | None:
    """The ISO 3166 code of an area code, or None where it belongs to no place."""
    country = phonenumbers.region_code_for_number(phonenumbers.parse(f"+1{code}2345678"))
    if country not in ("US", "CA"):
        return country
    subdivisions = STATES if country == "US" else PROVINCES
    name = (place or "").rsplit(", ", 1)[-1]
    state = name if name in subdivisions.values() else subdivisions.get(name)
    if state:
        return f"{country}-{state}"
    return country if place else None


def main(target: Path) -> None:
    """Write the table."""
    places = place_names()
    by_region: dict[str, list[str]] = collections.defaultdict(list)
    for number in range(200, 1000):
        code = str(number)
        if found := region(code, places.get(code)):
            by_region[found].append(code)
    version = importlib.metadata.version("phonenumbers")
    lines = [
        '"""Which state, province or country each North American area code serves.',
        "",
        f"Source: the geocoding data of libphonenumber, in `phonenumbers` {version}; written by `make area-codes`.",
        '"""',
        "",
        "# ruff: noqa: E501",
        "",
        "_CODES = {",
        *(f'    "{place}": "{" ".join(codes)}",' for place, codes in sorted(by_region.items())),
        "}",
        "",
        "REGION_OF_AREA_CODE = {code: place for place, codes in _CODES.items() for code in codes.split()}",
        '"""Three-digit area code to ISO 3166-1 country, or ISO 3166-2 subdivision for the US and Canada."""',
    ]
    target.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
