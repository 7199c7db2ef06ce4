#!/bin/bash
# CRLs over the years: partitions that come later, entries of expired certificates.
. "$(dirname "$0")/lib.sh"
. tests/system/clock.sh
needs_clock "CRLs over the years"
with_crl() { sed -i "s|^crl: .*|crl: { listen: \"127.0.0.1:$((PORT + 1))\"${1:+, $1} }|" "$D/pki.yaml"; }
cdp_of() { openssl x509 -in "$1" -noout -ext crlDistributionPoints | sed -n 's/.*URI://p'; }
number_of() { openssl crl -inform DER -in "$1" -noout -crlnumber | sed 's/.*=0x//;s/.*=//'; }
on_list() { # on_list LIST CERTIFICATE
	openssl crl -inform DER -in "$1" -noout -text | grep -i "Serial Number: 0*$(serial_of "$2")"
}
list_of() { echo "$D/pub/$(cdp_of "$1" | sed "s|$WEB_URL/||")"; }
soon=$(date -u -d '+14 months' +%F)
installation
services
ok "before there are partitions: enrol Alice" enrolled alice Alice Martin 12AB34567 "$soon"
alice=$holder
A=$D/holders/alice
ok "her certificates name the full list" test "$(cdp_of "$A/auth.pem")" = "$WEB_URL/ca.crl"

sample_stop "$D"
with_crl "partitions: 3, full_within: 1d"
services
sample_wait partitions test -s "$D/pub/crl/3.crl"
ok "partitions come later" test -s "$D/pub/crl/1.crl"
ok "... the log says when" bash -c \
	"pki-audit tail --type crl-partitioned --json | jq -se 'length == 1 and .[0].detail.partitions == 3'"
ok "enrol Bruno" enrolled bruno Bruno Rossi 12AB34568 "$soon"
bruno=$holder
B=$D/holders/bruno
ok "his certificates name partitions" test "$(cdp_of "$B/auth.pem")" != "$WEB_URL/ca.crl"
ok "revoke Bruno" ra emma revoke "$bruno" --cause lost-phone
ok "... his list has him" sample_wait partition on_list "$(list_of "$B/auth.pem")" "$B/auth.pem"
ok "... and the other one" sample_wait partition on_list "$(list_of "$B/sign.pem")" "$B/sign.pem"
no "... the full list not yet" on_list "$D/pub/ca.crl" "$B/auth.pem"
cp "$D"/pub/crl/*.crl "$D/"
ok "revoke Alice" ra emma revoke "$alice" --cause lost-phone
ok "whose certificate names the full list is on that at once" sample_wait ca.crl on_list "$D/pub/ca.crl" "$A/auth.pem"
ok "... with all others" on_list "$D/pub/ca.crl" "$B/sign.pem"
ok "... and on no partition" bash -c "for k in 1 2 3; do cmp $D/\$k.crl $D/pub/crl/\$k.crl || exit; done"
ok "the auditor finds everything in order" pki-audit verify

# 15 months later
later 460
ca_up
ok "rule 57: lists after their end name them once more" pki-crl once --all
for cert in "$A/auth.pem" "$B/auth.pem" "$B/sign.pem"; do
	ok "... $(basename "$(dirname "$cert")") $(basename "$cert" .pem)" on_list "$(list_of "$cert")" "$cert"
done
ok "... all of them" pki-crl once --all
for list in "$D/pub/ca.crl" "$(list_of "$B/auth.pem")" "$(list_of "$B/sign.pem")"; do
	no "rule 57: ... and then none" grep 'Serial Number' <(openssl crl -inform DER -in "$list" -noout -text)
done
ok "the auditor finds nothing but that lists came late" late_alone

# from now on what expired is kept: it comes back
sample_stop "$D"
with_crl "partitions: 3, full_within: 1d, expired: keep"
ca_up
ok "rule 56: expired: keep" pki-crl once --all
for cert in "$A/auth.pem" "$B/auth.pem" "$B/sign.pem"; do
	ok "... $(basename "$(dirname "$cert")") $(basename "$cert" .pem)" on_list "$(list_of "$cert")" "$cert"
done
start=$(date -ud "$(openssl x509 -in "$D/pub/ca.pem" -noout -startdate | cut -d= -f2)" +%Y%m%d%H%M%SZ)
ok "rule 56: expiredCertsOnCRL is the start of the CA" bash -c "
	openssl asn1parse -inform DER -in $D/pub/ca.crl | grep -A1 -E ':(2.5.29.60|X509v3 Expired)' | grep -q $(printf %s "$start" | xxd -p | tr a-f A-F)"
ok "... once more" pki-crl once --all
ok "... still there" on_list "$D/pub/ca.crl" "$A/auth.pem"
ok "the auditor finds nothing but that lists came late" late_alone
sample_stop "$D"
with_crl "partitions: 3, full_within: 1d"
ca_up
ok "rule 57: expired: drop again" pki-crl once --all
no "... they leave" on_list "$D/pub/ca.crl" "$A/auth.pem"
no "rule 56: ... and expiredCertsOnCRL with them" bash -c "
	openssl asn1parse -inform DER -in $D/pub/ca.crl | grep -E ':(2.5.29.60|X509v3 Expired)'"
ok "the auditor finds nothing but that lists came late" late_alone
finish
