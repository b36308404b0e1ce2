"""The checks on trial: each is changed a little, and the shelf has to notice.

A change of a check that still passes the honest plugin and still catches every wrong plugin that names the check does
nothing there: what was changed is not needed, or nothing on the shelf shows what it is for.
"""

from __future__ import annotations

import ast
import copy
import importlib
import pkgutil
import signal
import sys
import tempfile
import types
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any
from unittest import mock

import attrs
from shelf import TRUNK, Seen, Shelf, WrongPlugin, wrong_plugins

from trunkline_conformance import checks as package
from trunkline_conformance.check import About, Check
from trunkline_conformance.checks import CHECKS, hygiene
from trunkline_conformance.subject import Subject

MODULES = tuple(
    f"{package.__name__}.{each.name}" for each in pkgutil.iter_modules(package.__path__) if each.name != "endings"
)
SHARED = (f"{package.__name__}.endings",)
"""What several modules of checks have in common."""

LONGEST_SECONDS = 120


@attrs.frozen
class Mutant:
    """One change in one function of a module of checks."""

    module: str
    function: str
    line: int
    change: str
    tree: ast.Module = attrs.field(repr=False)

    def __str__(self) -> str:
        """Where it is, and what was changed."""
        return f"{self.module}:{self.line} in {self.function}: {self.change}"


# What is changed

Change = tuple[ast.AST, str]
"""What stands in a node's place, and the sentence for it."""

_OPPOSITE: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.GtE, ast.LtE),
    ast.LtE: (ast.Gt, ast.Lt),
    ast.Gt: (ast.LtE, ast.GtE),
    ast.GtE: (ast.Lt, ast.Gt),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_NAMES = {"any": "all", "all": "any", "min": "max", "max": "min"}
_NOT_TRIED = frozenset({"_probed", "_probe"})
"""They start another process, which is done once for all mutants."""
_WORDS = frozenset({"expected", "came", "asked", "hook"})
"""What a finding says: it may be changed without a change of the verdict."""


def _changes(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Compare(ops=[operator]):
            for other in _OPPOSITE[type(operator)]:
                yield _with(node, ops=[other()])
        case ast.BoolOp(op=operator, values=values):
            yield _with(node, op=ast.Or() if isinstance(operator, ast.And) else ast.And())
            for at in range(len(values)):
                rest = values[:at] + values[at + 1 :]
                yield _instead(node, rest[0]) if len(rest) == 1 else _with(node, values=rest)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield _instead(node, operand)
        case ast.If() | ast.IfExp():
            for constant in (True, False):
                yield _with(node, f"if {constant}", test=ast.Constant(constant))
        case ast.comprehension(ifs=[_, *_]):
            yield _with(node, "for each, whatever it is", ifs=[])
        case ast.Constant(value=bool(value)):
            yield _instead(node, ast.Constant(not value))
        case ast.Constant(value=(int() | float()) as value):
            yield _instead(node, ast.Constant(value + 1))
            yield _instead(node, ast.Constant(value - 1))
        case ast.Expr(value=ast.Yield() | ast.YieldFrom()):
            yield _instead(node, ast.Pass())
        case ast.Continue() | ast.Break():
            yield _instead(node, ast.Pass())
        case ast.Name(id=name) if name in _NAMES:
            yield _with(node, id=_NAMES[name])


def _instead(node: ast.AST, other: ast.AST) -> Change:
    return other, f"{_short(other)} instead of {_short(node)}"


def _with(node: ast.AST, said: str = "", **fields: Any) -> Change:
    other = copy.copy(node)
    for name, value in fields.items():
        setattr(other, name, value)
    return other, f"{said or _short(other)} instead of {_short(node)}"


def _short(node: ast.AST) -> str:
    return "`" + " ".join(ast.unparse(node).split())[:80] + "`"


def mutants(tree: ast.Module, name: str) -> Iterator[Mutant]:
    """Every mutant of a module."""
    for function in tree.body:
        if isinstance(function, ast.FunctionDef) and function.name not in _NOT_TRIED:
            for steps in _places(function):
                node = _at(function, steps)
                for other, change in _changes(node):
                    yield Mutant(
                        name,
                        function.name,
                        getattr(node, "lineno", function.lineno),
                        change,
                        _put(tree, function, steps, other),
                    )


Steps = tuple[tuple[str, int | None], ...]
"""The way from a node to one below it: names of fields, and places in lists."""


def _places(node: ast.AST, so_far: Steps = ()) -> Iterator[Steps]:
    yield so_far
    for field, value in ast.iter_fields(node):
        if field in ("returns", "annotation", "decorator_list", "args") and isinstance(node, ast.FunctionDef):
            continue
        if isinstance(node, ast.keyword) and node.arg in _WORDS:
            continue
        for at, each in enumerate(value) if isinstance(value, list) else ((None, value),):
            if isinstance(each, ast.AST) and not isinstance(each, ast.JoinedStr | ast.Slice):
                yield from _places(each, (*so_far, (field, at)))


def _at(node: ast.AST, steps: Steps) -> ast.AST:
    for field, at in steps:
        value = getattr(node, field)
        node = value if at is None else value[at]
    return node


def _put(tree: ast.Module, function: ast.FunctionDef, steps: Steps, other: ast.AST) -> ast.Module:
    changed = copy.deepcopy(tree)
    parent = _at(changed, (("body", tree.body.index(function)), *steps[:-1]))
    field, at = steps[-1]
    if at is None:
        setattr(parent, field, other)
    else:
        getattr(parent, field)[at] = other
    return ast.fix_missing_locations(changed)


# Which checks a change reaches


def mutated_checks(mutant: Mutant) -> Iterator[Check]:
    """The checks that the change reaches, as they are with it."""
    module = _executed(mutant.module, mutant.tree)
    with mock.patch.dict(sys.modules, {mutant.module: module}):
        users = [module] if hasattr(module, "CHECKS") else [_executed(name, tree_of(name)) for name in MODULES]
    for user in users:
        for check in getattr(user, "CHECKS", ()):
            if (mutant.module, mutant.function) in _reached(check.judge):
                yield check


def tree_of(module: str) -> ast.Module:
    """The source of a module as it stands."""
    return ast.parse(Path(importlib.import_module(module).__file__ or "").read_text("utf-8"))


def _executed(name: str, tree: ast.Module) -> types.ModuleType:
    module = types.ModuleType(name)
    exec(compile(tree, name, "exec"), vars(module))  # noqa: S102
    if "_probed" in vars(module):
        vars(module)["_probed"] = _probed_before
    return module


def _probed_before(subject: Subject, attempt: int = 1) -> Any:
    """What another process told of a plugin is asked once, whatever becomes of the checks that look at it."""
    return _PROBED.setdefault(str(sys.path[0]), hygiene._probed(subject))


_PROBED: dict[str, Any] = {}


def _reached(function: Callable[..., Any]) -> set[tuple[str, str]]:
    """Module and name of each function that this one calls, however far away, and of those it was made by."""
    waiting: list[Any] = [function]
    reached, seen = set[tuple[str, str]](), set[int]()
    while waiting:
        each = waiting.pop()
        each = getattr(each, "__wrapped__", each)
        if not isinstance(each, types.FunctionType) or id(each) in seen:
            continue
        seen.add(id(each))
        reached.add((each.__module__, each.__qualname__.partition(".")[0]))
        waiting += [each.__globals__.get(name) for name in _names_in(each.__code__)]
        waiting += [cell.cell_contents for cell in each.__closure__ or ()]
    return reached


def _names_in(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names_in(constant)


# The trial


class Trial:
    """The honest plugin and the wrong ones, seen once; the checks may change as they like."""

    def __init__(self, shelf: Shelf, lies: Sequence[WrongPlugin]) -> None:
        self._shelf = shelf
        self._lies = lies
        with shelf.honest() as self._honest, shelf.honest(TRUNK) as self._trunk:
            pass
        self._wrong: dict[str, Seen] = {}
        for lie in lies:
            with shelf.wrong(lie) as self._wrong[lie.name]:
                pass

    def notices(self, check: Check) -> str | None:
        """Who notices that a check is not as it was: the honest plugin, or the name of a wrong one; None for nobody."""
        try:
            with _in_time():
                return self._noticing(check)
        except Exception as error:
            return f"it breaks: {type(error).__name__}"

    def _of_trunks(self, check: Check) -> bool:
        """Whether a wrong plugin of a trunk names the check: some of the others are not for trunks."""
        return any(lie.package == TRUNK and lie.caught_by == check.id for lie in self._lies)

    def _noticing(self, check: Check) -> str | None:
        with self._shelf.honest(alone=True) if check.about is About.PLUGIN else nullcontext(self._honest) as seen:
            if not seen.passes(check):
                return "the honest plugin"
        if self._of_trunks(check) and self._trunk.is_caught_by(check):
            return "the honest plugin of a trunk"
        for lie in self._lies:
            if lie.caught_by != check.id:
                continue
            again = self._shelf.wrong(lie) if check.about is About.PLUGIN else nullcontext(self._wrong[lie.name])
            with again as seen:
                if not seen.is_caught_by(check):
                    return lie.name
        return None


class TooLong(Exception):
    """A mutated check does not come to an end."""


@contextmanager
def _in_time() -> Iterator[None]:
    """End what does not end by itself."""

    def over(*_: object) -> None:
        raise TooLong

    signal.signal(signal.SIGALRM, over)
    signal.alarm(LONGEST_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)


def main(names: Sequence[str]) -> None:
    """Try every mutant of the modules named, or of all; print those that nobody notices."""
    chosen = [name for name in (*MODULES, *SHARED) if not names or name.rpartition(".")[2] in names]
    lies = wrong_plugins()
    tried = survived = 0
    with tempfile.TemporaryDirectory() as folder:
        trial = Trial(Shelf.in_folder(Path(folder)), lies)
        for check in CHECKS:
            if who := trial.notices(check):
                raise SystemExit(f"{check.id} is not in order before anything is changed: {who}")
        for module in chosen:
            for mutant in mutants(tree_of(module), module):
                checks = list(_or_none(mutant))
                noticed = [trial.notices(check) for check in checks]
                tried += 1
                if not any(noticed):
                    survived += 1
                    reached = ", ".join(sorted(check.id for check in checks)) or "no check"
                    print(f"{mutant}\n    reaches {reached}", flush=True)
    print(f"{tried} mutants, {survived} that nobody notices", flush=True)


def _or_none(mutant: Mutant) -> Iterator[Check]:
    """The mutated checks; a module that does not even load is noticed by whoever runs it."""
    try:
        yield from mutated_checks(mutant)
    except Exception as error:
        yield Check("-", "", "", "", _breaking(error))


def _breaking(error: Exception) -> Callable[[Any], Any]:
    def judge(_: Any) -> Any:
        raise error

    return judge


if __name__ == "__main__":
    main(sys.argv[1:])
