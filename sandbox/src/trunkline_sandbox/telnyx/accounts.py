"""The accounts that exist from the start: one for every way an account can be."""

from collections.abc import Sequence
from typing import Any

from trunkline_sandbox.carrier import AccountEntry

from .model import Account, ApiKey, Connection, Fqdn, Ip, Number, Profile
from .world import World

OPENED = 1_438_286_400.0
"""When the first account was opened; all dates at the start are counted from here, so that they never change."""

_PLAN_KINDS = {"toll_free": "toll-free"}


def open_account(world: World, label: str, name: str, **details: Any) -> Account:
    """A new account, with a key that belongs to its label."""
    account = Account(label, world.uuid(f"user/{label}"), name, OPENED, **details)
    account.keys.append(ApiKey(world.secret_key(label)))
    world.accounts[label] = account
    return account


def list_way_in(
    world: World,
    account: Account,
    *,
    label: str | None = None,
    key: str | None = None,
    connection: Connection | str | None = None,
    guided: bool = False,
    domain: str | None = None,
) -> None:
    """Have control list a way into the account."""
    credentials = {"apiKey": key or account.api_key}
    if connection is not None:
        credentials["connectionId"] = connection.id if isinstance(connection, Connection) else connection
    world.entries.append(
        AccountEntry(
            label or account.label,
            "telnyx",
            credentials,
            account.expect,
            setup_method="guided_telnyx" if guided else "api_key",
            sip_config={"domain": domain} if domain else {},
        )
    )


def give_numbers(world: World, account: Account, country: str, kind: str, count: int) -> list[Number]:
    """Numbers fresh from the plan, routed nowhere."""
    given = []
    for _ in range(count):
        phone_number = world.plan.take(country, _PLAN_KINDS.get(kind, kind))
        at = OPENED + 600.0 * len(account.numbers)
        number = Number(world.id(), phone_number, country, kind, at, at)
        account.numbers[number.id] = number
        given.append(number)
    account.changed()
    return given


def give_profile(world: World, account: Account, name: str, **details: Any) -> Profile:
    """An outbound voice profile."""
    profile = Profile(world.id(), name, OPENED, OPENED, **details)
    account.profiles[profile.id] = profile
    return profile


def give_connection(
    world: World,
    account: Account,
    name: str,
    kind: str = "fqdn_connection",
    profile: Profile | None = None,
    **more: Any,
) -> Connection:
    """A connection or an application."""
    at = OPENED + 60.0 * len(account.connections)
    connection = Connection(world.id(), kind, name, at, at, profile_id=profile.id if profile else None, **more)
    if kind == "fqdn_connection" and profile is not None:
        connection.user_name, connection.password = f"user{connection.id[-8:]}", "pa55word-of-the-customer"
        connection.authentication = "credential-authentication"
    account.connections[connection.id] = connection
    return connection


def give_fqdn(
    world: World, account: Account, connection: Connection, host: str, port: int | None = 5060, kind: str = "a"
) -> Fqdn:
    """A place that a connection sends calls to."""
    record = Fqdn(world.id(), connection.id, host, port, kind, OPENED, OPENED)
    account.fqdns[record.id] = record
    return record


def give_platform_connection(world: World, account: Account, name: str, **more: Any) -> Connection:
    """An FQDN connection that leads to the platform, as one who followed the instructions made it."""
    connection = give_connection(world, account, name, **more)
    connection.inbound = {"ani_number_format": "+E.164", "dnis_number_format": "+e164"}
    give_fqdn(world, account, connection, world.platform)
    return connection


def build_accounts(world: World) -> None:
    """All of them, the same ones for the same seed."""
    _healthy(world)
    _guided(world)
    empty = open_account(world, "empty", "Hollow Tree Catering", expect="empty")
    profile = give_profile(world, empty, "Default")
    list_way_in(world, empty, connection=give_platform_connection(world, empty, "Platform", profile=profile))
    _trial(world)
    _connections(world)
    _profiles(world)
    _troubles(world)
    _sub_user(world)
    bad = world.accounts["healthy"]
    entry = AccountEntry("bad_credentials", "telnyx", {"apiKey": world.secret_key("wrong")}, "bad_credentials")
    world.entries.append(entry)
    elsewhere = {"apiKey": bad.api_key, "connectionId": "1111111111111111111"}
    world.entries.append(AccountEntry("foreign_connection", "telnyx", elsewhere, "foreign_connection"))


def _healthy(world: World) -> None:
    account = open_account(world, "healthy", "Acme Voice Ltd")
    countries = list(dict.fromkeys(country for country, _, _ in _HEALTHY_NUMBERS))
    profile = give_profile(world, account, "Default", whitelisted_destinations=countries)
    platform = give_platform_connection(world, account, "Acme Main", profile=profile)
    office = give_connection(world, account, "Head office", profile=profile)
    give_fqdn(world, account, office, "pbx.acme.example")
    menu = give_connection(
        world, account, "Call menu", "call_control_application", webhook_url="https://menu:s3same@calls.acme.example/v"
    )
    by_address = give_connection(world, account, "Warehouse", "ip_connection", profile=profile)
    account.ips["1"] = Ip("1", by_address.id, "198.51.100.7", 5060, OPENED, OPENED)
    phones = give_connection(
        world, account, "Softphones", "credential_connection", profile=profile, user_name="acmedesk"
    )
    markup = give_connection(
        world, account, "Old menu", "texml_application", webhook_url="https://calls.acme.example/texml"
    )
    for country, kind, count in _HEALTHY_NUMBERS:
        give_numbers(world, account, country, kind, count)
    _add_oddities(list(account.numbers.values()), (office, menu, by_address, phones, markup, platform))
    list_way_in(world, account, connection=platform)
    list_way_in(world, account, label="no_connection")


_HEALTHY_NUMBERS = (
    ("US", "local", 450),
    ("US", "toll_free", 40),
    ("CA", "local", 50),
    ("GB", "local", 40),
    ("GB", "mobile", 20),
    ("DE", "local", 20),
    ("FR", "national", 10),
)


def _add_oddities(numbers: Sequence[Number], connections: Sequence[Connection]) -> None:
    """Among the first numbers, one of each kind that a careless importer trips over."""
    office, menu, by_address, phones, markup, platform = connections
    odd: dict[int, dict[str, Any]] = {
        1: {"connection_id": office.id},
        2: {"connection_id": menu.id},
        3: {"connection_id": by_address.id},
        4: {"connection_id": phones.id},
        5: {"connection_id": markup.id},
        6: {"connection_id": platform.id},
        7: {"voice": {"forwards_to": "+13035550100", "forwarding_type": "always"}, "connection_id": office.id},
        8: {"voice": {"forwards_to": "+13035550100", "forwarding_type": "on-failure"}},
        9: {"voice": {"translated_number": "+13035550101"}},
        10: {"voice": {"inbound_call_screening": "reject_calls"}},
        11: {"voice": {"tech_prefix_enabled": True}},
        12: {"external_pin": "8317"},
        13: {"customer_reference": "Störung Köln ☎"},
        14: {"tags": ["front desk", "sales"]},
        15: {"customer_reference": '<b>Sales</b> & "Support"'},
        16: {"deletion_lock_enabled": True},
        17: {"messaging_profile_id": "abc85f64-5717-4562-b3fc-2c9600000000"},
        18: {"status": "port-pending"},
        19: {"status": "requirement-info-pending"},
        20: {"kind": "longcode"},
        21: {"monthly_cost": "2.00"},
        22: {"monthly_cost": None},
        23: {"t38_fax_gateway_enabled": True},
        24: {"voice": {"call_forwarding_enabled": False, "forwards_to": "+13035550100"}},
        25: {"source_type": "port_request", "hd_voice_enabled": True},
        450: {"kind": "tollfree", "monthly_cost": "40.0000000"},
    }
    for at, fields in odd.items():
        for name, value in fields.items():
            setattr(numbers[at], name, value)


def _guided(world: World) -> None:
    account = open_account(world, "guided", "Cedar Dental Group")
    give_numbers(world, account, "US", "local", 30)
    office = give_connection(world, account, "Front desk", profile=give_profile(world, account, "Default"))
    give_fqdn(world, account, office, "pbx.cedar.example")
    for number in list(account.numbers.values())[:10]:
        number.connection_id = office.id
    list_way_in(world, account, guided=True)


def _trial(world: World) -> None:
    account = open_account(world, "trial", "Blue Kite Studio", level="trial", expect="trial", balance="5.00")
    give_numbers(world, account, "US", "local", 1)
    list_way_in(world, account, guided=True)
    taken = open_account(world, "trial_taken", "Red Kite Studio", level="trial", expect="trial_taken", balance="5.00")
    give_numbers(world, taken, "US", "local", 1)
    give_connection(world, taken, "Theirs", profile=give_profile(world, taken, "Theirs"))
    list_way_in(world, taken, guided=True)


def _connections(world: World) -> None:
    for label, name in (
        ("inactive_connection", "Quarry Lane Legal"),
        ("elsewhere", "Harbour View Hotel"),
        ("empty_connection", "Alder Books"),
        ("application", "Poppy Field Florist"),
        ("registration", "Willow Street Clinic"),
        ("addresses", "Fern Valley School"),
    ):
        account = open_account(world, label, name, expect=label)
        give_numbers(world, account, "US", "local", 4)
        profile = give_profile(world, account, "Default")
        list_way_in(world, account, connection=_connection_of(world, account, label, profile))


def _connection_of(world: World, account: Account, label: str, profile: Profile) -> Connection:
    match label:
        case "inactive_connection":
            return give_platform_connection(world, account, "Platform", profile=profile, active=False)
        case "elsewhere":
            connection = give_connection(world, account, "Office", profile=profile)
            give_fqdn(world, account, connection, "pbx.harbour.example")
            return connection
        case "application":
            address = "https://calls.poppy.example/v"
            return give_connection(world, account, "Menu", "call_control_application", webhook_url=address)
        case "registration":
            return give_connection(world, account, "Phones", "credential_connection", profile=profile)
        case "addresses":
            connection = give_connection(world, account, "Office", "ip_connection", profile=profile)
            connection.inbound = {"dnis_number_format": "+e164"}
            account.ips["1"] = Ip("1", connection.id, "198.51.100.20", 5060, OPENED, OPENED)
            return connection
    return give_connection(world, account, "New", profile=profile)


def _profiles(world: World) -> None:
    details: dict[str, dict[str, Any]] = {
        "no_outbound_profile": {},
        "profile_disabled": {"enabled": False},
        "profile_full": {"concurrent_call_limit": 0},
        "destinations": {"whitelisted_destinations": ["FR"]},
    }
    for label, more in details.items():
        account = open_account(world, label, label.replace("_", " ").title(), expect=label)
        give_numbers(world, account, "US", "local", 4)
        profile = give_profile(world, account, "Default", **more) if label != "no_outbound_profile" else None
        list_way_in(world, account, connection=give_platform_connection(world, account, "Platform", profile=profile))


def _troubles(world: World) -> None:
    for label, code in (("out_of_funds", "20012"), ("blocked", "20013"), ("unverified", "20014")):
        account = open_account(world, label, "Late Payer Logistics", expect=label, trouble=code, balance="-120.00")
        give_numbers(world, account, "US", "local", 3)
        list_way_in(world, account, connection=give_platform_connection(world, account, "Platform"))


def _sub_user(world: World) -> None:
    account = open_account(world, "sub_user", "Birch Row Estates", expect="sub_user")
    give_numbers(world, account, "US", "local", 5)
    profile = give_profile(world, account, "Default")
    connection = give_platform_connection(world, account, "Platform", profile=profile)
    key = ApiKey(world.secret_key("sub_user/limited"), (r"/v2/balance", r"/v2/charges_breakdown"))
    account.keys.append(key)
    list_way_in(world, account, key=key.secret, connection=connection)
    nothing = ApiKey(world.secret_key("sub_user/nothing"), (r"/v2/.*",))
    account.keys.append(nothing)
    account.expect = "permission_missing"
    list_way_in(world, account, label="permission_missing", key=nothing.secret, connection=connection)
    account.expect = "sub_user"
