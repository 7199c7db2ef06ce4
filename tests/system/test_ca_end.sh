#!/bin/bash
# The issuing CA is compromised: a security officer's order, the root's next CRL, and what goes on.
. "$(dirname "$0")/lib.sh"
installation
services
enrolled alice Alice Martin 12AB34567 2035-05-01 >/dev/null 2>&1
alice=$holder
A=$D/holders/alice/auth.pem
sample_person "$D" bruno Bruno Rossi 12AB34568 2035-05-01
invited_application bruno
four_eyes >/dev/null 2>&1
ca=$(serial_of "$D/pub/ca.pem")

# what the root's keepers would make from a ledger that does not know yet
mkdir "$D/old"
sqlite3 "$D/state/ledger.db" "VACUUM INTO '$D/old/ledger.db'"
sed "s|^state: .*|state: old\nsocket: state/ca.sock|" "$D/pki.yaml" >"$D/old.yaml"

refused officer-role "rule 201: a revocation officer may not revoke the CA" ra emma revoke "$ca" --cause ca-compromise
refused officer-role "rule 32: nobody revokes the root by order" \
	ra sofia revoke "$(serial_of "$D/pub/root.pem")" --cause ca-compromise
refused crl-reason "rule 51: a CA's key is a cACompromise" ra sofia revoke "$ca" --cause officer-compromise
refused crl-reason "rule 51: ... and nobody else's is" ra sofia revoke "$(serial_of "$D/officers/victor/cert.pem")" \
	--cause ca-compromise
ok "rule 37: a security officer may" ra sofia revoke "$ca" --cause ca-compromise --json
order=$(jq -r .order "$D/out")
ok "... once" bash -c "$(declare -f ra); ra sofia revoke $ca --cause ca-compromise --json |
	jq -e '.revoked == [] and .already[0].serial == \"$ca\"'"
refused ca-revoked "rule 37: nothing is issued any more" pki-ra issue "$application" --out "$D/holders/bruno"
daemon_down pki-ocspd
rm -r "$D/ocsp"
refused ca-revoked "... nor an officer's certificate, nor a responder's" \
	timeout 60 pki-ocspd serve --passphrase "file:$D/officers/responder/passphrase"
refused status-agreement "rules 54, 76: a root CRL that does not list the CA is refused" \
	env PKI_CONFIG="$D/old.yaml" pki-ca root-crl "${custodians[@]}"
ok "rule 54: the root makes its next CRL" pki-ca root-crl "${custodians[@]}"
listed() { openssl crl -inform DER -in "$D/pub/root.crl" -noout -text | tee "$D/text" | grep -qi "serial number: $ca"; }
ok "rule 54: ... and it is published, with the CA on it" sample_wait root.crl listed
listed
ok "... for its reason" grep -A 4 'CA Compromise' "$D/text"
openssl crl -inform DER -in "$D/pub/root.crl" -out "$D/crls.pem"
openssl crl -inform DER -in "$D/pub/ca.crl" >>"$D/crls.pem"
no "openssl refuses every certificate of the CA" openssl verify -crl_check_all -CRLfile "$D/crls.pem" \
	-CAfile "$D/pub/root.pem" -untrusted "$D/pub/ca.pem" "$A"
ok "... since the CA's is revoked" grep -i 'error 23 at 1 depth' "$D/out"
ok "rule 47: the receipt names the root's CRL" sample_wait receipt receipt "$order"
ok "rule 47: a holder's loss is acted upon all the same" ra emma revoke "$alice" --cause lost-phone
on_crl() { openssl crl -inform DER -in "$D/pub/ca.crl" -noout -text | grep -i "$(serial_of "$A")"; }
ok "... and is on the CA's CRL" sample_wait CRL on_crl
ok "the auditor finds all in order" pki-audit verify
finish
