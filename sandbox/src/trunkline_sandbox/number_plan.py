"""Phone numbers: every one valid for its country and kind, and none given out twice."""

from collections import Counter

import attrs

# Area codes and the state or province they belong to.
US_AREAS = {
    "201": "NJ", "202": "DC", "203": "CT", "205": "AL", "206": "WA", "207": "ME", "208": "ID", "212": "NY",
    "213": "CA", "214": "TX", "215": "PA", "216": "OH", "217": "IL", "225": "LA", "228": "MS", "301": "MD",
    "302": "DE", "303": "CO", "304": "WV", "305": "FL", "307": "WY", "308": "NE", "310": "CA", "312": "IL",
    "313": "MI", "314": "MO", "316": "KS", "317": "IN", "319": "IA", "336": "NC", "401": "RI", "402": "NE",
    "404": "GA", "405": "OK", "406": "MT", "408": "CA", "415": "CA", "423": "TN", "434": "VA", "435": "UT",
    "501": "AR", "502": "KY", "503": "OR", "504": "LA", "505": "NM", "512": "TX", "515": "IA", "602": "AZ",
    "603": "NH", "605": "SD", "608": "WI", "612": "MN", "617": "MA", "701": "ND", "702": "NV", "713": "TX",
    "718": "NY", "801": "UT", "802": "VT", "803": "SC", "808": "HI", "907": "AK", "916": "CA", "919": "NC",
}  # fmt: skip
CA_AREAS = {
    "204": "MB", "250": "BC", "306": "SK", "403": "AB", "416": "ON", "418": "QC", "506": "NB", "514": "QC",
    "604": "BC", "613": "ON", "709": "NL", "780": "AB", "902": "NS", "905": "ON",
}  # fmt: skip
TOLL_FREE_AREAS = ("800", "833", "844", "855", "866", "877", "888")

# Exchanges that a subscriber can have: none ends in 11 (service codes), none is 555, 950, 958, 959 or 976 (reserved).
EXCHANGES = tuple(
    str(exchange) for exchange in range(220, 1000) if exchange % 100 != 11 and exchange not in (555, 950, 958, 959, 976)
)
_NANP_LINES = len(EXCHANGES) * 10_000


@attrs.frozen
class Block:
    """National numbers of one country and kind: a prefix, then so many digits."""

    prefix: str
    digits: int
    first: int = 0


# By country and kind; `first` keeps clear of lines that are reserved or not in use yet.
BLOCKS = {
    ("GB", "local"): Block("+44203", 7, 1_000_000),
    ("GB", "mobile"): Block("+44740", 7, 1_000_000),
    ("GB", "toll-free"): Block("+44808", 7, 1_000_000),
    ("DE", "local"): Block("+4930", 8, 20_000_000),
    ("DE", "mobile"): Block("+49151", 8, 10_000_000),
    ("AU", "local"): Block("+6128", 7, 1_000_000),
    ("AU", "mobile"): Block("+6140", 7, 1_000_000),
    ("MX", "local"): Block("+5255", 8, 50_000_000),
    ("FR", "national"): Block("+339", 8, 70_000_000),
}


class NumberPlan:
    """Hands out numbers, scattered so that neighbours in a list are not neighbours in the plan.

    Two carriers that start far from one another never hand out the same number.
    """

    def __init__(self, start: int = 0) -> None:
        self._start = start
        self._given: Counter[tuple[str, str]] = Counter()

    def take(self, country: str, kind: str = "local") -> str:
        """The next number of that country and kind, in E.164."""
        at = self._given[country, kind]
        self._given[country, kind] = at + 1
        at += self._start
        if country in ("US", "CA"):
            return self._north_american(_areas(country, kind), at)
        block = BLOCKS[country, kind]
        room = 10**block.digits - block.first
        return f"{block.prefix}{block.first + at * 7_919 % room:0{block.digits}d}"

    @staticmethod
    def _north_american(areas: tuple[str, ...], at: int) -> str:
        turn, area = divmod(at, len(areas))
        # 7919 is prime and divides no number of lines here: every line comes up once before any comes up again.
        exchange, line = divmod((turn * 7_919 + area * 104_729) % _NANP_LINES, 10_000)
        return f"+1{areas[area]}{EXCHANGES[exchange]}{line:04d}"


_US = tuple(US_AREAS)
_CA = tuple(CA_AREAS)


def _areas(country: str, kind: str) -> tuple[str, ...]:
    if kind == "toll-free":
        return TOLL_FREE_AREAS
    return _US if country == "US" else _CA


def formatted(phone_number: str) -> str:
    """The name that a number has by default."""
    if phone_number.startswith("+1"):
        return f"({phone_number[2:5]}) {phone_number[5:8]}-{phone_number[8:]}"
    return phone_number
