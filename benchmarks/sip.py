"""SIP before a Kamailio on loopback: one question beside sipsak's, and a thousand trunks tested at once."""

from __future__ import annotations

import json
import random
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from measure import Figure, at_most, shown

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

RUNS = 200
SIPSAK_RUNS = 20
TRUNKS = 1_000
SILENT = 50
DEADLINE = 5.0


def measure() -> Iterator[Figure]:
    """By turns, over each transport; then all the trunks in a process of their own."""
    if not (shutil.which("sipsak") and shutil.which("kamailio", path="/usr/sbin:/usr/bin")):
        print("sip: skipped; run: apt-get install kamailio kamailio-tls-modules sipsak", file=sys.stderr)
        return
    from sip_servers.kamailio import PASSWORD, USER, kamailio_running

    with kamailio_running() as kamailio:
        yield shown("sipsak's mere start", _sipsak("-V"), "ms")
        for transport in ("udp", "tcp", "tls"):
            port = kamailio.tls_ports["good"] if transport == "tls" else kamailio.port("open")
            for method, carrier in (("OPTIONS", "open"), ("REGISTER", "md5")):
                what = f"{method}{' with digest' if carrier == 'md5' else ''} over {transport}"
                yield shown(what, _ours(method, carrier, port, transport, kamailio.authority), "ms")
            if transport != "tls":  # sipsak cannot be told here which authority to trust.
                plain = _sipsak("-E", transport, "-s", f"sip:open@127.0.0.1:{port}")
                digest = _sipsak("-E", transport, "-s", f"sip:md5@127.0.0.1:{port}", "-u", USER, "-a", PASSWORD)
                yield shown(f"sipsak's OPTIONS over {transport}, its start included", plain, "ms")
                yield shown(f"sipsak's OPTIONS with digest over {transport}, its start included", digest, "ms")
        yield from _at_once(kamailio.port("open"))


def _ours(method: str, carrier: str, port: int, transport: str, authority: str) -> float:
    """Median milliseconds of a question, connection and challenge included."""
    from sip_servers.kamailio import PASSWORD, USER
    from trunkline.checks import Exchange
    from trunkline.deadline import Deadline
    from trunkline.secret import Secret
    from trunkline.sip.asking import Asker, DigestCredentials, Question
    from trunkline.sip.dial import NetworkSipDial
    from trunkline.sip.limits import SipLimits
    from trunkline.sip.server import SipServer

    sent: list[Exchange] = []
    dial = NetworkSipDial(allowed_hosts=["127.0.0.1"], authorities=authority)
    asker = Asker(dial, SipLimits(), random.Random(1), record=sent.append, scrub=str)
    server = SipServer("127.0.0.1", port, transport, domain=f"{carrier}.acme.example")
    question = Question(method, server, DigestCredentials(USER, Secret(PASSWORD)))
    took = []
    for _ in range(RUNS):
        started = time.perf_counter()
        answer = asker.ask(question, Deadline.after(DEADLINE))
        took.append(time.perf_counter() - started)
        assert answer.status == 200, answer
        assert answer.authenticated == (carrier == "md5"), answer
    return statistics.median(took) * 1000


def _sipsak(*arguments: str) -> float:
    """Median milliseconds of a run of sipsak that succeeds."""
    took = []
    for _ in range(SIPSAK_RUNS):
        started = time.perf_counter()
        subprocess.run(["sipsak", *arguments], capture_output=True, timeout=30, check=True)
        took.append(time.perf_counter() - started)
    return statistics.median(took) * 1000


_AT_ONCE = """
import json, re, sys
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from trunkline.engine import Deadlines, Engine
from trunkline.registry import Registry
from trunkline.sip.dial import SandboxSipDial

trunks, silent, seconds, port = json.loads(sys.argv[1])
hosts = {f"{carrier}.acme.example": ("127.0.0.1", port) for carrier in ("open", "silent")}
engine = Engine(Registry.discover(), sip=SandboxSipDial(hosts), deadlines=Deadlines(read=seconds))

def probe(i):
    config = {"domain": "silent.acme.example" if i < silent else "open.acme.example", "transport": "udp"}
    return engine.test_credentials(engine.account("manual", {}, config, marker="benchmark"))

def peak():  # Not ru_maxrss: that one is handed down by the parent.
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) * 1024

probe(silent)
before, started = peak(), monotonic()
with ThreadPoolExecutor(trunks) as threads:
    tests = list(threads.map(probe, range(trunks)))
print(monotonic() - started, sum(test.passed for test in tests), before, peak())
"""


def _at_once(port: int) -> Iterator[Figure]:
    command = [sys.executable, "-c", _AT_ONCE, json.dumps([TRUNKS, SILENT, DEADLINE, port])]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    took, answered, before, peak = (float(each) for each in said)
    yield at_most(f"{TRUNKS:,} trunks at once, {SILENT} of them silent", took, 2 * DEADLINE, "s")
    yield at_most("of the others, unanswered", TRUNKS - SILENT - answered, 0, "trunks")
    yield shown("resident memory before", before / 2**20, "MiB")
    yield at_most("peak resident memory", peak / 2**20, 256, "MiB")
