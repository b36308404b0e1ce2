"""Proof that credentials were tested: made by a passing test, good once, for minutes, for one organization."""

from __future__ import annotations

import datetime as dt
import hmac
import json
import uuid
from collections.abc import Callable

import attrs

from trunkline.account import CarrierAccount
from trunkline.checks import Check
from trunkline.descriptor import ProviderDescriptor
from trunkline.errors import EvidenceRefused
from trunkline.secret import Secret


@attrs.frozen
class Evidence:
    """The record of a test that passed. `fingerprint` says of which credentials, and gives none of them away."""

    id: uuid.UUID
    organization: int
    provider: str
    identity: str | None
    suggested_name: str
    name_inferred: bool
    fingerprint: str
    checks: tuple[Check, ...]
    made_at: dt.datetime
    good_until: dt.datetime
    spent: bool = False


def fingerprint(mac: Callable[[bytes], bytes], descriptor: ProviderDescriptor, account: CarrierAccount) -> str:
    """The MAC, in hex, of provider, credentials and the SIP fields that steer where secrets go or that were tested.

    `mac` is HMAC-SHA256, or as good, under a key that the caller keeps. The order of fields does not matter, and two
    accounts share a fingerprint only if they are equal.
    """
    covered = {field.name for field in descriptor.sip_fields if field.steers or field.tested}
    said = {
        "provider": account.provider,
        "credentials": {k: x.reveal() if isinstance(x, Secret) else x for k, x in account.credentials.items()},
        "sip_config": {k: value for k, value in account.sip_config.items() if k in covered},
    }
    canonical = json.dumps(said, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return mac(canonical.encode()).hex()


def examine(
    evidence: Evidence | None, *, organization: int, provider: str, fingerprint: str, now: dt.datetime
) -> Evidence:
    """Give the evidence back if it covers this use.

    Raises `EvidenceRefused` with reason `unknown` (another organization's counts as unknown), `wrong_provider`,
    `spent`, `stale` or `wrong_credentials`.
    """
    if evidence is None or evidence.organization != organization:
        raise EvidenceRefused("unknown", "There is no such verification evidence. Test the credentials first.")
    if evidence.provider != provider:
        raise EvidenceRefused("wrong_provider", "This verification evidence was made for a different provider.")
    if evidence.spent:
        raise EvidenceRefused("spent", "This verification evidence was used already. Test the credentials again.")
    if now >= evidence.good_until:
        raise EvidenceRefused("stale", "This verification evidence is too old. Test the credentials again.")
    if not hmac.compare_digest(evidence.fingerprint, fingerprint):
        raise EvidenceRefused(
            "wrong_credentials",
            "These are not the credentials and SIP fields that were tested. Test them, then use that evidence.",
        )
    return evidence
