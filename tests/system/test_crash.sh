#!/bin/bash
# The CA is killed, again and again, while it issues and revokes: after each restart there is all or
# nothing of every order, without a hand, and the auditor finds the ledger in order.
. "$(dirname "$0")/lib.sh"
installation
services
people=${PEOPLE:-6}
for ((i = 1; i <= people; i++)); do
	sample_person "$D" "p$i" "Number$i" Crash "99CR0000$i" 2034-01-01
	invited_application "p$i" && four_eyes >/dev/null || echo "# p$i not prepared"
	echo "$application $holder" >>"$D/people"
done
ok "every application is ready" test "$(wc -l <"$D/people")" = "$people"

killed=0
issue_all() {
	local a
	while read -r a _; do
		for _ in $(seq 40); do
			pki-ra issue "$a" --out "$D/out-$a" >>"$D/issue.log" 2>&1 && break
			sleep 0.1
		done
	done <"$D/people"
	touch "$D/issued"
}
issue_all &
worker=$!
while [ ! -e "$D/issued" ] && ((killed < 12)); do
	sleep "0.0$((RANDOM % 90 + 10))"
	kill -9 "$(cat "$D/run/pki-ca.pid")" 2>/dev/null && killed=$((killed + 1))
	sample_daemon "$D" pki-ca serve --custodian "file:$D/secrets/custodian-1" \
		--custodian "file:$D/secrets/custodian-2"
	sample_wait pki-ca pki-ca status
done
wait $worker
echo "# killed $killed times"
ok "pki-ca was killed while it worked" test $killed -ge 1
ok "every order came through, once" test "$(ls -d "$D"/out-A-* | wc -l)" = "$people"
ok "... two certificates each" bash -c \
	"sqlite3 $D/state/ledger.db 'SELECT count(*) FROM certificate WHERE holder <> \"\" GROUP BY holder' | sort -u | grep -qx 2"
ok "the ledger's own check passes" bash -c "sqlite3 $D/state/ledger.db 'PRAGMA integrity_check' | grep -qx ok"
ok "the auditor finds everything in order" pki-audit verify

signer=$(pki-ca status --json | jq -r .signer.pid)
kill -9 "$signer"
sleep 0.3
no "without its signer the CA does not go on" pki-ca status
sample_daemon "$D" pki-ca serve --custodian "file:$D/secrets/custodian-1" \
	--custodian "file:$D/secrets/custodian-2"
ok "it starts again without a hand" sample_wait pki-ca pki-ca status

kill -9 "$(cat "$D/run/pki-ocspd.pid")" "$(cat "$D/run/pki-crl.pid")"
sample_daemon "$D" pki-ocspd serve --passphrase "file:$D/officers/responder/passphrase"
sample_daemon "$D" pki-crl run
ok "the responder starts again after a kill" sample_wait pki-ocspd ocsp_says good \
	"$(ls -d "$D"/out-A-* | head -n 1)/auth.pem"
ok "the CRL generator does" sample_wait pki-crl curl -sf -o /dev/null "$WEB_URL/ca.crl"
finish
