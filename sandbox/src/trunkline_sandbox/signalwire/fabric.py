"""/api/fabric/resources: SWML scripts; and /api/projects."""

import json
from typing import Any

from trunkline_sandbox.carrier import Response, encode_json
from trunkline_sandbox.dates import iso_8601

from .errors import Refusal, invalid, not_found
from .model import FABRIC_SCOPES, Project, Script
from .paging import links_page
from .routing import Call, answers

SCRIPTS = "/api/fabric/resources/swml_scripts"


def show_script(project: Project, script: Script) -> dict[str, Any]:
    """A script, as a resource with the script inside it."""
    as_text = project.switches.contents == "text"
    inner = {
        "id": script.script_id,
        "display_name": script.display_name,
        "script_type": "calling",
        "request_url": script.request_url,
        "contents": json.dumps(script.contents) if as_text else script.contents,
    }
    if script.status_callback_url:
        inner |= {"status_callback_url": script.status_callback_url, "status_callback_method": "POST"}
    if script.request_url is None:
        del inner["request_url"]
    return {
        "id": script.id,
        "project_id": project.id,
        "display_name": script.display_name,
        "type": "swml_script",
        "created_at": iso_8601(script.created),
        "updated_at": iso_8601(script.updated),
        "swml_script": inner,
    }


@answers("GET", SCRIPTS, "fabric", *FABRIC_SCOPES)
def list_scripts(call: Call) -> Response:
    """The scripts, newest first; there is no filter by name."""
    newest_first = list(reversed(call.project.scripts.values()))
    page = links_page(
        call,
        newest_first,
        lambda script: script.id,
        lambda script: encode_json(show_script(call.project, script)).encode(),
    )
    if call.project.switches.script_list == "array":
        return Response(page.status, b"[" + page.body + b"]")
    return page


@answers("POST", SCRIPTS, "fabric", *FABRIC_SCOPES)
def create_script(call: Call) -> Response:
    """A new script; names need not be unique. Answers 200, not 201."""
    body, project = call.body(), call.project
    if project.switches.scripts == "refused":
        raise invalid("contents", "is invalid", "invalid_parameter")
    if project.script_limit is not None and len(project.scripts) >= project.script_limit:
        raise Refusal(422, "Account limit exceeded, please upgrade", "account_limit_exceeded")
    if not isinstance(body.get("name"), str) or not body["name"]:
        raise invalid("name", "must be present", "invalid_parameter")
    if body.get("script_type", "calling") != "calling":
        raise invalid("script_type", "is not included in the list", "invalid_parameter")
    inner = call.ids.fresh()
    url = None if project.switches.scripts == "without_address" else _address(project, inner)
    script = Script(call.ids.fresh(), inner, body["name"], _contents(body.get("contents")), url, call.now, call.now)
    project.scripts[script.id] = script
    return Response.of_json(200, show_script(project, script))


def _address(project: Project, script_id: str) -> str:
    # Always the carrier's own, whatever host the sandbox is reached by: it is a value, not a link.
    return f"https://{project.space}/relay-bins/{script_id}"


def _contents(given: Any) -> dict[str, Any]:
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            given = None
    if not isinstance(given, dict) or not isinstance(given.get("sections"), dict):
        raise invalid("contents", "is not a valid SWML document", "invalid_parameter")
    return given


def _script(call: Call) -> Script:
    script = call.project.scripts.get(call.params["id"])
    if script is None:
        raise not_found()
    return script


@answers("GET", SCRIPTS + "/{id}", "fabric", *FABRIC_SCOPES)
def fetch_script(call: Call) -> Response:
    """One script."""
    return Response.of_json(200, show_script(call.project, _script(call)))


@answers("PUT", SCRIPTS + "/{id}", "fabric", *FABRIC_SCOPES)
def update_script(call: Call) -> Response:
    """Changes what is named."""
    script, body = _script(call), call.body()
    if "contents" in body:
        script.contents = _contents(body["contents"])
    if isinstance(body.get("display_name"), str):
        script.display_name = body["display_name"]
    script.updated = call.now
    return Response.of_json(200, show_script(call.project, script))


@answers("DELETE", SCRIPTS + "/{id}", "fabric", *FABRIC_SCOPES)
def delete_script(call: Call) -> Response:
    """Deletes a script; numbers that point at it keep its address."""
    del call.project.scripts[_script(call).id]
    return Response(204)


@answers("GET", "/api/projects/{id}", "fabric", "Management")
def fetch_project(call: Call) -> Response:
    """The project itself; one outside its own tree is not found."""
    project = call.project
    if call.params["id"].lower() != project.id:
        raise not_found()
    return Response.of_json(
        200,
        {
            "id": project.id,
            "name": project.name,
            "parent_project_id": None,
            "subproject": False,
            "region_preference": "us-west",
            "protect_recordings": False,
            "protect_message_media": False,
            "protect_fax_media": False,
            "force_https_requests": True,
            "created_at": iso_8601(project.created),
            "updated_at": iso_8601(project.created),
        },
    )
