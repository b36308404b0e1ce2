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
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import attrs
from shelf import ACME, TRUNK, Seen, Shelf, WrongPlugin, cases_of, scenarios_of, wrong_plugins

from trunkline_conformance import checks as package
from trunkline_conformance.check import About, Check
from trunkline_conformance.checks import CHECKS, hygiene
from trunkline_conformance.faults import FAULTS, Case, Fault
from trunkline_conformance.simulated_faults import STRUCK
from trunkline_conformance.subject import Road, Subject, installed

_ALL = tuple(f"{package.__name__}.{each.name}" for each in pkgutil.iter_modules(package.__path__))
MODULES = tuple(name for name in _ALL if hasattr(importlib.import_module(name), "CHECKS"))
SHARED = tuple(name for name in _ALL if name not in MODULES)
"""What several modules of checks have in common."""

CASSETTES = Path(__file__).parents[2] / "cassettes"
"""The conversations of the installed providers."""

LONGEST_SECONDS = 30


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

_DATA = frozenset({"Check", "st.SearchStrategy"})

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
"""The contrary first; a limit that has a name gets that alone, for none is meant to the last request or second."""
_NAMES = {"any": "all", "all": "any", "min": "max", "max": "min"}
_NOT_TRIED = frozenset({"_probed", "_probe"})
"""They start another process, which is done once for all mutants."""


def _changes(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Compare(ops=[operator], comparators=[limit]) if _has_a_name(limit):
            yield _with(node, ops=[_OPPOSITE[type(operator)][0]()])
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


def _has_a_name(limit: ast.AST) -> bool:
    return any(isinstance(each, ast.Name) and each.id.isupper() for each in ast.walk(limit))


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
    words = only_words(tree)
    for function in tree.body:
        if isinstance(function, ast.FunctionDef) and not (function.name in _NOT_TRIED or _is_data(function)):
            for steps in _places(function, words):
                node = _at(function, steps)
                for other, change in _changes(node):
                    yield Mutant(
                        name,
                        function.name,
                        getattr(node, "lineno", function.lineno),
                        change,
                        _put(tree, function, steps, other),
                    )


def _is_data(function: ast.FunctionDef) -> bool:
    """Whether it makes a check, or what a check tries: no predicate, and nothing that a plugin shows."""
    return function.returns is not None and ast.unparse(function.returns).partition("[")[0] in _DATA


Steps = tuple[tuple[str, int | None], ...]
"""The way from a node to one below it: names of fields, and places in lists."""


def _places(node: ast.AST, words: Collection[ast.AST], so_far: Steps = ()) -> Iterator[Steps]:
    yield so_far
    for field, value in ast.iter_fields(node):
        if field in ("returns", "annotation", "decorator_list", "args") and isinstance(node, ast.FunctionDef):
            continue
        for at, each in enumerate(value) if isinstance(value, list) else ((None, value),):
            if isinstance(each, ast.AST) and each not in words:
                yield from _places(each, words, (*so_far, (field, at)))


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


# What is left alone: words


def only_words(tree: ast.Module) -> set[ast.AST]:
    """Where only the words of a finding are made: they may be other ones without a change of the verdict.

    Those are texts with values in them, what `wrong` is told, and, as far as it goes, what only they are made of.
    """
    words = {below for node in ast.walk(tree) for root in _said(node) for below in ast.walk(root)}
    while more := {below for node in _made_of(tree, words) for below in ast.walk(node)} - words:
        words |= more
    return words


def _said(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.JoinedStr() | ast.Slice():
            yield node
        case ast.Call(func=ast.Name(id="wrong" | "_wrong"), args=texts, keywords=named):
            yield from (*texts, *named)
        case ast.Call(func=ast.Name(id="Finding"), args=[_, *texts]):
            yield from texts


def _made_of(tree: ast.Module, words: Collection[ast.AST]) -> Iterator[ast.AST]:
    """What is given to names that are read in words alone, and functions that are called there alone."""
    for function in tree.body:
        if isinstance(function, ast.FunctionDef):
            if _is_read_in(words, tree, function.name):
                yield function
            for node in ast.walk(function):
                yield from (value for name, value in _given(node) if _is_read_in(words, function, name))


def _given(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            yield name, value
        case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
            yield from (
                (name.id, value) for name, value in zip(names, values, strict=True) if isinstance(name, ast.Name)
            )


def _is_read_in(words: Collection[ast.AST], where: ast.AST, name: str) -> bool:
    reads = [each for each in ast.walk(where) if isinstance(each, ast.Name) and each.id == name]
    loads = [each for each in reads if isinstance(each.ctx, ast.Load)]
    return bool(loads) and all(each in words for each in loads)


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


def _probed_before(subject: Subject, attempt: int = 0) -> Any:
    """What another process told of a plugin is asked once, whatever becomes of the checks that look at it."""
    key = sys.path[0], attempt
    if key not in _PROBED:
        _PROBED[key] = hygiene._probed(subject, attempt)
    return _PROBED[key]


_PROBED: dict[tuple[str, int], Any] = {}


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


@attrs.frozen
class Place:
    """A plugin as it was seen, and where the interpreter finds it."""

    seen: Seen
    path: tuple[str, ...]
    modules: Mapping[str, types.ModuleType]

    @classmethod
    def here(cls, seen: Seen) -> Place:
        """As things stand."""
        modules = {name: module for name, module in sys.modules.items() if name.partition(".")[0] in (ACME, TRUNK)}
        return cls(seen, tuple(sys.path), modules)

    @contextmanager
    def again(self) -> Iterator[Seen]:
        """It is found as it was."""
        with mock.patch.object(sys, "path", [*self.path]), mock.patch.dict(sys.modules, self.modules):
            yield self.seen


@attrs.frozen
class Honest:
    """A plugin that passes, and the checks that find something in it to pass."""

    name: str
    place: Place
    passes: frozenset[str]

    @classmethod
    def of(cls, name: str, seen: Seen) -> Honest:
        """What it passes as the checks are."""
        return cls(name, Place.here(seen), frozenset(check.id for check in CHECKS if seen.passes(check)))


def providers() -> Iterator[Honest]:
    """The installed plugins that have conversations here, each with some faults of every kind."""
    for folder in sorted(path for path in CASSETTES.iterdir() if path.is_dir()):
        subject = installed(folder.name)
        often = [case for id in (*sorted(STRUCK), "import/removed") for case in _cases(id, (0, 3, 5))]
        cases = often if subject.takes(Road.HTTP) else []
        yield Honest.of(f"the provider {subject.id}", Seen.of(subject, folder, scenarios_of(subject), cases))


def _cases(scenario: str, places: Sequence[int]) -> Iterator[Case]:
    """Every fault at these requests of a scenario, and from the first and from the last of them on."""
    for fault in FAULTS:
        yield from (Case(scenario, at, fault.id, lasting=True) for at in (places[0], places[-1]))
        yield from (Case(scenario, at, fault.id, field=field) for at in places for field in _fields(fault))


def _fields(fault: Fault) -> Iterable[int]:
    return range(8) if fault.field else (0,)


_STRUCK_OFTEN = (
    *sorted(STRUCK),
    "import/already-ours",
    "import/mixed",
    "import/removed",
    "verify/good",
    "list-numbers/many-pages",
    "set-up/repeated",
)
"""Scenarios that the honest plugin goes through with every fault at each of the first requests."""


class Trial:
    """The honest plugins and the wrong ones, seen once; the checks may change as they like."""

    def __init__(self, shelf: Shelf, lies: Sequence[WrongPlugin]) -> None:
        self._lies = lies
        self._wrong: dict[str, Place] = {}
        for lie in lies:
            with shelf.wrong(lie) as seen:
                self._wrong[lie.name] = Place.here(seen)
        often = [case for id in _STRUCK_OFTEN for case in _cases(id, range(10))]
        self._honest = [*providers()]
        with shelf.honest([*cases_of(lies), *often]) as seen:
            self._honest.append(Honest.of("the honest plugin", seen))
        with shelf.honest(cases_of(lies, TRUNK), TRUNK) as seen:
            self._honest.append(Honest.of("the honest plugin of a trunk", seen))

    def notices(self, check: Check) -> str | None:
        """Who notices that a check is not as it was: an honest plugin, or the name of a wrong one; None for nobody."""
        try:
            with _in_time():
                return next(self._noticing(check), None)
        except Exception as error:
            return f"it breaks: {type(error).__name__}: {error}"

    def _noticing(self, check: Check) -> Iterator[str]:
        """The likeliest first. A check may not break at a plugin either, whatever that is caught by."""
        for lie in self._lies:
            if check.id in (lie.caught_by, *lie.passed_by):
                with self._wrong[lie.name].again() as seen:
                    if seen.is_caught_by(check) is not (check.id == lie.caught_by):
                        yield lie.name
        for each in self._honest:
            with each.place.again() as seen:
                if check.id in each.passes and not seen.passes(check):
                    yield each.name
        if check.about is not About.PLUGIN:
            for place in self._wrong.values():
                deque(place.seen.findings(check), maxlen=0)


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
    counts: dict[str, tuple[int, int]] = {}
    with tempfile.TemporaryDirectory() as folder:
        trial = Trial(Shelf.in_folder(Path(folder)), lies)
        for check in CHECKS:
            if who := trial.notices(check):
                raise SystemExit(f"{check.id} is not in order before anything is changed: {who}")
        for module in chosen:
            tried = [*mutants(tree_of(module), module)]
            unnoticed = [mutant for mutant in tried if not _is_noticed(trial, mutant)]
            counts[module.rpartition(".")[2]] = len(tried), len(unnoticed)
            print(f"{module}: {_counted(len(tried), len(unnoticed))}", flush=True)
    print(f"{_counted(*map(sum, zip(*counts.values(), strict=True)))}:", _each(counts))


def _is_noticed(trial: Trial, mutant: Mutant) -> bool:
    """Whether anybody notices it; otherwise it is printed."""
    checks = list(_or_none(mutant))
    if any(trial.notices(check) for check in checks):
        return True
    print(f"{mutant}\n    reaches {', '.join(sorted(check.id for check in checks)) or 'no check'}", flush=True)
    return False


def _counted(tried: int, unnoticed: int) -> str:
    return f"{tried} mutants, {tried - unnoticed} noticed, {unnoticed} unnoticed"


def _each(counts: Mapping[str, tuple[int, int]]) -> str:
    return ", ".join(f"{module} {unnoticed} of {tried}" for module, (tried, unnoticed) in counts.items())


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
