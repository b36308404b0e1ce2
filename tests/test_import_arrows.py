"""Who may import whom, over every distribution in the tree."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SDKS = {"twilio", "telnyx", "vonage", "signalwire"}
TEST_TOOLS = {"vcr", "pytest", "_pytest", "hypothesis"}

# Folder of a distribution's package: what of ours it may import, and what of others' it may not.
ARROWS = {
    "core/src/trunkline": (set(), SDKS | TEST_TOOLS),
    "service/src/trunkline_service": ({"trunkline"}, SDKS | TEST_TOOLS),
    "sandbox/src/trunkline_sandbox": (set(), SDKS | TEST_TOOLS),
    "observers/opentelemetry/src/trunkline_opentelemetry": ({"trunkline"}, SDKS | TEST_TOOLS),
    "conformance/src/trunkline_conformance": ({"trunkline", "trunkline_sandbox"}, SDKS),
}


def _distributions():
    for source in [*ROOT.glob("*/src/*"), *ROOT.glob("observers/*/src/*"), *ROOT.glob("plugins/*/src/*")]:
        if source.is_dir() and any(source.rglob("*.py")):
            yield source.relative_to(ROOT).as_posix()


def _imports(folder):
    """Top-level module of each import, with the place; imports inside functions and `TYPE_CHECKING` count too."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"), path)):
            if isinstance(node, ast.Import):
                yield from ((path, node.lineno, alias.name.partition(".")[0]) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level:  # A relative one stays at home.
                yield path, node.lineno, (node.module or "").partition(".")[0]
            elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
                named = node.args and isinstance(node.args[0], ast.Constant)
                yield path, node.lineno, str(node.args[0].value).partition(".")[0] if named else "?"


@pytest.mark.parametrize("folder", list(_distributions()))
def test_imports_follow_the_arrows(folder):
    ours, theirs = ARROWS.get(folder, ({"trunkline"}, TEST_TOOLS))
    package = folder.rpartition("/")[2]
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {module}"
        for path, line, module in _imports(folder)
        if (module.partition("_")[0] == "trunkline" and module != package and module not in ours) or module in theirs
    ]
    assert not wrong


def test_core_imports_nothing_by_a_computed_name():
    assert not [place for *place, module in _imports("core/src/trunkline") if module == "?"]


def test_the_core_and_every_distribution_beside_it_is_held():
    found = set(_distributions())
    assert "core/src/trunkline" in found
    assert {folder for folder in found if not folder.startswith(("plugins/", "observers/"))} <= set(ARROWS)


def test_listing_the_providers_loads_neither_an_sdk_nor_what_only_calls_need():
    script = (
        "import sys, trunkline.engine, trunkline.registry\n"
        "registry = trunkline.registry.Registry.discover()\n"
        "trunkline.engine.Engine(registry).providers()\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    loaded = set(run.stdout.split())
    assert "trunkline" in loaded
    assert loaded.isdisjoint(SDKS | {"requests", "urllib3", "phonenumbers", "cattrs", "ssl", "dns", "vcr", "pytest"})
