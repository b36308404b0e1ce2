"""Reading routing and planning: all that an import overwrites, as it stands, and what an import would do."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.numbers import Route, RoutingSnapshot
from trunkline.plan import ImportPlan
from trunkline.sip_target import SipTarget
from trunkline_conformance.check import RIGHT, Check, Finding, wrong
from trunkline_conformance.checks.plain import is_plain
from trunkline_conformance.conversation import Run, Step

_NEEDS = ("import_numbers",)


def _snapshots(run: Run) -> Iterator[tuple[Step, RoutingSnapshot]]:
    for step in run.of_hook("read_routing"):
        yield from ((step, snapshot) for snapshot in (step.result or {}).values())


def _finds_what_is_there(run: Run) -> Iterator[Finding]:
    there = {fact.number for fact in run.facts.numbers}
    for step in run.of_hook("read_routing"):
        if step.events or step.error:
            continue
        wanted = there.intersection(step.about)
        missing, strangers = sorted(wanted - set(step.result)), sorted(set(step.result) - wanted)
        if missing:
            yield wrong(step.name, expected=f"the routing of {missing[0]}", came="it was left out", hook=step.hook)
        elif strangers:
            came = f"a routing of {strangers[0]}"
            yield wrong(step.name, expected="nothing of a number that is not there", came=came, hook=step.hook)
        else:
            yield RIGHT


def _is_as_it_stands(run: Run) -> Iterator[Finding]:
    for number, told in run.facts.routing.items():
        views = [(step, snapshot.view) for step, snapshot in _snapshots(run) if snapshot.number.number == number]
        for step, view in views:
            if (view.kind, view.host) == (told.kind, told.host):
                yield RIGHT
            else:
                expected, came = f"{told.kind} at {told.host}", f"{view.kind} at {view.host}"
                yield wrong(f"{number} of {step.name}", expected=expected, came=came, hook=step.hook)


def _is_dated(run: Run) -> Iterator[Finding]:
    moment = run.cassette.provenance.moment
    for step, snapshot in _snapshots(run):
        if snapshot.read_at == moment:
            yield RIGHT
        else:
            expected, came = f"{moment}, the time of the call", str(snapshot.read_at)
            yield wrong(f"{snapshot.number.number} of {step.name}", expected=expected, came=came, hook=step.hook)


def _can_be_kept(run: Run) -> Iterator[Finding]:
    kept = [(step, "restore", snapshot.restore) for step, snapshot in _snapshots(run)]
    for step, what, value in [*kept, *((step, "data", route.data) for step, route in run.answers(Route))]:
        if is_plain(value):
            yield RIGHT
        else:
            yield wrong(f"{what} of {step.name}", expected="plain JSON", came="what JSON changes", hook=step.hook)


def _plans(run: Run) -> Iterator[tuple[Step, ImportPlan, list[RoutingSnapshot]]]:
    """Each plan, and the snapshots that it was made of: those that were read last."""
    read: list[RoutingSnapshot] = []
    for step in run.steps:
        if step.hook == "read_routing":
            read = list((step.result or {}).values())
        elif isinstance(step.result, ImportPlan):
            yield step, step.result, read


def _plans_each_number(run: Run) -> Iterator[Finding]:
    platform = SipTarget.parse(run.cassette.provenance.platform).host
    for step, plan, snapshots in _plans(run):
        wanted = {each.number.number: each.view for each in snapshots}
        planned = {each.number: each for each in plan.numbers}
        for number in sorted(planned.keys() ^ wanted.keys()):
            expected, came = ", ".join(sorted(wanted)), ", ".join(sorted(planned)) or "none"
            yield wrong(f"{number} of {step.name}", expected=expected, came=came, hook=step.hook)
        for number in sorted(planned.keys() & wanted.keys()):
            before, after = planned[number].before, planned[number].after
            if before == wanted[number] and after.host == platform:
                yield RIGHT
            else:
                expected, came = f"before: {wanted[number]}, after: at {platform}", f"{before}, {after}"
                yield wrong(f"{number} of {step.name}", expected=expected, came=came, hook=step.hook)


def _knows_its_own(run: Run) -> Iterator[Finding]:
    ours = run.scenario == "import/already-ours"
    for step, plan, _ in _plans(run):
        for each in plan.numbers:
            if each.already_ours is ours:
                yield RIGHT
            else:
                expected, came = f"already_ours={ours}", f"already_ours={each.already_ours}"
                yield wrong(f"{each.number} of {step.name}", expected=expected, came=came, hook=step.hook)


def _foretells_what_is_made(run: Run) -> Iterator[Finding]:
    for (step, plan, _), (preparing, _) in zip(_plans(run), run.answers(Route), strict=False):
        makes = any(each.action in ("make", "change") for each in plan.objects)
        wrote = bool(preparing.writes)
        if makes is wrote:
            yield RIGHT
        else:
            expected = "an object that is made or changed" if wrote else "no object that is made or changed"
            yield wrong(f"objects of {step.name}", expected=expected, came=str(plan.objects), hook=step.hook)


def _charges_have_a_source(run: Run) -> Iterator[Finding]:
    for step, plan, _ in _plans(run):
        if not plan.charges:
            yield wrong(f"charges of {step.name}", expected="what it costs, or that it is unknown", came="nothing")
        for each in plan.charges:
            if each.money is None or each.reference:
                yield RIGHT
            else:
                came = f"{each.what} without a reference"
                expected = "where each price is known from"
                yield wrong(f"charges of {step.name}", expected=expected, came=came, hook=step.hook)


CHECKS = (
    Check(
        "read-routing/finds-what-is-there",
        "Each number that is on the account comes back, and none that is not.",
        "A number without a snapshot cannot be imported, and one that is not there must not be.",
        "Look each number up by its E.164 form, and leave out what the carrier does not have.",
        _finds_what_is_there,
        scenarios=("import/*", "verify/*", "release/*"),
        needs=_NEEDS,
        essential=True,
    ),
    Check(
        "read-routing/is-as-it-stands",
        "A snapshot's view tells the kind and host of the present routing.",
        "The customer sees what an import would replace.",
        "Derive the view from the carrier's fields; show a host, and never a path, query or user.",
        _is_as_it_stands,
        scenarios=("release/restored",),
        needs=_NEEDS,
    ),
    Check(
        "read-routing/is-dated",
        "A snapshot is dated by `call.now()`.",
        "The engine refuses to overwrite what was read too long ago.",
        "Set read_at to call.now().",
        _is_dated,
        scenarios=("import/*", "verify/*", "release/*"),
        needs=_NEEDS,
    ),
    Check(
        "read-routing/can-be-kept",
        "A snapshot's `restore` and a route's `data` are plain JSON.",
        "They are stored, and come back as JSON gives them: a tuple comes back as a list.",
        "Keep texts, numbers, lists and objects only.",
        _can_be_kept,
        scenarios=("import/*", "release/*"),
        needs=_NEEDS,
        essential=True,
    ),
    Check(
        "plan-import/plans-each-number",
        "A plan has each number once: its routing before as it was read, and after at the platform's host.",
        "The customer agrees to the plan.",
        "Take `before` from the snapshot's view, and `after` from call.platform.",
        _plans_each_number,
        scenarios=("import/*",),
        needs=_NEEDS,
    ),
    Check(
        "plan-import/knows-its-own",
        "A plan says of a number that is ours already that it is, and of no other.",
        "Importing it again changes nothing, and the customer should know.",
        "Compare the snapshot's `points_at` with the route that would be found.",
        _knows_its_own,
        scenarios=("import/new", "import/already-ours"),
        needs=_NEEDS,
    ),
    Check(
        "plan-import/foretells-what-is-made",
        "A plan names an object to be made or changed where preparing the route then writes, and only there.",
        "What is made at the carrier is told before it is made.",
        "Look for the route as prepare_route does, without making it.",
        _foretells_what_is_made,
        scenarios=("import/new",),
        needs=_NEEDS,
    ),
    Check(
        "plan-import/charges-have-a-source",
        "A plan says what an import costs, and where each price is known from; unknown is said too.",
        "Money that nobody can trace is a guess.",
        "Give a ChargeItem with its source and reference, or one without money.",
        _charges_have_a_source,
        scenarios=("import/new",),
        needs=_NEEDS,
    ),
)
