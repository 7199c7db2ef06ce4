#!/bin/bash
# Installations that released versions of the suite left behind (tests/fixtures): the present binaries
# audit them, serve them and go on with them.
. "$(dirname "$0")/lib.sh"
. tests/system/clock.sh
. tests/system/lived_in.sh

# unpacked ARCHIVE: the installation is in $D, on this test's ports; what a sanitizer said of others stays
unpacked() {
	find "$D" -mindepth 1 -maxdepth 1 ! -name 'sanitizer.*' ! -name run -exec rm -rf {} +
	mkdir -p "$D/run"
	tar --warning=no-timestamp -xzf "$1" -C "$D" --strip-components=1 --no-same-owner
	FIXED=$(jq .port "$D/facts.json")
	# only where we listen: the certificates' URLs stay what they are
	sed -i "s|\(listen: .*127.0.0.1:\)$FIXED|\1$PORT|; s|\(listen: .*127.0.0.1:\)$((FIXED + 1))|\1$((PORT + 1))|
		s|127.0.0.1:$((FIXED + 2))|127.0.0.1:$((PORT + 2))|" "$D/pki.yaml" "$D/witness.yaml"
}
fact() { jq -er "$1" "$D/facts.json"; }
application_of() { fact ".people.$1.application"; }
holder_of() { fact ".people.$1.holder"; }
crl_number() { printf '%d\n' "0x$(openssl crl -inform DER -in "$D/pub/ca.crl" -noout -crlnumber | sed 's/.*=\(0x\)*//')"; }
listed() { openssl crl -inform DER -in "$D/pub/ca.crl" -noout -text | grep -qi "Serial Number: $1"; }
shown() { pki-ra show "$(application_of "$1")" --json | jq -e "$2"; }
evidence_opens() {
	pki-ra show "$(application_of alice)" --evidence "$D/evidence" && cmp "$D"/evidence/* "$D/holders/alice/passport-page.txt"
}
proven() { pki-audit proof 7 --out "$D/proof" && pki-audit check-proof "$D/proof" --vkey "$D/pub/log/vkey"; }
# at_rest VERSION: what no daemon and no clock is needed for
at_rest() {
	ok "$1: the auditor finds everything in order" pki-audit verify
	ok "$1: an entry's proof" proven
	ok "$1: the trail of a renewed holder" pki-audit trail "$(holder_of alice)"
	ok "$1: a second verifier reads the log" python3 tests/system/python/verify_log.py "$D/pub/log" --vkey "$D/pub/log/vkey"
	ok "$1: the store is reconciled with the log" pki-ra reconcile
	ok "$1: the list has all applications" bash -c "pki-ra list --json | jq -e '.total == 8'"
	ok "$1: the form opens" shown alice '.form.surname == "Martin" and .state == "accepted"'
	ok "$1: the sealed evidence opens" evidence_opens
	ok "$1: the search finds a person by document number" bash -c "pki-ra search 78GH12345 --json |
		jq -e '.total == 1 and .applications[0].application == \"$(application_of dora)\"'"
	ok "$1: who was erased stays erased" shown eric .erased
	ok "$1: who waits for the second officer still does" shown flora '.state == "verified"'
}
# at_work VERSION: a few hours after the version before ended
at_work() {
	local before order
	cp "$D/pub/log/checkpoint" "$D/checkpoint.old"
	before=$(crl_number)
	ok "$1: the services start" sample_start "$D"
	ok "$1: pki-ca status" pki-ca status
	ok "$1: OCSP says good" ocsp_says good "$D/holders/alice/sign.pem"
	ok "$1: OCSP says revoked" ocsp_says revoked "$D/holders/bruno/auth.pem"
	ok "$1: OCSP knows which one of two was revoked" ocsp_says revoked "$D/holders/dora/auth.pem"
	ok "$1: ... and which was not" ocsp_says good "$D/holders/dora/sign.pem"
	ok "$1: a CRL is made" pki-crl once --all
	ok "$1: ... with a higher number" test "$(crl_number)" -gt "$before"
	ok "$1: ... that lists what was revoked before" listed "$(serial_of "$D/holders/carla/sign.pem")"

	ok "$1: a holder is revoked" ra emma revoke "$(holder_of dora)" --cause lost-phone --json
	order=$(jq -r .order "$D/out")
	ok "$1: ... with a receipt that says when it was published" soon receipt "$order"
	ok "$1: ... and OCSP says revoked" ocsp_says revoked "$D/holders/dora/sign.pem"
	ok "$1: ... and the CRL lists it" soon listed "$(serial_of "$D/holders/dora/sign.pem")"

	refused officer-status "$1: the officer who left is refused" ra zoe revoke "$(holder_of alice)" --cause lost-phone
	application=$(application_of flora)
	ok "$1: the waiting application is approved" ra david approve "$application"
	ok "$1: ... and issued" pki-ra issue "$application" --out "$D/holders/flora"
	ok "$1: ... and OCSP says good" ocsp_says good "$D/holders/flora/auth.pem"
	ok "$1: ... and the holder accepts" accepted flora
	application=$(application_of gino)
	ok "$1: the submitted application is verified and approved" four_eyes
	ok "$1: ... and issued" pki-ra issue "$application" --out "$D/holders/gino"
	ok "$1: somebody new is enrolled" enrolled hanna Hanna Weber 92MN12345 2035-06-01
	ok "$1: a root CRL is made" root_crl
	settled
	ok "$1: the witness goes on cosigning" cosigned "127.0.0.1:$((PORT + 2))"
	ok "$1: the audit is clean, from the old checkpoint on" pki-audit verify --checkpoint "$D/checkpoint.old"
	ok "$1: ... and when only the new is audited" pki-audit verify --since "$D/checkpoint.old"
	ok "$1: the store is reconciled again" pki-ra reconcile
	sample_stop "$D"
	ok "$1: the audit is clean when all has ended" pki-audit verify
}
for archive in tests/fixtures/v*/installation.tar.gz; do
	version=$(basename "$(dirname "$archive")")
	unpacked "$archive"
	at_rest "$version"
	if have_clock; then
		from_now_on "$(printf '%+d' $(($(fact .at) + 3 * 3600 - $(date +%s))))s"
		at_work "$version"
		from_now_on
	else
		ok "$version: goes on # SKIP no libfaketime here, or a sanitizer beside it" true
	fi
done
finish
