#!/bin/bash
# Officers and services come, get their next certificates, and go: pki-ra officer, and what a role with too
# few officers may still do.
. "$(dirname "$0")/lib.sh"
. tests/system/clock.sh
configured() {
	sed -i "s|^crl: .*|crl: { listen: \"127.0.0.1:$((PORT + 1))\", monitor: \"127.0.0.1:$((PORT + 2))\" }|" "$PKI_CONFIG"
}
installation
services
O=$D/officers

# new_key NAME: a key and a request, sealed as an officer's
new_key() {
	mkdir -p "$D/new/$1"
	[ -s "$O/$1/passphrase" ] || { mkdir -p "$O/$1" && sample_secret "$O/$1/passphrase"; }
	run openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj /CN=x \
		-passout "file:$O/$1/passphrase" -keyout "$D/new/$1/key.pem" -out "$D/new/$1/csr.pem"
}
# in_place NAME: the new pair is the officer's
in_place() { cp "$D/new/$1/key.pem" "$D/new/$1/cert.pem" "$O/$1/"; }
first() { # first NAME ROLE IDENTIFIER OFFICER: the first signature of an order to add
	new_key "$1" && rm -f "$D/new/$1/order.p7s" && ra "$4" officer add --role "$2" --name "TEST ${1^} Officer" \
		${3:+--identifier "$3"} --csr "$D/new/$1/csr.pem" --order "$D/new/$1/order.p7s"
}
next() { # next COMMAND NAME OFFICER: the last signature, and the certificate
	ra "$3" officer "$1" --order "$D/new/$2/order.p7s" --out "$D/new/$2/cert.pem"
}
added() { first "$1" "$2" "$3" "$4" && next add "$1" "$5" && in_place "$1"; }
renewal() { # renewal NAME: the order with the old key's signature
	new_key "$1" && rm -f "$D/new/$1/order.p7s" &&
		ra "$1" officer renew --csr "$D/new/$1/csr.pem" --order "$D/new/$1/order.p7s"
}
ended() { ra "$3" officer end "$1" --cause "$2"; }
members() { pki-ra officer list --json | jq -e "$1"; }
count() { sqlite3 "file:$D/state/ledger.db?mode=ro" "SELECT count(*) FROM certificate"; }

# a new officer
ok "a security officer begins the order" first nina registration OF:MC-NINA sofia
ok "... and sees what is signed" grep "for .*CN=TEST Nina Officer,serialNumber=OF:MC-NINA" "$D/out"
before=$(count)
refused two-persons "rule 121: the same officer is not the second" next add nina sofia
exits 2 "the last signature needs a place for the certificate" ra claire officer add --order "$D/new/nina/order.p7s"
refused officer-role "rule 201: an auditor is none of the two" next add nina victor
exits 3 "an order to add is not for renew" ra stella officer renew --order "$D/new/nina/order.p7s"
ok "no certificate yet" test "$(count)" = "$before"
ok "a registration officer ends it with the certificate" next add nina claire
ok "... and again, as if the reply had been lost: the same certificate" next add nina claire
ok "... once" test "$(count)" = $((before + 1))
in_place nina
ok "the certificate carries the identifier" bash -c "openssl x509 -in $O/nina/cert.pem -noout -subject |
	grep -q 'serialNumber = OF:MC-NINA'"
sample_person "$D" alice Alice Martin 12AB34567 2035-05-01
invited_application alice
ok "the new officer verifies" ra nina verify "$application" --method in-person
ok "... and another approves" ra david approve "$application"
ok "... and it is issued" pki-ra issue "$application" --out "$D/holders/alice"
exits 17 "an order's file is not overwritten" ra sofia officer add --role auditor --name "TEST X" \
	--identifier OF:MC-X --csr "$D/new/nina/csr.pem" --order "$D/new/nina/order.p7s"

# who is one already
first twin registration OF:MC-NINA sofia >/dev/null 2>&1
refused two-persons "rule 121: no second certificate, whatever the name" next add twin claire
first twin security OF:MC-NINA sofia >/dev/null 2>&1
refused staffed-roles "rule 120: no second role" next add twin claire
refused two-persons "rule 121: a person has an identifier" first twin registration "" sofia
refused two-persons "rule 121: ... of the form" first twin registration NINA sofia
refused officer-not-subject "rule 44: no officer begins her own order" first twin registration OF:MC-SOFIA sofia

# the next certificate
old=$(serial_of "$O/nina/cert.pem")
cp -r "$O/nina" "$O/former"
ok "an officer begins her renewal with her old key" renewal nina
refused two-persons "rule 121: she is none of the two" next renew nina nina
ok "... one of the two" ra sofia officer renew --order "$D/new/nina/order.p7s"
ok "... the other: the certificate" next renew nina david
in_place nina
ok "the old certificate is superseded in the same transaction" bash -c "sqlite3 'file:$D/state/ledger.db?mode=ro' \"
	SELECT 1 FROM revocation r JOIN orders o ON o.id = r.order_id JOIN certificate n ON n.order_id = o.id
	WHERE lower(hex(r.serial)) = '$old' AND r.reason = 4 AND o.action = 1 AND r.committed = n.issued\" | grep -qx 1"
ok "... OCSP says so" ocsp_says revoked "$O/former/cert.pem"
crl_has() { openssl crl -inform DER -in "$D/pub/ca.crl" -noout -text | grep -A4 -i "$1" | grep -q "Superseded"; }
ok "... the CRL says so" soon crl_has "$old"
ok "... the log says so" bash -c "pki-audit tail --type certificate-renewed --json | grep -q '\"serials\":\\[\"$old\"\\]'"
refused officer-status "rule 205: the old key signs nothing any more" \
	ra former officer end "$(serial_of "$O/claire/cert.pem")" --cause officer-compromise
sample_person "$D" bruno Bruno Keller 55DD66778 2034-09-30
invited_application bruno
ok "the new key verifies" ra nina verify "$application" --method in-person
ok "show has both certificates" bash -c "pki-ra officer show OF:MC-NINA --json |
	jq -e '[.officers[].state] == [\"superseded\", \"valid\"]'"
ok "... by name, and in another spelling" bash -c "pki-ra officer show 'TEST Nina Officer' && pki-ra officer show of:mc-nina"
exits 16 "show knows nobody else" pki-ra officer show OF:MC-NOBODY
exits 2 "a word that is no command" pki-ra officer fire
exits 2 "end needs somebody" pki-ra officer end --cause officer-left
exits 2 "... and a cause" ra sofia officer end OF:MC-NINA --cause boredom

# a service
ok "the OCSP service's identity is renewed with its old key" renewal responder
ok "... by a security officer" ra sofia officer renew --order "$D/new/responder/order.p7s"
ok "... and a registration officer" next renew responder claire
in_place responder
daemon_down pki-ocspd
ocspd_up
ok "... and the responder goes on" ocsp_says good "$D/holders/alice/auth.pem"

# roles with too few officers
exits 0 "status for a monitor" pki-ca status --monitor
ok "list: every role is complete" members '[.roles[] | select(.warning)] == []'
refused staffed-roles "rule 120: who leaves has a successor first" ended OF:MC-STELLA officer-left sofia
refused staffed-roles "rule 120: ... and who is superseded" ended OF:MC-STELLA superseded sofia
ok "rule 120: any other cause takes effect at once, with one signature" ended OF:MC-STELLA officer-compromise sofia
ok "list says that a security officer is missing" members '[.roles[] | select(.warning) | .role] == ["security"]'
ok "... so does the CA's status" bash -c "pki-ca status | grep '^warning *security: 1 of 2 officers'"
exits 2 "... for a monitor: critical" pki-ca status --monitor
health() { curl -s "http://127.0.0.1:$((PORT + 2))/health" | grep "security: 1 of 2 officers"; }
ok "... and the CRL service's health" soon health
ok "... and its metrics" bash -c "curl -s http://127.0.0.1:$((PORT + 2))/metrics | grep -x 'pki_officers{role=\"security\"} 1'"
first vera auditor OF:MC-VERA sofia >/dev/null 2>&1
refused staffed-roles "rule 120: security signs for nobody but a security officer" next add vera claire
ok "rule 120: the one security officer orders the second" added sven security OF:MC-SVEN sofia claire
ok "... and then for others again" next add vera claire
ok "registration is complete with two of three" ended OF:MC-CLAIRE officer-left sofia
ok "rule 120: a registration officer is revoked at once" ended OF:MC-DAVID officer-compromise sven
ra nina approve "$application" >/dev/null 2>&1
ok "list says that a registration officer is missing" \
	members '[.roles[] | select(.warning) | .role] == ["registration"]'
ok "a holder is still revoked" ra emma revoke "$(serial_of "$D/holders/alice/auth.pem")" --cause forgotten-pin
ok "rule 120: the missing one is ordered by those who are left" added rita registration OF:MC-RITA sofia nina
invited_application bruno
ra nina verify "$application" --method in-person >/dev/null 2>&1
ok "... and issuing goes on" bash -c "$(declare -f ra); ra rita approve $application && pki-ra issue $application --out $D/holders/bruno"
ok "end by serial number needs no ledger" bash -c "$(declare -f ra); mv $D/pki.yaml $D/all.yaml &&
	sed 's/^state: .*/state: elsewhere/; s|^ca: *{|&|' $D/all.yaml >$D/pki.yaml && echo 'socket: $CA_SOCKET' >>$D/pki.yaml
	ra sofia officer end $(serial_of "$O/victor/cert.pem") --cause officer-left --receipt $D/receipt.p7s --json |
		jq -e '.revoked | length == 1'; got=\$?; mv $D/all.yaml $D/pki.yaml; exit \$got"
settled
ok "the auditor finds everything in order" pki-audit verify

# the end is announced
if have_clock; then
	sample_stop "$D"
	from_now_on +320d
	ca_up
	ra emma officer end 00ff --cause officer-left >"$D/warned" 2>&1
	ok "each officer's command warns from 60 days on" grep 'certificate ends on .* in [0-9]* days' "$D/warned"
	exits 1 "status for a monitor: warning" pki-ca status --monitor
	ok "list warns of the ends" bash -c "pki-ra officer list | grep -q 'warning: registration: a certificate ends'"
	from_now_on
fi
finish
