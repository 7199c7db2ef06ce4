#!/bin/bash
# The instruments of the benchmarks and of the soak: a ledger that fill_ledger made is one that the suite
# works on; load finds nothing where nothing is wrong, and counts what is wrong and what is lost.
. "$(dirname "$0")/lib.sh"
PATH=$BIN/bench:$PATH
installation
ok "a ledger is filled" fill_ledger 2000 10
entries=$(jq -r '.certificates / 2 + .revoked / 2' "$D/out")
services
ledger() { sqlite3 "file:$D/state/ledger.db?mode=ro" "$1"; }
ask() { load --url "$OCSP_URL" --ledger "$D/state/ledger.db" --seconds 0.5 --certificates 300 "$@"; }
figure() { grep -h '^{' "$D/out" | jq -e "$1"; }
ok "the CRL lists what is revoked" test \
	"$(openssl crl -inform DER -in "$D/pub/ca.crl" -noout -text | grep -c 'Serial Number')" = 200
no "the auditor misses the officers' signatures" bash -c "pki-audit verify --json >$D/audit.json"
ok "... of each filled order, and nothing else" jq -e --argjson n "$entries" \
	'.finding_count == $n and all(.findings[]; .message | startswith("no CMS"))' "$D/audit.json"

for form in "" --get --nonce "--fresh --get --hash SHA256"; do
	# shellcheck disable=SC2086 # words
	ok "load ${form:-by POST}: nothing is wrong or lost" ask --verify 1 $form
	ok "... each answer was verified" figure '.answered > 0 and .verified == .answered'
done
ok "an open loop asks as often as it is told" ask --rate 200
ok "... no more, no less" figure '.answered == 100 and .p50_us <= .p99_us and .p99_us <= .max_us'
ok "answers are kept for servers of files" ask --seconds 60 --save "$D/answers"
ok "... under the path of each question" test "$(find "$D/answers" -type f | wc -l)" -gt 200

sqlite3 "$D/state/ledger.db" "VACUUM INTO '$D/before.db'"
holders=$(ledger "SELECT DISTINCT holder FROM certificate c WHERE holder <> '' AND NOT EXISTS
	(SELECT 1 FROM revocation WHERE certificate = c.id) ORDER BY holder LIMIT 20")
for holder in $holders; do
	ra emma revoke "$holder" --cause lost-phone >/dev/null || echo "# $holder is not revoked"
done
old() { load --url "$OCSP_URL" --ledger "$D/before.db" --seconds 5 --certificates 2000 "$@"; }
no "load knows an answer that is not the ledger's" old
ok "... and counts it" figure '.wrong > 0 and .lost == 0'
ok "what may be revoked meanwhile is counted apart" old --revoking
ok "... not as wrong" figure '.wrong == 0 and .changed > 0'

ask --rate 500 --seconds 5 >"$D/lost.json" 2>&1 &
asking=$!
sleep 0.4
kill -9 "$(cat "$D/run/pki-ocspd.pid")"
no "load fails where answers are lost" wait $asking
ok "... and counts them" bash -c "grep -h '^{' $D/lost.json | jq -e '.lost > 0 and .wrong == 0'"
finish
