  setopt interactivecomments 2>/dev/null || :
  # The line above is for zsh. Who is speaking, and one small reader of JSON:
  API=@base_url@/v1 KEY=@api_key@ TOUR=$(mktemp -d)
  call() { curl -sS -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" "$@"; echo; }
  pick() { python3 -c "import json; print(json.load(open('$TOUR/$1'))$2)"; }

  # An account at a carrier: this one, or set GIVEN to one of the others
@accounts@

  # 1. Test its credentials. Nothing of them is stored.
  call $API/voip-connections/test -d "{$GIVEN}" | tee $TOUR/test

  # 2. Connect the account. The evidence proves the test, and is good once.
  EVIDENCE=$(pick test '["verification_evidence_id"]')
  call $API/voip-connections -d "{$GIVEN, \"verification_evidence_id\": \"$EVIDENCE\"}" | tee $TOUR/connection

  # 3. List the numbers that can be imported.
  CONNECTION=$(pick connection '["id"]')
  call $API/voip-connections/$CONNECTION/available-numbers > $TOUR/numbers; head -c 500 $TOUR/numbers; echo " ..."

  # 4. See what an import would do, then do it.
  NUMBER=$(pick numbers '[0]["number"]')
  call "$API/voip-connections/$CONNECTION/import-numbers?dry_run=true" -d "{\"numbers\": [\"$NUMBER\"]}"
  call $API/voip-connections/$CONNECTION/import-numbers -d "{\"numbers\": [\"$NUMBER\"]}" | tee $TOUR/import

  # 5. Check that its calls arrive here and that it may call out.
  ID=$(pick import '["results"][0]["id"]')
  call -X POST $API/phone-numbers/$ID/verify-voip

  # 6. Give it back as it was found. Of a SIP trunk it says what you have to change back.
  call -X DELETE $API/phone-numbers/$ID
  rm -rf $TOUR
