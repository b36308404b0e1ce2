"""Countries as Twilio knows them: dialing permissions, and list prices of the right order, not quotations."""

import attrs


@attrs.frozen
class Country:
    """One country; prices are per month for a number, per minute for calls."""

    iso: str
    name: str
    continent: str
    code: str
    unit: str
    numbers: dict[str, str]
    originating: dict[str, str]
    terminating: str


COUNTRIES = {
    country.iso: country
    for country in (
        Country("AU", "Australia", "OCEANIA", "61", "USD", {"local": "3.00", "mobile": "6.50", "toll free": "16.00"},
                {"local": "0.0100", "toll free": "0.0600"}, "0.0252"),
        Country("CA", "Canada", "NORTH_AMERICA", "1", "USD", {"local": "1.15", "toll free": "2.15"},
                {"local": "0.0060", "toll free": "0.0160"}, "0.0140"),
        Country("DE", "Germany", "EUROPE", "49", "EUR", {"local": "1.05", "mobile": "13.995"},
                {"local": "0.0049", "mobile": "0.0049"}, "0.0199"),
        Country("FR", "France", "EUROPE", "33", "USD", {"national": "1.15", "toll free": "25.00"},
                {"national": "0.0049", "toll free": "0.0800"}, "0.0131"),
        Country("GB", "United Kingdom", "EUROPE", "44", "USD",
                {"local": "1.15", "mobile": "1.15", "national": "1.15", "toll free": "2.15"},
                {"local": "0.0049", "mobile": "0.0049", "toll free": "0.0585"}, "0.0158"),
        Country("MX", "Mexico", "NORTH_AMERICA", "52", "USD", {"local": "6.25", "toll free": "30.00"},
                {"local": "0.0049", "toll free": "0.2000"}, "0.0140"),
        Country("US", "United States", "NORTH_AMERICA", "1", "USD", {"local": "1.15", "toll free": "2.15"},
                {"local": "0.0034", "toll free": "0.0120"}, "0.0060"),
    )
}  # fmt: skip

# Canada has no permission of its own: what is set for the United States holds for both.
DIALING = {
    iso: ("United States/Canada" if iso == "US" else country.name) for iso, country in COUNTRIES.items() if iso != "CA"
}
