#!/bin/bash
# Golden files (tests/golden): what others rely on, and what no change of the code may change unnoticed.
# UPDATE=1 writes them anew from what the binaries in $BIN do; whoever commits that says why.
. "$(dirname "$0")/lib.sh"
. tests/system/clock.sh
. tests/system/lived_in.sh
. tests/system/golden.sh
umask 022
crl_monitor=127.0.0.1:$((PORT + 2))
ocsp_monitor=127.0.0.1:$((PORT + 3))
witness=127.0.0.1:$((PORT + 4))
witness_monitor=127.0.0.1:$((PORT + 5))

sample_keys() { # none of them is RSA: faster
	local k s=${2:-}
	for k in auth sign; do
		run openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj "/CN=applicant" \
			-keyout "$1/$k$s.key" -out "$1/$k$s.csr"
	done
}
configured() {
	with_crl "monitor: \"$crl_monitor\", partitions: 2, full_within: 1s"
	sed -i "s|^ocsp: {|ocsp: { monitor: \"$ocsp_monitor\", export: answers,|" "$PKI_CONFIG"
	sed -i 's/^request_max_age: .*/request_max_age: 2d/; s/uncertified_days: 365/uncertified_days: 2/' "$D/policy/rules.yaml"
	witness_config "$witness" "monitor: \"$witness_monitor\""
	mkdir -p "$D/secrets" && sample_secret "$D/secrets/witness"
	json pki-witness-init pki-witness init --config "$D/witness.yaml" --passphrase "file:$D/secrets/witness"
	sed -i "s|^log: .*|log: { origin: ca.example.test/log, witnesses: [ \
{ url: 'http://$witness', vkey: $(cat "$D/witness/vkey") }] }|" "$PKI_CONFIG"
}
# another_ceremony: of an installation that does nothing else, with the same officers
another_ceremony() {
	mkdir -p "$D/other" && cp -r "$D/pki.yaml" "$D/ceremony.yaml" "$D/policy" "$D/officers" "$D/other" &&
		json pki-ca-init pki-ca init --config "$D/other/pki.yaml" --ceremony "$D/other/ceremony.yaml" \
			--out "$D/other/ceremony" "${custodians[@]}"
}
shown() { json pki-ra-show pki-ra show "$application"; }
# applied NAME GIVEN SURNAME DOCUMENT EXPIRES: sets $application and $holder
applied() {
	local home=$D/holders/$1
	sample_person "$D" "$@"
	json pki-ra-invite ra irene invite --department "TEST Welcome Office" &&
		json pki-ra-submit pki-ra submit --invitation "$(last .code)" --application "$home/application.yaml" \
			--auth-csr "$home/auth.csr" --sign-csr "$home/sign.csr" --evidence "$home/passport-page.txt" &&
		application=$(last .application) && holder=$(last .holder) && shown
}
certified() { # certified NAME: $application
	json pki-ra-verify ra claire verify "$application" --method in-person --email-verified && shown &&
		json pki-ra-approve ra david approve "$application" && shown &&
		json pki-ra-issue pki-ra issue "$application" --out "$D/holders/$1" && shown
}
enrolled() { applied "$@" && certified "$1"; }
acceptance() {
	accepted alice >"$D/last" && cp "$D/last" "$J/pki-ra-accept#0" && shown
}
renewal() {
	sample_keys "$D/holders/alice" 2 && json pki-ra-renew pki-ra renew --holder "$alice" \
		--auth-csr "$D/holders/alice/auth2.csr" --sign-csr "$D/holders/alice/sign2.csr" &&
		application=$(last .application) && certified alice
}
revocation() {
	json pki-ra-revoke ra emma revoke "$bruno" --cause lost-phone --receipt "$D/receipt.p7s" &&
		order=$(last .order) && soon receipt "$order" &&
		json pki-ra-revoke ra emma revoke "$bruno" --cause lost-phone && json pki-ra-receipt pki-ra receipt "$order" --out "$D/receipt.p7s"
}
rejection() {
	applied eric Eric Blanc 98ZZ00001 2034-01-01 && eric=$holder rejected=$application && json pki-ra-reject ra claire reject "$application" --reason "no match" && shown
}
unissued() {
	printf '{"type":"unissued-asked","source":"pki-ocspd","actor":"","detail":{"count":3}}' |
		curl -s --fail-with-body --unix-socket "$CA_SOCKET" --data-binary @- "http://ca/v1/events"
}
refusal() {
	error "not the officer's role" ra irene revoke "$alice" --cause lost-phone >"$G/failures"
	grep "exit 9" "$G/failures"
}
wrong_login() { ! ra claire reject "$application" --reason x --passphrase "file:$D/officers/emma/passphrase"; }

# asked: what the running services answer
asked() {
	local serial
	json pki-ra-list pki-ra list &&
		json pki-ra-search pki-ra search Martin &&
		json pki-ra-reconcile pki-ra reconcile &&
		json pki-ca-root-crl pki-ca root-crl "${custodians[@]}" &&
		json pki-crl-once pki-crl once --all &&
		json pki-crl-check pki-crl check &&
		json pki-crl-check pki-crl check --partition 1 &&
		json pki-crl-check pki-crl check --ocsp default || return
	for serial in "$(serial_of "$D/holders/alice/auth.pem")" "$(serial_of "$D/holders/bruno/auth.pem")"; do
		json pki-ocspd-check pki-ocspd check --issuer "$D/pub/ca.pem" --serial "$serial" || return
	done
	settled
	json pki-ca-status pki-ca status
}
witnessed() {
	witness_config "$witness" "monitor: \"$witness_monitor\""
	witness_up "$witness" && pki-witness feed --once &&
		json pki-witness-status pki-witness status --config "$D/witness.yaml"
}
pages() {
	local page
	for page in pki-crl:$crl_monitor pki-ocspd:$ocsp_monitor pki-witness:$witness_monitor; do
		metrics_of "${page#*:}" | sed "s/^/${page%%:*} /" >>"$G/metrics"
		health_of "${page#*:}" | sed "s/^/${page%%:*} /" >>"$G/health"
	done
	metrics_of ca --unix-socket "$CA_SOCKET" | sed "s/^/pki-ca /" >>"$G/metrics"
	[ -s "$G/metrics" ]
}
monitors() {
	pki-crl check --monitor | performance "pki-crl check"
	pki-ocspd check --issuer "$D/pub/ca.pem" --serial "$(serial_of "$D/holders/alice/auth.pem")" --monitor |
		performance "pki-ocspd check"
}
answers() {
	local file
	for file in ca.crl crl/1.crl root.crl ca.crt root.crt ca.pem log/checkpoint log/vkey log/tile/0/000 none; do
		headers_of "$WEB_URL/$file" | sed "s|^|/$file |"
	done
	openssl ocsp -issuer "$D/pub/ca.pem" -cert "$D/holders/alice/auth.pem" -no_nonce -reqout "$D/request" \
		-respout "$D/response" -url "$OCSP_URL" -noverify >/dev/null 2>&1
	headers_of -H 'Content-Type: application/ocsp-request' --data-binary "@$D/request" "$OCSP_URL/" | sed 's/^/ocsp POST /'
	headers_of "$OCSP_URL/$(base64 -w0 "$D/request" | sed 's|+|%2B|g; s|/|%2F|g; s|=|%3D|g')" | sed 's/^/ocsp GET /'
	headers_of --unix-socket "$CA_SOCKET" http://ca/v1/status | sed 's/^/ca /'
}
# audited: what the auditor says of what was found there when all had ended
audited() {
	json pki-audit-tail pki-audit tail --lines 1000
	jq 'del(.detail[])' "$D/last" >"$J/pki-audit-tail#0"
	json pki-audit-verify pki-audit verify &&
		json pki-audit-report pki-audit report &&
		json pki-audit-trail pki-audit trail "$alice" &&
		json pki-audit-trail pki-audit trail "$bruno" &&
		json pki-audit-trail pki-audit trail "$order" &&
		json pki-audit-proof pki-audit proof 3 &&
		pki-audit proof 3 --out "$D/proof" &&
		json pki-audit-check-proof pki-audit check-proof "$D/proof" --vkey "$D/pub/log/vkey" &&
		json pki-audit-export pki-audit export --out "$D/export" &&
		json pki-ocspd-export pki-ocspd export --passphrase "file:$D/officers/responder/passphrase" || return
	pki-audit verify --since "$D/pub/log/checkpoint" --json >"$J/pki-audit-verify#since"
	handed_over "$D/copy"
	rm "$D/copy/pub/root.crl" "$D/copy/ra/evidence"/*/0
	sed "s|^ra: .*|ra: { store: copy/ra }|" "$D/pki.yaml" >"$D/copy.yaml"
	exits 17 "the auditor misses a file" pki-audit verify --ledger "$D/copy/ledger.db" --publish "$D/copy/pub" --json
	cp "$D/stdout" "$J/pki-audit-verify#found"
	exits 18 "the store misses evidence" pki-ra reconcile --config "$D/copy.yaml" --json
	cp "$D/stdout" "$J/pki-ra-reconcile#found"
}
# failures: one command for each exit status that can be brought about without a fault of the machine
failures() {
	head -c 11000000 /dev/zero >"$D/large"
	sqlite3 "$D/copy/ledger.db" "PRAGMA user_version = 999"
	echo garbage >"$D/garbage.csr"
	error "wrong use" pki-ra erase
	error "malformed input" pki-ra renew --holder "$alice" --auth-csr "$D/garbage.csr" --sign-csr "$D/garbage.csr"
	error "evidence too large" pki-ra renew --holder "$alice" --evidence "$D/large" \
		--auth-csr "$D/holders/alice/auth.csr" --sign-csr "$D/holders/alice/sign.csr"
	error "configuration empty" pki-ra list --config /dev/null
	error "no configuration" pki-ra list --config "$D/none.yaml"
	error "wrong passphrase" pki-ra reject "$application" --reason x --officer "$D/officers/claire" \
		--passphrase "file:$D/officers/david/passphrase"
	error "one key for both" pki-ra renew --holder "$alice" --auth-csr "$D/holders/alice/auth.csr" \
		--sign-csr "$D/holders/alice/auth.csr"
	error "a newer ledger" pki-audit verify --ledger "$D/copy/ledger.db" --publish "$D/pub"
	error "the CA is down" pki-ca status
	error "no such application" pki-ra show A-00000000000000000000000000000000
	error "rejected before" ra claire verify "$rejected" --method in-person
	error "a second ceremony" pki-ca init --ceremony "$D/ceremony.yaml" --out "$D/again" "${custodians[@]}"
	error "evidence gone" pki-ra show "$first" --evidence "$D/none" --config "$D/copy.yaml"
	error "no ledger" pki-audit verify --ledger "$D/garbage.csr"
}
# later_on: what needs another time
later_on() {
	local as=(env "LD_PRELOAD=$FAKED" FAKETIME_DONT_FAKE_MONOTONIC=1 LSAN_OPTIONS=detect_leaks=0 FAKETIME=+3d)
	json erase-due "${as[@]}" pki-ra erase --due &&
		json erase-ordered "${as[@]}" pki-ra erase "$eric" --order "$D/order.1" --officer "$D/officers/claire" \
			--passphrase "file:$D/officers/claire/passphrase" &&
		json erase-due "${as[@]}" pki-ra erase --due &&
		json erase-done "${as[@]}" pki-ra erase "$eric" --order "$D/order.2" --officer "$D/officers/sofia" \
			--passphrase "file:$D/officers/sofia/passphrase" &&
		json erase-show pki-ra show "$rejected" || return
	{
		shapes "$J"/erase-*
		content_of "$D/order.2" | shape | sed 's/^/erase: /'
		sqlite3 "$D/ra/applications.db" "SELECT json_object('type', type, 'source', 'pki-ra', 'detail', json(detail))
			FROM outbox WHERE type LIKE '%eras%'" >"$D/entries"
		entry_shapes "$D/entries" | grep -v '^every entry'
	} >"$G/erase"
}

# over_fixture: what is said of the oldest fixture, word for word
over_fixture() {
	local F=$D/fixture name
	mkdir -p "$F" && tar --warning=no-timestamp -xzf tests/fixtures/v1/installation.tar.gz -C "$F" --strip-components=1 --no-same-owner
	local PKI_CONFIG=$F/pki.yaml
	person() { jq -r ".people.$1.$2" "$F/facts.json"; }
	pki-audit tail --lines 10000 --json | grep -v login-failed >"$G/v1-tail"
	{
		pki-audit verify --json
		pki-ra reconcile --json
		pki-audit report --no-verify --json
	} >"$G/v1-audit"
	for name in alice bruno flora eric; do
		pki-audit trail "$(person $name holder)" --json | jq 'del(.lines[].proofs)'
	done >"$G/v1-trail"
	pki-audit proof 7 --out "$F/proof" && {
		cat "$F/proof"
		pki-audit check-proof "$F/proof" --vkey "$F/pub/log/vkey" --json
	} >"$G/v1-proof"
	pki-audit export --out "$F/export" --with-names >/dev/null && (
		cd "$F/export" && for name in *; do
			echo "$(sha256sum <"$name" | cut -d' ' -f1) $name"
			[[ $name != *.csv ]] || head -n 2 "$name" | cut -c1-400
		done
	) >"$G/v1-export"
	{
		pki-ra list --json
		pki-ra search Martin --json
		for name in alice dora eric flora gino; do
			pki-ra show "$(person $name application)" --json | jq 'del(.certificates[].status)'
		done
	} >"$G/v1-applications"
}
# encodings: of one certificate of each profile, and of what else is signed
encodings() {
	local file at
	sqlite3 -readonly "$D/state/ledger.db" "SELECT writefile('$D/der.' || profile, der) FROM certificate
		GROUP BY profile HAVING id = max(id)" >/dev/null
	cp "$D/pub/ca.crl" "$D/der.crl-full"
	cp "$D/pub/root.crl" "$D/der.crl-root"
	cp "$D/receipt.p7s" "$D/der.receipt"
	run pki-ra show "$first" --order "$D/der.order" >/dev/null
	for file in "$D"/der.*; do der_shape "$file" | sed "s/^/${file##*.}: /"; done |
		sed -E '/^(root|issuing-ca): /s/(UTC|GENERALIZED)TIME/TIME/' # which of them depends on the year
	# of the partition that has entries, each line once: which certificates are in it is chance
	der_shape "$(find "$D/pub/crl" -type f -printf '%s %p\n' | sort -n | tail -n 1 | cut -d' ' -f2)" |
		awk '!seen[$0]++' | sed 's/^/crl-partition: /'
	at=$(openssl asn1parse -inform DER -in "$D/response" | sed -n 's/^ *\([0-9]*\):.*OCTET STRING.*/\1/p' | tail -n 1)
	der_shape "$D/response" | sed 's/^/ocsp-response: /'
	der_shape "$D/response" -strparse "$at" | sed 's/^/ocsp-basic-response: /'
}

installation
ok "another ceremony" another_ceremony
services
ok "Alice is enrolled" enrolled alice Alice Martin 12AB34567 2035-05-01
alice=$holder first=$application
ok "... and accepts" acceptance
ok "... and renews" renewal
ok "Bruno is enrolled" enrolled bruno Bruno Conti 34CD56789 2034-03-01
bruno=$holder
ok "... and revoked, with a receipt" revocation
ok "Eric is rejected" rejection
ok "Dora applies" applied dora Dora Verdi 78GH12345 2035-02-01
ok "an officer comes" officer_comes
ok "... and leaves" officer_leaves "$(jq -r '.certificates[0].serial' "$D/zoe.json")"
ok "the CA refuses an order" refusal
ok "a login fails" wrong_login
ok "questions about unissued certificates are reported" unissued
many_events
ok "the services are asked" asked
ok "a witness cosigns" witnessed
ok "the pages for operators" pages
monitors >"$G/monitors"
answers >"$G/http"
witness_down
settled
sample_stop "$D"
audited
ok "all is as it should be for the auditor" test -e "$J/pki-ra-reconcile#found"
failures >>"$G/failures"

syntax >"$G/syntax"
completions >"$G/completions"
exit_statuses >"$G/exit-statuses"
words >"$G/words"
schema_of_file "$D/other/state/ledger.db" >"$G/schema-ledger"
schema_of_file "$D/ra/applications.db" >"$G/schema-applications"
shapes "$J"/{pki-*,error#*} >"$G/json"
orders >"$G/orders"
sqlite3 -readonly "$D/state/ledger.db" "SELECT entry FROM entry" >"$D/entries"
entry_shapes "$D/entries" >"$G/log-entries"
statements >"$G/statements"
files pub state ra ocsp witness answers export ceremony >"$G/files"
encodings >"$G/encodings"
over_fixture
if have_clock; then
	ok "Eric is erased, some days later" later_on
else
	ok "erasing # SKIP no libfaketime here, or a sanitizer beside it" true
fi

# compared NAME: with the golden file, which UPDATE=1 writes instead; the whole difference is shown
compared() {
	local golden=tests/golden/$1.txt
	[ -z "${UPDATE:-}" ] || cp "$G/$1" "$golden"
	: >"$D/out"
	diff -u "$golden" "$G/$1" >"$D/difference" 2>&1
	result $? "golden file: $1"
	sed 's/^/# /' "$D/difference"
}
for made in "$G"/*; do compared "${made##*/}"; done
for golden in tests/golden/*.txt; do
	name=$(basename "$golden" .txt)
	[ -e "$G/$name" ] || { [ "$name" = erase ] && ! have_clock; } || ok "$golden is made by this test" false
done
finish
