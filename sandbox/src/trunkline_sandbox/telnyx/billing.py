"""/v2/balance and /v2/charges_breakdown: money, as decimal strings."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from trunkline_sandbox.carrier import Response

from .errors import invalid, not_authorized
from .model import Number
from .routing import Call, Part, data

billing = Part()


@billing.on("GET", "/balance")
def fetch_balance(call: Call) -> Response:
    """What the account has, may borrow, and may spend."""
    account = call.account
    available = Decimal(account.balance) + Decimal(account.credit_limit)
    return data(
        200,
        {
            "record_type": "balance",
            "balance": account.balance,
            "credit_limit": account.credit_limit,
            "available_credit": str(available),
            "pending": "10.00",
            "currency": "USD",
        },
    )


@billing.on("GET", "/charges_breakdown")
def fetch_charges(call: Call) -> Response:
    """What each number cost in these days; the monthly fee is posted on the first."""
    start, end = _day(call, "start_date"), _day(call, "end_date")
    today = datetime.fromtimestamp(call.now, UTC).date()
    if end <= start or (end - start).days > 31:
        raise invalid("The range must have 1 to 31 days.", "/end_date", status=400)
    if end > today and not call.switches.charges_in_future:
        raise invalid("end_date must not be in the future.", "/end_date", status=400)
    if call.switches.charges == "forbidden":
        raise not_authorized()
    if call.switches.charges == "unknown_user":
        raise invalid("User account not found")
    firsts = [start + timedelta(days) for days in range((end - start).days)]
    posted = any(day.day == 1 and day <= today for day in firsts) and call.switches.charges != "empty"
    rows = [_row(call, each) for each in call.account.numbers.values() if each.monthly_cost] if posted else []
    return data(
        200,
        {
            "user_id": call.account.user_id,
            "user_email": f"{call.account.label}@customer.example",
            "currency": "USD",
            "start_date": start.isoformat(),
            "end_date": end.isoformat(),
            "results": rows,
        },
    )


def _row(call: Call, number: Number) -> dict[str, Any]:
    cost = Decimal(number.monthly_cost or "0")
    services = [{"name": "Local DIDs", "cost_type": "MRC", "cost": str(cost)}]
    if call.switches.charges == "live":
        services = [
            {"name": "numbers", "cost_type": "otc", "cost": "-1.00000"},
            {"name": "numbers", "cost_type": "partial-mrc", "cost": "-0.61290"},
            {"name": "numbers", "cost_type": "mrc", "cost": f"-{cost:.5f}"},
        ]
    return {
        "tn": number.phone_number,
        "charge_type": number.kind,
        "service_owner_user_id": call.account.user_id,
        "service_owner_email": f"{call.account.label}@customer.example",
        "services": services,
    }


def _day(call: Call, name: str) -> date:
    try:
        return date.fromisoformat(call.query.get(name, ""))
    except ValueError:
        raise invalid(f"{name} is invalid", f"/{name}", status=400) from None
