"""What the suite says of a plugin: exemptions, levels, reports, and a case that repeats."""

from __future__ import annotations

import datetime as dt
import importlib.util
import json
import random
import re
from pathlib import Path

import attrs
import pytest
from typer.testing import CliRunner

from trunkline.forms import is_acceptable
from trunkline.registry import Registry
from trunkline_conformance import canaries
from trunkline_conformance.check import RIGHT, About, Check, wrong
from trunkline_conformance.checks import CHECKS
from trunkline_conformance.cli import app
from trunkline_conformance.examination import Examination, Status, examine, exempted, judge
from trunkline_conformance.exemptions import FILE, ExemptionRefused, Exemptions, read
from trunkline_conformance.fault_pass import FaultFindings
from trunkline_conformance.faults import FAULTS
from trunkline_conformance.levels import levels
from trunkline_conformance.report import as_data, as_page
from trunkline_conformance.scenarios import SCENARIOS
from trunkline_conformance.subject import NotTestable, installed

ROOT = Path(__file__).parents[2]
CASSETTES = ROOT / "cassettes"
TODAY = dt.date(2026, 12, 1)
FEW = [check for check in CHECKS if check.id.startswith(("list-numbers/", "cassettes/"))]


@pytest.fixture(scope="module")
def examination() -> Examination:
    return examine(installed("twilio"), CASSETTES / "twilio", checks=FEW, seed=3)


def of(examination: Examination, check: Check, struck: FaultFindings | None = None) -> Status:
    verdict = judge(check, examination.library, examination.runs, struck or FaultFindings())
    return verdict.status


# Checks


def check_of(*findings: object, **more: object) -> Check:
    about = {"about": About.PLUGIN, **more}
    return Check("one/two", "A rule.", "A reason.", "A remedy.", lambda seen: iter(findings), **about)  # type: ignore[arg-type]


def test_a_check_that_finds_nothing_to_look_at_fails(examination: Examination) -> None:
    assert of(examination, check_of()) is Status.FAILED
    assert of(examination, check_of(RIGHT)) is Status.PASSED
    assert of(examination, check_of(RIGHT, wrong("a", expected="b", came="c"))) is Status.FAILED
    assert of(examination, check_of(needs=("guided_setup",))) is Status.NOT_CALLED_FOR


def test_checks_and_scenarios_have_ids_of_their_own_and_say_all_that_is_to_be_said() -> None:
    assert len({check.id for check in CHECKS}) == len(CHECKS)
    assert len({scenario.id for scenario in SCENARIOS}) == len(SCENARIOS)
    for check in CHECKS:
        assert re.fullmatch(r"[a-z-]+/[a-z0-9-]+", check.id)
        assert all(text.endswith(".") for text in (check.rule, check.why, check.remedy)), check.id
        looks_at = [scenario for scenario in SCENARIOS if check.looks_at(scenario.id)]
        assert bool(looks_at) is (check.about is About.CONVERSATION), check.id


def test_the_page_of_checks_and_scenarios_is_current() -> None:
    spec = importlib.util.spec_from_file_location("make_conformance_page", ROOT / "docs" / "make_conformance_page.py")
    assert spec
    assert spec.loader
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    assert (ROOT / "docs" / "conformance.md").read_text("utf-8") == maker.page(), "run: make conformance-page"


# Credentials


@pytest.mark.parametrize("provider", sorted(Registry.discover().plugins))
def test_fresh_credentials_fit_the_form_and_are_never_the_same(provider: str) -> None:
    descriptor = Registry.discover().plugin(provider).descriptor
    for form in descriptor.credential_forms:
        asked: dict[str, str | None] = {field.name: None for field in form.fields}
        first, second = (canaries.fresh(descriptor, asked, random.Random(seed)) for seed in (1, 2))
        for field in form.fields:
            assert is_acceptable(field, first[field.name])
            if field.secret:
                assert len(first[field.name]) >= 12
                assert first[field.name] != second[field.name]


def test_a_secret_is_never_pinned() -> None:
    descriptor = installed("twilio").descriptor
    with pytest.raises(canaries.NoCanary, match="authToken"):
        canaries.fresh(descriptor, {"accountSid": None, "authToken": "well-known"}, random.Random(1))


# Exemptions


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[exempt]\n"no/such-check" = "for a good reason"', "no/such-check"),
        ('[exempt]\n"list-numbers/streams" = ""', "needs a reason"),
        ('[exempt]\n"list-numbers/reads-every-page" = "for a good reason"', "essential"),
        ('[without]\n"no/such-scenario" = "for a good reason"', "no/such-scenario"),
        ('[carrier_lacks]\nteleport = "for a good reason"', "teleport"),
        ("[exmpt]", "exmpt"),
        ("[exempt", "conformance.toml"),
    ],
)
def test_an_exemption_that_is_none_is_refused(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / FILE).write_text(text, "utf-8")
    with pytest.raises(ExemptionRefused, match=told):
        read(tmp_path, CHECKS)


def test_an_exemption_excuses_a_failure_and_not_a_pass(examination: Examination) -> None:
    exemptions = Exemptions(exempt={"one/two": "for a good reason"})
    for findings, status in (((wrong("a", expected="b", came="c"),), Status.EXEMPT), ((RIGHT,), Status.FAILED)):
        verdict = judge(check_of(*findings), examination.library, examination.runs, FaultFindings())
        assert exempted(verdict, exemptions).status is status


# Levels and reports


def test_levels_build_on_each_other_and_live_goes_by_origin_and_age(examination: Examination) -> None:
    def reached(changed: Examination) -> list[str]:
        return [level.name for level in levels(changed, TODAY) if level.reached]

    def recorded(origin: str, day: str) -> Examination:
        cassettes = {
            id: attrs.evolve(each, provenance=attrs.evolve(each.provenance, origin=origin, recorded=day))
            for id, each in examination.library.cassettes.items()
        }
        return attrs.evolve(examination, library=attrs.evolve(examination.library, cassettes=cassettes))

    assert reached(examination) == ["replays"]
    assert reached(recorded("live", "2026-11-25")) == ["replays", "live"]
    assert reached(recorded("live", "2026-01-01")) == ["replays"]
    failed = attrs.evolve(examination.verdicts[0], status=Status.FAILED)
    assert reached(attrs.evolve(recorded("live", "2026-11-25"), verdicts=(failed,))) == []


def test_a_report_is_json_and_one_page_that_loads_nothing(examination: Examination) -> None:
    problem = wrong("<script>alert(1)</script>", expected="a", came="b", hook="list_numbers")
    failed = attrs.evolve(examination.verdicts[0], status=Status.FAILED, problems=(problem,))
    data = as_data(attrs.evolve(examination, verdicts=(failed, *examination.verdicts[1:])), TODAY)
    assert json.loads(json.dumps(data)) == data
    (told,) = data["checks"][0]["problems"]
    assert told["look_at"].startswith("list_numbers (")
    assert told["again"] == (
        f"trunkline-conformance run twilio --check {FEW[0].id} --faults none --cassettes {CASSETTES / 'twilio'}"
    )
    page = as_page(data)
    assert "fails 1 of" in page
    assert "passes" in as_page(as_data(examination, TODAY))
    assert "&lt;script&gt;alert" in page
    assert not re.findall(r"<script|<link|src=|url\(|@import", page)
    assert all(check.id in page for check in FEW)


# The command


@pytest.mark.parametrize("fault", ["401", "timeout-after"])
def test_one_case_repeats_by_its_command(fault: str) -> None:
    where = ["--cassettes", str(CASSETTES / "twilio"), "--scenario", "list-numbers/one-page", "--step", "0"]
    run = CliRunner().invoke(app, ["run", "twilio", *where, "--fault", fault, "--lasting"])
    assert run.exit_code == 0, run.output
    assert "1 scenarios, 1 cases with a fault" in " ".join(run.output.split())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["no-such-provider"], "twilio"),
        (["twilio"], "holds no cassettes"),
        (["twilio", "--check", "no/such-check"], "no/such-check"),
        (["twilio", "--scenario", "list-numbers/one-page"], "--fault"),
        (["twilio", "--scenario", "list-numbers/one-page", "--fault", "flood"], FAULTS[0].id),
    ],
)
def test_a_run_that_cannot_be_made_says_why(arguments: list[str], told: str) -> None:
    run = CliRunner().invoke(app, ["run", *arguments])
    assert run.exit_code == 2
    assert told in run.output


def test_a_plugin_that_is_not_there_is_not_testable() -> None:
    with pytest.raises(NotTestable, match="Installed: "):
        installed("acme")
