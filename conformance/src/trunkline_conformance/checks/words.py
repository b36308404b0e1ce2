"""Texts for people."""

from __future__ import annotations


def says_something(text: str | None) -> bool:
    """Whether a text is a sentence: three words or more."""
    return len((text or "").split()) >= 3
