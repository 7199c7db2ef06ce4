#!/bin/bash
# What is published, logged, or lies in a file of the RA's says nothing of the people: names stand in
# certificates (and the orders for them, which the ledger keeps), everything else is sealed or absent.
. "$(dirname "$0")/lib.sh"
installation
services
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
refused dn-never-reassigned "rule 15: a refusal by the CA" pki-ra issue "$application"
sed -i "s/expires: [-0-9]*/expires: 2020-01-01/" "$D/holders/again/application.yaml"
no "a refusal by the form" invited_application again
no "an officer who cannot sign" pki-ra verify "$application" --method in-person \
	--officer "$D/officers/claire" --passphrase "file:$D/officers/david/passphrase"
ok "a loss" ra emma revoke "$zephyrine" --cause lost-phone --receipt "$D/receipt.p7s"
pki-crl once >/dev/null
ocsp_says revoked "$D/holders/zephyrine/auth.pem" >/dev/null
sample_stop "$D"

people=(-e "$given" -e Rejectina -e "$surname" -e "$number" -e 77XQ98766 -e "$mail" -e 1990-04-12 -e 33600000000)
# speaks FILE...: one of them holds a word about a person, plain, in UTF-16, base64 or hex
speaks() {
	local f word skip
	for f; do
		tr -d '\0' <"$f" | grep -aqi "${people[@]}" && echo "$f" && return
		for word in "$given" "$surname" "$number"; do
			grep -aqi "$(printf %s "$word" | od -An -tx1 | tr -d ' \n')" "$f" && echo "$f: hex" && return
			for skip in 0 1 2; do # octets before it in a group of base64's three
				grep -aqF "$(printf '%*s%s' "$skip" '' "$word" | base64 | cut -c$((skip ? skip + 2 : 1))-11)" "$f" &&
					echo "$f: base64" && return
			done
		done
	done
	return 1
}
openssl x509 -in "$D/holders/zephyrine/auth.pem" -outform DER -out "$D/cert.der"
ok "a name in a certificate is found" speaks "$D/cert.der"
base64 -w 0 "$D/cert.der" >"$D/cert.b64"
ok "... in base64 too" speaks "$D/cert.b64"
od -An -v -tx1 "$D/cert.der" | tr -d ' \n' >"$D/cert.hex"
ok "... and in hex" speaks "$D/cert.hex"
mapfile -t published < <(find "$D/pub" -type f)
mapfile -t logs < <(find "$D/run" -name '*.log')
mapfile -t store < <(find "$D/ra" -type f)
ok "there is something to look at" test "${#published[@]}" -gt 12 -a "${#logs[@]}" = 3 -a "${#store[@]}" -ge 1
no "rule 77: nothing published says who somebody is (${#published[@]} files)" speaks "${published[@]}"
no "nor does what the daemons said" speaks "${logs[@]}"
no "the RA's store is sealed" speaks "${store[@]}"
ok "... for its owner alone" test -z "$(find "$D/ra" -perm /077 -type f)"
no "the receipt names serial numbers" speaks "$D/receipt.p7s"
pki-audit tail --lines 1000 --json >"$D/tail"
no "rule 77: nor does the log in the ledger" speaks "$D/tail"
ok "rule 77: ... in which all of it happened" test "$(jq -rs 'map(.type) | unique | join(" ")' "$D/tail" |
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
