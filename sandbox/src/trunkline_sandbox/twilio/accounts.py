"""The accounts that exist from the start: one for every way an account can be."""

from collections.abc import Sequence
from typing import Any

from trunkline_sandbox.number_plan import formatted

from .model import Account, ApiKey, CallerId, CredentialList, KeyKind, Named, Number, OriginationUrl, Trunk
from .world import World

OPENED = 1_438_286_400.0
"""When the first account was opened; all dates at the start are counted from here, so that they never change."""


def open_account(world: World, label: str, friendly_name: str, **details: Any) -> Account:
    """A new account, with a token that belongs to its label and its region."""
    token = world.names.named_secret(f"token/{label}/{world.region}")
    account = Account(label, world.names.named("AC", label), token, friendly_name, OPENED, **details)
    world.add_account(account)
    return account


def list_with_token(world: World, account: Account, expect: str = "healthy") -> None:
    """Have control list the account under its own label, opened by its token."""
    account.expect = expect
    world.list_entry(account.label, account, {"authToken": account.auth_token}, expect)


def list_with_key(world: World, label: str, account: Account, kind: KeyKind, expect: str) -> ApiKey:
    """Give the account an API key, and have control list it as a way in."""
    secret = world.names.named_secret(f"key/{label}/{world.region}")
    key = ApiKey(world.names.named("SK", label), f"{kind} key", OPENED, OPENED, secret=secret, kind=kind)
    account.keys[key.sid] = key
    world.forget_identities()
    world.list_entry(label, account, {"apiKeySid": key.sid, "apiKeySecret": secret}, expect)
    return key


def give_numbers(world: World, account: Account, country: str, kind: str, count: int) -> list[Number]:
    """Numbers fresh from the plan; every fourth has the address that new numbers answer with."""
    given = []
    for _ in range(count):
        phone_number = world.plan.take(country, kind)
        sid = world.names.named("PN", phone_number)
        at = OPENED + 600.0 * len(account.numbers)
        number = Number(sid, account.sid, phone_number, kind, formatted(phone_number), at, at)
        if len(account.numbers) % 4 == 1:
            number.own["voice_url"] = "https://demo.twilio.com/welcome/voice/"
        account.add_number(number)
        given.append(number)
    return given


def give_trunk(world: World, account: Account, name: str, domain: str, sip_url: str) -> Trunk:
    """A trunk of the customer's own, sending calls to the customer's own equipment."""
    trunk = Trunk(world.ids.sid("TK"), name, OPENED, OPENED, domain_name=domain)
    url = OriginationUrl(world.ids.sid("OU"), name, sip_url, 10, 10, True, OPENED, OPENED)
    trunk.origination_urls[url.sid] = url
    account.trunks[trunk.sid] = trunk
    world.domains.take(domain)
    return trunk


def build_accounts(world: World) -> None:
    """All of them, the same ones for the same seed."""
    healthy = _healthy(world)
    list_with_token(world, open_account(world, "empty", "Hollow Tree Catering"), "empty")
    _trial(world)
    _suspended(world)
    _closed(world)
    _keys(world, healthy)
    _subaccount(world, healthy)
    _geo_blocked(world)
    _email_name(world)
    test = open_account(world, "test_credentials", "Acme Voice Ltd", test_credentials=True)
    list_with_token(world, test, "test_credentials")
    wrong = world.names.named_secret(f"wrong token/{world.region}")
    world.list_entry("bad_credentials", healthy, {"authToken": wrong}, "bad_credentials")


_HEALTHY_NUMBERS = (
    ("US", "local", 2400),
    ("CA", "local", 300),
    ("US", "toll-free", 150),
    ("GB", "local", 60),
    ("GB", "mobile", 40),
    ("DE", "local", 30),
    ("DE", "mobile", 20),
)


def _healthy(world: World) -> Account:
    account = open_account(world, "healthy", "Acme Voice Ltd", discount="0.10")
    for country, kind, count in _HEALTHY_NUMBERS:
        give_numbers(world, account, country, kind, count)
    application = Named(world.ids.sid("AP"), "Call menu", OPENED, OPENED)
    account.applications[application.sid] = application
    trunk = give_trunk(world, account, "Head office", "acme-head-office.pstn.twilio.com", "sip:pbx.acme.example")
    office = CredentialList(world.ids.sid("CL"), "Head office phones", OPENED, OPENED)
    account.credential_lists[office.sid] = office
    trunk.credential_lists[office.sid] = OPENED
    addresses = Named(world.ids.sid("AL"), "Head office addresses", OPENED, OPENED)
    account.ip_access_control_lists[addresses.sid] = addresses
    _add_oddities(account, list(account.numbers.values()), application, trunk)
    list_with_token(world, account)
    return account


def _add_oddities(account: Account, numbers: Sequence[Number], application: Named, trunk: Trunk) -> None:
    """Among the first numbers, one of each kind that a careless importer trips over."""
    calls_with_login = "https://menu:s3same-0pen@calls.acme.example/voice"
    messages_only = {"voice": False, "sms": True, "mms": False, "fax": False}
    odd: dict[int, dict[str, Any]] = {
        3: {"capabilities": messages_only},
        5: {"voice_receive_mode": "fax", "capabilities": {"voice": True, "sms": False, "mms": False, "fax": True}},
        7: {"voice_url": calls_with_login, "status_callback": "https://calls.acme.example/status"},
        9: {"trunk_sid": trunk.sid, "voice_url": "https://calls.acme.example/behind-the-trunk"},
        11: {"voice_application_sid": application.sid},
        13: {"origin": "hosted"},
        15: {"beta": True},
        17: {"friendly_name": "Front desk"},
        19: {"friendly_name": "Störung Köln ☎"},
        21: {"friendly_name": '<b>Sales</b> & "Support"'},
        23: {"voice_fallback_url": "https://calls.acme.example/fallback", "voice_fallback_method": "GET"},
        25: {"voice_caller_id_lookup": True, "voice_method": "GET", "voice_url": "https://calls.acme.example/lookup"},
    }
    for at, fields in odd.items():
        account.update_number(numbers[at], fields, numbers[at].updated)
    account.voice_regions[numbers[27].phone_number] = "ie1"


def _trial(world: World) -> None:
    account = open_account(world, "trial", "Blue Kite Studio", type="Trial", balance="15.50")
    give_numbers(world, account, "US", "local", 2)
    sid, at = world.ids.sid("PN"), OPENED
    account.caller_ids[sid] = CallerId(sid, "Founder", at, at, phone_number=world.plan.take("US"))
    list_with_token(world, account, "trial")


def _suspended(world: World) -> None:
    account = open_account(world, "suspended", "Late Payer Logistics", balance="-3.20")
    give_numbers(world, account, "US", "local", 3)
    account.status = "suspended"
    list_with_token(world, account, "suspended")


def _closed(world: World) -> None:
    account = open_account(world, "closed", "Gone Fishing Tours", status="closed")
    list_with_token(world, account, "closed")


def _keys(world: World, healthy: Account) -> None:
    list_with_key(world, "main_key", healthy, "main", "healthy_main_key")
    small = open_account(world, "standard_key", "Cedar Dental Group")
    give_numbers(world, small, "US", "local", 9)
    give_numbers(world, small, "CA", "local", 3)
    list_with_key(world, "standard_key", small, "standard", "healthy_standard_key")
    restricted = open_account(world, "restricted_key", "Quarry Lane Legal")
    give_numbers(world, restricted, "US", "local", 4)
    key = list_with_key(world, "restricted_key", restricted, "restricted", "restricted_key")
    numbers = r"(GET|POST) /2010-04-01/Accounts/[^/]+/IncomingPhoneNumbers.*"
    key.permissions = (numbers,)
    # Whether Twilio gives a restricted key a permission for trunks is not documented.
    key = list_with_key(world, "restricted_to_trunks", restricted, "restricted", "healthy_restricted_key")
    key.permissions = (numbers, r"(GET|POST) /v1/Trunks.*", r"GET /v1/DialingPermissions/.*")


def _subaccount(world: World, parent: Account) -> None:
    account = open_account(world, "subaccount", "Acme Voice Ltd, Leeds branch", owner_sid=parent.sid)
    give_numbers(world, account, "GB", "local", 5)
    list_with_token(world, account, "healthy_subaccount")


def _geo_blocked(world: World) -> None:
    account = open_account(world, "geo_blocked", "Harbour View Hotel")
    give_numbers(world, account, "AU", "local", 3)
    give_numbers(world, account, "US", "local", 3)
    account.dialing["US"] = {"low_risk_numbers_enabled": False}
    list_with_token(world, account, "geo_blocked")


def _email_name(world: World) -> None:
    account = open_account(world, "email_name", "pat.lindqvist@northwind.example")
    give_numbers(world, account, "US", "local", 6)
    list_with_token(world, account, "email_name")
