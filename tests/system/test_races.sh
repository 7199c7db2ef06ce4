#!/bin/bash
# What happens at once, in an awkward order, or after a backup: one wins, nothing is done twice, and
# what was reported lost stays lost.
. "$(dirname "$0")/lib.sh"
installation
services
ledger() { sqlite3 "$D/state/ledger.db" "$1"; }

# two reports of one loss
enrolled alice Alice Martin 12AB34567 2035-05-01 >/dev/null 2>&1
for i in 1 2 3 4; do
	(
		ra emma revoke "$holder" --cause lost-phone >"$D/revoke.$i" 2>&1
		echo $? >"$D/status.$i"
	) &
	pids[i]=$!
done
wait "${pids[@]}"
ok "rule 58: of four reports at once one is carried out, three hear that it is done" \
	test "$(sort "$D"/status.[1-4] | tr '\n' ' ')" = "0 0 0 0 "
ok "... in words" bash -c "grep -l 'revoked already' $D/revoke.[1-4] | wc -l | grep -qx 3"
ok "... all four are recorded, and nothing is there twice" test \
	"$(ledger "SELECT count(*), count(DISTINCT order_id), (SELECT count(*) FROM orders WHERE action = 2) FROM revocation")" = "2|1|4"

# a loss report ends what was approved but not issued
enrolled bruno Bruno Keller 55DD66778 2034-09-30 >/dev/null 2>&1
bruno=$holder B=$D/holders/bruno
sample_keys "$B" 2
pki-ra renew --holder "$bruno" --auth-csr "$B/auth2.csr" --sign-csr "$B/sign2.csr" --json >"$D/submit.json"
renewal=$(jq -r .application "$D/submit.json") application=$renewal
four_eyes >/dev/null
pki-ra show "$renewal" --order "$D/renewal.p7s" >/dev/null
cp -r "$B" "$D/holders/bruno3"
sample_keys "$D/holders/bruno3"
invited_application bruno3 --holder "$bruno" && four_eyes >/dev/null
again=$application
pki-ra show "$again" --order "$D/again.p7s" >/dev/null
ok "rule 47: the phone is lost while a renewal and a new application are approved" \
	ra emma revoke "$bruno" --cause lost-phone
before=$(ledger "SELECT count(*) FROM certificate")
exits 17 "rule 46: the renewal is rejected with it" pki-ra issue "$renewal"
ok "... and listed so" bash -c "pki-ra show $renewal --json | jq -e '.state == \"rejected\"'"
refused renewal "rule 46: the signed renewal order itself is refused" post "$D/renewal.p7s"
refused order-age "rule 204: so is the approved order for new certificates" post "$D/again.p7s"
no "... and pki-ra issue does not get it through" pki-ra issue "$again"
ok "... no certificate came of it" test "$(ledger "SELECT count(*) FROM certificate")" = "$before"

# CRLs are made while others are revoked
declare -A lost
for i in 1 2 3; do
	enrolled "p$i" "Number$i" Race "99RC0000$i" 2034-01-01 >/dev/null 2>&1 && lost[$i]=$holder
done
(for _ in 1 2 3 4 5 6; do pki-crl once; done) >"$D/once.log" 2>&1 &
maker=$!
for i in 1 2 3; do ra emma revoke "${lost[$i]}" --cause lost-phone >/dev/null; done
wait $maker
ok "rule 49: CRLs made during revocations have each number once" test \
	"$(ledger "SELECT count(*) = max(number) FROM crl WHERE issuer = 2")" = 1
on_crl() {
	openssl crl -inform DER -in "$D/pub/ca.crl" -noout -text | grep -c 'Key Compromise' | grep -qx 10
}
ok "rule 76: the published one soon lists all ten" sample_wait CRL on_crl

# audits beside a CA that goes on committing and publishing
printf '{"type":"unissued-asked","source":"pki-ocspd","actor":"","detail":{"count":1}}' >"$D/event.json"
before=$(entries)
(while [ ! -e "$D/enough" ]; do
	curl -s --unix-socket "$CA_SOCKET" --data-binary "@$D/event.json" http://ca/v1/events
done) >"$D/events.log" 2>&1 &
events=$!
ok "rule 83: forty audits meanwhile find what is published in the ledger" bash -c \
	"for i in {1..40}; do pki-audit verify || exit; done"
: >"$D/enough"
wait $events
ok "... while the log grew" test "$(entries)" -gt $((before + 40))

# killed between the CRL's commit and its publication
sample_stop "$D"
ca_up
curl -s --unix-socket "$CA_SOCKET" -H "Content-Type: application/json" -d '{}' http://ca/v1/crl >"$D/crl.json"
made=$(jq -r .number "$D/crl.json")
daemon_down pki-ca -9
number() { openssl crl -inform DER -in "$D/pub/ca.crl" -noout -crlnumber | sed 's/.*=0x//'; }
ok "a CRL is committed and not published" test $((16#$(number))) -lt "$made"
ca_up
ok "rule 49: after the restart the next one has the next number" pki-crl once
ok "... and is published" test $((16#$(number))) = $((made + 1))
ok "the auditor finds everything in order" pki-audit verify

# a backup
sample_stop "$D"
cp "$D/state/ledger.db" "$D/backup.db"
cp -r "$D/pub" "$D/pub.backup"
restore() {
	rm -f "$D"/state/ledger.db-*
	cp "$1" "$D/state/ledger.db"
}
ca_up
enrolled late Late Comer 77HH88990 2034-09-30 >/dev/null 2>&1
pki-crl once >/dev/null
sample_stop "$D"
cp "$D/state/ledger.db" "$D/newest.db"
restore "$D/backup.db"
exits 18 "rule 81: the CA does not start on a ledger older than the log it published" \
	timeout 60 pki-ca serve "${custodians[@]}"
mv "$D/pub/log" "$D/pub/log.away"
exits 18 "rule 49: nor on one older than the CRL it published" timeout 60 pki-ca serve "${custodians[@]}"
mv "$D/pub" "$D/pub.newest"
cp -r "$D/pub.backup" "$D/pub"
ca_up
for i in 1 2 3; do enrolled "other$i" "Other$i" Past "66FF0000$i" 2034-01-01 >/dev/null 2>&1; done
pki-crl once >/dev/null
sample_stop "$D"
rm -rf "$D/pub"
mv "$D/pub.newest" "$D/pub"
exits 18 "rule 49: nor where it made another CRL of the same number" \
	timeout 60 pki-ca serve "${custodians[@]}"
mv "$D/pub/log.away" "$D/pub/log"
rm "$D/pub/ca.crl"
exits 18 "rule 81: nor where the published log is of another past, though shorter" \
	timeout 60 pki-ca serve "${custodians[@]}"
restore "$D/newest.db"
ok "on the newest ledger it starts" ca_up
finish
