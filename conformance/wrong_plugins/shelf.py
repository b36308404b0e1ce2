"""The shelf of wrong plugins: the honest one with one small lie each, and the check that has to catch it.

A file `ABOUT/NAME.diff` tells the lie in a sentence, names the check, and shows the lie itself: what it changes in the
honest plugin, which is the template with its defaults.
"""

from __future__ import annotations

import importlib
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

SHELF = Path(__file__).parent
PACKAGE = "trunkline_acme"


class NoSuchPlace(Exception):
    """What a lie changes does not stand in the honest plugin, or more than once."""


@attrs.frozen
class Change:
    """Lines of one file, and what stands in their place."""

    file: str
    before: str
    after: str

    def make(self, project: Path) -> None:
        """Change the file; raises `NoSuchPlace`."""
        path = project / self.file
        text = path.read_text("utf-8")
        if text.count(self.before) != 1:
            raise NoSuchPlace(f"{self.file} holds {text.count(self.before)} times:\n{self.before}")
        path.write_text(text.replace(self.before, self.after), "utf-8")


@attrs.frozen
class WrongPlugin:
    """One lie: what it is, which check has to catch it in which scenario, and where the honest plugin is changed.

    `scenario` is None for a check that looks at no conversation.
    """

    name: str
    story: str
    caught_by: str
    scenario: str | None
    changes: tuple[Change, ...]


def wrong_plugins(shelf: Path = SHELF) -> tuple[WrongPlugin, ...]:
    """Every wrong plugin on the shelf, by name."""
    return tuple(_read(path, shelf) for path in sorted(shelf.rglob("*.diff")))


def _read(path: Path, shelf: Path) -> WrongPlugin:
    head, *files = path.read_text("utf-8").split("\n--- ")
    story, _, where = head.strip().partition("\n\ncaught by: ")
    check, _, scenario = where.partition(" in ")
    name = path.relative_to(shelf).with_suffix("").as_posix()
    return WrongPlugin(name, story, check, scenario or None, tuple(each for file in files for each in _changes(file)))


def _changes(diff: str) -> Iterator[Change]:
    """The places that one file is changed in; where they stand is told by their lines alone, so that they may move."""
    names, *places = re.split(r"\n@@.*@@", diff.rstrip("\n"))
    file = names.splitlines()[0].removeprefix("a/")
    for place in places:
        lines = place.splitlines()[1:]
        before, after = ("".join(f"{line[1:]}\n" for line in lines if not line or line[0] in kept) for kept in (" -", " +"))
        yield Change(file, before, after)


def tell(lie: WrongPlugin, honest: Path, folder: Path) -> Path:
    """A copy of the honest plugin's project that tells this lie."""
    project = shutil.copytree(honest, folder / lie.name)
    for change in lie.changes:
        change.make(project)
    return project


@contextmanager
def imported(project: Path) -> Iterator[Any]:
    """The plugin of a project, imported from there for as long as the block runs."""
    source = str(project / "src")
    before = _taken_out()
    sys.path.insert(0, source)
    importlib.invalidate_caches()
    try:
        yield importlib.import_module(PACKAGE).plugin
    finally:
        sys.path.remove(source)
        _taken_out()
        sys.modules.update(before)


def _taken_out() -> dict[str, Any]:
    names = [name for name in sys.modules if name.partition(".")[0] == PACKAGE]
    return {name: sys.modules.pop(name) for name in names}
