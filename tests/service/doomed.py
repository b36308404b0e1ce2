"""For each line on its input, a process that serves one request and is killed at the point it was told.

It answers with the exit code. What all of them import is imported once, before they are born.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from acme import Carrier
from harness import Clock, service_for, settings_for
from litestar.testing import TestClient

from trunkline.errors import CarrierRefused
from trunkline_service import import_worker, imports, releases
from trunkline_service.app import create_app
from trunkline_service.storage.organizations import Caller


def die(**_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def serve(config: dict[str, Any]) -> None:
    carrier = Carrier(Path(config["carrier"]))
    getattr(carrier, config["when"])[config["hook"]] = die
    service = service_for(settings_for(config["url"], Path(config["folder"])), carrier, Clock())
    caller = Caller(config["organization"], "live", may_write=True)
    for hook in config.get("fail", ()):
        carrier.fail[hook] = CarrierRefused("Acme says no.")
    if config.get("create"):
        headers = {"Authorization": f"Bearer {config['key']}", "Idempotency-Key": config["idempotency_key"]}
        with TestClient(create_app(service, background=False)) as http:
            http.post("/v1/voip-connections", json=config["create"], headers=headers)
    elif config.get("work"):
        import_worker.run_until(service, threading.Event())
    elif config["release"]:
        releases.release_number(service, caller, config["release"])
    else:
        imports.import_numbers(service, caller, config["connection"], config["numbers"])


def main() -> None:
    for line in sys.stdin:
        config = json.loads(line)
        child = os.fork()
        if not child:
            said = os.open(config["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(said, 1)
            os.dup2(said, 2)
            try:
                serve(config)
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


main()
