#!/bin/bash
# A flood by somebody who has the socket and no key: each revocation goes through, every request gets a whole
# answer, what was committed was answered, and nothing but what it was allowed to say is in the log.
. "$(dirname "$0")/lib.sh"
configured() { echo 'ca: { rate: 10 }' >>"$D/pki.yaml"; }
installation
services
ROOT=$PWD
cd "$D" || exit
O=$D/officers
ledger() { sqlite3 "file:$D/state/ledger.db?mode=ro" "$1"; }
logged() { ledger "SELECT count(*) FROM entry WHERE CAST(entry AS TEXT) LIKE '%\"type\":\"$1\"%'"; }
refused_by() { pki-ca status --json | jq ".refused.$1"; }
flood() { # flood CONNECTIONS SECONDS NAME:PATH:FILE...: until $D/stop is there; the codes are in $D/codes
	rm -f "$D/stop"
	perl "$ROOT/tests/system/flood.pl" "$CA_SOCKET" "$D/stop" "$@" >"$D/codes" 2>&1 &
	flooding=$!
}
ended() {
	touch "$D/stop"
	wait "$flooding"
}
answers() { awk -v kind="$1" -v code="$2" '($1 ~ "^" kind "$") && ($2 ~ "^" code "$") { n += $3 } END { print n + 0 }' "$D/codes"; }

names=(anna bruno carla)
for name in "${names[@]}"; do
	enrolled "$name" "Given ${name^}" Keller "55DD6677${#name}$name" 2034-09-30 >/dev/null 2>&1 || echo "# $name is not enrolled"
	pki-ra show "$application" --order "$D/used.p7s" >/dev/null
done
openssl cms -verify -noverify -inform DER -in "$D/used.p7s" -binary -out "$D/used.json" 2>/dev/null
# forged FILE JSON OFFICER...: signed, and then changed in the content
forged() {
	local file=$1 json=$2 who args=()
	shift 2
	for who; do
		[ -s "$O/$who/plain.pem" ] || openssl pkey -in "$O/$who/key.pem" -passin "file:$O/$who/passphrase" -out "$O/$who/plain.pem"
		args+=(-signer "$O/$who/cert.pem" -inkey "$O/$who/plain.pem")
	done
	openssl cms -sign -binary -nodetach -outform DER "${args[@]}" -in "$json" -out "$file"
	perl -pi -e 's/"O-0{8}/"O-11111111/' "$file"
}
id=O-00000000$(openssl rand -hex 12)
now=$(date -u +%FT%T.000Z)
jq -cS --arg id "$id" --arg now "$now" '.id = $id | .created = $now' used.json | tr -d '\n' >issue.json
jq -cS --arg id "$id" --arg now "$now" --arg serial "$(serial_of "$O/claire/cert.pem")" '{version: 1, type: "order",
	action: "revoke", id: $id, created: $now, authority: .authority, reported: $now, cause: "officer-left",
	requester: "officer", authentication: "officer-signature", serials: [$serial]}' used.json | tr -d '\n' >revoke.json
forged issue.p7s issue.json claire david
forged revoke.p7s revoke.json sofia
head -c 20000 /dev/urandom >random
printf '{"type":"unissued-asked","source":"pki-ocspd","actor":"","detail":{"count":1}}' >event.json
printf '{}' >crl.json

# one by one: what each of them is refused by
refused order-form "rule 210: random octets" post random
refused order-form "rule 210: an issue order whose signatures do not verify" post issue.p7s
refused order-form "rule 210: a revocation whose signature does not verify" post revoke.p7s
refused order-used "rule 203: an order again" post used.p7s
refused order-used "rule 203: ... and again" post used.p7s
openssl cms -sign -binary -nodetach -outform DER -signer holders/anna/auth.pem -inkey holders/anna/auth.key \
	-in issue.json -out holder.p7s
refused officer-role "rule 201: an order by a holder" post holder.p7s
ok "the second time an order is used it is counted" test "$(refused_by replay)" = 1
ok "... the first is logged" test "$(logged order-refused)" = 1
ok "nobody's orders are counted by reason" test "$(pki-ca status --json | jq -c '.refused | [.form, .signer, .signature]')" = "[1,1,2]"
ok "... also for Prometheus" bash -c "
	curl -s --unix-socket $CA_SOCKET http://ca/metrics | grep -x 'pki_ca_refused_total{reason=\"signature\"} 2'"
ok "... and in words" bash -c "pki-ca status | grep -E '^refused +form 1, replay 1, signature 2, signer 1\$'"

# all at once
crls=$(logged crl-issued)
events=$(logged unissued-asked)
flood 400 120 issue:/v1/orders:issue.p7s event:/v1/events:event.json revoke:/v1/orders:revoke.p7s \
	crl:/v1/crl:crl.json used:/v1/orders:used.p7s random:/v1/orders:random \
	receipt:/v1/receipts/O-00000000000000000000000000000000: silent::
limited() { [ "$(refused_by rate)" -gt 0 ]; }
ok "the flood exceeds an officer's rate" soon limited
for name in "${names[@]}"; do
	for what in auth sign; do
		serial=$(serial_of "$D/holders/$name/$what.pem")
		ok "$name's certificate ($what) is revoked in the flood" timeout 60 pki-ra revoke "$serial" \
			--cause superseded --officer "$O/emma" --passphrase "file:$O/emma/passphrase"
	done
done
ok "pki-ca status answers in the flood" timeout 60 pki-ca status
ok "the flood ends" ended
sed 's/^/# /' codes
ok "every request of the flood got a whole answer" test "$(answers '.*' cut)" = 0
ok "... of codes that the manual names" test "$(answers '.*' '(200|400|403|404|503|silent)')" = "$(awk '{ n += $3 } END { print n }' codes)"
ok "events: some were taken" test "$(answers event 200)" -gt 0
ok "... and what was answered is what is in the log" test $(($(logged unissued-asked) - events)) = "$(answers event 200)"
ok "orders: none was carried out" test "$(answers '(issue|revoke|used|random)' 200)" = 0
ok "... and the log holds no more than one refusal a minute" test "$(logged order-refused)" -le $((2 + SECONDS / 60))
ok "... the others are counted" test "$(refused_by 'signature + .refused.rate')" -gt 100
ok "CRLs: requests that waited together got one" test $(($(logged crl-issued) - crls)) -lt "$(answers crl 200)"
ok "the auditor finds everything in order" pki-audit verify

# more submitters than the CA has places
events=$(logged unissued-asked)
flood 1500 3 event:/v1/events:event.json
ok "1500 submitters: the flood ends" wait $flooding
sed 's/^/# /' codes
ok "... each gets a whole answer" test "$(answers event '(200|503)')" = "$(awk '{ n += $3 } END { print n }' codes)"
ok "... and what was answered is what is in the log" test $(($(logged unissued-asked) - events)) = "$(answers event 200)"
finish
