"""Testing raw credentials: what the carrier says of them, a name for them, and evidence that they are good."""

from __future__ import annotations

import datetime as dt
import json
import uuid

from trunkline.account import CarrierAccount
from trunkline.checks import CredentialTest
from trunkline.engine import Engine
from trunkline.errors import TrunklineError
from trunkline.evidence import Evidence
from trunkline_service import proofs
from trunkline_service.drafts import ConnectionDraft
from trunkline_service.limits import too_many
from trunkline_service.logs import get_logger
from trunkline_service.service import Service
from trunkline_service.storage import evidence, rate_limits
from trunkline_service.storage.organizations import Caller
from trunkline_service.storage.rate_limits import Rate
from trunkline_service.views import NameView, TestView, check_details_view, checks_view

_log = get_logger()


def test_credentials(service: Service, caller: Caller, draft: ConnectionDraft) -> TestView:
    """Ask the carrier; a pass leaves evidence. Nothing of the credentials is stored but a fingerprint."""
    engine = service.engines[caller.mode]
    account = draft.account(engine, service.marker(caller.organization))
    _count(service, caller, engine, account)
    verdict = engine.test_credentials(account)
    if not verdict.passed:
        return _verdict("fail", verdict, None, None)
    name = _suggested_name(engine, account)
    made = _keep_evidence(service, caller, account, verdict, name)
    return _verdict("pass", verdict, str(made.id), name)


def suggest_name(service: Service, caller: Caller, draft: ConnectionDraft) -> NameView:
    """A name for the connection, from what the account calls itself."""
    engine = service.engines[caller.mode]
    account = draft.account(engine, service.marker(caller.organization))
    _count(service, caller, engine, account)
    suggestion = engine.suggest_name(account)
    return NameView(suggestion.text(engine.descriptor(account.provider).display_name), True)


def _count(service: Service, caller: Caller, engine: Engine, account: CarrierAccount) -> None:
    """Refuse what is tried too often, by one organization or on one account: nobody finds a secret by guessing here."""
    named, now = _named_account(engine, account), service.now()
    with service.database.writing() as db:
        wait = rate_limits.spend(db, f"tests {caller.organization}", Rate(service.rates.tests), 1, now)
        if named and not wait:
            _, mac = service.sealer.mac("rate limit", json.dumps([caller.mode, *named]).encode())
            wait = rate_limits.spend(db, f"account {mac.hex()}", Rate(service.rates.account_tests), 1, now)
    if wait:
        raise too_many("Credentials are tested too often.", wait)


def _named_account(engine: Engine, account: CarrierAccount) -> list[str] | None:
    """What names the account whose secret is tried, whoever tries it; None where only the secret itself does."""
    needed = [field.name for field in account.form.fields if field.required and not field.secret]
    steering = [
        field.name for field in engine.descriptor(account.provider).sip_fields if field.required and field.steers
    ]
    named = [account.credential(name) for name in needed] + [account.sip_config.get(name) for name in steering]
    return [account.provider, *(str(value).lower() for value in named)] if named else None


def _suggested_name(engine: Engine, account: CarrierAccount) -> str:
    """The suggested name with a number; a carrier that will not tell it is no reason to fail a test."""
    display_name = engine.descriptor(account.provider).display_name
    try:
        return engine.suggest_name(account).text(display_name, with_number=True)
    except TrunklineError as error:
        _log.warning("name_not_suggested", provider=account.provider, code=error.code)
        return display_name


def _keep_evidence(
    service: Service, caller: Caller, account: CarrierAccount, verdict: CredentialTest, name: str
) -> Evidence:
    key_id, fingerprint = proofs.fingerprint_of(service, service.engines[caller.mode], account)
    now = service.clock()
    made = Evidence(
        id=uuid.uuid4(),
        organization=caller.organization,
        provider=account.provider,
        identity=verdict.identity,
        suggested_name=name,
        name_inferred=True,
        fingerprint=fingerprint,
        checks=verdict.checks,
        made_at=now,
        good_until=now + dt.timedelta(minutes=service.evidence_minutes),
    )
    with service.database.writing() as db:
        evidence.save(db, made, key_id)
    return made


def _verdict(status: str, verdict: CredentialTest, evidence_id: str | None, name: str | None) -> TestView:
    return TestView(
        status="pass" if status == "pass" else "fail",
        verification_evidence_id=evidence_id,
        suggested_connection_name=name,
        checks=checks_view(verdict.checks),
        check_details=check_details_view((*verdict.checks, *filter(None, [verdict.platform]))),
    )
