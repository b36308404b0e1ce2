"""rest.nexmo.com: the balance, the numbers an account rents, and numbers for rent."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from trunkline_sandbox.carrier import Response

from .errors import Refusal, old, too_many
from .model import Account, Number
from .prices import price
from .routing import Call, Product

rest = Product("rest.nexmo.com")

LARGEST_PAGE = 100
SUCCESS = {"error-code": "200", "error-code-label": "success"}


@rest.get("/account/get-balance")
def get_balance(call: Call) -> Response:
    """The balance in EUR, whatever the account's currency."""
    return Response.of_json(200, {"value": call.account.balance, "autoReload": call.account.auto_reload})


@rest.get("/account/numbers")
def list_numbers(call: Call) -> Response:
    """The account's numbers, by the page; an account without any has neither count nor list."""
    return Response.of_json(200, page_of_numbers(call.account, call.query))


def page_of_numbers(account: Account, query: dict[str, str]) -> dict[str, Any]:
    """One page of the list, filtered."""
    index, size = _whole(query, "index", 1), _whole(query, "size", 10)
    if size > LARGEST_PAGE:
        raise old(420, f"size must not exceed {LARGEST_PAGE}")
    wanted = _filter(account, query)
    found = [number for number in account.numbers.values() if wanted(number)]
    if not found:
        return {} if account.switches.empty == "nothing" else {"count": 0, "numbers": []}
    part = found[(index - 1) * size : index * size]
    rows = [number.listed(account.switches) for number in part]
    if account.switches.count == "missing":
        return {"numbers": rows}
    return {"count": str(len(found)) if account.switches.count == "text" else len(found), "numbers": rows}


@rest.get("/number/search")
def search_numbers(call: Call) -> Response:
    """Numbers for rent with what they cost a month and at first, in EUR; nothing but prices can be relied on."""
    country, kind = call.query.get("country", ""), call.query.get("type", "mobile-lvn")
    if len(country) != 2:
        raise old(420, "country is required")
    known = price(country, kind)
    if known is None:
        return Response.of_json(200, {})
    sample = {"country": country, "msisdn": "447000000000", "type": kind, "features": ["VOICE", "SMS"], **known}
    return Response.of_json(200, {"count": 1, "numbers": [sample]})


@rest.post("/number/update")
def update_number(call: Call) -> Response:
    """Replace all settings of a number by those given, after a look at its SMS webhook."""
    account, form = call.account, call.form
    switches = account.switches
    if switches.writes_per_second is not None:
        if call.now - account.last_write < 1 / switches.writes_per_second:
            raise too_many(switches.retry_after)
        account.last_write = call.now
    number = _owned(call)
    kind, value = form.get("voiceCallbackType", ""), form.get("voiceCallbackValue", "")
    if bool(kind) != bool(value) or kind not in ("", "sip", "tel", "app"):
        raise _refused(account, "Invalid voice callback")
    if not kind and "voiceCallbackType" in form and not switches.takes_empty_voice:
        raise _refused(account, "Invalid voice callback")
    if kind == "app" and not switches.takes_app_type:
        raise _refused(account, "voiceCallbackType app is not supported any more")
    for application in (form.get("app_id", ""), value if kind == "app" else ""):
        if application and application not in account.applications:
            raise _refused(account, "Invalid app_id")
    webhook = form.get("moHttpUrl", "")
    if webhook and not _answers(webhook, switches.dead_hosts):
        raise _refused(account, switches.webhook_label.format(url=webhook))
    number.update(form, switches)
    return Response.of_json(200, SUCCESS)


@rest.post("/number/cancel")
def cancel_number(call: Call) -> Response:
    """Give a number back: the rental ends and the number is lost."""
    number = _owned(call)
    del call.account.numbers[number.country, number.msisdn]
    return Response.of_json(200, SUCCESS)


@rest.post("/number/buy")
def buy_number(call: Call) -> Response:
    """Nothing is for sale in the sandbox."""
    raise old(420, "Numbers from this country can be requested from the Dashboard")


def _owned(call: Call) -> Number:
    form = call.form
    number = call.account.numbers.get((form.get("country", "").upper(), form.get("msisdn", "")))
    if number is None:
        raise _refused(call.account, "method failed")
    return number


def _refused(account: Account, label: str) -> Refusal:
    return old(account.switches.refusal_status, label, code="420")


def _answers(webhook: str, dead_hosts: tuple[str, ...]) -> bool:
    try:
        host = urlsplit(webhook).hostname
    except ValueError:
        return False
    return bool(host) and host not in dead_hosts


def _whole(query: dict[str, str], name: str, default: int) -> int:
    value = query.get(name, "")
    return max(1, int(value)) if value.isdigit() else default


def _filter(account: Account, query: dict[str, str]) -> Callable[[Number], bool]:
    country, pattern, how = (query.get(name, "") for name in ("country", "pattern", "search_pattern"))
    application, has_application = query.get("application_id", ""), query.get("has_application", "")
    contains = how == "1" or account.switches.pattern == "contains"

    def wanted(number: Number) -> bool:
        linked = number.settings.get("app_id", "")
        return (
            (not country or number.country == country.upper())
            and (not pattern or _fits(number.msisdn, pattern, how, contains))
            and (not application or linked == application)
            and (not has_application or bool(linked) == (has_application.lower() == "true"))
        )

    return wanted


def _fits(msisdn: str, pattern: str, how: str, contains: bool) -> bool:
    if how == "2":
        return msisdn.endswith(pattern)
    return pattern in msisdn if contains else msisdn.startswith(pattern)
