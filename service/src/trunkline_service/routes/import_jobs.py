"""`/v1/import-jobs`."""

from __future__ import annotations

from litestar import Response, get, post
from litestar.params import FromPath, RawBody

from trunkline_service import import_jobs
from trunkline_service.auth import caller_of
from trunkline_service.bodies import refuse_fields
from trunkline_service.routes.documented import errors, takes
from trunkline_service.routes.reading import Req, Serving, id_from, refuse_parameters
from trunkline_service.views import ImportJobView, answer

PATH = "/v1/import-jobs"


@get(PATH + "/{job_id:str}", sync_to_thread=True, responses=errors("not_found"), tags=["Numbers"])
def get_import_job(request: Req, service: Serving, job_id: FromPath[str]) -> Response[ImportJobView]:
    """An import job and the outcomes so far. It is forgotten 30 days after its end."""
    caller = caller_of(request, service)
    return answer(import_jobs.show(service, caller.organization, id_from(job_id)))


@post(
    PATH + "/{job_id:str}/cancel",
    status_code=200,
    sync_to_thread=True,
    operation_class=takes("Nothing"),
    responses=errors("write", "not_found", "body"),
    tags=["Numbers"],
)
def cancel_import_job(request: Req, service: Serving, job_id: FromPath[str], body: RawBody) -> Response[ImportJobView]:
    """Import no more of the job's numbers. Those that are imported stay so; one that is finished is left as it is."""
    caller = caller_of(request, service)
    refuse_parameters(request)
    id = id_from(job_id)
    refuse_fields(request, body)
    return answer(import_jobs.cancel(service, caller, id))


HANDLERS = [get_import_job, cancel_import_job]
