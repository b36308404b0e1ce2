"""The suite on trial: every wrong plugin is caught by the check that names it, and the honest one passes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from shelf import TRUNK, Seen, Shelf, WrongPlugin, cases_of, wrong_plugins

from trunkline_conformance.check import About
from trunkline_conformance.checks import BY_ID, CHECKS
from trunkline_conformance.conversation import Run
from trunkline_conformance.examination import Examination, judge
from trunkline_conformance.exemptions import Exemptions
from trunkline_conformance.fault_pass import FaultFindings
from trunkline_conformance.faults import FAULTS
from trunkline_conformance.replaying import Library
from trunkline_conformance.report import as_data, as_page

ALL = wrong_plugins()


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    return Shelf.in_folder(tmp_path_factory.mktemp("shelf"))


@pytest.fixture(scope="module")
def honest(shelf: Shelf) -> Iterator[Seen]:
    with shelf.honest(cases_of(ALL)) as seen:
        yield seen


def test_the_honest_plugin_passes_every_check(honest: Seen) -> None:
    assert [check.id for check in CHECKS if not honest.passes(check)] == []


def test_the_honest_plugin_of_a_trunk_passes_every_check_that_a_trunk_lies_to(shelf: Shelf) -> None:
    named = {lie.caught_by for lie in ALL if lie.package == TRUNK}
    with shelf.honest(cases_of(ALL, TRUNK), TRUNK) as honest:
        assert [id for id in named if not honest.passes(BY_ID[id])] == []


def test_every_check_has_a_wrong_plugin() -> None:
    assert {check.id for check in CHECKS} - {lie.caught_by for lie in ALL} == set()
    assert len([lie for lie in ALL if lie.caught_by]) >= 60


def test_every_fault_has_a_wrong_plugin_that_it_shows() -> None:
    assert {fault.id for fault in FAULTS} - {lie.case.fault for lie in ALL if lie.case and lie.caught_by} == set()


@pytest.mark.parametrize("lie", ALL, ids=lambda lie: lie.name)
def test_a_wrong_plugin_is_caught_or_passed_by_the_check_that_names_it(shelf: Shelf, lie: WrongPlugin) -> None:
    with shelf.wrong(lie) as seen:
        assert lie.caught_by is None or seen.is_caught_by(BY_ID[lie.caught_by]), lie.story
        assert [id for id in lie.passed_by if seen.is_caught_by(BY_ID[id])] == []


@pytest.mark.parametrize("name", ["credentials/key-behind-the-repr", "credentials/key-as-identity"])
def test_a_report_tells_no_secret_that_a_plugin_let_out(shelf: Shelf, name: str) -> None:
    (lie,) = (each for each in ALL if each.name == name)
    with shelf.wrong(lie) as seen:
        (run,) = seen.runs.values()
        examination = examined(seen.library, seen.runs)
        page = as_page(as_data(examination, run.cassette.provenance.day))
        key = run.credentials["apiKey"]
        assert not examination.passed
        assert key not in page
        assert key.encode().hex() not in page


def examined(found: Library, runs: Mapping[str, Run]) -> Examination:
    """What every check says of these conversations."""
    verdicts = (judge(check, found, runs, FaultFindings()) for check in CHECKS if check.about is About.CONVERSATION)
    return Examination(found.subject, found, runs, tuple(verdicts), Exemptions())


def test_each_lie_is_told_in_one_sentence() -> None:
    assert [lie.name for lie in ALL if not lie.story.endswith(".") or lie.story.count(". ") or "\n" in lie.story] == []


def test_what_a_lie_changes_has_to_be_there(shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / "lie.diff").write_text(
        "It lies.\n\ncaught by: replay/plays-everything in import/new\n\n"
        "--- a/src/trunkline_acme/names.py\n+++ b/src/trunkline_acme/names.py\n@@ -1 +1 @@\n-nowhere\n+here\n"
    )
    (lie,) = wrong_plugins(tmp_path)
    with pytest.raises(LookupError, match="holds 0 times"), shelf.wrong(lie):
        pass
