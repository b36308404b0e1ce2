"""What answers look like: one class per object of the contract, exactly its fields."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from decimal import Decimal
from itertools import chain
from typing import Any, Literal, TypeVar, cast

import msgspec
from litestar import MediaType, Response

from trunkline.charges import ChargeEstimate, ChargeItem, ChargeKind, ChargeSource, Money, estimate
from trunkline.checks import Check
from trunkline.numbers import CarrierNumber, RoutingView
from trunkline.plan import ImportPlan, Instructions
from trunkline_service.clock import shown, shown_or_none
from trunkline_service.storage.events import Delivery, StoredEvent
from trunkline_service.storage.import_jobs import Counts, NumberOutcome, StoredJob
from trunkline_service.storage.numbers import StoredNumber
from trunkline_service.storage.set_ups import JournalEntry
from trunkline_service.storage.webhooks import StoredEndpoint, Target

T = TypeVar("T")

NOTHING_CHARGED = ChargeEstimate((("USD", 0),), True, "Nothing is imported, so nothing is charged.")

_encoder = msgspec.json.Encoder()


class ConnectionView(msgspec.Struct):
    """A connection: exactly these fields. Its JSON is written when it changes, see `storage.shown`."""

    id: int
    name: str
    provider: str
    setup_method: str
    status: Literal["pending", "testing", "connected", "error"]
    inferred_name: bool
    sip_config: dict[str, Any]
    last_tested_at: str | None
    numbers_imported: int
    created_at: str
    updated_at: str


class ExchangeView(msgspec.Struct):
    """One request to the carrier, as proof."""

    method: str
    path: str
    status: int | None
    request_id: str | None


class CheckView(msgspec.Struct):
    """One check: its outcome, and what to do about it."""

    outcome: Literal["pass", "fail", "unknown"]
    code: str
    summary: str
    remedy: str | None
    proof: list[ExchangeView]


class TestView(msgspec.Struct):
    """The verdict on raw credentials."""

    status: Literal["pass", "fail"]
    verification_evidence_id: str | None
    suggested_connection_name: str | None
    checks: dict[str, bool | None]
    check_details: dict[str, CheckView]


class NameView(msgspec.Struct):
    """A name for a connection."""

    suggested_connection_name: str
    suggested_connection_name_inferred: bool


class SetUpStepView(msgspec.Struct):
    """How far one step of a guided set-up got; `intended` means that it may have been taken or not."""

    id: str
    state: Literal["intended", "found", "done", "undone"]
    summary: str
    at: str


class AvailableNumberView(msgspec.Struct, rename="camel"):
    """A number that can be imported. `monthlyFee` is in US cents."""

    id: str
    number: str
    friendly_name: str | None
    type: Literal["local", "mobile", "national", "toll_free", "other"] | None
    capabilities: list[str]
    region: str | None
    monthly_fee: int | None


class NumberErrorView(msgspec.Struct):
    """Why one number was refused."""

    code: str
    detail: str


class ImportResultView(msgspec.Struct, omit_defaults=True):
    """How the import of one number ended; `error` stands where it was refused."""

    id: int | None
    number: str
    status: Literal["provisioning", "active", "failed", "released"]
    error: NumberErrorView | msgspec.UnsetType = msgspec.UNSET


class WarningView(msgspec.Struct):
    """Something to know before importing; `numbers` is empty where it concerns all."""

    code: str
    summary: str
    numbers: list[str]


class SipAddressView(msgspec.Struct):
    """Where a carrier has to send the calls to one number."""

    number: str
    uri: str


class InstructionsView(msgspec.Struct):
    """What the customer has to enter at a carrier that nobody else can change; `allow_addresses` where known."""

    summary: str
    sip_addresses: list[SipAddressView]
    transport: Literal["udp", "tcp", "tls"] | None
    allow_addresses: list[str]


class ImportView(msgspec.Struct):
    """How an import ended; `instructions` stands where something is left to the customer."""

    imported_count: int
    provider_charge_estimate_cents: int | None
    provider_charge_currency: str | None
    provider_charge_note: str
    results: list[ImportResultView]
    warnings: list[WarningView]
    instructions: InstructionsView | msgspec.UnsetType = msgspec.UNSET


class ImportJobErrorView(msgspec.Struct):
    """What stopped an import job."""

    code: str
    detail: str


class ImportJobView(ImportView, kw_only=True, omit_defaults=True):
    """An import that goes on by itself: how far it is, and the outcomes so far, in the order asked.

    `failed` jobs have an `error`. Numbers that a failed or cancelled job leaves without an outcome were not touched.
    `instructions` has an address for each number that the job has come to.
    """

    id: int
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    voip_connection_id: int | None
    failed_count: int
    remaining_count: int
    created_at: str
    finished_at: str | None
    error: ImportJobErrorView | msgspec.UnsetType = msgspec.UNSET


class PlannedObjectView(msgspec.Struct):
    """Something the import needs at the carrier."""

    kind: str
    description: str
    action: Literal["found", "make", "change"]


class RoutingShownView(msgspec.Struct):
    """Where calls go, as kind and host."""

    kind: str
    host: str | None


class PlannedNumberView(msgspec.Struct):
    """One number's routing before and after."""

    number: str
    before: RoutingShownView
    after: RoutingShownView
    already_ours: bool


class ChargeView(msgspec.Struct):
    """One thing the carrier charges; `amount` is null where the price is not known."""

    what: str
    kind: Literal["one_time", "monthly", "usage"]
    amount: str | None
    currency: str | None
    source: Literal["carrier_api", "list_price", "documented_free", "no_fee_listed", "unknown"]
    as_of: str
    reference: str | None


class PlanView(msgspec.Struct):
    """What an import would do. Nothing was written anywhere; `results` names the numbers that would be refused."""

    dry_run: bool
    objects: list[PlannedObjectView]
    numbers: list[PlannedNumberView]
    charges: list[ChargeView]
    provider_charge_estimate_cents: int | None
    provider_charge_currency: str | None
    provider_charge_note: str
    seconds: float
    warnings: list[WarningView]
    results: list[ImportResultView]
    instructions: InstructionsView | msgspec.UnsetType = msgspec.UNSET


class PhoneNumberView(msgspec.Struct):
    """An imported number."""

    id: int
    number: str
    source: Literal["voip"]
    status: Literal["provisioning", "active", "failed", "released"]
    inbound_agent_id: int | str | None
    outbound_agent_id: int | str | None
    voip_connection_id: int | None
    voip_verification_status: Literal["unverified", "verified", "failed"]
    voip_last_verified_at: str | None


class VerifiedNumberView(PhoneNumberView):
    """An imported number and what its verification found."""

    checks: dict[str, bool | None]
    check_details: dict[str, CheckView]


class StateView(msgspec.Struct, omit_defaults=True):
    """What may change of a connection, or of a number."""

    status: str
    voip_verification_status: str | msgspec.UnsetType = msgspec.UNSET


class ReasonView(msgspec.Struct):
    """Why something changed: a stable word, and a sentence."""

    code: str
    detail: str


class EventView(msgspec.Struct):
    """What changed, as it is sent to webhook endpoints. `before` is null where it is new, `after` where it is gone."""

    id: int
    kind: Literal["voip_connection.changed", "phone_number.changed"]
    voip_connection_id: int | None
    phone_number_id: int | None
    before: StateView | None
    after: StateView | None
    reason: ReasonView
    created_at: str


class DeliveryView(msgspec.Struct):
    """How far an event got on its way to one endpoint.

    `answered` is the HTTP status of the last attempt, or a word for why there was none.
    """

    webhook_endpoint_id: int
    state: Literal["pending", "delivered", "given_up"]
    attempts: int
    next_attempt_at: str | None
    answered: str | None


class ListedEventView(EventView):
    """An event, and its deliveries."""

    deliveries: list[DeliveryView]


class WebhookEndpointView(msgspec.Struct):
    """Where events are sent."""

    id: int
    url: str
    created_at: str


class NewWebhookEndpointView(WebhookEndpointView):
    """A new endpoint, and the secret that signs what it gets; it is shown this once."""

    secret: str


class ReleaseView(msgspec.Struct):
    """What became of a number's routing when it was released."""

    id: int
    number: str
    routing: Literal["restored", "left_alone", "cannot_restore"]
    code: str
    detail: str


class _WithId(msgspec.Struct):
    id: int


class HealthView(msgspec.Struct):
    """The service is up."""

    ok: bool


class ReadyView(msgspec.Struct):
    """The service can serve requests."""

    ready: bool


def encode(view: object) -> bytes:
    """The JSON of a view."""
    return _encoder.encode(view)


def id_of(encoded: bytes) -> int:
    """The id of a view whose JSON is there already."""
    return msgspec.json.decode(encoded, type=_WithId).id


def answer(view: T, status: int = 200) -> Response[T]:
    """The answer that shows a view; encoded here, in the worker thread, and not on the event loop."""
    return answer_encoded(encode(view), status)


def answer_encoded(body: bytes, status: int, headers: dict[str, str] | None = None) -> Response[Any]:
    """The answer whose JSON is there already."""
    return Response(content=body, status_code=status, media_type=MediaType.JSON, headers=headers)


def checks_view(checks: tuple[Check, ...]) -> dict[str, bool | None]:
    """Each check as true, false or null."""
    return {check.name: check.outcome.as_json for check in checks}


def check_details_view(checks: tuple[Check, ...]) -> dict[str, CheckView]:
    """Each check with its reason, its remedy and its proof."""
    return {
        check.name: CheckView(
            outcome=check.outcome.value,
            code=check.code,
            summary=check.summary,
            remedy=check.remedy,
            proof=[ExchangeView(each.method, each.path, each.status, each.request_id) for each in check.proof],
        )
        for check in checks
    }


def set_up_step_view(entry: JournalEntry) -> SetUpStepView:
    """A step as the journal tells of it."""
    return SetUpStepView(entry.step, entry.state, entry.summary, shown(entry.at))  # type: ignore[arg-type]


def available_number_view(number: CarrierNumber) -> AvailableNumberView:
    """A number as a carrier lists it."""
    fee = number.monthly_fee
    return AvailableNumberView(
        id=number.handle,
        number=number.number,
        friendly_name=number.friendly_name,
        type=number.type.value if number.type else None,
        capabilities=sorted(number.capabilities, key=("voice", "sms", "mms", "fax").index),
        region=number.region,
        monthly_fee=fee.cents if fee is not None and fee.currency == "USD" else None,
    )


def phone_number_fields(row: StoredNumber) -> dict[str, Any]:
    """The fields of a stored number."""
    return {
        "id": row.id,
        "number": row.number,
        "source": "voip",
        "status": row.status,
        "inbound_agent_id": _agent(row.inbound_agent),
        "outbound_agent_id": _agent(row.outbound_agent),
        "voip_connection_id": row.connection,
        "voip_verification_status": row.verification_status,
        "voip_last_verified_at": shown_or_none(row.last_verified_at),
    }


def event_view(event: StoredEvent) -> EventView:
    """An event as it is sent."""
    return msgspec.convert({"id": event.id, "created_at": shown(event.created_at), **event.told}, EventView)


def listed_event_view(event: StoredEvent, deliveries: list[Delivery]) -> ListedEventView:
    """An event as it is listed."""
    ways = [
        DeliveryView(way.endpoint, way.state, way.attempts, shown_or_none(way.next_at), way.answered)  # type: ignore[arg-type]
        for way in deliveries
    ]
    return ListedEventView(**msgspec.structs.asdict(event_view(event)), deliveries=ways)


def webhook_endpoint_fields(endpoint: StoredEndpoint, target: Target) -> dict[str, Any]:
    """The fields of a stored endpoint."""
    return {"id": endpoint.id, "url": target.url, "created_at": shown(endpoint.created_at)}


def phone_number_view(row: StoredNumber) -> PhoneNumberView:
    """A stored number."""
    return PhoneNumberView(**phone_number_fields(row))


def _agent(stored: str | None) -> int | str | None:
    made: int | str | None = None if stored is None else json.loads(stored)
    return made


def import_view(results: list[ImportResultView], plan: ImportPlan, charges: ChargeEstimate) -> ImportView:
    """How an import ended."""
    return ImportView(
        imported_count=sum(result.id is not None for result in results),
        provider_charge_estimate_cents=charges.cents,
        provider_charge_currency=charges.currency,
        provider_charge_note=charges.note,
        results=results,
        warnings=_warnings(plan),
        instructions=_instructions(plan),
    )


def plan_view(results: list[ImportResultView], plan: ImportPlan, charges: ChargeEstimate) -> PlanView:
    """What an import would do."""
    return PlanView(
        dry_run=True,
        objects=[
            PlannedObjectView(each.kind, each.description, cast("Literal['found', 'make', 'change']", each.action))
            for each in plan.objects
        ],
        numbers=[
            PlannedNumberView(each.number, _routing(each.before), _routing(each.after), each.already_ours)
            for each in plan.numbers
        ],
        charges=[_charge(item) for item in plan.charges],
        provider_charge_estimate_cents=charges.cents,
        provider_charge_currency=charges.currency,
        provider_charge_note=charges.note,
        seconds=plan.seconds,
        warnings=_warnings(plan),
        results=results,
        instructions=_instructions(plan),
    )


def import_job_view(
    job: StoredJob,
    counts: Counts,
    outcomes: list[NumberOutcome],
    chunks: list[tuple[str, str]],
    instructions: list[str],
) -> ImportJobView:
    """An import job, by what is stored of it."""
    told = [_load_charges(charges) for charges, _ in chunks]
    charges = estimate(chain.from_iterable(told)) if told or job.finished_at is None else NOTHING_CHARGED
    return ImportJobView(
        id=job.id,
        state=job.state.value,
        voip_connection_id=job.connection,
        imported_count=counts.imported,
        failed_count=counts.failed,
        remaining_count=counts.remaining,
        provider_charge_estimate_cents=charges.cents,
        provider_charge_currency=charges.currency,
        provider_charge_note=charges.note,
        results=[_result(each) for each in outcomes],
        warnings=_merged(chain.from_iterable(_load_warnings(warnings) for _, warnings in chunks)),
        instructions=_joined([msgspec.json.decode(each, type=InstructionsView) for each in instructions]),
        created_at=shown(job.created_at),
        finished_at=shown_or_none(job.finished_at),
        error=_job_error(job),
    )


def charges_as_json(plan: ImportPlan) -> str:
    """The charges of a plan, as they are stored."""
    return encode([_charge(item) for item in plan.charges]).decode()


def warnings_as_json(plan: ImportPlan) -> str:
    """The warnings of a plan, as they are stored."""
    return encode(_warnings(plan)).decode()


def instructions_as_json(said: Instructions) -> str:
    """What is left to the customer, as it is stored."""
    return encode(_instructions_view(said)).decode()


def _load_charges(stored: str) -> list[ChargeItem]:
    return [
        ChargeItem(
            what=each.what,
            kind=ChargeKind(each.kind),
            money=Money(Decimal(each.amount), each.currency) if each.amount and each.currency else None,
            source=ChargeSource(each.source),
            as_of=dt.date.fromisoformat(each.as_of),
            reference=each.reference,
        )
        for each in msgspec.json.decode(stored, type=list[ChargeView])
    ]


def _load_warnings(stored: str) -> list[WarningView]:
    return msgspec.json.decode(stored, type=list[WarningView])


def _merged(warnings: Iterable[WarningView]) -> list[WarningView]:
    """Each warning once, with all of its numbers."""
    merged: dict[tuple[str, str], WarningView] = {}
    for each in warnings:
        one = merged.setdefault((each.code, each.summary), WarningView(each.code, each.summary, []))
        one.numbers = list(dict.fromkeys([*one.numbers, *each.numbers]))
    return list(merged.values())


def _joined(told: list[InstructionsView]) -> InstructionsView | msgspec.UnsetType:
    """All that was told, with each number's address once; where the platform moved meanwhile, the last word counts."""
    if not told:
        return msgspec.UNSET
    addresses = {address.number: address for each in told for address in each.sip_addresses}
    return msgspec.structs.replace(told[-1], sip_addresses=list(addresses.values()))


def _result(outcome: NumberOutcome) -> ImportResultView:
    view = ImportResultView(outcome.phone_number, outcome.number, outcome.status)  # type: ignore[arg-type]
    if outcome.error_code is not None:
        view.error = NumberErrorView(outcome.error_code, outcome.error_detail or "")
    return view


def _job_error(job: StoredJob) -> ImportJobErrorView | msgspec.UnsetType:
    return ImportJobErrorView(job.error_code, job.error_detail or "") if job.error_code else msgspec.UNSET


def _routing(view: RoutingView) -> RoutingShownView:
    return RoutingShownView(view.kind, view.host)


def _charge(item: ChargeItem) -> ChargeView:
    return ChargeView(
        what=item.what,
        kind=item.kind.value,
        amount=str(item.money.amount) if item.money else None,
        currency=item.money.currency if item.money else None,
        source=item.source.value,
        as_of=item.as_of.isoformat(),
        reference=item.reference,
    )


def _warnings(plan: ImportPlan) -> list[WarningView]:
    return [WarningView(each.code, each.summary, list(each.numbers)) for each in plan.warnings]


def _instructions(plan: ImportPlan) -> InstructionsView | msgspec.UnsetType:
    return _instructions_view(plan.instructions) if plan.instructions is not None else msgspec.UNSET


def _instructions_view(said: Instructions) -> InstructionsView:
    return InstructionsView(
        summary=said.summary,
        sip_addresses=[SipAddressView(each.number, each.uri) for each in said.sip_addresses],
        transport=cast("Literal['udp', 'tcp', 'tls'] | None", said.transport),
        allow_addresses=list(said.allow_addresses),
    )
