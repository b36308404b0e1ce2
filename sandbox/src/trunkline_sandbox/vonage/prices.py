"""What a new number costs in EUR, by country and kind: of the right order, not quotations."""

_MONTHLY_AND_FIRST = {
    ("US", "mobile-lvn"): ("0.90", "0.00"),
    ("US", "landline-toll-free"): ("1.60", "0.00"),
    ("CA", "mobile-lvn"): ("0.90", "0.00"),
    ("GB", "mobile-lvn"): ("1.25", "0.00"),
    ("GB", "landline"): ("0.98", "0.00"),
    ("GB", "landline-toll-free"): ("2.10", "0.00"),
    ("DE", "landline"): ("1.90", "0.00"),
    ("DE", "mobile-lvn"): ("9.40", "8.00"),
}


def price(country: str, kind: str) -> dict[str, str] | None:
    """Both prices as `/number/search` writes them; None where nothing is for rent."""
    known = _MONTHLY_AND_FIRST.get((country.upper(), kind))
    return {"cost": known[0], "initialPrice": known[1]} if known else None
