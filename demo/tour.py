"""The tour that `make run` prints: commands to paste, from a credential test to the release of a number."""

from __future__ import annotations

import json
from typing import Any

_TOUR = """\
Trunkline is running at {base_url}, with simulated carriers behind it.
Everything below can be pasted into another terminal; the accounts to try stand in .trunkline/demo.json.

  # Who is speaking, and one small reader of JSON
  API={base_url}/v1
  KEY={api_key}
  call() {{ curl -sS -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" "$@"; echo; }}
  pick() {{ python3 -c "import json,sys; print(json.load(sys.stdin)$1)"; }}

  # 1. Test a customer's credentials. Nothing of them is stored.
  CREDENTIALS='{credentials}'
  call $API/voip-connections/test -d '{{"provider": "{provider}", "credentials": '"$CREDENTIALS"'}}' | tee /tmp/test.json
  EVIDENCE=$(pick '["verification_evidence_id"]' < /tmp/test.json)

  # 2. Connect the account. The evidence proves the test, and is good once.
  call $API/voip-connections -d '{{"provider": "{provider}", "verification_evidence_id": "'$EVIDENCE'",
    "credentials": '"$CREDENTIALS"'}}' | tee /tmp/connection.json
  CONNECTION=$(pick '["id"]' < /tmp/connection.json)

  # 3. List the numbers that can be imported.
  call $API/voip-connections/$CONNECTION/available-numbers > /tmp/numbers.json
  NUMBER=$(python3 -c "import json; print(next(n['number'] for n in json.load(open('/tmp/numbers.json')) if 'voice' in n['capabilities']))")

  # 4. See what an import would do, then do it.
  call "$API/voip-connections/$CONNECTION/import-numbers?dry_run=true" -d '{{"numbers": ["'$NUMBER'"]}}'
  call $API/voip-connections/$CONNECTION/import-numbers -d '{{"numbers": ["'$NUMBER'"]}}' | tee /tmp/import.json
  ID=$(pick '["results"][0]["id"]' < /tmp/import.json)

  # 5. Check that its calls arrive here and that it may call out.
  call -X POST $API/phone-numbers/$ID/verify-voip

  # 6. Give it back as it was found.
  call -X DELETE $API/phone-numbers/$ID

Ctrl-C stops everything and leaves nothing behind."""


def tour(demo: dict[str, Any]) -> str:
    """The tour through the first healthy account."""
    account = next(account for account in demo["accounts"] if account["expect"] == "healthy")
    return _TOUR.format(
        base_url=demo["base_url"],
        api_key=demo["api_key"],
        provider=account["provider"],
        credentials=json.dumps(account["credentials"]),
    )
