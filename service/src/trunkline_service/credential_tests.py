"""Testing raw credentials: what the carrier says of them, a name for them, and evidence that they are good."""

from __future__ import annotations

import datetime as dt
import uuid

from trunkline.account import CarrierAccount
from trunkline.checks import CredentialTest
from trunkline.engine import Engine
from trunkline.errors import TrunklineError
from trunkline.evidence import Evidence, fingerprint
from trunkline_service.drafts import ConnectionDraft
from trunkline_service.logs import get_logger
from trunkline_service.service import Service
from trunkline_service.storage import evidence
from trunkline_service.storage.organizations import Caller
from trunkline_service.views import NameView, TestView, check_details_view, checks_view

_log = get_logger()


def test_credentials(service: Service, caller: Caller, draft: ConnectionDraft) -> TestView:
    """Ask the carrier; a pass leaves evidence. Nothing of the credentials is stored but a fingerprint."""
    engine = service.engines[caller.mode]
    account = draft.account(engine, service.marker(caller.organization))
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
    suggestion = engine.suggest_name(account)
    return NameView(suggestion.text(engine.descriptor(account.provider).display_name), True)


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
    key_id = service.sealer.primary
    key = service.sealer.key(key_id, "fingerprint")
    assert key is not None
    now = service.clock()
    made = Evidence(
        id=uuid.uuid4(),
        organization=caller.organization,
        provider=account.provider,
        identity=verdict.identity,
        suggested_name=name,
        name_inferred=True,
        fingerprint=fingerprint(key, service.engines[caller.mode].descriptor(account.provider), account),
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
