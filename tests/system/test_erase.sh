#!/bin/bash
# After the retention time two officers erase a person's data for ever. Nobody else can erase the data, nobody can
# erase it earlier, and no erasure stays half done. Afterwards every octet is gone, and every signature still verifies.
. "$(dirname "$0")/lib.sh"
. tests/system/clock.sh
needs_clock "erasing"
configured() {
	sed -i 's/^validity.*/validity: { years: 3 }/' "$D"/policy/officer-*.yaml
	sed -i 's/uncertified_days: 365/uncertified_days: 100/' "$D/policy/rules.yaml"
}
# successor ROLE NAME BY BY: enrol an officer NAME of the role, by order of two officers
successor() {
	local home=$D/officers/$2 who args=()
	mkdir -p "$home"
	sample_secret "$home/passphrase"
	run openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj /CN=x \
		-passout "file:$home/passphrase" -keyout "$home/key.pem" -out "$home/csr.pem"
	jq -ncS --arg id "O-$(openssl rand -hex 16)" --arg now "$(date -u +%FT%T.000Z)" --arg name "TEST $2 Officer" \
		--arg who "OF:MC-${2^^}" --arg profile "officer-$1" --arg csr "$(openssl req -in "$home/csr.pem" -outform DER | base64 -w0)" \
		--arg authority "$(sed -n 's/^authority: //p' "$D/pki.yaml")" \
		'{version: 1, type: "order", action: "issue", id: $id, created: $now, authority: $authority,
		subject: {country: "MC", common_name: $name, serial_number: $who}, certificates: [{profile: $profile, csr: $csr}]}' |
		tr -d '\n' >"$D/order.json"
	for who in "$3" "$4"; do
		openssl pkey -in "$D/officers/$who/key.pem" -passin "file:$D/officers/$who/passphrase" -out "$D/$who.plain"
		args+=(-signer "$D/officers/$who/cert.pem" -inkey "$D/$who.plain")
	done
	openssl cms -sign -binary -nodetach -outform DER "${args[@]}" -in "$D/order.json" -out "$D/order.p7s"
	post "$D/order.p7s" | jq -er '.certificates[0].pem' >"$home/cert.pem"
}
erase() { ra "$1" erase "$2" "${@:3}"; }
due() { pki-ra erase --due --json | jq -r '[.holders[].holder] | sort | join(" ")'; }
sorted() { printf '%s\n' "$@" | sort | paste -sd ' '; }
# logged HOLDER TYPE: print how many orders the events name; a command that was killed sends its event again
logged() {
	pki-audit tail --lines 1000 --json |
		jq -s "map(select(.detail.holder == \"$1\" and .type == \"$2\") | .detail.order) | unique | length"
}
S=$D/ra
# octets NAME HOLDER: keep the holder's key, and the sealed parts and evidence of $application
octets() {
	sqlite3 "$S/applications.db" "SELECT lower(hex(wrapped_key)) FROM holder WHERE id = '$2';
		SELECT substr(lower(hex(sealed)), 1 + n, 32) FROM part JOIN (SELECT 0 n UNION SELECT 100 UNION SELECT 1000)
			WHERE length(sealed) * 2 > n + 32 AND application IN (SELECT id FROM application WHERE holder = '$2')" | cut -c1-32 >"$D/octets.$1"
	find "$S/evidence" -type f -path "*$application*" -exec od -An -v -tx1 -N 16 {} \; | tr -d ' ' >>"$D/octets.$1"
}
# holds NAME: print how many of the kept octets the files of the store hold
holds() {
	find "$S" -type f -exec od -An -v -w1048576 -tx1 {} \; | tr -d ' ' >"$D/store.hex"
	grep -c . <(while read -r o; do grep -qF "$o" "$D/store.hex" && echo "$o"; done <"$D/octets.$1")
}

installation
ok "the services are up" services
given=Zephyrine surname=Quillfeather number=77XQ98765
end=$(date -u -d '+30 days' +%F)
ok "enrol somebody, whose certificates end in a month" enrolled zephyrine "$given" "$surname" "$number" "$end"
zephyrine=$holder zephyrine_application=$application
octets zephyrine "$zephyrine"
sample_person "$D" rejected Rejectina "$surname" 77XQ98766 2034-05-01
ok "another applies" invited_application rejected
ok "... and is rejected" ra claire reject "$application" --reason "$surname is on a list"
rejected=$holder
ok "a third" invited_application rejected
abandoned=$holder abandoned_application=$application
octets abandoned "$abandoned"
for _ in 1 2 3 4; do
	invited_application rejected 2>/dev/null
	killed+=("$holder")
done
exits 2 "not a holder" erase claire "$abandoned_application"
exits 2 "neither holder nor --due" pki-ra erase
exits 16 "a holder that nobody knows" erase claire "H-${abandoned_application#A-}"
refused retention "rule 79: a person's file is kept while there are certificates" erase claire "$zephyrine"
ok "... and seven years more, says the refusal, with date and remedy" \
	grep -qE "7 years .*until $(date -u -d "$end +7 years" +%F).* erase the holder then" "$D/out"
refused retention "rule 79: an application that led to nothing is kept for a while, too" erase claire "$rejected"
ok "... so that it says until when" grep -q "100 days .*until $(date -u -d '+100 days' +%Y-%m)" "$D/out"
ok "nobody is due" test -z "$(due)"

later 1020
ca_up
ok "nearly three years later those without certificates are due" test "$(due)" = \
	"$(sorted "$rejected" "$abandoned" "${killed[@]}")"
ok "... in words, too" bash -c "pki-ra erase --due | grep -q '^6 holders due'"
refused retention "rule 79: the other is not" erase claire "$zephyrine"
refused officer-role "rule 201: a revocation officer erases nobody" erase emma "$abandoned"
exits 7 "a wrong passphrase" pki-ra erase "$abandoned" --officer "$D/officers/claire" \
	--passphrase "file:$D/officers/david/passphrase"
ok "an officer orders it" erase claire "$abandoned" --order "$D/half.p7s"
ok "... which destroys nothing" test "$(holds abandoned)" = "$(wc -l <"$D/octets.abandoned")"
ok "... and is logged" test "$(logged "$abandoned" erasure-ordered)" = 1
ok "the list says so" bash -c "pki-ra erase --due | grep '$abandoned' | grep -q 'by one officer'"
refused two-officers "rule 202: the same officer is no second one" erase claire "$abandoned"
refused two-officers "rule 202: two registration officers do not do" erase david "$abandoned"
refused officer-role "rule 201: nor a department's officer" erase irene "$abandoned"
(ulimit -f 1 && trap '' XFSZ && erase sofia "$abandoned") >"$D/out" 2>&1
ok "without room on the disk nothing is destroyed" test "$(holds abandoned)" = "$(wc -l <"$D/octets.abandoned")"
ok "a security officer makes it two" erase sofia "$abandoned" --order "$D/erasure.p7s"
ok "the data is gone" test "$(holds abandoned)" = 0
no "... and the evidence" test -e "$S/evidence/$abandoned_application"
ok "... by an order that two officers signed" bash -c \
	"openssl cms -cmsout -print -noout -inform DER -in $D/erasure.p7s | grep -c 'signatureAlgorithm' | grep -qx 2"
ok "rule 77: ... whose digest is in the log" bash -c "pki-audit tail --type holder-erased --json |
	jq -se 'length == 1 and .[0].detail.order_digest == \"$(sha256sum "$D/erasure.p7s" | cut -d' ' -f1)\"'"
ok "... and that the application ended" bash -c "pki-audit tail --type application-rejected --json |
	jq -se 'map(select(.detail.application == \"$abandoned_application\")) | length == 1'"
refused order-form "the CA takes no order to erase" post "$D/erasure.p7s"
exits 17 "nobody is erased twice" erase sofia "$abandoned"
ok "... but the order can be had again" pki-ra erase "$abandoned" --order "$D/erasure.2"
ok "... as it was" cmp "$D/erasure.p7s" "$D/erasure.2"
ok "the list goes on without the name" bash -c "pki-ra list --holder $abandoned | grep -q '$abandoned_application .*(erased)'"
ok "... as JSON" bash -c "pki-ra list --holder $abandoned --json | jq -e '.applications[0].erased'"
ok "show says what is left" bash -c "pki-ra show $abandoned_application | grep -q '^erased '"
ok "the search by id finds it" bash -c "pki-ra search $abandoned --json | jq -e '.total == 1'"
exits 17 "nothing is left to verify" ra claire verify "$abandoned_application" --method in-person
exits 17 "... or to show" pki-ra show "$abandoned_application" --evidence "$D/evidence"
exits 17 "a certificate for who was erased" bash -c "pki-ra renew --holder $abandoned --auth-csr $D/holders/rejected/auth.csr \
	--sign-csr $D/holders/rejected/sign.csr"
sed -i "s/^requested: .*/requested: $(date -u +%F)/" "$D/holders/rejected/application.yaml"
exits 17 "who was erased does not come back" invited_application rejected --holder "$abandoned"
ok "... but begins anew" invited_application rejected
anew=$holder
for change in "UPDATE holder SET wrapped_key = x'00' WHERE id = '$abandoned'" \
	"UPDATE holder SET wrapped_key = NULL WHERE id = '$zephyrine'" "DELETE FROM holder" "DELETE FROM erasure" \
	"UPDATE erasure SET erased = 1 WHERE erased IS NOT NULL"; do
	no "the schema refuses: $change" sqlite3 "$S/applications.db" "PRAGMA foreign_keys = OFF; $change"
done

# a kill during an erasure leaves the data whole or erased, and the log records an erasure
halves=0 kills=0
half() {
	echo "# $holder: $1"
	halves=$((halves + 1))
}
for holder in "${killed[@]}"; do
	a=$(pki-ra list --holder "$holder" --json | jq -r '.applications[0].application')
	application=$a
	octets killed "$holder"
	erase claire "$holder" >/dev/null
	for try in $(seq 40); do
		(exec "$BIN/pki-ra" erase "$holder" --officer "$D/officers/sofia" \
			--passphrase "file:$D/officers/sofia/passphrase") >/dev/null 2>&1 &
		if [ "$try" != 40 ]; then # a slow machine may not have come to the end before
			sleep "$(printf 0.%03d $((RANDOM % (20 + 10 * try))))"
			kill -9 $! 2>/dev/null && kills=$((kills + 1))
		fi
		wait $! 2>/dev/null
		if pki-ra show "$a" --json >"$D/shown" 2>/dev/null && jq -e .erased "$D/shown" >/dev/null; then
			[ "$(holds killed)" = 0 ] || half "octets are left"
			[ "$(logged "$holder" holder-erased)" = 1 ] || half "not logged"
			break
		fi
		jq -e '.form.surname == "Quillfeather"' "$D/shown" >/dev/null || half "not readable"
		[ "$(logged "$holder" holder-erased)" = 0 ] || half "logged before"
	done
done
echo "# killed $kills times"
ok "all are erased in the end" test "$(due)" = "$rejected"
ok "none was by halves" test $halves = 0

# without the CA
sample_stop "$D"
ok "an officer orders it while the CA is down" erase claire "$rejected"
ok "a certificate of the officer's successor" ca_up
ok "... registration" successor registration rita claire sofia
ok "... security" successor security sven claire sofia
later 2039
ca_up
ok "six years later: an officer's order that nobody joined is no order" \
	bash -c "$(declare -f ra erase); erase rita $rejected --json | jq -e '.state == \"ordered\"'"
sample_stop "$D"
ok "the second officer erases while the CA is down" erase sven "$rejected"
ca_up
pki-ra list >/dev/null
ok "... and the log hears of it later" test "$(logged "$rejected" holder-erased)" = 1
ok "successors again" successor registration rosa rita sven
ok "... security" successor security sara rita sven
refused retention "rule 79: seven years are seven years" erase rita "$zephyrine"

later 2590
ca_up
ok "after seven years and a month the person is due" test "$(due)" = "$(sorted "$zephyrine" "$anew")"
refused officer-status "rule 205: an officer of earlier days" erase claire "$zephyrine"
ok "two officers of today erase the file" erase sara "$zephyrine"
ok "... for ever" erase rosa "$zephyrine"
ok "not an octet is left" test "$(holds zephyrine)" = 0
ok "show knows the certificates by the ledger" bash -c \
	"pki-ra show $zephyrine_application --json | jq -e '[.certificates[].status] == [\"expired\", \"expired\"] and .erased'"
ok "the search by name finds nobody" bash -c "pki-ra search $surname $number --json | jq -e '.total == 0'"
pki-crl once --all >/dev/null 2>&1
ok "ledger, log and orders still verify, but for lists that came late while the CA slept" late_alone
ok "... as a second verifier says of the log" python3 tests/system/python/verify_log.py "$D/pub/log" --vkey "$D/pub/log/vkey"
index=$(pki-audit tail --type holder-erased --json --lines 1 | jq .index)
ok "so does a proof of the log" bash -c "pki-audit proof $index --out $D/proof && pki-audit check-proof $D/proof --vkey $D/pub/log/vkey"
sample_stop "$D"

people=(-e "$given" -e Rejectina -e "$surname" -e "$number" -e 77XQ98766 -e zephyrine@ -e rejected@ -e 1990-04-12 -e 33600000000)
words=("$given" "$surname" "$number")
# speaks FILE...: a file holds one of $people (grep's -e ...), or one of $words in UTF-16, base64 or hex
speaks() {
	local f word skip
	for f; do
		# reads to the end: the pipe would fail if grep stopped at a hit
		tr -d '\0' <"$f" | grep -aci "${people[@]}" >/dev/null && echo "$f" && return
		for word in "${words[@]}"; do
			grep -aqi "$(printf %s "$word" | od -An -tx1 | tr -d ' \n')" "$f" && echo "$f: hex" && return
			for skip in 0 1 2; do # octets before it in a group of base64's three
				grep -aqF "$(printf '%*s%s' "$skip" '' "$word" | base64 | cut -c$((skip ? skip + 2 : 1))-11)" "$f" &&
					echo "$f: base64" && return
			done
		done
	done
	return 1
}
ok "the form named them all" speaks "$D/holders/zephyrine/application.yaml"
# names are in certificates and in the orders for certificates, which the ledger keeps for ever, with the identifiers of
# certificates, and in no other file of state
ok "the ledger has certificates and orders" speaks "$D/state/ledger.db"
for table in $(sqlite3 "$D/state/ledger.db" "SELECT name FROM sqlite_schema WHERE type = 'table' AND
	name NOT IN ('certificate', 'identifier', 'orders') AND name NOT LIKE 'sqlite_%'"); do
	sqlite3 "$D/state/ledger.db" ".mode insert" "SELECT * FROM $table" >"$D/table.$table"
done
no "... and no other table of people" speaks "$D"/table.*
mapfile -t files < <(find "$D/ra" "$D/pub" "$D/run" -type f; find "$D/state" -type f ! -name 'ledger.db*')
ok "there is something to look at" test "${#files[@]}" -gt 20
no "rule 79: nothing else names those who were erased (${#files[@]} files)" speaks "${files[@]}"
sqlite3 "$D/state/ledger.db" "SELECT writefile('$D/order-' || id, cms) FROM orders" >/dev/null
no "an order holds neither birth date, e-mail, nor telephone" grep -aqi -e zephyrine@ -e 1990-04-12 -e 33600000000 "$D"/order-*
finish
