"""Form parameters: present or absent, and of the right sort."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from .errors import INVALID_URL, Refusal, invalid

NAME_LIMIT = 64


def required(form: Mapping[str, str], *names: str) -> None:
    """Every one of these is there and not empty."""
    for name in names:
        if not form.get(name):
            raise invalid(f"Missing required parameter {name} in the post body")


def boolean(name: str, value: str) -> bool:
    """`true` or `false`, in any case."""
    if value.lower() not in ("true", "false"):
        raise invalid(f"Invalid parameter {name}: not a boolean")
    return value.lower() == "true"


def whole(name: str, value: str, low: int, high: int) -> int:
    """A whole number within bounds."""
    if not re.fullmatch(r"[0-9]{1,9}", value) or not low <= int(value) <= high:
        raise invalid(f"Invalid parameter {name}: must be between {low} and {high}")
    return int(value)


def text(name: str, value: str, limit: int = NAME_LIMIT) -> str:
    """Text of at most so many characters."""
    if len(value) > limit:
        raise invalid(f"Invalid parameter {name}: longer than {limit} characters")
    return value


def one_of(name: str, value: str, *allowed: str) -> str:
    """One of these words, in any case; given back as written here."""
    for word in allowed:
        if word.lower() == value.lower():
            return word
    raise invalid(f"Invalid parameter {name}: must be one of {', '.join(allowed)}")


def web_address(name: str, value: str) -> str:
    """An http or https address, or nothing."""
    if value and not _is_web_address(value):
        raise Refusal(400, INVALID_URL, f"{name} is not a valid URL")
    return value


def _is_web_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme.lower() in ("http", "https") and bool(parts.hostname)
