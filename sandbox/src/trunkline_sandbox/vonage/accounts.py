"""The accounts that exist from the start: one for every way an account can be."""

from collections.abc import Callable
from typing import Any

from .model import Account, Application, Limitation, Number
from .switches import Switches
from .world import World


def build_accounts(world: World) -> None:
    """All of them, the same ones for the same seed."""
    healthy = _healthy(world)
    world.open("empty", "Hollow Tree Catering", "empty")
    _small(world, "provisioned", "Cedar Dental Group", has_subaccounts=True)
    _small(world, "suspended", "Late Payer Logistics", "suspended", has_subaccounts=True, suspended=True)
    _small(world, "no_credit", "Blue Kite Studio", "no_credit", balance=0.0)
    _small(world, "overdrawn", "Tin Roof Radio", "no_credit", balance=-4.2, has_subaccounts=True)
    _small(world, "on_credit", "Northwind Freight", balance=-4.2, credit_limit=-500.0, has_subaccounts=True)
    _small(world, "auto_reload", "Harbour View Hotel", balance=0.0, auto_reload=True)
    _small(world, "rate_limited", "Quarry Lane Legal", "rate_limited", switches=Switches(writes_per_second=1.0))
    _dead_webhook(world)
    world.list_entry("bad_credentials", healthy, world.secret("never valid"), "bad_credentials")
    world.list_entry("revoked_secret", healthy, world.secret("revoked"), "bad_credentials")


def _small(world: World, label: str, name: str, expect: str = "healthy", **details: Any) -> Account:
    account = world.open(label, name, expect, **details)
    world.give(account, "US", "local", 6)
    return account


def _dead_webhook(world: World) -> None:
    account = _small(world, "dead_webhook", "Old Mill Bakery", "sms_webhook_unreachable")
    for number in account.numbers.values():
        number.settings["moHttpUrl"] = "https://gone.acme.example/sms?token=s3same"
    account.switches.dead_hosts = ("gone.acme.example",)


_HEALTHY_NUMBERS = (
    ("US", "local", 900),
    ("CA", "local", 120),
    ("US", "toll-free", 60),
    ("GB", "mobile", 60),
    ("GB", "local", 40),
    ("DE", "local", 20),
    ("DE", "mobile", 10),
)


def _healthy(world: World) -> Account:
    account = world.open("healthy", "Acme Voice Ltd")
    # The second secret of an account in the middle of changing them.
    account.secrets.append(world.secret("healthy/next"))
    for country, kind, count in _HEALTHY_NUMBERS:
        world.give(account, country, kind, count)
    menu = world.link(account, "Call menu")
    world.link(account, "Störung Köln ☎")
    numbers = list(account.numbers.values())
    for at, change in _oddities(menu).items():
        change(numbers[at])
    account.add_number(Number("US", "78787", "mobile-shortcode", ("SMS",)))
    return account


def _oddities(menu: Application) -> dict[int, Callable[[Number], None]]:
    """Among the first numbers, one of each kind that a careless importer trips over."""

    def settings(**fields: str) -> Callable[[Number], None]:
        return lambda number: number.settings.update(fields)

    def features(*names: str) -> Callable[[Number], None]:
        return lambda number: setattr(number, "features", names)

    def limited(*reaches: str) -> Callable[[Number], None]:
        limits = tuple(Limitation("VOICE", "OUTBOUND", reach) for reach in reaches)
        return lambda number: setattr(number, "limitations", limits)

    sms = "https://sms:s3same-0pen@hooks.acme.example/inbound?token=4cc355"
    return {
        3: features("SMS"),
        5: limited("INTERNATIONAL"),
        6: limited("DOMESTIC", "INTERNATIONAL"),
        7: settings(moHttpUrl=sms),
        9: settings(app_id=menu.id),
        11: settings(
            app_id=menu.id, moHttpUrl=sms, voiceCallbackType="sip", voiceCallbackValue="sip:9@pbx.acme.example"
        ),
        13: settings(voiceCallbackType="tel", voiceCallbackValue="442079460001"),
        15: settings(voiceCallbackType="sip", voiceCallbackValue="sip:desk:s3same-0pen@pbx.acme.example;transport=tls"),
        17: settings(
            voiceCallbackType="sip", voiceCallbackValue="sip:1@a.acme.example,sip:2@b.acme.example;timeout=4000"
        ),
        19: settings(voiceStatusCallback="https://hooks.acme.example/status", moSmppSysType="inbound"),
        21: settings(app_id=menu.id, messagesCallbackType="app", messagesCallbackValue=menu.id),
    }
