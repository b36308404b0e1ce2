"""All that exists at Twilio in one region: accounts, who may log in to them, and names that are taken."""

from base64 import b64encode
from collections.abc import Iterator

import attrs

from trunkline_sandbox.carrier import AccountEntry
from trunkline_sandbox.clock import Clock
from trunkline_sandbox.ids import Ids
from trunkline_sandbox.number_plan import NumberPlan

from .errors import not_authenticated
from .model import Account, ApiKey

DOMAIN_LOCK_DAYS = 30


class Domains:
    """Domain names of trunks: one owner each in the whole world, and locked for a while after they are given up."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._free_from: dict[str, float] = {}

    def is_taken(self, domain: str) -> bool:
        """Whether nobody may take it now."""
        return self._free_from.get(domain, 0) > self._clock.now()

    def take(self, domain: str) -> None:
        """Take it, for good."""
        if domain:
            self._free_from[domain] = float("inf")

    def give_up(self, domain: str) -> None:
        """Give it up: it can be had again when the lock is over."""
        if domain:
            self._free_from[domain] = self._clock.now() + DOMAIN_LOCK_DAYS * 86_400


@attrs.frozen(eq=False)
class Identity:
    """Who a request comes from: an account, by its token or by one of its keys."""

    account: Account
    key: ApiKey | None = None


class World:
    """One region of the simulated Twilio."""

    def __init__(self, seed: str, region: str, clock: Clock, domains: Domains) -> None:
        self.region = region
        self.clock = clock
        self.domains = domains
        self.names = Ids(seed)
        """For what is known by a name: the same whenever it is made."""
        self.ids = Ids(seed)
        """For what is made one after another."""
        self.plan = NumberPlan()
        self.accounts: dict[str, Account] = {}
        """By label."""
        self.by_sid: dict[str, Account] = {}
        self.entries: list[AccountEntry] = []
        self._identities: dict[str, Identity] | None = None

    def add_account(self, account: Account) -> None:
        """Take an account in."""
        self.accounts[account.label] = account
        self.by_sid[account.sid] = account
        self.forget_identities()

    def list_entry(self, label: str, account: Account, credentials: dict[str, str], expect: str) -> None:
        """Have control list a way into an account."""
        self.entries.append(AccountEntry(label, "twilio", {"accountSid": account.sid, **credentials}, expect))

    def subaccounts_of(self, account: Account) -> Iterator[Account]:
        """The accounts that this one owns."""
        return (other for other in self.by_sid.values() if other.owner_sid == account.sid)

    def refuse_parent(self, account: Account, collection: str, sid: str) -> None:
        """Refuse a parent's credentials for what is its subaccount's: on these products they do not count."""
        if any(sid in getattr(child, collection) for child in self.subaccounts_of(account)):
            raise not_authenticated()

    def forget_identities(self) -> None:
        """A token or a key has changed."""
        self._identities = None

    def identify(self, authorization: str) -> Identity | None:
        """Who sends this Authorization header, if anybody."""
        if self._identities is None:
            self._identities = dict(self._all_identities())
        scheme, _, encoded = authorization.partition(" ")
        return self._identities.get(encoded.strip()) if scheme.lower() == "basic" else None

    def _all_identities(self) -> Iterator[tuple[str, Identity]]:
        for account in self.by_sid.values():
            if account.status == "closed":
                continue
            yield _basic(account.sid, account.auth_token), Identity(account)
            for key in account.keys.values():
                yield _basic(key.sid, key.secret), Identity(account, key)


def _basic(user: str, password: str) -> str:
    return b64encode(f"{user}:{password}".encode()).decode()
