"""All that exists at the simulated Telnyx: accounts, and who may log in to them."""

from trunkline_sandbox.carrier import AccountEntry
from trunkline_sandbox.clock import Clock
from trunkline_sandbox.ids import Ids
from trunkline_sandbox.number_plan import NumberPlan

from .model import Account, ApiKey

# Far from where the simulated Twilio starts: no number is at both.
FIRST_NUMBER = 1_000_000


class World:
    """One simulated Telnyx."""

    def __init__(self, seed: str, clock: Clock, platform: str) -> None:
        self.clock = clock
        self.platform = platform
        """The SIP host that the connections of the healthy accounts lead to."""
        self.names = Ids(seed)
        self.plan = NumberPlan(FIRST_NUMBER)
        self.accounts: dict[str, Account] = {}
        """By label."""
        self.entries: list[AccountEntry] = []
        self.taken_user_names: set[str] = set()
        self._made = 0

    def id(self) -> str:
        """A fresh id: a 64-bit number, written as a string."""
        self._made += 1
        return str(1_293_384_261_075_731_499 + self._made * 7_919)

    def uuid(self, name: str) -> str:
        """The UUID that belongs to a name."""
        digits = self.names.named("", name)
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    def secret_key(self, name: str) -> str:
        """The API key that belongs to a name, in the carrier's own shape."""
        return f"KEY{self.names.named_secret(name).upper()}_{self.names.named_secret(name + '/2')[:22]}"

    def identify(self, authorization: str) -> tuple[Account, ApiKey] | None:
        """Who sends this Authorization header, if anybody."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            return None
        for account in self.accounts.values():
            for key in account.keys:
                if key.secret == token:
                    return account, key
        return None
