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
	local a=$1 order=$2 status
	for _ in $(seq 4000); do
		if [ -n "$order" ]; then
			post "$order" >"$order.answer" 2>/dev/null
			status=$?
			# 52, 56: connected, and then the answer did not come
			[[ $status != 5[26] ]] || echo "$a" >>"$D/cut-off"
			# carried out, and killed before it said so: the order counts once
			grep -q order-used "$order.answer" && return
		else
			pki-ra issue "$a" --out "$D/out-$a" >>"$D/issue.log" 2>&1
			status=$?
		fi
		[ $status != 0 ] || return
		# who polls faster keeps the CA from starting
		sleep "$([ -n "$order" ] && echo 0.05 || echo 0.4)"
	done
	echo "$a" >>"$D/gave-up"
}
# A quarter of them through pki-ra, the others by sending the signed order themselves.
half_done() {
	sqlite3 -cmd ".timeout 5000" "$D/state/ledger.db" "SELECT count(*) FROM orders o WHERE action = 0 AND holder <> '' AND
		((SELECT count(*) FROM certificate WHERE order_id = o.id) <> 2 OR
		NOT EXISTS (SELECT 1 FROM entry WHERE id = o.log_index) OR
		(SELECT max(size) FROM checkpoint) <= o.log_index)"
}
ca_killed() {
	local pid
	pid=$(cat "$D/run/pki-ca.pid")
	kill -9 "$pid" && wait "$pid" 2>/dev/null
	rm -f "$CA_SOCKET"
}
n=0
while read -r a _; do
	order=
	if ((n++ % 4)); then
		order=$D/order-$a.p7s
		pki-ra show "$a" --order "$order" >/dev/null
	fi
	orders+=("$order")
done <"$D/people"
ca_killed
n=0
while read -r a _; do
	{ # one has yet to come when the third kill does
		((n < people - 1)) || until [ -e "$D/three" ]; do sleep 0.05; done
		client "$a" "${orders[n]}"
	} &
	n=$((n + 1))
	clients+=($!)
done <"$D/people"
: >"$D/cut-off"
killed=0 halves=0
while ((killed < ${KILLS:-12})) && kill -0 "${clients[@]}" 2>/dev/null; do
	sample_daemon "$D" pki-ca serve --custodian "file:$D/secrets/custodian-1" \
		--custodian "file:$D/secrets/custodian-2"
	until [ -S "$CA_SOCKET" ]; do sleep 0.005; done
	# all clients are waiting: from before their first request to after the first commits
	# (the first three so soon that some are left for the others)
	sleep "0.0$(printf %02d $((RANDOM % (killed < 3 ? 12 : 60))))"
	ca_killed
	killed=$((killed + 1))
	((killed < 3)) || : >"$D/three"
	halves=$((halves + $(half_done)))
done
sample_daemon "$D" pki-ca serve --custodian "file:$D/secrets/custodian-1" \
	--custodian "file:$D/secrets/custodian-2"
sample_wait pki-ca pki-ca status
: >"$D/three"
wait "${clients[@]}"
echo "# killed $killed times, $(wc -l <"$D/cut-off") of the orders sent by hand were cut off"
ok "pki-ca was killed while it worked" test $killed -ge 3
ok "no order was ever half there" test $halves = 0
ok "every client heard success in the end" test ! -e "$D/gave-up"
missing=0
while read -r serial; do
	n=$(sqlite3 "$D/state/ledger.db" "SELECT count(*) FROM certificate WHERE serial = x'$serial'")
	[ "$n" = 1 ] || missing=$((missing + 1))
done < <(
	for f in "$D"/out-A-*/*.pem; do serial_of "$f"; done
	jq -r '.certificates[]?.serial' "$D"/order-*.answer
)
ok "who heard success finds the certificates in the ledger" test $missing = 0
ok "two certificates each, no more" test "$(sqlite3 "$D/state/ledger.db" "SELECT count(*), count(DISTINCT holder)
	FROM certificate WHERE holder <> ''")" = "$((people * 2))|$people"
ok "the ledger's own check passes" bash -c "sqlite3 $D/state/ledger.db 'PRAGMA integrity_check' | grep -qx ok"
ok "the auditor finds everything in order" pki-audit verify

signer=$(pki-ca status --json | jq -r .signer.pid)
kill -9 "$signer"
wait "$(cat "$D/run/pki-ca.pid")" 2>/dev/null
no "without its signer the CA does not go on" pki-ca status
sample_daemon "$D" pki-ca serve --custodian "file:$D/secrets/custodian-1" \
	--custodian "file:$D/secrets/custodian-2"
ok "it starts again without a hand" sample_wait pki-ca pki-ca status

daemon_down pki-ocspd -9
daemon_down pki-crl -9
sample_daemon "$D" pki-ocspd serve --passphrase "file:$D/officers/responder/passphrase"
sample_daemon "$D" pki-crl run
ok "the responder starts again after a kill" sample_wait pki-ocspd ocsp_says good \
	"$(ls -d "$D"/out-A-* | head -n 1)/auth.pem"
ok "the CRL generator does" sample_wait pki-crl curl -sf -o /dev/null "$WEB_URL/ca.crl"
finish
