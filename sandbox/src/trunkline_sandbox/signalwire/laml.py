"""/api/laml/2010-04-01: the compatibility API, of which the LaML bins are what matters here."""

from typing import Any
from xml.etree import ElementTree

from trunkline_sandbox.carrier import Response
from trunkline_sandbox.dates import iso_8601, rfc_2822

from .errors import Refusal, not_found
from .model import BIN_SCOPES, Bin, Project
from .paging import laml_page
from .routing import Call, answers

ACCOUNT = "/api/laml/2010-04-01/Accounts/{account}"
BINS = ACCOUNT + "/LamlBins"

_SUPPORTED = {
    "applications": "Applications",
    "available_phone_numbers": "AvailablePhoneNumbers",
    "calls": "Calls",
    "conferences": "Conferences",
    "incoming_phone_numbers": "IncomingPhoneNumbers",
    "messages": "Messages",
    "queues": "Queues",
    "recordings": "Recordings",
    "transcriptions": "Transcriptions",
}
_UNSUPPORTED = (
    "addresses",
    "authorized_connect_apps",
    "connect_apps",
    "keys",
    "notifications",
    "outgoing_caller_ids",
    "sandbox",
    "short_codes",
    "sip",
    "usage",
)


def _own(call: Call) -> Project:
    if call.params["account"].lower() != call.project.id:
        raise not_found()
    return call.project


@answers("GET", ACCOUNT, "laml", "Management")
def fetch_account(call: Call) -> Response:
    """The project; always active, always full, its token never shown: a trial looks like any other."""
    project = _own(call)
    base = f"/api/laml/2010-04-01/Accounts/{project.id}"
    return Response.of_json(
        200,
        {
            "sid": project.id,
            "friendly_name": project.name,
            "status": "active",
            "auth_token": "redacted",
            "date_created": rfc_2822(project.created),
            "date_updated": rfc_2822(project.created),
            "type": "Full",
            "owner_account_sid": project.id,
            "region_preference": "us-west",
            "uri": base,
            "subproject": False,
            "signing_key": None,
            "subresource_uris": {
                **dict.fromkeys(_UNSUPPORTED),
                **{name: f"{base}/{part}" for name, part in _SUPPORTED.items()},
            },
        },
    )


def show_bin(project: Project, known: Bin) -> dict[str, Any]:
    """A LaML bin."""
    return {
        "sid": known.sid,
        "date_created": iso_8601(known.created),
        "date_updated": iso_8601(known.updated),
        "date_last_accessed": None,
        "account_sid": project.id,
        "name": known.name,
        "contents": known.contents,
        "request_url": known.request_url,
        "num_requests": 0,
        "api_version": "2010-04-01",
        "uri": f"/api/laml/2010-04-01/Accounts/{project.id}/LamlBins/{known.sid}",
    }


@answers("GET", BINS, "laml", *BIN_SCOPES)
def list_bins(call: Call) -> Response:
    """The bins, newest first, by name where one is given."""
    project, name = _own(call), call.query.get("Name")
    found = [known for known in reversed(project.bins.values()) if name is None or name in known.name]
    return laml_page(call, "laml_bins", found, lambda known: show_bin(project, known))


@answers("POST", BINS, "laml", *BIN_SCOPES)
def create_bin(call: Call) -> Response:
    """A new bin; names need not be unique."""
    project, form = _own(call), call.request.form
    if not form.get("Name"):
        raise Refusal(422, "Name must be present")
    sid = call.ids.fresh()
    url = f"https://{project.space}/laml-bins/{sid}"
    made = Bin(sid, form["Name"], _xml(form.get("Contents", "<Response></Response>")), url, call.now, call.now)
    project.bins[sid] = made
    return Response.of_json(201, show_bin(project, made))


def _xml(text: str) -> str:
    try:
        ElementTree.fromstring(text)  # nosec B314
    except ElementTree.ParseError:
        raise Refusal(422, "Contents must be valid XML") from None
    return text


def _bin(call: Call) -> Bin:
    known = _own(call).bins.get(call.params["sid"])
    if known is None:
        raise not_found()
    return known


@answers("GET", BINS + "/{sid}", "laml", *BIN_SCOPES)
def fetch_bin(call: Call) -> Response:
    """One bin."""
    return Response.of_json(200, show_bin(call.project, _bin(call)))


@answers("POST", BINS + "/{sid}", "laml", *BIN_SCOPES)
def update_bin(call: Call) -> Response:
    """Changes what is named."""
    known, form = _bin(call), call.request.form
    known.contents = _xml(form.get("Contents", known.contents))
    known.name = form.get("Name") or known.name
    known.updated = call.now
    return Response.of_json(200, show_bin(call.project, known))


@answers("DELETE", BINS + "/{sid}", "laml", *BIN_SCOPES)
def delete_bin(call: Call) -> Response:
    """Deletes a bin; numbers that point at it keep its address."""
    del call.project.bins[_bin(call).sid]
    return Response(204)
