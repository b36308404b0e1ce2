"""`/v1/phone-numbers`."""

from __future__ import annotations

from litestar import Response, delete, get, patch, post
from litestar.params import FromPath, RawBody

from trunkline_service import releases, verifications
from trunkline_service.auth import authenticate, caller_of
from trunkline_service.bodies import read_body, refuse_fields
from trunkline_service.drafts import NumberPatch
from trunkline_service.errors import not_found
from trunkline_service.routes.documented import errors, takes
from trunkline_service.routes.reading import Req, Serving, id_from, refuse_parameters
from trunkline_service.storage import numbers
from trunkline_service.views import PhoneNumberView, ReleaseView, VerifiedNumberView, answer, phone_number_view

PATH = "/v1/phone-numbers"


@get(PATH, sync_to_thread=True, responses=errors(), tags=["Numbers"])
def list_numbers(request: Req, service: Serving) -> Response[list[PhoneNumberView]]:
    """The organization's imported numbers, newest first."""
    with service.database.reading() as db:
        caller = authenticate(db, request, service)
        rows = numbers.list_imported(db, caller.organization)
    return answer([phone_number_view(row) for row in rows])


@get(PATH + "/{number_id:str}", sync_to_thread=True, responses=errors("not_found"), tags=["Numbers"])
def get_number(request: Req, service: Serving, number_id: FromPath[str]) -> Response[PhoneNumberView]:
    """One number that is imported, or was."""
    with service.database.reading() as db:
        caller = authenticate(db, request, service)
        row = numbers.find(db, caller.organization, id_from(number_id))
    if row is None:
        raise not_found()
    return answer(phone_number_view(row))


@patch(
    PATH + "/{number_id:str}",
    sync_to_thread=True,
    operation_class=takes("NumberPatch"),
    responses=errors("write", "not_found", "body"),
    tags=["Numbers"],
)
def change_number(request: Req, service: Serving, number_id: FromPath[str], body: RawBody) -> Response[PhoneNumberView]:
    """Set the agents of a number."""
    caller = caller_of(request, service)
    refuse_parameters(request)
    id = id_from(number_id)
    changed = read_body(request, body, NumberPatch).changed()
    with service.database.writing() as db:
        if numbers.find(db, caller.organization, id) is None:
            raise not_found()
        numbers.change(db, caller.organization, id, {**changed, "updated_at": service.now()})
        row = numbers.find(db, caller.organization, id)
    assert row is not None
    return answer(phone_number_view(row))


@delete(
    PATH + "/{number_id:str}",
    status_code=200,
    sync_to_thread=True,
    responses=errors("write", "not_found", "number_busy", "connection_outdated", "unverified_write", "carrier"),
    tags=["Numbers"],
)
def release_number(request: Req, service: Serving, number_id: FromPath[str]) -> Response[ReleaseView]:
    """Put a number's earlier routing back and let it go. It is never given up at the carrier."""
    caller = caller_of(request, service)
    refuse_parameters(request)
    return answer(releases.release_number(service, caller, id_from(number_id)))


@post(
    PATH + "/{number_id:str}/verify-voip",
    status_code=200,
    sync_to_thread=True,
    operation_class=takes("Nothing"),
    responses=errors(
        "write", "not_found", "body", "connection_deleted", "connection_outdated", "number_released",
        "number_busy", "number_not_found", "carrier",
    ),
    tags=["Numbers"],
)  # fmt: skip
def verify_number(
    request: Req, service: Serving, number_id: FromPath[str], body: RawBody
) -> Response[VerifiedNumberView]:
    """Check that calls to the number come here, and that calls may go out."""
    caller = caller_of(request, service)
    refuse_parameters(request)
    id = id_from(number_id)
    refuse_fields(request, body)
    return answer(verifications.verify_number(service, caller, id))


HANDLERS = [list_numbers, get_number, change_number, release_number, verify_number]
