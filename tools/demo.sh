#!/bin/bash
# demo.sh run|up|down: the main job on real input with real processes. Everything it makes stays
# in demo/; every command that it runs is shown, and can be repeated by hand.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
PATH=$(realpath "${BIN:-build/out}"):$PATH
export PATH PKI_CONFIG=demo/pki.yaml
. tools/sample.sh

if [ -t 1 ]; then bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'; else bold='' dim='' plain=''; fi

exec 3>&1 # commands are shown here even where their output goes to a file
show() {
	local word line=
	for word; do
		[[ $word =~ ^[A-Za-z0-9_./:=@,+-]+$ ]] || word="'$word'"
		line+=" $word"
	done
	printf '%s  $%s%s\n' "$dim" "$line" "$plain" >&3
}
run() {
	show "$@"
	"$@" 2> >(grep -v '^[.+*-]*$' >&2)
}
run_background() {
	local log=$1
	shift
	show "$@"
	"$@" >"$log" 2>&1 &
}
step() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
say() { printf '%s\n' "$*" | fold -s -w 100; }
die() {
	printf '\nThe demo stopped: %s\n' "$*" >&2
	for log in demo/run/*.log; do
		[ -s "$log" ] && { echo "--- $log" >&2; tail -n 5 "$log" >&2; }
	done
	exit 1
}
must() { run "$@" || die "this should have worked: $*"; }

refused=0
# refuse RULE COMMAND...: the command must fail and name the rule
refuse() {
	local rule=$1 out
	shift
	show "$@"
	if out=$("$@" 2>&1); then
		die "this should have been refused ($rule): $*"
	fi
	printf '%s\n' "$out" | tail -n 3 | fold -s -w 100
	[[ $out == *"$rule"* ]] || die "refused, but not by rule $rule"
	refused=$((refused + 1))
}
ra() { # ra OFFICER COMMAND...: pki-ra in the name of an officer
	local officer=$1 command=$2
	shift 2
	must pki-ra "$command" --officer "demo/officers/$officer" \
		--passphrase "file:demo/officers/$officer/passphrase" "$@"
}
now_ms() { date +%s%3N; }

# application NAME [SUBMIT OPTION...]: invited, submitted; sets $application
application() {
	local name=$1 home=demo/holders/$1 code
	shift
	ra irene invite --department "TEST Welcome Office" --json | tee demo/run/invitation.json
	code=$(jq -er .code demo/run/invitation.json) || die "no invitation code"
	must pki-ra submit --invitation "$code" --application "$home/application.yaml" \
		--auth-csr "$home/auth.csr" --sign-csr "$home/sign.csr" \
		--evidence "$home/passport-page.txt" --evidence "$home/consent.txt" "$@" --json |
		tee demo/run/submit.json
	application=$(jq -er .application demo/run/submit.json) || die "no application"
	cp demo/run/submit.json "demo/run/holder-$name.json"
}
four_eyes() { # verified by one officer, approved by another
	ra claire verify "$application" --method in-person
	ra david approve "$application"
}
accepted() { # accepted HOME: the holder signs the acceptance with the new signature key
	must pki-ra accept "$application" --print >"$1/acceptance.json"
	must openssl cms -sign -binary -nodetach -in "$1/acceptance.json" -signer "$1/sign.pem" \
		-inkey "$1/sign.key" -outform DER -out "$1/acceptance.p7s"
	must pki-ra accept "$application" --statement "$1/acceptance.p7s"
}
issued() { # issued NAME: issue, hand over, accept
	must pki-ra issue "$application" --out "demo/holders/$1"
	accepted "demo/holders/$1"
}
ocsp() { # ocsp CERTIFICATE [OPTION...]: openssl's client
	local cert=$1
	shift
	openssl ocsp -issuer demo/pub/ca.pem -cert "$cert" -url http://127.0.0.1:8880 \
		-CAfile demo/pub/root.pem -verify_other demo/pub/ca.pem "$@" 2>&1
}
crl_lists() { # crl_lists CERTIFICATE: is it on the published CRL?
	local serial
	serial=$(openssl x509 -in "$1" -noout -serial | cut -d= -f2)
	curl -s http://127.0.0.1:8881/ca.crl | openssl crl -inform DER -noout -text | grep -q "$serial"
}
until_ms() { # until_ms START COMMAND...: milliseconds from START until it succeeds, 90 s at most
	local start=$1
	shift
	while ! "$@"; do
		(($(now_ms) - start < 90000)) || return 1
	done
	echo $(($(now_ms) - start))
}
says_revoked() { ocsp "$1" | grep -q ': revoked'; }

demo_run() {
	local began home holder application start ms order
	began=$(date +%s)
	[ ! -e demo/run ] || sample_stop demo
	rm -rf demo
	mkdir -p demo/run demo/receipts
	say "The whole life of a certificate. Invented people, real keys, real processes; all of it stays in demo/."
	say "To repeat a command by hand: export PATH=\$PWD/build/out:\$PATH PKI_CONFIG=demo/pki.yaml"

	step "1. The ceremony: root, issuing CA, log key, first officers; two custodians, a witness, a signed report"
	sample_config demo 8880 8881
	sample_officers demo
	sample_ceremony demo || die "the ceremony failed"
	refuse dual-control pki-ca serve --custodian file:demo/secrets/custodian-1 \
		--custodian file:demo/secrets/custodian-1
	must openssl cms -verify -inform DER -in demo/ceremony/ceremony.p7s -CAfile demo/pub/root.pem -purpose any -out demo/run/ceremony.json
	say "The report's signature is good; the same for people to read, its first lines:"
	head -n 12 demo/ceremony/ceremony.txt

	step "2. Three services start: the CA with its signer, the CRL generator, the OCSP responder"
	trap 'sample_stop demo' EXIT
	sample_start demo || die "a service did not start"
	must pki-ca status

	step "3. A non-resident is invited, applies, is verified by one officer and approved by another"
	sample_person demo alice Alice Martin 12AB34567 2035-05-01
	application alice
	four_eyes
	issued alice
	must openssl x509 -in demo/holders/alice/auth.pem -noout -subject -dates -ext keyUsage
	must openssl x509 -in demo/holders/alice/sign.pem -noout -subject -dates -ext keyUsage

	say "A second applicant is rejected, with a reason:"
	sample_person demo eric Eric Blanc 98ZZ00001 2034-01-01
	application eric
	ra claire reject "$application" --reason "the document's photograph does not match"
	refuse "rejected" pki-ra issue "$application"

	say "A third has a document that expires in 14 months; the certificates end with it:"
	sample_person demo chiara Chiara Rossi 77CC88990 "$(date -u -d '+14 months' +%F)"
	application chiara
	four_eyes
	issued chiara
	must openssl x509 -in demo/holders/chiara/sign.pem -noout -enddate

	say "Two more people, for what follows:"
	sample_person demo bruno Bruno Keller 55DD66778 2034-09-30
	application bruno
	four_eyes
	issued bruno
	sample_person demo diego Diego Silva 33EE44556 2033-03-31
	application diego
	four_eyes
	issued diego
	must pki-ra list

	step "4. Relying parties ask, with their own tools"
	cat demo/pub/root.pem demo/pub/ca.pem >demo/run/chain.pem
	sample_wait "root CRL" curl -sf -o demo/run/root.crl http://127.0.0.1:8881/root.crl
	{
		curl -s http://127.0.0.1:8881/ca.crl | openssl crl -inform DER
		curl -s http://127.0.0.1:8881/root.crl | openssl crl -inform DER
	} >demo/run/crls.pem
	must openssl verify -crl_check_all -CRLfile demo/run/crls.pem -CAfile demo/pub/root.pem \
		-untrusted demo/pub/ca.pem demo/holders/alice/auth.pem
	say "OCSP by POST, with a nonce and without, then by GET:"
	show openssl ocsp -issuer demo/pub/ca.pem -cert demo/holders/alice/auth.pem \
		-url http://127.0.0.1:8880 -CAfile demo/pub/root.pem
	ocsp demo/holders/alice/auth.pem | tee demo/run/ocsp.txt
	grep -q 'auth.pem: good' demo/run/ocsp.txt || die "OCSP with a nonce"
	ocsp demo/holders/alice/sign.pem -no_nonce -reqout demo/run/request.der | tee demo/run/ocsp.txt
	grep -q 'sign.pem: good' demo/run/ocsp.txt || die "OCSP without a nonce"
	must curl -sf -o demo/run/answer.der "http://127.0.0.1:8880/$(base64 -w0 demo/run/request.der |
		jq -sRr '@uri')"
	show openssl ocsp -respin demo/run/answer.der -issuer demo/pub/ca.pem \
		-cert demo/holders/alice/sign.pem -CAfile demo/pub/root.pem -no_nonce
	openssl ocsp -respin demo/run/answer.der -issuer demo/pub/ca.pem -no_nonce \
		-cert demo/holders/alice/sign.pem -CAfile demo/pub/root.pem 2>&1 | tee demo/run/ocsp.txt
	grep -q 'sign.pem: good' demo/run/ocsp.txt || die "OCSP by GET"
	must ocsptool --ask=http://127.0.0.1:8880 --load-issuer demo/pub/ca.pem \
		--load-cert demo/holders/alice/auth.pem --load-trust demo/pub/ca.pem >demo/run/ocsptool.txt
	grep -E 'Verifying|Certificate Status' demo/run/ocsptool.txt

	step "5. Bruno's phone is lost: one command revokes both certificates"
	start=$(now_ms)
	ra emma revoke "$(holder_of bruno)" \
		--cause lost-phone --requester holder --authentication security-questions --json \
		>demo/run/revoke.json
	jq 'del(.receipt)' demo/run/revoke.json
	order=$(jq -er .order demo/run/revoke.json) || die "no order"
	ms=$(until_ms "$start" says_revoked demo/holders/bruno/auth.pem) || die "OCSP does not say so"
	ocsp demo/holders/bruno/auth.pem
	say "From the officer's command to OCSP's «revoked»: $ms ms (bound: 1000 ms)."
	((ms <= 1000)) || die "OCSP was late"
	ms=$(until_ms "$start" crl_lists demo/holders/bruno/sign.pem) || die "the CRL does not say so"
	say "From the officer's command to the published CRL: $ms ms (bound: 60000 ms)."
	((ms <= 60000)) || die "the CRL was late"
	must pki-ra receipt "$order" --out demo/receipts/bruno.p7s
	must openssl cms -verify -inform DER -in demo/receipts/bruno.p7s -CAfile demo/pub/root.pem -purpose any -out demo/receipts/bruno.json
	jq '{order, reason, reported, committed, published, crl_number, serials}' demo/receipts/bruno.json

	step "6. Diego renews with new keys; seven attempts that break a rule are refused, by name"
	home=demo/holders/diego
	sample_keys "$home" 2
	holder=$(holder_of diego)
	renewal --auth-csr "$home/auth2.csr" --sign-csr "$home/sign2.csr"
	four_eyes
	must pki-ra issue "$application" --out "$home/renewed"
	must pki-ra show "$application" --order demo/run/used.p7s

	say "- the order that was just used, sent once more:"
	refuse order-used curl -s --fail-with-body --unix-socket demo/state/ca.sock \
		-H "Content-Type: application/pkcs7-mime" --data-binary @demo/run/used.p7s http://ca/v1/orders
	say "- a renewal with the old keys:"
	holder=$(holder_of alice) home=demo/holders/alice
	renewal --auth-csr "$home/auth.csr" --sign-csr "$home/sign.csr"
	four_eyes
	refuse renewal-new-key pki-ra issue "$application"
	say "- a fourth year:"
	sample_keys "$home" 4
	renewal --auth-csr "$home/auth4.csr" --sign-csr "$home/sign4.csr" \
		--not-after "$(date -u -d '+4 years' +%F)"
	four_eyes
	refuse three-years pki-ra issue "$application"
	say "- one signature where two are asked for (the order is sent past pki-ra, straight to the CA):"
	sample_keys "$home" 5
	renewal --auth-csr "$home/auth5.csr" --sign-csr "$home/sign5.csr"
	ra claire verify "$application" --method in-person
	must pki-ra show "$application" --order demo/run/half.p7s
	refuse two-officers curl -s --fail-with-body --unix-socket demo/state/ca.sock \
		-H "Content-Type: application/pkcs7-mime" --data-binary @demo/run/half.p7s http://ca/v1/orders
	say "- the same officer twice:"
	refuse two-officers pki-ra approve "$application" --officer demo/officers/claire \
		--passphrase file:demo/officers/claire/passphrase
	say "- an officer without the role (the auditor revokes):"
	refuse officer-role pki-ra revoke "$holder" --cause lost-phone --officer demo/officers/victor \
		--passphrase file:demo/officers/victor/passphrase
	say "- a renewal after the revocation:"
	holder=$(holder_of bruno) home=demo/holders/bruno
	sample_keys "$home" 6
	refuse renewal pki-ra renew --holder "$holder" --auth-csr "$home/auth6.csr" \
		--sign-csr "$home/sign6.csr"

	step "7. The auditor verifies everything with public keys alone"
	must pki-audit verify
	say "One byte of a copy of the ledger is changed, inside Alice's certificate:"
	tampered_copy
	if run pki-audit verify --ledger demo/run/tampered.db --publish demo/pub; then
		die "the change was not found"
	fi
	say ""
	say "Done in $(($(date +%s) - began)) s: 5 people, 8 certificates issued, 2 revoked, $refused attempts refused."
	say "Look around in demo/; «make demo-up» serves this PKI again, «make demo-down» stops it."
}

holder_of() { jq -er .holder "demo/run/holder-$1.json"; }
renewal() { # renewal OPTION...: of $holder; sets $application
	must pki-ra renew --holder "$holder" "$@" --json | tee demo/run/submit.json
	application=$(jq -er .application demo/run/submit.json) || die "no renewal"
}
tampered_copy() {
	local serial at value
	sqlite3 demo/state/ledger.db "VACUUM INTO 'demo/run/tampered.db'"
	serial=$(openssl x509 -in demo/holders/alice/auth.pem -noout -serial | cut -d= -f2)
	# an octet of the certificate's serial number, where the certificate itself holds it
	at=$(LC_ALL=C grep -obUaP "\x02.${serial//??/\\x&}" demo/run/tampered.db | head -n 1 | cut -d: -f1)
	[ -n "$at" ] || die "the certificate is not in the copy"
	# a value that does not stand there already
	case $(od -An -tx1 -j "$((at + 10))" -N 1 demo/run/tampered.db) in
	*00) value='\x01' ;;
	*) value='\x00' ;;
	esac
	printf %b "$value" | dd of=demo/run/tampered.db bs=1 seek=$((at + 10)) conv=notrunc status=none
}

demo_up() {
	[ -s demo/pki.yaml ] || die "there is no demo yet; run: make demo"
	if [ -e demo/run/pki-ca.pid ] && pki-ca status >/dev/null 2>&1; then
		say "It is up already."
		return
	fi
	sample_stop demo
	sample_start demo || die "a service did not start"
	say "OCSP on http://127.0.0.1:8880, CRLs and chain on http://127.0.0.1:8881, CA socket demo/state/ca.sock"
}

case ${1:-} in
run) demo_run ;;
up) demo_up ;;
down) sample_stop demo && say "Stopped." ;;
*) echo "usage: demo.sh run|up|down" >&2 && exit 2 ;;
esac
