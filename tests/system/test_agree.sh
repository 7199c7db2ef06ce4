#!/bin/bash
# CRL and OCSP never contradict each other: the gate asks responders about what a list says before it
# goes out. A real pki-ocspd, one that is away, and openssl's with an index that lies.
. "$(dirname "$0")/lib.sh"
MONITOR=http://127.0.0.1:$((PORT + 2))
configured() {
	sed -i "s|^crl: .*|crl: { listen: \"127.0.0.1:$((PORT + 1))\", monitor: \"127.0.0.1:$((PORT + 2))\" }|" \
		"$D/pki.yaml"
}
metric_is() { # metric_is VALUE NAME{...}
	curl -s "$MONITOR/metrics" | tee "$D/metrics" | grep -Fx "$2 $1"
}
counted() { # counted RESULT: at least one comparison came to it
	curl -s "$MONITOR/metrics" | grep -F "pki_crl_ocsp_comparisons_total{responder=\"$OCSP_URL\",result=\"$1\"}" | grep -v ' 0$'
}
healthy() { curl -s "$MONITOR/health" | tee "$D/health" | grep -x ok; }
on_crl() { openssl crl -inform DER -in "$D/pub/ca.crl" -noout -text | grep -i "Serial Number: 0*$(serial_of "$1")"; }
# liar SQL: openssl ocsp in pki-ocspd's place, with its key, and an index from the ledger by SQL
liar() {
	sqlite3 -separator $'\t' "file:$D/state/ledger.db?mode=ro" "$1" >"$D/index.txt"
	echo "unique_subject = no" >"$D/index.txt.attr"
	openssl ocsp -index "$D/index.txt" -port "$PORT" -CA "$D/pub/ca.pem" -rsigner "$D/ocsp/cert.pem" \
		-rkey "$D/ocsp/key.pem" -passin "file:$D/officers/responder/passphrase" -ndays 1 >"$D/liar.log" 2>&1 &
	liar=$!
	sample_wait liar bash -c "pki-ocspd check --issuer $D/pub/ca.pem --serial 01"
}
liar_down() {
	kill "$liar"
	wait "$liar" 2>/dev/null
}
liar=$$
trap 'kill $liar; cleanup' EXIT
entry="'350101000000Z', %s, upper(hex(serial)), 'unknown', '/CN=' || id FROM certificate WHERE issuer = 2"
all_good="SELECT 'V', ${entry/\%s/"''"}"
all_revoked="SELECT 'R', ${entry/\%s/"'250101000000Z,keyCompromise'"}"
own_says() { tail -n +$((lines + 1)) "$D/run/pki-crl.log" | grep -F -- "$1"; }
mark() { lines=$(wc -l <"$D/run/pki-crl.log"); }

installation
services
declare -A holders
for name in alice bruno carla dario; do
	enrolled $name "${name^}" Martin "12AB3456${#name}$name" 2035-05-01 >/dev/null 2>&1
	holders[$name]=$holder
done
A=$D/holders/alice/auth.pem
B=$D/holders/bruno/auth.pem
C=$D/holders/carla/auth.pem
mark

# a responder that agrees
ok "revoke Alice" ra emma revoke "${holders[alice]}" --cause lost-phone
ok "rule 76: the responder agrees, the list goes out" sample_wait CRL on_crl "$A"
ok "... it was asked" counted agrees
ok "pki-crl check compares them from outside" pki-crl check --ocsp "$OCSP_URL" --url "$WEB_URL/ca.crl" --issuer "$D/pub/ca.pem"
ok "... both certificates" grep -F 'says the same of 2 entries' "$D/out"
ok "... for a monitor" pki-crl check --ocsp default --monitor
ok "... with the number" grep -F 'compared=2' "$D/out"
ok "... in JSON" bash -c "pki-crl check --ocsp default --json | jq -e '.compared == 2'"

# a responder that is away
daemon_down pki-ocspd
ok "revoke Bruno while no responder is there" ra emma revoke "${holders[bruno]}" --cause lost-phone
ok "rule 76: that keeps no revocation waiting" sample_wait CRL on_crl "$B"
ok "... which pki-crl tells" sample_wait warning own_says 'CRLs are published all the same'
ok "... and counts" counted silent
ok "... since when, too" bash -c "curl -s $MONITOR/metrics | grep 'pki_crl_ocsp_silent_seconds{'"
ok "... without being ill of it" healthy
exits 14 "pki-crl check says that nobody answers" pki-crl check --ocsp default
ok "pki-crl asks none that pki.yaml does not want asked" bash -c "
	sed -i 's|^crl: { |crl: { ocsp: [], |' $D/pki.yaml && pki-crl once 2>&1 | tee $D/out &&
	! grep -F 'a responder' $D/out && sed -i 's|ocsp: \[\], ||' $D/pki.yaml"

# one that says good of everything: pki-crl starts anew, as one that was silent is not asked for a minute
daemon_down pki-crl
sample_daemon "$D" pki-crl run
sample_wait monitor healthy
liar "$all_good"
mark
cp "$D/pub/ca.crl" "$D/before.crl"
ok "revoke Carla" ra emma revoke "${holders[carla]}" --cause lost-phone
ok "rule 76: the gate refuses a list that a responder contradicts" sample_wait refusal own_says status-agreement
ok "... says which, of which certificate, and what to do" bash -c "
	grep -E 'ca.crl: CRL [0-9]+ .not published.*the responder $OCSP_URL says of certificate [0-9a-f]+ good.*Stop the responder' \
		$D/run/pki-crl.log"
ok "... nothing is published" cmp "$D/pub/ca.crl" "$D/before.crl"
ok "... the page for operators says so" bash -c "! curl -sf $MONITOR/health && curl -s $MONITOR/health | tee $D/out | grep 'contradicts the newest CRL'"
ok "... and the metrics" metric_is 1 "pki_crl_ocsp_contradicts{responder=\"$OCSP_URL\"}"
made() { sqlite3 "file:$D/state/ledger.db?mode=ro" "SELECT max(number) FROM crl WHERE issuer = 2"; }
before=$(made)
sleep 4
ok "... no further list is made in its place" test "$(made)" = "$before"
exits 18 "pki-crl check finds the lie from outside" pki-crl check --ocsp default
exits 2 "... critical for a monitor" pki-crl check --ocsp default --monitor
exits 18 "pki-crl once does not let it out either" pki-crl once
liar_down
ocspd_up
ok "when the liar is gone the list goes out" sample_wait CRL on_crl "$C"
ok "... and all is well" sample_wait health healthy
ok "... with the metrics" metric_is 0 "pki_crl_ocsp_contradicts{responder=\"$OCSP_URL\"}"

# one that says revoked of what nobody revoked
daemon_down pki-ocspd
liar "$all_revoked"
mark
exits 18 "rule 76: a list is refused while a responder revokes what it does not name" pki-crl once
ok "... of whatever certificate" grep -E 'says of certificate [0-9a-f]+ (revoked; CRL and|another date)' "$D/out"
liar_down

# one that a stranger signs cannot be believed, and counts as one that does not answer
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj "/CN=stranger" -days 2 \
	-keyout "$D/stranger.key" -out "$D/stranger.pem" 2>/dev/null
openssl ocsp -index "$D/index.txt" -port "$PORT" -CA "$D/pub/ca.pem" -rsigner "$D/stranger.pem" \
	-rkey "$D/stranger.key" -ndays 1 >"$D/liar.log" 2>&1 &
liar=$!
sample_wait stranger curl -s -o /dev/null "$OCSP_URL/"
ok "an answer that does not verify keeps no list waiting" pki-crl once
ok "... but is told" grep -F 'CRLs are published all the same' "$D/out"
liar_down
ok "the auditor finds all in order" pki-audit verify
finish
