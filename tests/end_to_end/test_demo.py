"""What a newcomer sees: `make run`, its tour, and its end."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests
from twilio.rest import Client

from .conftest import DEMO, Demo, free_port, read_tour, start_demo, stop

ACCOUNTS = [
    "twilio api_key",
    "telnyx api_key",
    "telnyx guided_telnyx",
    "signalwire api_key",
    "vonage api_key",
    "manual manual",
]


def run_tour(printed: str, account: str = ACCOUNTS[0], shell: str = "bash") -> list[dict[str, Any]]:
    """Paste the tour into a shell, with one of its accounts, and give the JSON objects that it shows."""
    provider, method = account.split()
    named = f'"provider": "{provider}", "setup_method": "{method}"'
    lines = [line for line in printed.splitlines() if line.startswith("  ")]
    given = next(line.removeprefix("  # ") for line in lines if "GIVEN='" in line and named in line)
    commands = "\n".join(given if line.startswith("  GIVEN=") else line for line in lines)
    done = subprocess.run([shell, "-eu"], input=commands, capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == ""
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


@pytest.mark.parametrize(("account", "shell"), [*((account, "bash") for account in ACCOUNTS), (ACCOUNTS[-1], "sh")])
def test_every_line_of_the_tour_works_when_pasted_and_leaves_no_file(
    demo: Demo, account: str, shell: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    tested, connection, plan, imported, verified, released = run_tour(demo.printed, account, shell)
    assert list(tmp_path.iterdir()) == []

    assert tested["status"] == "pass"
    assert tested["checks"]["credentials_valid"] is True
    assert connection["status"] == "connected"
    assert f"{connection['provider']} {connection['setup_method']}" == account
    by_hand = connection["setup_method"] == "manual"
    assert plan["provider_charge_estimate_cents"] == (None if by_hand else 0)
    assert imported["imported_count"] == 1
    assert imported["results"][0]["number"] == plan["numbers"][0]["number"]
    assert verified["voip_verification_status"] == "verified"
    assert verified["status"] == "active"
    assert verified["checks"]["inbound_routed"] is (None if by_hand else True)
    assert released["routing"] == ("cannot_restore" if by_hand else "restored")


def test_the_tour_can_be_pasted_into_zsh_and_takes_no_variable_that_programs_use(demo: Demo) -> None:
    """Of itself, zsh takes no comments where it is typed into, and sees a quote in them."""
    first, *lines = [line.strip() for line in demo.printed.splitlines() if line.startswith("  ")]
    assert first == "setopt interactivecomments 2>/dev/null || :"
    spoken = [line for line in lines if line.startswith("#") and "GIVEN='" not in line]
    assert len(spoken) > 6
    assert not [line for line in spoken if set(line) & set("'\"`")]
    assert not {"TMP", "TMPDIR", "PATH", "HOME"} & set(re.findall(r"(\w+)=", "\n".join(lines)))


def test_each_account_of_the_demo_gives_the_verdict_that_its_kind_expects(demo: Demo) -> None:
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {demo.said['api_key']}"
    verdicts = {}
    with session:
        for account in demo.said["accounts"]:
            given = {key: account[key] for key in ("provider", "setup_method", "credentials", "sip_config")}
            answer = session.post(f"{demo.said['base_url']}/v1/voip-connections/test", json=given)
            assert answer.status_code == 201, answer.text
            verdicts[account["expect"]] = answer.json()["status"]
            assert (answer.json()["verification_evidence_id"] is None) == (answer.json()["status"] == "fail")

    fails = {"bad_credentials", "suspended", "closed", "geo_blocked", "test_credentials", "no_outbound_profile"}
    fails |= {"credentials_missing", "other_realm", "address_refused", "silent"}
    assert {expect for expect, verdict in verdicts.items() if verdict == "fail"} >= fails
    assert {expect for expect, verdict in verdicts.items() if verdict == "pass"} >= {
        "healthy",
        "empty",
        "trial",
        "open",
    }


def test_the_official_client_pointed_at_the_sandbox_lists_the_same_numbers(demo: Demo) -> None:
    account = demo.account("healthy")
    client = Client(account["credentials"]["accountSid"], account["credentials"]["authToken"])
    client.api.base_url = demo.said["sandbox"]["twilio"]
    theirs = {number.phone_number for number in client.incoming_phone_numbers.list(page_size=1000)}
    client.http_client.session.close()

    base, key = demo.said["base_url"], demo.said["other_api_key"]
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {key}"
        given = {key: account[key] for key in ("provider", "credentials")}
        tested = session.post(f"{base}/v1/voip-connections/test", json=given).json()
        given["verification_evidence_id"] = tested["verification_evidence_id"]
        connection = session.post(f"{base}/v1/voip-connections", json=given).json()["id"]
        listed = session.get(f"{base}/v1/voip-connections/{connection}/available-numbers").json()

    assert len(listed) == len(theirs) > 2000
    assert {number["number"] for number in listed} == theirs


def test_demo_json_is_for_its_owner_only(demo: Demo) -> None:
    assert (demo.folder / "demo.json").stat().st_mode & 0o077 == 0
    assert {"base_url", "api_key", "other_api_key", "accounts", "sandbox"} == demo.said.keys()


def test_no_secret_of_the_demo_stands_in_its_logs_or_its_database(demo: Demo) -> None:
    run_tour(demo.printed)
    secrets = [
        value.encode()
        for account in demo.said["accounts"]
        for name, value in account["credentials"].items()
        if name in ("authToken", "apiKeySecret", "apiToken", "apiSecret", "password")
        or (account["provider"], name) == ("telnyx", "apiKey")
    ]
    secrets += [demo.said["api_key"].encode(), demo.said["other_api_key"].encode()]
    files = [path for path in demo.folder.rglob("*") if path.is_file() and path.name != "demo.json"]
    assert len(files) >= 3
    for path in files:
        content = path.read_bytes()
        assert not [secret for secret in secrets if secret in content], path.name


def test_a_taken_port_is_named_with_the_remedy_and_nothing_is_started(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        complaint = refused(tmp_path / "files", port, 1)
    assert complaint == f"Port {port} is taken. Try another one: make run PORT={port + 1}\n"


@pytest.mark.parametrize("port", ["", "abc", "0", "99999", "-1", "8080.0", " 80", "--folder", "8" * 5000])
def test_what_is_no_port_is_named_with_the_remedy_and_nothing_is_started(tmp_path: Path, port: str) -> None:
    assert refused(tmp_path / "files", port, 2) == f"PORT={port} is not a port; use 1 to 65535.\n"


def test_make_hands_the_port_on_as_it_is_given() -> None:
    command = ["make", "--just-print", "--directory", str(DEMO.parents[1]), "run", "PORT=a b"]
    assert "--port='a b'" in subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout


def refused(folder: Path, port: int | str, code: int) -> str:
    """What a demo says that does not start."""
    process = start_demo(folder, port)
    _, complaint = process.communicate(timeout=30)
    assert process.returncode == code
    assert not folder.exists()
    return complaint


def test_a_second_demo_in_the_same_folder_leaves_the_first_alone(demo: Demo) -> None:
    process = start_demo(demo.folder, free_port())
    _, complaint = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "running already" in complaint
    assert (demo.folder / "demo.json").exists()
    assert requests.get(f"{demo.said['base_url']}/v1/healthz").json() == {"ok": True}


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGHUP])
def test_its_end_leaves_no_process_and_no_file_behind(tmp_path: Path, how: signal.Signals) -> None:
    if how == signal.SIGHUP and signal.getsignal(how) is signal.SIG_IGN:
        pytest.skip("hang-ups are ignored here, as the demo does then too; run the tests without nohup")
    process = start_demo(tmp_path / "files", free_port())
    read_tour(process)
    children = _children(process.pid)
    assert len(children) == 2
    assert "nothing is left behind" in stop(process, how)
    assert process.returncode == 0
    assert not (tmp_path / "files").exists()
    assert not [pid for pid in children if Path(f"/proc/{pid}/cmdline").exists()]


@pytest.mark.skipif(sys.platform != "linux", reason="Only Linux ends the children of what is killed.")
def test_a_killed_demo_takes_its_processes_along(tmp_path: Path) -> None:
    process = start_demo(tmp_path / "files", free_port())
    read_tour(process)
    children = [os.pidfd_open(pid) for pid in _children(process.pid)]
    assert len(children) == 2
    stop(process, signal.SIGKILL)
    for child in children:
        assert select.select([child], [], [], 30)[0], "it ended"
        os.close(child)


def _children(pid: int) -> list[int]:
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = Path(f"/proc/{entry}/stat").read_text()
            except OSError:
                continue
            if int(stat.rsplit(")", 1)[1].split()[1]) == pid:
                found.append(int(entry))
    return found
