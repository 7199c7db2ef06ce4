#!/bin/bash
# The whole life of a certificate through the real binaries, and the refusal of each attempt that
# breaks a rule.
. "$(dirname "$0")/lib.sh"
installation

ok "rule 34: the ceremony report is signed and verifies with openssl" \
	openssl cms -verify -inform DER -in "$D/ceremony/ceremony.p7s" -CAfile "$D/pub/root.pem" -purpose any -out "$D/ceremony.json"
ok "rule 34: it names the custodians and the witness" \
	jq -e '(.custodians | length == 2) and (.witness | length > 0)' "$D/ceremony.json"
ok "the keys are for their owner alone" \
	test "$(stat -c %a "$D"/state/keys/ca.key "$D"/offline/root.key | sort -u)" = 600
no "rule 38: no holder's key is anywhere in the state" grep -rqs "BEGIN PRIVATE KEY" "$D/state"
exits 8 "rule 32: one custodian twice does not open the keys" \
	pki-ca serve --custodian "file:$D/secrets/custodian-1" --custodian "file:$D/secrets/custodian-1"
sample_secret "$D/secrets/wrong"
exits 7 "rule 32: one custodian and a stranger do not open the keys" \
	pki-ca serve --custodian "file:$D/secrets/custodian-1" --custodian "file:$D/secrets/wrong"
exits 17 "a second ceremony over the first is refused" \
	pki-ca init --ceremony "$D/ceremony.yaml" --out "$D/ceremony2" \
	--custodian "file:$D/secrets/custodian-1" --custodian "file:$D/secrets/custodian-2"
services

ok "enrol Alice: invited, submitted, verified, approved, issued" \
	enrolled alice Alice Martin 12AB34567 2035-05-01
alice_holder=$holder
A=$D/holders/alice
ok "rule 9: the authentication certificate is for digitalSignature only" \
	bash -c "openssl x509 -in $A/auth.pem -noout -ext keyUsage | tail -n1 | grep -qx ' *Digital Signature'"
ok "rule 9: the signature certificate is for nonRepudiation only" \
	bash -c "openssl x509 -in $A/sign.pem -noout -ext keyUsage | tail -n1 | grep -qx ' *Non Repudiation'"
ok "rule 10: the two have different keys" \
	bash -c "! cmp -s <(openssl x509 -in $A/auth.pem -noout -pubkey) <(openssl x509 -in $A/sign.pem -noout -pubkey)"
ok "rule 4: they end within three years" bash -c \
	"! openssl x509 -in $A/auth.pem -noout -checkend \$(( \$(date -ud '+3 years' +%s) - \$(date +%s) ))"
ok "rule 29: openssl verify accepts them with CRLs of the whole chain" bash -c "
	openssl crl -inform DER -in $D/pub/ca.crl >$D/crls.pem
	openssl crl -inform DER -in $D/pub/root.crl >>$D/crls.pem
	openssl verify -x509_strict -crl_check_all -CRLfile $D/crls.pem -CAfile $D/pub/root.pem \
		-untrusted $D/pub/ca.pem $A/auth.pem $A/sign.pem"
ok "rule 35: the order is in the ledger with the key it certified" \
	pki-ra show "$application" --order "$D/alice.p7s"
refused order-used "rule 203: an order counts once" post "$D/alice.p7s"
ok "issue again gives the same certificates" pki-ra issue "$application" --out "$D/again"
ok "... byte for byte" cmp "$D/again/auth.pem" "$A/auth.pem"

ok "the acceptance statement is printed" bash -c "pki-ra accept $application --print >$D/statement"
openssl cms -sign -binary -nodetach -in "$D/statement" -signer "$A/auth.pem" -inkey "$A/auth.key" \
	-outform DER -out "$D/by-auth.p7s" 2>/dev/null
refused holder-acceptance "rule 212: a statement signed with another key is refused" \
	pki-ra accept "$application" --statement "$D/by-auth.p7s"
openssl cms -sign -binary -nodetach -in "$D/statement" -signer "$A/sign.pem" -inkey "$A/sign.key" \
	-outform DER -out "$D/by-sign.p7s" 2>/dev/null
ok "rule 212: the holder accepts with the signature key" \
	pki-ra accept "$application" --statement "$D/by-sign.p7s"

soon=$(date -u -d '+14 months' +%F)
ok "rule 4: a document that expires in 14 months bounds the certificates" \
	enrolled chiara Chiara Rossi 77CC88990 "$soon"
ok "... their last day is the document's" bash -c "
	openssl x509 -in $D/holders/chiara/sign.pem -noout -enddate | cut -d= -f2 |
	date -u -f - +%F | grep -qx $soon"

sample_person "$D" eric Eric Blanc 98ZZ00001 2034-01-01
invited_application eric
ok "an application is rejected with a reason" ra claire reject "$application" --reason "no match"
exits 17 "a rejected application is not issued" pki-ra issue "$application"

# four eyes
sample_person "$D" bruno Bruno Keller 55DD66778 2034-09-30
invited_application bruno
ok "rule 43: an officer verifies the identity" ra claire verify "$application" --method in-person
refused two-officers "rule 202: the same officer cannot approve" ra claire approve "$application"
pki-ra show "$application" --order "$D/half.p7s" >/dev/null
refused two-officers "rule 202: the signer refuses one signature where two are asked for" \
	post "$D/half.p7s"
ok "another officer approves" ra david approve "$application"
ok "issue Bruno" pki-ra issue "$application" --out "$D/holders/bruno"
bruno_holder=$holder
B=$D/holders/bruno

sample_person "$D" frank Frank Weber 11AA22334 2034-09-30
invited_application frank
ra victor verify "$application" --method in-person >/dev/null 2>&1
ra sofia approve "$application" >/dev/null 2>&1
refused officer-role "rule 201: an auditor and a security officer cannot order a certificate" \
	pki-ra issue "$application"

# revocation
refused officer-role "rule 201: an auditor cannot revoke" \
	ra victor revoke "$bruno_holder" --cause lost-phone
ocsp_before=$(date +%s%N)
ok "rule 47: the revocation officer revokes for the holder" ra emma revoke "$bruno_holder" \
	--cause lost-phone --requester holder --authentication security-questions --json
cp "$D/out" "$D/revoke.json"
ok "rule 47: both certificates went" bash -c "jq -e '.revoked | length == 2' $D/revoke.json"
ok "OCSP says revoked at once" ocsp_says revoked "$B/auth.pem"
ok "... for keyCompromise" grep -q keyCompromise "$D/says"
echo "# $((($(date +%s%N) - ocsp_before) / 1000000)) ms from the command to OCSP's answer"
on_crl() { openssl crl -inform DER -in "$D/pub/ca.crl" -noout -text | grep -qi "$(serial_of "$1")"; }
sample_wait CRL on_crl "$B/sign.pem"
ok "rules 48, 51: the published CRL lists both, with the reason" bash -c "
	openssl crl -inform DER -in $D/pub/ca.crl -noout -text | grep -c 'Key Compromise' | grep -qx 2"
ok "rule 76: OCSP and CRL give the same date" bash -c "
	a=\$(openssl crl -inform DER -in $D/pub/ca.crl -noout -text |
		grep -iA1 $(serial_of "$B/auth.pem") | sed -n 's/.*Revocation Date: //p')
	b=\$(openssl ocsp -issuer $D/pub/ca.pem -cert $B/auth.pem -url $OCSP_URL -noverify 2>/dev/null |
		sed -n 's/.*Revocation Time: //p')
	[ -n \"\$a\" ] && [ \"\$a\" = \"\$b\" ]"
order=$(jq -r .order "$D/revoke.json")
ok "rule 58: what is revoked stays revoked; a second report is recorded, and says so" bash -c "$(declare -f ra)
	ra emma revoke $bruno_holder --cause no-longer-wanted --receipt $D/again.p7s --json | jq -e '.revoked == [] and
		([.already[] | select(.order == \"$order\" and .reason == \"keyCompromise\")] | length) == 2'"
ok "... with the receipt of the order that revoked" bash -c \
	"openssl cms -verify -inform DER -in $D/again.p7s -noverify 2>/dev/null | jq -e '.order == \"$order\"'"
ok "the receipt is written" sample_wait receipt receipt "$order"
ok "... signed, with the three times" bash -c "
	openssl cms -verify -inform DER -in $D/receipt.p7s -CAfile $D/pub/root.pem -purpose any 2>/dev/null |
	jq -e '.reported and .committed and .published and (.serials | length == 2)'"
sample_keys "$B" 2
refused renewal "rule 46: no renewal after a revocation" \
	pki-ra renew --holder "$bruno_holder" --auth-csr "$B/auth2.csr" --sign-csr "$B/sign2.csr"

# renewal
renewal() {
	pki-ra renew --holder "$alice_holder" --auth-csr "$A/auth$1.csr" --sign-csr "$A/sign$1.csr" \
		"${@:2}" --json >"$D/submit.json" || return
	application=$(jq -er .application "$D/submit.json") && four_eyes
}
renewal "" >/dev/null
refused renewal-new-key "rule 36: a renewal with the old keys" pki-ra issue "$application"
sample_keys "$A" 3
renewal 3 --not-after "$(date -u -d '+4 years' +%F)" >/dev/null
refused three-years "rule 4: a renewal for a fourth year" pki-ra issue "$application"
sample_keys "$A" 4
renewal 4 >/dev/null
ok "rule 46: a renewal with new keys" pki-ra issue "$application" --out "$A/renewed"
sample_keys "$A" 5
renewal 5 >/dev/null
refused renewal "rule 46: the renewal after the first identifies afresh" pki-ra issue "$application"

# one name, one person
sample_person "$D" other Alice Martin 12AB34567 2035-05-01
invited_application other
four_eyes >/dev/null
refused one-document-one-holder "rules 15, 109: a name and its document are never another person's" \
	pki-ra issue "$application"

# invitations
sample_person "$D" gina Gina Uninvited 66GG77889 2034-09-30
refused invitation "rule 206: no application without an invitation" \
	pki-ra submit --invitation not-a-code --application "$D/holders/gina/application.yaml" \
	--auth-csr "$D/holders/gina/auth.csr" --sign-csr "$D/holders/gina/sign.csr" \
	--evidence "$D/holders/gina/passport-page.txt"

ok "rule 77: the auditor finds everything in order" pki-audit verify
refusals=$(pki-audit tail --type order-refused 2>/dev/null | wc -l)
ok "rule 77: the refusals are in the log ($refusals)" test "$refusals" -ge 6
finish
