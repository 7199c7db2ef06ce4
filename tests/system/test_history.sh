#!/bin/bash
# An installation that has lived: another policy, an officer revoked, the responder's certificate
# renewed, certificates and CRLs expired. The auditor raises no false alarm and says what is missing.
. "$(dirname "$0")/lib.sh"
. tests/system/clock.sh
needs_clock "a long life"
installation
services
soon=$(date -u -d '+14 months' +%F)
ok "enrol Alice, whose passport ends in 14 months" enrolled alice Alice Martin 12AB34567 "$soon"
alice=$holder
digest=$(cd "$D/policy" && LC_ALL=C sha256sum ./*.yaml | sed 's, \./, ,' | sha256sum | cut -d' ' -f1)
ok "rule 77: the log names the policy in force, as coreutils compute it" bash -c \
	"pki-audit tail --type policy-loaded --json | jq -se '.[-1].detail.digest == \"$digest\"'"
ok "everything is in order" pki-audit verify

sample_stop "$D"
cp -r "$D/policy" "$D/policy.1"
sed -i 's/years: 3/years: 2/' "$D/policy/holder-signature.yaml" "$D/policy/holder-authentication.yaml"
services
ok "enrol Bruno under another policy" enrolled bruno Bruno Keller 55DD66778 2034-09-30
ok "... for two years" test "$(date -d "$(openssl x509 -in "$D/holders/bruno/auth.pem" -noout -enddate | cut -d= -f2)" +%Y)" \
	= "$(date -d '+2 years -1 second' +%Y)"
exits 8 "the policy that is not at hand is missed" pki-audit verify
ok "... once, with the remedy, and nothing else" bash -c \
	"grep -q 'by --policy' $D/stdout && tail -n 1 $D/stdout | grep -qx '1 finding: 0 critical, 1 major, 0 minor'"
ok "with both policies everything is in order" pki-audit verify --policy "$D/policy" --policy "$D/policy.1"
both=(--policy "$D/policy" --policy "$D/policy.1")
cp -r "$D/policy.1" "$D/policy.2"
echo "# changed by somebody" >>"$D/policy.2/rules.yaml"
exits 8 "a policy changed without having been loaded is not taken for the one that was" \
	pki-audit verify --policy "$D/policy" --policy "$D/policy.2"

claire=$(serial_of "$D/officers/claire/cert.pem")
ok "the officer who verified both is revoked" ra sofia revoke "$claire" --cause service-ended
sample_person "$D" chiara Chiara Conti 34CD56789 2034-03-01
invited_application chiara
four_eyes >/dev/null
refused officer-status "rule 205: nothing is issued on her word any more" pki-ra issue "$application"
ok "what she signed before stays in order" pki-audit verify "${both[@]}"

serial_of "$D/pub/ocsp.pem" >"$D/ocsp.1"
later 40
services
serial_of "$D/pub/ocsp.pem" >"$D/ocsp.2"
no "the responder's certificate was renewed" cmp -s "$D/ocsp.1" "$D/ocsp.2"
ok "rule 71: the renewed one answers" ocsp_says good "$D/holders/alice/auth.pem"
ok "revoke Alice" ra emma revoke "$alice" --cause lost-phone
sample_wait "CRL" bash -c "openssl crl -inform DER -in $D/pub/ca.crl -noout -text | grep -c 'Key Compromise' | grep -qx 2"
ok "rule 53: the list that came late is found, and nothing else" late_alone "${both[@]}"

later 460
sample_daemon "$D" pki-ca serve --custodian "file:$D/secrets/custodian-1" \
	--custodian "file:$D/secrets/custodian-2"
ok "15 months later the CA starts" sample_wait pki-ca pki-ca status
ok "rule 57: a CRL lists what expired since the last" pki-crl once
ok "... still" bash -c "openssl crl -inform DER -in $D/pub/ca.crl -noout -text | grep -c 'Key Compromise' | grep -qx 2"
ok "... and the next one does not" pki-crl once
no "... any more" bash -c "openssl crl -inform DER -in $D/pub/ca.crl -noout -text | grep -q 'Key Compromise'"
ok "with certificates, officers and CRLs expired nothing else is found" late_alone "${both[@]}"
finish
