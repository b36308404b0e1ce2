"""What a provider says of itself: data only, so that forms, guards and tables are made from it."""

from __future__ import annotations

import enum
import re

import attrs
from attrs import validators as v

from trunkline.fields import tuple_of

ENGINE_API = 1
"""The version of the hook spec that this engine speaks."""


class FieldKind(enum.Enum):
    """The JSON type of a field's value."""

    TEXT = "text"
    INTEGER = "integer"
    TEXT_LIST = "text_list"


def _regex(instance: object, attribute: attrs.Attribute[str], value: str | None) -> None:
    if value is not None:
        re.compile(value)


@attrs.frozen
class Spelling:
    """Other ways to write a value: what `pattern` matches as a whole, in any case, stands for `means` in lower case.

    `means` is a template with the pattern's groups, as in `\\1.example.com`.
    """

    pattern: str = attrs.field(validator=_regex)
    means: str = attrs.field(validator=v.instance_of(str))

    def __attrs_post_init__(self) -> None:
        re.sub(self.pattern, self.means, "")  # Refuses a template that is none, or names a group that is not there.


@attrs.frozen
class Field:
    """One value that the customer gives: how to ask for it, what it must look like, whether it is secret.

    `pattern` must match the whole value, once a `spelling` of it was put into its normal form: that is what is kept,
    fingerprinted and sent. `default` is what leaving it out means.
    """

    name: str = attrs.field(validator=v.matches_re(r"[A-Za-z][A-Za-z0-9_]*"))
    label: str = attrs.field(validator=v.instance_of(str))
    help: str = attrs.field(validator=v.instance_of(str))
    secret: bool = attrs.field(default=False, validator=v.instance_of(bool))
    required: bool = attrs.field(default=False, validator=v.instance_of(bool))
    pattern: str | None = attrs.field(default=None, validator=_regex)
    default: str | int | None = attrs.field(default=None, validator=v.optional(v.instance_of((str, int))))
    kind: FieldKind = attrs.field(default=FieldKind.TEXT, validator=v.instance_of(FieldKind))
    max_length: int = attrs.field(default=255, validator=[v.instance_of(int), v.ge(1)])
    steers: bool = attrs.field(default=False, validator=v.instance_of(bool))
    """True where the value decides which host secrets are sent to: evidence covers it, and no change goes without."""
    tested: bool = attrs.field(default=False, validator=v.instance_of(bool))
    """True for a SIP field that a test of credentials looks at: evidence covers the value that was tested."""
    spelling: Spelling | None = attrs.field(default=None, validator=v.optional(v.instance_of(Spelling)))


@attrs.frozen
class BasicAuth:
    """HTTP Basic with these two credential fields as user and password."""

    username: str = attrs.field(validator=v.instance_of(str))
    password: str = attrs.field(validator=v.instance_of(str))


@attrs.frozen
class BearerAuth:
    """`Authorization: Bearer` with this credential field."""

    token: str = attrs.field(validator=v.instance_of(str))


@attrs.frozen
class DigestAuth:
    """SIP digest with these two credential fields; where either was not given, no challenge is answered."""

    username: str = attrs.field(validator=v.instance_of(str))
    password: str = attrs.field(validator=v.instance_of(str))


@attrs.frozen
class CredentialForm:
    """One complete set of credentials that the provider accepts."""

    id: str = attrs.field(validator=v.instance_of(str))
    label: str = attrs.field(validator=v.instance_of(str))
    fields: tuple[Field, ...] = attrs.field(validator=tuple_of(Field))
    authentication: BasicAuth | BearerAuth | DigestAuth | None = attrs.field(
        validator=v.optional(v.instance_of((BasicAuth, BearerAuth, DigestAuth)))
    )

    def __attrs_post_init__(self) -> None:
        known = {field.name for field in self.fields}
        named = attrs.astuple(self.authentication) if self.authentication else ()
        if strangers := [name for name in named if name not in known]:
            raise ValueError(f"form {self.id} authenticates with fields it does not have: {', '.join(strangers)}")
        if isinstance(self.authentication, DigestAuth):
            secret = {field.name for field in self.fields if field.secret}
            if secret & set(named) != {self.authentication.password}:
                raise ValueError(f"form {self.id}: digest has a secret password, and a user name in the clear")
        if lists := [field.name for field in self.fields if field.kind is FieldKind.TEXT_LIST]:
            raise ValueError(f"form {self.id}: a credential is one value, not a list: {', '.join(lists)}")


@attrs.frozen
class SetupMethod:
    """A way to connect: its id, a label, and whether `set_up_account` makes things at the carrier.

    `shared` names the value in a step's `made` that says on which thing of the carrier a connection stands: what a
    later set-up changes there, like a login, is changed for every connection with the same value.
    """

    id: str = attrs.field(validator=v.instance_of(str))
    label: str = attrs.field(validator=v.instance_of(str))
    guided: bool = attrs.field(default=False, validator=v.instance_of(bool))
    shared: str | None = attrs.field(default=None, validator=v.optional(v.instance_of(str)))


@attrs.frozen
class Host:
    """A host the provider may speak to: a pattern for the whole name, or the value of a credential field.

    With `field`, the host must equal that credential and fit the pattern too.
    """

    pattern: str = attrs.field(validator=_regex)
    field: str | None = None


@attrs.frozen
class ReadPost:
    """A POST that only reads: a pattern for its whole path, and where the carrier says so."""

    path: str = attrs.field(validator=_regex)
    source: str = ""


@attrs.frozen
class Pace:
    """How hard one carrier account may be asked: requests at once, and per second where limited.

    `per_second` counts every request; `writes_per_second` limits writes further.
    """

    concurrency: int = attrs.field(default=4, validator=v.ge(1))
    per_second: float | None = attrs.field(default=None, validator=v.optional(v.gt(0)))
    writes_per_second: float | None = attrs.field(default=None, validator=v.optional(v.gt(0)))


class Can(enum.Enum):
    """Yes, no, or it cannot be told."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


CAPABILITIES = (
    "list_numbers",
    "import_numbers",
    "verify_numbers",
    "release_numbers",
    "guided_setup",
    "check_inbound",
    "check_outbound",
    "monthly_fee",
    "account_state",
    "balance",
)
"""What a provider may be able to do; the descriptor answers for each."""


@attrs.frozen
class Capability:
    """Whether a provider can do one of `CAPABILITIES`, and why not where it cannot."""

    name: str = attrs.field(validator=v.in_(CAPABILITIES))
    can: Can = Can.YES
    why: str = ""

    def __attrs_post_init__(self) -> None:
        if self.can is not Can.YES and not self.why:
            raise ValueError(f"capability {self.name}: say why")


@attrs.frozen
class ProviderDescriptor:
    """A provider as data."""

    id: str = attrs.field(validator=v.matches_re(r"[a-z][a-z0-9_]{1,31}"))
    display_name: str = attrs.field(validator=v.instance_of(str))
    setup_methods: tuple[SetupMethod, ...] = attrs.field(validator=[v.min_len(1), tuple_of(SetupMethod)])
    credential_forms: tuple[CredentialForm, ...] = attrs.field(validator=[v.min_len(1), tuple_of(CredentialForm)])
    hosts: tuple[Host, ...] = attrs.field(validator=tuple_of(Host))
    sip_fields: tuple[Field, ...] = attrs.field(default=(), validator=tuple_of(Field))
    pace: Pace = attrs.field(factory=Pace, validator=v.instance_of(Pace))
    reads_by_post: tuple[ReadPost, ...] = attrs.field(default=(), validator=tuple_of(ReadPost))
    capabilities: tuple[Capability, ...] = attrs.field(default=(), validator=tuple_of(Capability))
    request_id_headers: tuple[str, ...] = attrs.field(default=(), validator=tuple_of(str))
    documentation: str = ""
    engine_api: int = ENGINE_API

    def capability(self, name: str) -> Capability:
        """What the provider says of one capability; silence means no."""
        for capability in self.capabilities:
            if capability.name == name:
                return capability
        return Capability(name, Can.NO, "the plugin does not offer it")

    def setup_method(self, id: str) -> SetupMethod | None:
        """The set-up method of that id."""
        return next((method for method in self.setup_methods if method.id == id), None)
