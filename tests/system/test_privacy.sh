#!/bin/bash
# What is published, logged, or lies in a file of the RA's says nothing of the people: names stand in
# certificates (and the orders for them, which the ledger keeps), everything else is sealed or absent.
. "$(dirname "$0")/lib.sh"
# with all that says something to somebody: pages for operators, answers as files, partitions, a witness
M_OCSP=127.0.0.1:$((PORT + 2)) M_CRL=127.0.0.1:$((PORT + 3)) M_WITNESS=127.0.0.1:$((PORT + 4))
W=127.0.0.1:$((PORT + 5))
sample_secret "$D/pass"
witness_config() {
	printf 'name: court.example.test/w\nstate: court\nlisten: "%s"\nmonitor: "%s"\nlogs: [%s]\n' \
		"$W" "$M_WITNESS" "$(cat "$D/pub/log/vkey" 2>/dev/null)" >"$D/court.yaml"
}
witness_config
pki-witness init --config "$D/court.yaml" --passphrase "file:$D/pass" >"$D/court.vkey"
configured() {
	sed -i "s|^crl: {|crl: { partitions: 2, monitor: \"$M_CRL\",|; s|^ocsp: {|ocsp: { export: export, monitor: \"$M_OCSP\",|
		s|^log: .*|log: { origin: ca.example.test/log, witnesses: [{ url: 'http://$W', vkey: $(cat "$D/court.vkey") }] }|" \
		"$PKI_CONFIG"
}
installation
services
witness_config
sample_daemon "$D" pki-witness serve --config "$D/court.yaml" --passphrase "file:$D/pass"
witness_pid=$!
sample_wait pki-witness curl -s -o /dev/null "http://$W/"
run_background "$D/run/feed.log" pki-witness feed
feed_pid=$!
end_all() {
	kill "$witness_pid" "$feed_pid" 2>/dev/null
	cleanup
}
trap end_all EXIT
given=Zephyrine surname=Quillfeather number=77XQ98765 mail=zephyrine@example.test
ok "enrol somebody" enrolled zephyrine "$given" "$surname" "$number" 2034-05-01
accepted() {
	local home=$D/holders/zephyrine
	pki-ra accept "$application" --print >"$home/statement" &&
		openssl cms -sign -binary -nodetach -outform DER -signer "$home/sign.pem" -inkey "$home/sign.key" \
			-in "$home/statement" -out "$home/statement.p7s" &&
		pki-ra accept "$application" --statement "$home/statement.p7s"
}
ok "... who accepts" accepted
zephyrine=$holder
# every way in which something about a person can go wrong
sample_person "$D" rejected Rejectina "$surname" 77XQ98766 2034-05-01
invited_application rejected
ok "reject another, naming names" ra claire reject "$application" --reason "$surname $number is on a list"
sample_person "$D" again "$given" "$surname" "$number" 2034-05-01
invited_application again && four_eyes >/dev/null
refused one-document-one-holder "rule 109: a refusal by the CA" pki-ra issue "$application"
sed -i "s/expires: [-0-9]*/expires: 2020-01-01/" "$D/holders/again/application.yaml"
no "a refusal by the form" invited_application again
no "an officer who cannot sign" pki-ra verify "$application" --method in-person \
	--officer "$D/officers/claire" --passphrase "file:$D/officers/david/passphrase"
ok "a loss" ra emma revoke "$zephyrine" --cause lost-phone --receipt "$D/receipt.p7s"
pki-crl once >/dev/null
ocsp_says revoked "$D/holders/zephyrine/auth.pem" -respout "$D/answer" >/dev/null
sample_wait "a cosignature" test -s "$D/pub/witness/checkpoint"
pages=()
for page in "$M_OCSP" "$M_CRL" "$M_WITNESS"; do
	for what in metrics health ""; do
		pages+=("$D/page.${#pages[@]}")
		curl -s -i "http://$page/$what" >"${pages[-1]}"
	done
done
for what in "$WEB_URL/" "$WEB_URL/log/checkpoint" "$WEB_URL/nothing" "$OCSP_URL/" "http://$W/"; do
	pages+=("$D/page.${#pages[@]}")
	curl -s -i "$what" >"${pages[-1]}"
done
pki-ca status --json >"$D/page.status"
pki-crl check >"$D/page.crl" 2>&1
pki-ocspd check >"$D/page.ocsp" 2>&1
pages+=("$D/page.status" "$D/page.crl" "$D/page.ocsp")
kill "$witness_pid" "$feed_pid"
wait "$witness_pid" "$feed_pid" 2>/dev/null
sample_stop "$D"

# said_as WORD...: how a file would say one of them, plain, in hex, in base64
said_as() {
	local word skip
	printf '%s\n' "$@" >"$D/plain"
	for word; do printf %s "$word" | xxd -p -c 0; done >"$D/hex"
	for word; do
		for skip in 0 1 2; do # octets before it in a group of base64's three
			printf '%*s%s' "$skip" '' "$word" | base64 -w 0 | cut -c$((skip ? skip + 2 : 1))-11
		done
	done >"$D/base64"
}
# speaks FILE...: one of them does, in UTF-16 or across line ends too
speaks() {
	local f
	for f; do
		tr -d '\0' <"$f" >"$D/stripped" # not a pipe: grep that has found enough would make it fail
		grep -aqiFf "$D/plain" "$D/stripped" && echo "$f" && return
		tr -d '\r\n' <"$f" >"$D/unfolded"
		grep -aqiFf "$D/hex" "$D/unfolded" && echo "$f: hex" && return
		grep -aqFf "$D/base64" "$D/unfolded" && echo "$f: base64" && return
	done
	return 1
}
people=("$given" Rejectina "$surname" "$number" 77XQ98766 "$mail" 1990-04-12 33600000000)
officers=("Claire Officer" "David Officer" "Emma Officer" "Sofia Officer" "Victor Officer" "Irene Welcome")
# what who guesses a name can compute
guessed() {
	sqlite3 "$D/copy.db" "SELECT DISTINCT lower(hex(name_hash)) FROM certificate WHERE issuer = 2"
	for word in "$given" "$surname" "$number" "$mail" "$given $surname" "TEST $given $surname"; do
		printf %s "$word" | sha256sum | cut -d' ' -f1
	done
}
sqlite3 "$D/state/ledger.db" "VACUUM INTO '$D/copy.db'"
mapfile -t digests < <(guessed)

said_as "${people[@]}"
mapfile -t store < <(find "$D/ra" -type f)
no "the RA's store is sealed" speaks "${store[@]}"
ok "... for its owner alone" test -n "${store[*]}" -a -z "$(find "$D/ra" -perm /077 -type f)"
said_as "${people[@]}" "${officers[@]}" "${digests[@]}"
openssl x509 -in "$D/holders/zephyrine/auth.pem" -outform DER -out "$D/cert.der"
ok "a name in a certificate is found" speaks "$D/cert.der"
base64 -w 0 "$D/cert.der" >"$D/cert.b64"
ok "... in base64 too" speaks "$D/cert.b64"
od -An -v -tx1 "$D/cert.der" | tr -d ' \n' >"$D/cert.hex"
ok "... and in hex" speaks "$D/cert.hex"
ok "... and in PEM" speaks "$D/holders/zephyrine/auth.pem"
sqlite3 "$D/copy.db" "SELECT hex(name_hash) FROM certificate WHERE holder <> '' LIMIT 1" >"$D/cert.hash"
ok "... and in the digest of a name" speaks "$D/cert.hash"
openssl x509 -in "$D/officers/claire/cert.pem" -outform DER -out "$D/cert.officer"
ok "... an officer's, too" speaks "$D/cert.officer"
mapfile -t published < <(find "$D/pub" "$D/export" "$D/court" -type f ! -name '*key*')
mapfile -t logs < <(find "$D/run" -name '*.log')
ok "there is something to look at" test "${#published[@]}" -gt 12 -a "${#logs[@]}" = 5
no "rule 77: nothing published says who somebody is (${#published[@]} files)" speaks "${published[@]}"
ok "... log tiles, a witness's, and answers as files among it" bash -c \
	"printf '%s\n' ${published[*]} | grep -cE 'pub/log/tile/entries/|pub/witness/checkpoint|/export/' | xargs test 8 -le"
no "nor does what the daemons said" speaks "${logs[@]}"
ok "... each of them something" test -s "$D/run/pki-ca.log" -a -s "$D/run/pki-crl.log" -a -s "$D/run/pki-ocspd.log" \
	-a -s "$D/run/pki-witness.log"
no "nor a page for operators, or an answer" speaks "${pages[@]}" "$D/answer"
ok "... of which there are some" bash -c "cat ${pages[*]} | grep -c '^pki_' | xargs test 30 -le"
no "the receipt names serial numbers" speaks "$D/receipt.p7s"
pki-audit tail --lines 1000 --json >"$D/tail"
no "rule 77: nor does the log in the ledger" speaks "$D/tail"
# what auditors take away
each_there() {
	local f
	for f in "${taken[@]}"; do test -s "$f" || return; done
}
pki-audit export --out "$D/public" >"$D/public.said"
mapfile -t public < <(find "$D/public" -type f)
no "rule 77: nor what pki-audit exports (${#public[@]} files)" speaks "$D/public.said" "${public[@]}"
pki-audit export --out "$D/names" --with-names >/dev/null
ok "... unless names are asked for" speaks "$D/names/certificates.pem"
mapfile -t tables < <(find "$D/names" -type f ! -name certificates.pem)
no "... which are in the certificates alone" speaks "${tables[@]}"
pki-audit proof "$(serial_of "$D/holders/zephyrine/auth.pem")" --out "$D/proof"
pki-audit verify --json >"$D/verified"
pki-audit report --out "$D/report" --population 38350 >/dev/null
for form in "" --json; do pki-audit trail ${form:+"$form"} "$zephyrine" >"$D/trail$form"; done
taken=("$D/proof" "$D/verified" "$D/trail" "$D/trail--json")
no "nor a proof, the auditor's findings and trail" speaks "${taken[@]}"
said_as "${people[@]}" "${digests[@]}"
no "nor the report, but for officers" speaks "$D/report"
said_as "${people[@]}" "${officers[@]}" "${digests[@]}"
ok "... which are there" each_there
ok "rule 77: all of it is in the log" test "$(jq -rs 'map(.type) | unique | join(" ")' "$D/tail" |
	grep -o 'application-rejected\|certificate-accepted\|certificate-issued\|certificate-revoked\|login-failed\|order-refused' |
	wc -l)" = 6

# the ledger: names in certificates and orders, no more than that
for table in entry revocation crl checkpoint; do
	sqlite3 "$D/state/ledger.db" ".mode insert" "SELECT * FROM $table" >"$D/table.$table"
done
no "the ledger's other tables" speaks "$D"/table.*
sqlite3 "$D/state/ledger.db" "SELECT writefile('$D/order-' || id, cms) FROM orders" >/dev/null
no "an order holds neither birth date, e-mail, nor telephone" \
	grep -aqi -e "$mail" -e 1990-04-12 -e 33600000000 "$D"/order-*
finish
