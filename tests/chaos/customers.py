"""Customers who connect, import and release at random, and ask again whenever an answer is lost."""

from __future__ import annotations

import random
import threading
import uuid
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import attrs
import requests

PATIENCE_SECONDS = 60.0


@attrs.frozen
class Customer:
    """An organization with its key, the carrier account that it connects, and what bears its marker there.

    Others may connect the same account.
    """

    organization: int
    marker: str
    key: str
    provider: str
    credentials: dict[str, str]
    numbers: Sequence[str]


@attrs.frozen
class Asked:
    """A request that was sent under an idempotency key."""

    customer: Customer
    path: str
    body: Any


@attrs.define(eq=False)
class Journal:
    """What was asked under each idempotency key, and every answer to it that stands."""

    asked: dict[str, Asked] = attrs.field(factory=dict)
    answers: dict[str, set[tuple[int, bytes]]] = attrs.field(factory=lambda: defaultdict(set))
    evidence: dict[str, list[str]] = attrs.field(factory=dict)
    """The keys of the requests that tried to spend each evidence."""
    counts: Counter[str] = attrs.field(factory=Counter)
    lock: threading.Lock = attrs.field(factory=threading.Lock)

    def note(self, key: str, answer: requests.Response) -> None:
        with self.lock:
            self.answers[key].add((answer.status_code, answer.content))

    def count(self, what: str) -> None:
        with self.lock:
            self.counts[what] += 1


def stands(answer: requests.Response) -> bool:
    """Whether the answer is the one that the key keeps."""
    running = answer.status_code == 409 and answer.json()["code"] == "idempotency_key_running"
    retryable = answer.status_code in (401, 429) or answer.status_code >= 500 or "retry-after" in answer.headers
    return not (running or retryable or answer.json().get("retryable"))


@attrs.define(eq=False)
class Load:
    """One customer's requests, one after the other, to replicas chosen at random."""

    customer: Customer
    addresses: Sequence[str]
    journal: Journal
    stopped: threading.Event
    dice: random.Random
    connections: list[int] = attrs.field(factory=list)

    def run(self) -> None:
        """Do one thing after the other until told to stop."""
        while not self.stopped.is_set():
            if not self.connections or self.dice.random() < 0.1:
                self.connect()
            else:
                self.dice.choice([self.import_, self.import_, self.import_by_job, self.release, self.cancel])()

    def connect(self) -> None:
        """Test, and let two requests fight for the evidence."""
        given = {"provider": self.customer.provider, "credentials": self.customer.credentials}
        tested = self.ask("POST", "/v1/voip-connections/test", given)
        if tested is None or tested.status_code != 201 or not tested.json()["verification_evidence_id"]:
            return
        evidence = tested.json()["verification_evidence_id"]
        body = {**given, "verification_evidence_id": evidence}
        keys = [uuid.uuid4().hex, uuid.uuid4().hex]
        with self.journal.lock:
            self.journal.evidence[evidence] = keys
        rivals = [threading.Thread(target=self.connect_with, args=(key, body)) for key in keys]
        for rival in rivals:
            rival.start()
        for rival in rivals:
            rival.join()

    def connect_with(self, key: str, body: Any) -> None:
        answer = self.ask_once("/v1/voip-connections", body, key)
        if answer is not None and answer.status_code == 201:
            self.connections.append(answer.json()["id"])
            self.journal.count("connections")

    def import_(self, **headers: str) -> None:
        chosen = self.dice.sample(list(self.customer.numbers), self.dice.randint(1, 6))
        path = f"/v1/voip-connections/{self.dice.choice(self.connections)}/import-numbers"
        answer = self.ask_once(path, {"numbers": chosen}, uuid.uuid4().hex, **headers)
        if answer is not None and answer.status_code in (201, 202):
            self.journal.count("imports" if answer.status_code == 201 else "jobs")

    def import_by_job(self) -> None:
        self.import_(Prefer="respond-async")

    def release(self) -> None:
        listed = self.ask("GET", "/v1/phone-numbers")
        if listed is not None and listed.status_code == 200 and listed.json():
            number = self.dice.choice(listed.json())
            answer = self.ask("DELETE", f"/v1/phone-numbers/{number['id']}")
            if answer is not None and answer.status_code == 200:
                self.journal.count(f"releases: {answer.json()['routing']}")

    def cancel(self) -> None:
        answer = self.ask("POST", f"/v1/import-jobs/{self.dice.randint(1, 1 + self.journal.counts['jobs'])}/cancel")
        if answer is not None and answer.status_code == 200 and answer.json()["state"] == "cancelled":
            self.journal.count("cancelled jobs")

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response | None:
        """The answer of any replica; None where it was lost."""
        sent = {"Authorization": f"Bearer {self.customer.key}", **headers}
        try:
            answer = requests.request(
                method, self.dice.choice(self.addresses) + path, json=body, headers=sent, timeout=PATIENCE_SECONDS
            )
        except requests.RequestException:
            self.journal.count("lost answers")
            return None
        if answer.status_code >= 500:
            self.journal.count(f"answers: {answer.status_code} {answer.json()['code']}")
        return answer

    def ask_once(self, path: str, body: Any, key: str, **headers: str) -> requests.Response | None:
        """Ask until the answer stands, or time is up, and sometimes once more."""
        with self.journal.lock:
            self.journal.asked[key] = Asked(self.customer, path, body)
        while True:
            answer = self.ask("POST", path, body, **{"Idempotency-Key": key}, **headers)
            if answer is not None and stands(answer):
                self.journal.note(key, answer)
                if self.dice.random() < 0.7:
                    return answer
            if self.stopped.wait(0.05):
                return answer
