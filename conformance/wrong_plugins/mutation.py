"""The checks on trial: each is changed a little, and the shelf has to notice.

A change of a check that still passes the honest plugin and still catches every wrong plugin that names the check does
nothing there: what was changed is not needed, or nothing on the shelf shows what it is for.
"""

from __future__ import annotations

import ast
import copy
import signal
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs

from trunkline_conformance.check import Check

LONGEST_SECONDS = 20


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
        case ast.Constant(value=bool()):
            yield _instead(node, ast.Constant(not node.value))
        case ast.Constant(value=int() | float()):
            yield _instead(node, ast.Constant(node.value + 1))
            yield _instead(node, ast.Constant(node.value - 1))
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


def mutants(path: Path, name: str) -> Iterator[Mutant]:
    """Every mutant of a module of checks."""
    tree = ast.parse(path.read_text("utf-8"))
    for function in tree.body:
        if isinstance(function, ast.FunctionDef):
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
        if isinstance(value, ast.JoinedStr):
            continue
        for at, each in enumerate(value) if isinstance(value, list) else ((None, value),):
            if isinstance(each, ast.AST):
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


def checks_of(mutant: Mutant) -> tuple[Check, ...]:
    """The checks of the mutated module that the change reaches."""
    module = types.ModuleType(mutant.module)
    sys.modules[f"{mutant.module} mutated"] = module
    exec(compile(mutant.tree, mutant.module, "exec"), vars(module))  # noqa: S102
    functions = {name: each for name, each in vars(module).items() if isinstance(each, types.FunctionType)}
    return tuple(check for check in module.CHECKS if mutant.function in _reached(check.judge, functions))


def _reached(judge: Callable[..., Any], functions: dict[str, types.FunctionType]) -> set[str]:
    waiting = [judge.__qualname__.partition(".")[0]]
    reached: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in functions and name not in reached:
            reached.add(name)
            waiting += _names_in(functions[name].__code__)
    return reached


def _names_in(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names_in(constant)


# The trial


class TooLong(Exception):
    """A mutated check does not come to an end: the shelf noticed."""


def survives(mutated: Check, passes: Callable[[Check], bool], catches: Sequence[Callable[[Check], bool]]) -> bool:
    """Whether a mutated check still passes the honest plugin and catches all that it has to catch."""
    try:
        with _in_time():
            return passes(mutated) and all(caught(mutated) for caught in catches)
    except Exception:
        return False


class _in_time:  # noqa: N801
    """Ends a mutant that does not end by itself."""

    def __enter__(self) -> None:
        signal.signal(signal.SIGALRM, self._over)
        signal.alarm(LONGEST_SECONDS)

    def __exit__(self, *error: object) -> None:
        signal.alarm(0)

    def _over(self, *_: object) -> None:
        raise TooLong
