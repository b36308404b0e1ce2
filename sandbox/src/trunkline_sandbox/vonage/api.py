"""api.nexmo.com: applications and subaccounts."""

from typing import Any

from trunkline_sandbox.carrier import Response

from .errors import not_found, problem
from .model import Account, Application
from .routing import Call, Product

api = Product("api.nexmo.com", unauthorized="problem")


@api.get("/v2/applications")
def list_applications(call: Call) -> Response:
    """The applications, by the page."""
    size, page = _whole(call, "page_size", 10, 100), _whole(call, "page", 1, 10_000)
    found = list(call.account.applications.values())
    part = found[(page - 1) * size : page * size]
    return Response.of_json(
        200,
        {
            "page_size": size,
            "page": page,
            "total_items": len(found),
            "total_pages": max(1, -(-len(found) // size)),
            "_embedded": {"applications": [_shown(application) for application in part]},
        },
    )


@api.get("/v2/applications/{id}")
def fetch_application(call: Call) -> Response:
    """One application."""
    application = call.account.applications.get(call.params["id"])
    if application is None:
        raise not_found(call.request.path)
    return Response.of_json(200, _shown(application))


@api.get("/accounts/{api_key}/subaccounts")
def list_subaccounts(call: Call) -> Response:
    """The account itself with its name and whether it is suspended, and its subaccounts; seldom provisioned."""
    account = call.account
    if call.params["api_key"] != account.api_key:
        detail = f"API key '{call.params['api_key']}' does not exist, or you do not have access"
        raise problem(404, "invalid-api-key", "Invalid API Key", detail)
    if not account.has_subaccounts:
        detail = f"Account '{account.api_key}' is not provisioned to access Subaccounts"
        raise problem(403, "unprovisioned", "Authorisation error", detail)
    return Response.of_json(
        200,
        {
            "total_balance": account.balance,
            "total_credit_limit": account.credit_limit,
            "_embedded": {"primary_account": _as_primary(account), "subaccounts": []},
        },
    )


def _as_primary(account: Account) -> dict[str, Any]:
    return {
        "api_key": account.api_key,
        "name": account.name,
        "balance": account.balance,
        "credit_limit": account.credit_limit,
        "suspended": account.suspended,
        "created_at": "2018-03-02T16:34:49Z",
    }


def _shown(application: Application) -> dict[str, Any]:
    webhook = {"address": "https://apps.example.com/answer", "http_method": "GET"}
    return {
        "id": application.id,
        "name": application.name,
        "capabilities": {"voice": {"webhooks": {"answer_url": webhook}}},
        "privacy": {"improve_ai": False},
    }


def _whole(call: Call, name: str, default: int, most: int) -> int:
    value = call.query.get(name, str(default))
    if not value.isdigit() or not 1 <= int(value) <= most:
        wrong = [{"name": name, "reason": f"must be between 1 and {most}"}]
        detail = "The request failed due to validation errors"
        raise problem(400, "list-validation", "Bad Request", detail, invalid_parameters=wrong)
    return int(value)
