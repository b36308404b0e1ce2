"""One test per check, for `pytest --pyargs trunkline_conformance --provider acme`."""

from __future__ import annotations

from pathlib import Path

import pytest

from trunkline_conformance.check import Check, Finding
from trunkline_conformance.checks import CHECKS
from trunkline_conformance.examination import Examination, Status, examine
from trunkline_conformance.fault_pass import Profile
from trunkline_conformance.replaying import NoCassettes
from trunkline_conformance.report import problem_data
from trunkline_conformance.simulated import SimulationRefused
from trunkline_conformance.subject import installed


@pytest.fixture(scope="session")
def examination(pytestconfig: pytest.Config) -> Examination:
    """The one run that every test looks at."""
    provider = pytestconfig.getoption("--provider")
    if not provider:
        raise pytest.UsageError("say which provider: --provider NAME")
    subject, folder = installed(provider), pytestconfig.getoption("--cassettes")
    try:
        return examine(
            subject,
            Path(folder) if folder else subject.folder / "cassettes",
            faults=Profile(pytestconfig.getoption("--faults")),
        )
    except (NoCassettes, SimulationRefused) as error:
        pytest.exit(str(error), returncode=pytest.ExitCode.USAGE_ERROR)


@pytest.mark.parametrize("check", [check.id for check in CHECKS])
def test_provider(examination: Examination, check: str) -> None:
    """Fails with what was asked, expected and came; skips a check that is not called for, and an exempt one."""
    verdict = next((each for each in examination.verdicts if each.check.id == check), None)
    if verdict is None or verdict.status is Status.NOT_CALLED_FOR:
        pytest.skip("not called for")
    if verdict.status is Status.EXEMPT:
        pytest.skip(f"exempt: {verdict.reason}")
    if verdict.status is Status.FAILED:
        told = "\n\n".join(_told(examination, verdict.check, problem) for problem in verdict.problems)
        pytest.fail(f"{verdict.check.rule}\n\n{told}\n\nremedy: {verdict.check.remedy}", pytrace=False)


def _told(examination: Examination, check: Check, problem: Finding) -> str:
    return "\n".join(f"{name}: {text}" for name, text in problem_data(problem, check, examination).items() if text)
