#!/bin/bash
# demo.sh run|up|down: the main job on real input with real processes. Everything it makes stays
# in demo/; every command that it runs is shown, and can be repeated by hand.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
PATH=$(realpath "${BIN:-build/out}"):$PATH
export PATH PKI_CONFIG=demo/pki.yaml
. tools/make/sample.sh

if [ -t 1 ]; then bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'; else bold='' dim='' plain=''; fi
width=$(tput cols 2>/dev/null) || width=80
((width <= 100)) || width=100

exec 3>&1 # commands are shown here even where their output goes to a file
show() {
	local word line=
	for word; do
		[[ $word =~ ^[A-Za-z0-9_./:=@,+-]+$ ]] || word=${word@Q}
		line+=" $word"
	done
	printf '%s  $%s%s%s\n' "$dim" "$line" "${to:+ > $to}" "$plain" >&3
}
run() {
	local status
	show "$@"
	"$@" 2>demo/run/stderr
	status=$?
	grep -v '^[.+*-]*$' demo/run/stderr >&2 # but openssl's progress in dots
	return $status
}
run_background() {
	local log=$1
	shift
	show "$@"
	"$@" >"$log" 2>&1 </dev/null 3>&- &
}
step() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
say() { printf '%s\n' "$*" | fold -s -w "$width"; }
stop() {
	printf '\nThe demo stopped: %s\n' "$*" >&2
	exit 1
}
die() {
	for log in demo/run/*.log; do
		[ -s "$log" ] && { echo "--- $log" >&2; tail -n 5 "$log" >&2; }
	done
	stop "$*"
}
must() { run "$@" || die "this should have worked: $*"; }
into() { # into FILE FUNCTION...: what the function shows and runs writes to the file
	local to=$1
	shift
	"$@" >"$to"
}

refused=0
# refuse RULE COMMAND...: the command must fail and name the rule
refuse() {
	local rule=$1 out
	shift
	show "$@"
	if out=$("$@" 2>&1); then
		die "this should have been refused ($rule): $*"
	fi
	[[ $out != "{"* ]] || out=$(jq . <<<"$out")
	printf '%s\n' "$out" | fold -s -w "$width"
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
	say "The department invites ${name^}. The invitation's code goes in with the form, the requests, the evidence:"
	into demo/run/invitation.json ra irene invite --department "TEST Welcome Office" --json
	code=$(jq -er .code demo/run/invitation.json) || die "no invitation code"
	into "demo/run/holder-$name.json" must pki-ra submit --invitation "$code" \
		--application "$home/application.yaml" \
		--auth-csr "$home/auth.csr" --sign-csr "$home/sign.csr" \
		--evidence "$home/passport-page.txt" --evidence "$home/consent.txt" --json
	application=$(jq -er .application "demo/run/holder-$name.json") || die "no application"
}
four_eyes() { # verified by one officer, approved by another
	say "Claire confirms the identity and signs the order; David adds his signature:"
	ra claire verify "$application" --method in-person
	ra david approve "$application"
}
accepted() { # accepted HOME: the holder signs the acceptance with the new signature key
	into "$1/acceptance.json" must pki-ra accept "$application" --print
	must openssl cms -sign -binary -nodetach -in "$1/acceptance.json" -signer "$1/sign.pem" \
		-inkey "$1/sign.key" -outform DER -out "$1/acceptance.p7s"
	must pki-ra accept "$application" --statement "$1/acceptance.p7s"
}
issued() { # issued NAME: issue, hand over, accept
	say "The CA's signer checks both signatures itself, then issues; ${1^} signs the acceptance with the new key:"
	must pki-ra issue "$application" --out "demo/holders/$1"
	accepted "demo/holders/$1"
}
ocsp() { # ocsp CERTIFICATE [OPTION...]: openssl's client
	local cert=$1
	shift
	openssl ocsp -issuer demo/pub/ca.pem -cert "$cert" -CAfile demo/pub/root.pem "$@" 2>&1
}
ask() { ocsp "$1" -url http://127.0.0.1:8880 "${@:2}"; }
ocsp_says() { # ocsp_says STATUS CERTIFICATE OPTION...: shown; must be verified and say so
	local status=$1 cert=$2
	shift 2
	show openssl ocsp -issuer demo/pub/ca.pem -cert "$cert" -CAfile demo/pub/root.pem "$@"
	ocsp "$cert" "$@" | tee demo/run/ocsp.txt
	grep -q 'Response verify OK' demo/run/ocsp.txt || die "OCSP's signature"
	grep -q ": $status" demo/run/ocsp.txt || die "OCSP does not say $status"
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
says_revoked() { ask "$1" | grep -q ': revoked'; }

# ports_free: ours, once a demo that is up is stopped
ports_free() {
	local port
	sample_stop demo
	for port in 8880 8881; do
		if (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
			stop "something else listens on 127.0.0.1:$port, which the demo needs; stop that first"
		fi
	done
}

demo_run() {
	local began name home holder application start ms order
	began=$(date +%s)
	ports_free
	rm -rf demo || stop "demo/ cannot be replaced; another user made it?"
	mkdir -p demo/run demo/receipts || stop "demo/ cannot be made"
	trap 'sample_stop demo' EXIT
	trap 'stop "interrupted; its services are stopped too"' INT TERM HUP
	say ""
	say "The whole life of a certificate, in half a minute. The people are invented; keys, programs and files are real, and stay in demo/. To repeat a command by hand, «make demo-up», and in your shell:"
	say "  export PATH=\$PWD/build/out:\$PATH PKI_CONFIG=demo/pki.yaml"

	step "1. The ceremony: root, issuing CA, log key, first officers; two custodians, a witness, a signed report"
	sample_config demo 8880 8881
	say "Each officer makes a key of their own, sealed with a passphrase, and a request:"
	sample_officers demo
	say "The ceremony makes the CA's keys and certifies the officers. It takes two custodians' passphrases:"
	sample_ceremony demo || die "the ceremony failed"
	say "One custodian alone cannot start the CA:"
	refuse dual-control pki-ca serve --custodian file:demo/secrets/custodian-1 \
		--custodian file:demo/secrets/custodian-1
	say "The ceremony's report is signed; the same for people to read, its first lines:"
	must openssl cms -verify -inform DER -in demo/ceremony/ceremony.p7s -CAfile demo/pub/root.pem \
		-purpose any -out demo/run/ceremony.json
	must head -n 10 demo/ceremony/ceremony.txt

	step "2. Three services start: the CA with its signer, the CRL generator, the OCSP responder"
	sample_start demo || die "a service did not start"
	must pki-ca status

	step "3. A non-resident is invited, applies, is verified by one officer and approved by another"
	say "Alice makes her two keys herself; only the requests leave her hands:"
	sample_person demo alice Alice Martin 12AB34567 2035-05-01
	application alice
	four_eyes
	issued alice
	must openssl x509 -in demo/holders/alice/auth.pem -noout -subject -dates -ext keyUsage
	must openssl x509 -in demo/holders/alice/sign.pem -noout -subject -dates -ext keyUsage

	say ""
	say "A second applicant, Eric, is rejected, with a reason:"
	sample_person demo eric Eric Blanc 98ZZ00001 2034-01-01
	application eric >/dev/null
	ra claire reject "$application" --reason "the document's photograph does not match"
	refuse "rejected" pki-ra issue "$application"

	say ""
	say "A third, Chiara, has a document that expires in 14 months; her certificates end with it:"
	sample_person demo chiara Chiara Rossi 77CC88990 "$(date -u -d '+14 months' +%F)"
	{
		application chiara
		four_eyes
		issued chiara
	} >/dev/null
	must openssl x509 -in demo/holders/chiara/sign.pem -noout -enddate

	say ""
	say "Two more people, Bruno and Diego, for what follows:"
	sample_person demo bruno Bruno Keller 55DD66778 2034-09-30
	sample_person demo diego Diego Silva 33EE44556 2033-03-31
	for name in bruno diego; do
		application $name
		four_eyes
		issued $name
	done >/dev/null
	must pki-ra list

	step "4. Relying parties ask, with their own tools"
	sample_wait "root CRL" curl -sf -o demo/run/root.crl http://127.0.0.1:8881/root.crl
	say "They fetch both CRLs and verify Alice's certificate with them:"
	must curl -sf -o demo/run/ca.crl http://127.0.0.1:8881/ca.crl
	must curl -sf -o demo/run/root.crl http://127.0.0.1:8881/root.crl
	must openssl crl -inform DER -in demo/run/ca.crl -out demo/run/ca-crl.pem
	must openssl crl -inform DER -in demo/run/root.crl -out demo/run/root-crl.pem
	must openssl verify -crl_check_all -CRLfile demo/run/ca-crl.pem -CRLfile demo/run/root-crl.pem \
		-CAfile demo/pub/root.pem -untrusted demo/pub/ca.pem demo/holders/alice/auth.pem
	say "OCSP by POST, with a nonce and without:"
	ocsp_says good demo/holders/alice/auth.pem -url http://127.0.0.1:8880
	ocsp_says good demo/holders/alice/sign.pem -url http://127.0.0.1:8880 -no_nonce \
		-reqout demo/run/request.der
	say "The same request by GET:"
	must curl -sf -o demo/run/answer.der "http://127.0.0.1:8880/$(base64 -w0 demo/run/request.der |
		jq -sRr '@uri')"
	ocsp_says good demo/holders/alice/sign.pem -respin demo/run/answer.der -no_nonce
	say "Another client, GnuTLS:"
	into demo/run/ocsptool.txt must ocsptool --ask=http://127.0.0.1:8880 \
		--load-issuer demo/pub/ca.pem --load-cert demo/holders/alice/auth.pem \
		--load-trust demo/pub/ca.pem
	grep -E 'Verifying|Certificate Status' demo/run/ocsptool.txt

	step "5. Bruno's phone is lost: one command revokes both certificates"
	start=$(now_ms)
	into demo/run/revoke.json ra emma revoke "$(holder_of bruno)" \
		--cause lost-phone --requester holder --authentication security-questions --json
	jq 'del(.receipt)' demo/run/revoke.json
	order=$(jq -er .order demo/run/revoke.json) || die "no order"
	ms=$(until_ms "$start" says_revoked demo/holders/bruno/auth.pem) || die "OCSP does not say so"
	ocsp_says revoked demo/holders/bruno/auth.pem -url http://127.0.0.1:8880
	say "From the officer's command to OCSP's «revoked»: $ms ms (bound: 1000 ms)."
	ms=$(until_ms "$start" crl_lists demo/holders/bruno/sign.pem) || die "the CRL does not say so"
	say "From the officer's command to the published CRL: $ms ms (bound: 60000 ms)."
	say "The signed receipt, and the times it proves:"
	must pki-ra receipt "$order" --out demo/receipts/bruno.p7s
	must openssl cms -verify -inform DER -in demo/receipts/bruno.p7s -CAfile demo/pub/root.pem \
		-purpose any -out demo/receipts/bruno.json
	jq '{order, reason, reported, committed, published, crl_number, serials}' demo/receipts/bruno.json

	step "6. Diego renews with new keys; seven attempts that break a rule are refused, by name"
	home=demo/holders/diego
	sample_keys "$home" 2
	holder=$(holder_of diego)
	renewal --auth-csr "$home/auth2.csr" --sign-csr "$home/sign2.csr"
	four_eyes
	must pki-ra issue "$application" --out "$home/renewed"
	say "What the store knows about this renewal; its signed order is written to a file:"
	must pki-ra show "$application" --order demo/run/used.p7s

	say ""
	say "- the order that was just used, sent once more:"
	refuse order-used curl -s --fail-with-body --unix-socket demo/state/ca.sock \
		-H "Content-Type: application/pkcs7-mime" --data-binary @demo/run/used.p7s http://ca/v1/orders
	say "- a renewal with the old keys:"
	holder=$(holder_of alice) home=demo/holders/alice
	renewal --auth-csr "$home/auth.csr" --sign-csr "$home/sign.csr"
	four_eyes >/dev/null
	refuse renewal-new-key pki-ra issue "$application"
	say "- a fourth year:"
	sample_keys "$home" 4
	renewal --auth-csr "$home/auth4.csr" --sign-csr "$home/sign4.csr" \
		--not-after "$(date -u -d '+4 years' +%F)"
	four_eyes >/dev/null
	refuse three-years pki-ra issue "$application"
	say "- one signature where two are asked for (the order is sent past pki-ra, straight to the CA):"
	sample_keys "$home" 5
	renewal --auth-csr "$home/auth5.csr" --sign-csr "$home/sign5.csr"
	ra claire verify "$application" --method in-person >/dev/null
	must pki-ra show "$application" --order demo/run/half.p7s >/dev/null
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
	say ""
	say "One byte of a copy of the ledger is changed, inside Alice's certificate; its signature and the log tell:"
	tampered_copy
	if run pki-audit verify --ledger demo/run/tampered.db --publish demo/pub; then
		die "the change was not found"
	fi
	say ""
	say "Done in $(($(date +%s) - began)) s: 5 people, $(find demo/holders -name '*.pem' | wc -l) certificates issued, 2 revoked, $refused attempts refused. The services are stopped."
	say "Look around in demo/; «make demo-up» serves this PKI again, «make demo-down» stops it."
}

holder_of() { jq -er .holder "demo/run/holder-$1.json"; }
renewal() { # renewal OPTION...: of $holder; sets $application
	into demo/run/submit.json must pki-ra renew --holder "$holder" "$@" --json
	application=$(jq -er .application demo/run/submit.json) || die "no renewal"
}
tampered_copy() {
	local serial at value
	must sqlite3 demo/state/ledger.db "VACUUM INTO 'demo/run/tampered.db'"
	serial=$(openssl x509 -in demo/holders/alice/auth.pem -noout -serial | cut -d= -f2)
	# an octet of the certificate's serial number, where the certificate itself holds it
	at=$(od -An -v -tx1 demo/run/tampered.db | tr -d ' \n' | grep -obi "02..$serial" |
		awk -F: '$1 % 2 == 0 && !n++ { print $1 / 2 }')
	[ -n "$at" ] || die "the certificate is not in the copy"
	say "Byte $((at + 10)) is overwritten."
	# a value that does not stand there already
	case $(od -An -tx1 -j "$((at + 10))" -N 1 demo/run/tampered.db) in
	*00) value='\x01' ;;
	*) value='\x00' ;;
	esac
	printf %b "$value" | dd of=demo/run/tampered.db bs=1 seek=$((at + 10)) conv=notrunc status=none
}

demo_up() {
	[ -s demo/pub/ocsp.pem ] || stop "there is no complete demo/ yet; run: make demo"
	if sample_up demo; then
		say "It is up already."
	else
		ports_free
		trap 'sample_stop demo' EXIT
		trap 'stop "interrupted"' INT TERM HUP
		sample_start demo || die "a service did not start"
		trap - EXIT INT TERM HUP
	fi
	say "OCSP on http://127.0.0.1:8880, CRLs and chain on http://127.0.0.1:8881, CA socket demo/state/ca.sock; «make demo-down» stops them."
}

case ${1:-} in
run) demo_run ;;
up) demo_up ;;
down) sample_stop demo && say "Stopped." ;;
*) echo "usage: demo.sh run|up|down" >&2 && exit 2 ;;
esac
