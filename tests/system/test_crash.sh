#!/bin/bash
# The CA is killed, again and again, while many clients order at once: after each kill there is all or
# nothing of every order, a restart needs no hand, whoever heard success has his certificates, and the
# auditor finds the ledger in order.
. "$(dirname "$0")/lib.sh"
installation
services
people=${PEOPLE:-8}
for ((i = 1; i <= people; i++)); do
	sample_person "$D" "p$i" "Number$i" Crash "99CR0000$i" 2034-01-01
	invited_application "p$i" && four_eyes >/dev/null || echo "# p$i not prepared"
	echo "$application $holder" >>"$D/people"
done
ok "every application is ready" test "$(wc -l <"$D/people")" = "$people"

# Each client of its own accord, all at once: asks until it hears success, and keeps what it heard.
client() {
	local a=$1 order=$2 _
	if [ -n "$order" ]; then
		for _ in $(seq 200); do
			post "$order" >"$order.answer" 2>/dev/null && return
			# carried out, but killed before it said so: the order counts once
			grep -q order-used "$order.answer" && return
			sleep 0.05
		done
	else
		for _ in $(seq 200); do
			pki-ra issue "$a" --out "$D/out-$a" >>"$D/issue.log" 2>&1 && return
			sleep 0.05
		done
	fi
	echo "$a" >>"$D/gave-up"
}
# Half of them through pki-ra, half by sending the signed order themselves.
half_done() {
	sqlite3 "$D/state/ledger.db" "SELECT count(*) FROM orders o WHERE action = 0 AND holder <> '' AND
		((SELECT count(*) FROM certificate WHERE order_id = o.id) <> 2 OR
		NOT EXISTS (SELECT 1 FROM entry WHERE id = o.log_index) OR
		(SELECT max(size) FROM checkpoint) <= o.log_index)"
}
n=0
while read -r a _; do
	order=
	if ((n++ % 2)); then
		order=$D/order-$a.p7s
		pki-ra show "$a" --order "$order" >/dev/null
	fi
	client "$a" "$order" &
	clients+=($!)
done <"$D/people"
killed=0 halves=0
while ((killed < ${KILLS:-25})) && { ((killed < 5)) || kill -0 "${clients[@]}" 2>/dev/null; }; do
	# a batch takes a few milliseconds from its first byte to the commit
	sleep "0.$(printf %04d $((RANDOM % 400)))"
	pid=$(cat "$D/run/pki-ca.pid")
	kill -9 "$pid" 2>/dev/null && killed=$((killed + 1))
	wait "$pid" 2>/dev/null
	halves=$((halves + $(half_done)))
	sample_daemon "$D" pki-ca serve --custodian "file:$D/secrets/custodian-1" \
		--custodian "file:$D/secrets/custodian-2"
	sample_wait pki-ca pki-ca status
done
wait "${clients[@]}"
echo "# killed $killed times; $(grep -cE 'not reachable|unavailable' "$D/issue.log") calls of pki-ra were cut off"
ok "pki-ca was killed while it worked" test $killed -ge 5
ok "no order was ever half there" test $halves = 0
ok "every client heard success in the end" test ! -e "$D/gave-up"
missing=0
while read -r serial; do
	n=$(sqlite3 "$D/state/ledger.db" "SELECT count(*) FROM certificate WHERE serial = x'$serial'")
	[ "$n" = 1 ] || missing=$((missing + 1))
done < <(
	for f in "$D"/out-A-*/*.pem; do serial_of "$f" | sed 's/^0*//'; done
	jq -r '.certificates[]?.serial' "$D"/order-*.answer
)
ok "who heard success finds the certificates in the ledger" test $missing = 0
ok "two certificates each, no more" test "$(sqlite3 "$D/state/ledger.db" "SELECT count(*), count(DISTINCT holder)
	FROM certificate WHERE holder <> ''")" = "$((people * 2))|$people"
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
