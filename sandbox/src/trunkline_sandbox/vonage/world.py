"""All that exists at the simulated Vonage: accounts, numbers to give out, and who may log in."""

import hashlib
from typing import Any

from trunkline_sandbox.carrier import AccountEntry
from trunkline_sandbox.number_plan import NumberPlan

from .model import Account, Application, Number

_KINDS = {"local": "mobile-lvn", "mobile": "mobile-lvn", "toll-free": "landline-toll-free"}


class World:
    """One simulated Vonage."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._plan = NumberPlan()
        self.accounts: dict[str, Account] = {}
        """By label."""
        self.by_key: dict[str, Account] = {}
        self.entries: list[AccountEntry] = []

    def named(self, name: str, length: int) -> str:
        """Hex digits that belong to a name, whenever they are asked for."""
        return hashlib.md5(f"{self._seed}/{name}".encode(), usedforsecurity=False).hexdigest()[:length]

    def secret(self, name: str) -> str:
        """A secret that belongs to a name, in the form Vonage asks of one: upper, lower, digit, 8 to 25 characters."""
        return f"Sx9{self.named(f'secret/{name}', 20)}"

    def open(self, label: str, name: str, expect: str = "healthy", **details: Any) -> Account:
        """A new account with one secret, listed by control."""
        account = Account(label, self.named(f"key/{label}", 8), [self.secret(label)], name, expect, **details)
        self.accounts[label] = self.by_key[account.api_key] = account
        self.list_entry(label, account, account.secrets[0], expect)
        return account

    def list_entry(self, label: str, account: Account, secret: str, expect: str) -> None:
        """Have control list a way into an account."""
        credentials = {"apiKey": account.api_key, "apiSecret": secret}
        self.entries.append(AccountEntry(label, "vonage", credentials, expect))

    def give(self, account: Account, country: str, kind: str, count: int, **details: Any) -> list[Number]:
        """Numbers fresh from the plan; in North America ordinary ones are called mobile-lvn."""
        listed = "landline" if kind == "local" and country not in ("US", "CA") else _KINDS[kind]
        return [
            account.add_number(Number(country, self._plan.take(country, kind).lstrip("+"), listed, **details))
            for _ in range(count)
        ]

    def link(self, account: Account, name: str) -> Application:
        """An application of the account."""
        digits = self.named(f"application/{account.label}/{name}", 32)
        groups = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
        application = Application("-".join(groups), name)
        account.applications[application.id] = application
        return application
