"""`/v1/voip-connections`."""

from __future__ import annotations

from contextlib import suppress

from litestar import Response, delete, get, patch, post
from litestar.params import FromPath, RawBody
from litestar.response import Stream

from trunkline.converter import structure
from trunkline_service import connections as use_cases
from trunkline_service import credential_tests, import_jobs, imports, listings, releases, set_ups
from trunkline_service.auth import authenticate, authenticate_and_read, caller_of
from trunkline_service.bodies import read_body, read_object
from trunkline_service.drafts import ConnectionDraft, ConnectionPatch, ImportRequest
from trunkline_service.errors import not_found
from trunkline_service.idempotency import Keeper, once
from trunkline_service.routes.documented import errors, succeeds, takes
from trunkline_service.routes.reading import Req, Serving, flag_from, id_from, prefers_async, refuse_parameters
from trunkline_service.storage import connections, shown
from trunkline_service.storage import set_ups as stored_set_ups
from trunkline_service.streams import until_nobody_listens
from trunkline_service.surveys import TakesLonger
from trunkline_service.views import (
    AvailableNumberView,
    ConnectionView,
    ImportJobView,
    ImportView,
    NameView,
    PlanView,
    SetUpStepView,
    TestView,
    answer,
    answer_encoded,
    encode,
    id_of,
    set_up_step_view,
)

PATH = "/v1/voip-connections"


@get(PATH, responses=errors(), tags=["Connections"])
async def list_connections(request: Req, service: Serving) -> Response[list[ConnectionView]]:
    """The organization's connections, newest first."""
    listed = await authenticate_and_read(request, service, shown.list_query(service.database.dialect))
    return answer_encoded(shown.as_array(listed), 200)


@post(
    PATH,
    sync_to_thread=True,
    operation_class=takes("NewConnection", "Idempotency-Key"),
    responses=errors(
        "write",
        "body",
        "unknown_provider",
        "evidence",
        "idempotency",
        "account_busy",
        "unverified_write",
        "carrier",
    ),
    tags=["Connections"],
)
def create_connection(request: Req, service: Serving, body: RawBody) -> Response[ConnectionView]:
    """Store a connection whose credentials were tested. They are not tested again.

    A guided set-up method makes at the carrier what is needed before it answers, which may take minutes; until then the
    connection is listed as pending. What fails is undone.
    """
    caller = caller_of(request, service)
    refuse_parameters(request)
    given = read_object(request, body)
    draft = structure(given, ConnectionDraft)
    return once(service, caller, request, given, lambda keeper: use_cases.create(service, caller, draft, keeper))


@get(PATH + "/{connection_id:str}", sync_to_thread=True, responses=errors("not_found"), tags=["Connections"])
def get_connection(request: Req, service: Serving, connection_id: FromPath[str]) -> Response[ConnectionView]:
    """One connection."""
    with service.database.reading() as db:
        caller = authenticate(db, request, service)
        found = shown.find_shown(db, caller.organization, id_from(connection_id))
    if found is None:
        raise not_found()
    return answer_encoded(found, 200)


@patch(
    PATH + "/{connection_id:str}",
    sync_to_thread=True,
    operation_class=takes("ConnectionPatch"),
    responses=errors(
        "write",
        "not_found",
        "body",
        "evidence",
        "different_account",
        "connection_busy",
        "connection_not_ready",
        "plugin_broken",
    ),
    tags=["Connections"],
)
def change_connection(
    request: Req, service: Serving, connection_id: FromPath[str], body: RawBody
) -> Response[ConnectionView]:
    """Rename, change the SIP config, rotate the credentials."""
    caller = caller_of(request, service)
    refuse_parameters(request)
    id = id_from(connection_id)
    return answer_encoded(use_cases.change(service, caller, id, read_body(request, body, ConnectionPatch)), 200)


@delete(
    PATH + "/{connection_id:str}",
    sync_to_thread=True,
    operation_class=takes(None, "release_numbers"),
    responses=errors(
        "write",
        "not_found",
        "connection_busy",
        "connection_not_ready",
        "account_busy",
        "unverified_write",
        "carrier",
    ),
    tags=["Connections"],
)
def delete_connection(request: Req, service: Serving, connection_id: FromPath[str]) -> None:
    """Forget a connection and its credentials. Its numbers stay, unless they are to be released first.

    What a guided set-up made stays at the carrier; a set-up that failed or was cut off is undone.
    """
    caller = caller_of(request, service)
    id = id_from(connection_id)
    release = flag_from(request, "release_numbers")
    if set_ups.give_up(service, caller, id):
        return
    if release:
        releases.release_all(service, caller, id)
    use_cases.remove(service, caller, id)


@get(
    PATH + "/{connection_id:str}/setup-steps",
    sync_to_thread=True,
    responses=errors("not_found"),
    tags=["Connections"],
)
def list_setup_steps(request: Req, service: Serving, connection_id: FromPath[str]) -> Response[list[SetUpStepView]]:
    """How far each step of a guided set-up got, in their order; empty for a connection that was not set up so."""
    with service.database.reading() as db:
        caller = authenticate(db, request, service)
        id = id_from(connection_id)
        if connections.find(db, caller.organization, id) is None:
            raise not_found()
        steps = stored_set_ups.list_steps(db, id)
    return answer([set_up_step_view(step) for step in steps])


@post(
    PATH + "/test",
    sync_to_thread=True,
    operation_class=takes("ConnectionDraft"),
    responses=errors("write", "body", "unknown_provider", "carrier"),
    tags=["Connections"],
)
def test_credentials(request: Req, service: Serving, body: RawBody) -> Response[TestView]:
    """Test raw credentials. A pass leaves evidence for creating a connection; the credentials are not stored."""
    caller = caller_of(request, service)
    refuse_parameters(request)
    draft = read_body(request, body, ConnectionDraft)
    return answer(credential_tests.test_credentials(service, caller, draft), 201)


@post(
    PATH + "/suggest-name",
    status_code=200,
    sync_to_thread=True,
    operation_class=takes("ConnectionDraft"),
    responses=errors("write", "body", "unknown_provider", "carrier"),
    tags=["Connections"],
)
def suggest_name(request: Req, service: Serving, body: RawBody) -> Response[NameView]:
    """A name for a connection, from what the carrier account calls itself."""
    caller = caller_of(request, service)
    refuse_parameters(request)
    return answer(credential_tests.suggest_name(service, caller, read_body(request, body, ConnectionDraft)))


@get(
    PATH + "/{connection_id:str}/available-numbers",
    sync_to_thread=True,
    responses={
        200: succeeds(list[AvailableNumberView]),
        **errors("not_found", "connection_not_ready", "connection_outdated", "carrier"),
    },
    tags=["Numbers"],
)
def list_available_numbers(request: Req, service: Serving, connection_id: FromPath[str]) -> Stream:
    """The numbers of the carrier account that no organization has imported, streamed as the carrier gives them."""
    caller = caller_of(request, service)
    pieces = listings.available_numbers(service, caller, id_from(connection_id))
    return Stream(until_nobody_listens(pieces), media_type="application/json")


@post(
    PATH + "/{connection_id:str}/import-numbers",
    sync_to_thread=True,
    operation_class=takes("ImportRequest", "Idempotency-Key", "Prefer", "dry_run"),
    responses={
        200: succeeds(PlanView, "The plan, where `dry_run=true` asked for it."),
        202: succeeds(ImportJobView, "The import goes on by itself; `Location` tells where to ask how far it is."),
        **errors(
            "write",
            "not_found",
            "body",
            "too_many_numbers",
            "account_busy",
            "connection_not_ready",
            "connection_outdated",
            "idempotency",
            "carrier",
        ),
    },
    tags=["Numbers"],
)
def import_numbers(
    request: Req, service: Serving, connection_id: FromPath[str], body: RawBody
) -> Response[ImportView] | Response[ImportJobView] | Response[PlanView]:
    """Route numbers to the platform. One that is refused never sinks the others.

    What takes more than some seconds becomes an import job, and so does what is asked for with `Prefer: respond-async`.
    """
    caller = caller_of(request, service)
    id = id_from(connection_id)
    given = read_object(request, body)
    wanted = structure(given, ImportRequest).wanted()
    if flag_from(request, "dry_run"):
        return answer(imports.plan_import(service, caller, id, wanted))
    later = prefers_async(request)

    def work(keeper: Keeper) -> bytes:
        if not later:
            with suppress(TakesLonger):
                return encode(imports.import_numbers(service, caller, id, wanted))
        return import_jobs.start(service, caller, id, wanted, keeper)

    answered = once(service, caller, request, given, work)
    if answered.status_code == 202:
        answered.headers["Location"] = f"/v1/import-jobs/{id_of(answered.content)}"
        if later:
            answered.headers["Preference-Applied"] = "respond-async"
    return answered


HANDLERS = [
    list_connections,
    create_connection,
    get_connection,
    change_connection,
    delete_connection,
    list_setup_steps,
    test_credentials,
    suggest_name,
    list_available_numbers,
    import_numbers,
]
