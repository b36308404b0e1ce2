"""Paths of endpoints: `/Trunks/{trunk}` stands for every path with one segment, or part of one, in that place."""

import re


def pattern_of(path: str) -> re.Pattern[str]:
    """An expression that a whole path fits, with a group for each name in braces."""
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+?)", re.escape(path)))
