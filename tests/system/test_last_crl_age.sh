#!/bin/bash
# The end of the CA when everything has expired, with what expired kept on the last CRL.
. "$(dirname "$0")/lib.sh"
. tests/system/clock.sh
needs_clock "the CA's end over the years"
configured() { sed -i "s|^crl: .*|crl: { listen: \"127.0.0.1:$((PORT + 1))\", expired: keep }|" "$D/pki.yaml"; }
on_list() { openssl crl -inform DER -in "$D/pub/ca.crl" -noout -text | grep -i "Serial Number: 0*$(serial_of "$1")"; }
installation
services
enrolled alice Alice Martin 12AB34567 2035-05-01 >/dev/null 2>&1
alice=$holder
enrolled bruno Bruno Rossi 12AB34568 2035-05-01 >/dev/null 2>&1
ra emma revoke "$alice" --cause lost-phone >"$D/out" 2>&1
A=$D/holders/alice/auth.pem
B=$D/holders/bruno/auth.pem
ok "Alice is on the CRL" sample_wait CRL on_list "$A"

later 1000 # officers and responder have expired, Bruno has not
refused last-crl "rule 55: while Bruno's certificates live there is no last CRL" pki-ca last-crl "${custodians[@]}"
ok "... two of his, and the seal" grep ' 3 certificates have neither' "$D/out"
later 1100
ok "rules 53, 55: when all have expired there is" pki-ca last-crl "${custodians[@]}"
ca_up
sample_daemon "$D" pki-crl run
last() { openssl crl -inform DER -in "$D/pub/ca.crl" -noout -nextupdate | grep 9999; }
ok "... published" sample_wait "last CRL" last
ok "rule 56: it names what was revoked, for ever" on_list "$A"
no "... and nothing else" on_list "$B"
ok "pki-crl check has nothing against it" pki-crl check
ok "the auditor finds nothing but that lists came late" late_alone
later 3000
ca_up
sample_daemon "$D" pki-crl run
sample_wait web curl -sf -o /dev/null "$WEB_URL/ca.crl"
number=$(openssl crl -inform DER -in "$D/pub/ca.crl" -noout -crlnumber)
ok "years later it holds" pki-crl check --monitor
sleep 1
ok "... and no other is made" test "$(openssl crl -inform DER -in "$D/pub/ca.crl" -noout -crlnumber)" = "$number"
ok "the auditor finds nothing but that lists came late" late_alone
finish
