#!/bin/bash
# pki-audit trail: the whole story of a certificate, a holder, an order; each line's proof; what was
# tampered with is named.
. "$(dirname "$0")/lib.sh"
sample_keys() { # none of them is RSA: faster
	local k s=${2:-}
	for k in auth sign; do
		run openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj "/CN=applicant" \
			-keyout "$1/$k$s.key" -out "$1/$k$s.csr"
	done
}
ra_invite=$(declare -f invited_application)
eval "${ra_invite//TEST Welcome Office/TEST <b>Office<\/b>}"
installation
services
A=$D/holders/alice
ok "enrol Alice" enrolled alice Alice Martin 12AB34567 2035-05-01
alice=$holder application1=$application
accepted() {
	pki-ra accept "$application" --print >"$A/statement" &&
		openssl cms -sign -binary -nodetach -outform DER -signer "$A/sign.pem" -inkey "$A/sign.key" \
			-in "$A/statement" -out "$A/statement.p7s" && pki-ra accept "$application" --statement "$A/statement.p7s"
}
ok "... who activates" accepted
ok "enrol Bruno" enrolled bruno Bruno Conti 34CD56789 2034-03-01
bruno=$holder
sample_person "$D" other Alice Martin 12AB34567 2035-05-01
invited_application other 2>/dev/null && four_eyes >/dev/null
other=$holder
no "nobody else gets Alice's name" pki-ra issue "$application"
sample_keys "$A" 2
renewed() {
	pki-ra renew --holder "$alice" --auth-csr "$A/auth2.csr" --sign-csr "$A/sign2.csr" --json >"$D/submit.json" &&
		application=$(jq -er .application "$D/submit.json") && four_eyes && pki-ra issue "$application" --out "$A/renewed"
}
ok "renew Alice's" renewed
ok "revoke Alice's" ra emma revoke "$alice" --cause lost-phone
published() {
	sqlite3 -readonly "$D/state/ledger.db" "SELECT 'yes' FROM crl JOIN publication USING (issuer, number)
		WHERE issuer = 2 AND revocations = (SELECT count(*) FROM revocation WHERE issuer = 2)" | grep -q yes
}
sample_wait "publication" published
sample_stop "$D"
L=$D/state/ledger.db
serial=$(serial_of "$A/auth.pem")
order=$(sqlite3 "$L" "SELECT o.name FROM orders o JOIN certificate c ON c.order_id = o.id WHERE c.serial = x'$serial'")
revoking=$(sqlite3 "$L" "SELECT DISTINCT name FROM orders WHERE action = 2")
invitation=$(sqlite3 "$L" "SELECT name FROM orders WHERE action = 3 ORDER BY id LIMIT 1")

# tells TITLE WHAT EVENT...: the story's events in order
tells() {
	local title=$1 what=$2
	shift 2
	pki-audit trail "$what" --json >"$D/trail.json" 2>"$D/out" &&
		jq -r '.lines[].event' "$D/trail.json" | diff - <(printf '%s\n' "$@") >"$D/out" &&
		jq -e '.ok and all(.lines[]; .included and .verified)' "$D/trail.json" >/dev/null
	result $? "$title"
}
enrolment=(invitation-made application-submitted application-verified application-approved certificate-issued certificate-accepted)
renewal=(application-submitted application-verified application-approved certificate-renewed)
end=(certificate-revoked crl-issued crl-published)
tells "the holder's whole story" "$alice" "${enrolment[@]}" "${renewal[@]}" "${end[@]}"
tells "a certificate's: with its renewal and its end" "$serial" "${enrolment[@]}" "${renewal[@]}" "${end[@]}"
cp "$D/trail.json" "$D/serial.json"
tells "its order's" "$order" "${enrolment[@]}" "${end[@]}"
tells "its invitation's" "$invitation" "${enrolment[@]}" "${end[@]}"
tells "its application's" "$application1" "${enrolment[@]}"
tells "of an order to revoke: all that it revoked, from where it came" "$revoking" \
	"${enrolment[@]}" "${renewal[@]}" "${end[@]}"
tells "of somebody whose order was refused" "$other" invitation-made application-submitted application-verified \
	application-approved order-refused
tells "Bruno's, with nothing of Alice's" "$bruno" invitation-made application-submitted application-verified \
	application-approved certificate-issued
claire=$(serial_of "$D/officers/claire/cert.pem")
tells "an officer's: the ceremony, not what she signed" "$claire" ceremony-completed

# the proofs, by other means
leaves() {
	local index leaf
	while read -r index leaf; do
		[ "$leaf" = "$({
			printf '\0'
			sqlite3 "$L" "SELECT CAST(entry AS TEXT) FROM entry WHERE id = $index" | tr -d '\n'
		} | sha256sum | cut -d' ' -f1)" ] || return
	done < <(jq -r '.lines[] | "\(.index) \(.leaf)"' "$D/serial.json")
}
ok "rule 80: each leaf hash is the entry's" leaves
david=$(serial_of "$D/officers/david/cert.pem")
signed() { jq -e --arg who "$2" "[.lines[] | select(.event == \"$1\").signatures[].serial] | unique | . == (\$who | split(\" \") | sort)" "$D/serial.json"; }
ok "who verified" signed application-verified "$claire"
ok "who approved" signed application-approved "$david"
ok "who signed the order" signed certificate-issued "$claire $david"
ok "who revoked" signed certificate-revoked "$(serial_of "$D/officers/emma/cert.pem")"
ok "who invited" signed invitation-made "$(serial_of "$D/officers/irene/cert.pem")"
first=$(sqlite3 "$L" "SELECT min(number) FROM crl WHERE issuer = 2 AND revocations > 0")
ok "rule 47: the first CRL that lists it, and reason and times" bash -c "
	jq -e 'all(.lines[-2:][]; .detail.number == $first) and
		(.lines[-3] | .detail.reason == \"keyCompromise\" and (.detail | has(\"cause\") | not) and .detail.reported <= .at) and
		.certificates[0].serial == \"$serial\" and .certificates[0].reason == \"keyCompromise\"' $D/serial.json"
ok "as text" bash -c "pki-audit trail $alice >$D/text"
ok "... the department's name is text" grep -q 'in the name of: TEST <b>Office</b>' "$D/text"
ok "... a page for each certificate, in order" bash -c "
	test \$(grep -c '^  proof: log entry .* included under the checkpoint' $D/text) = 13 && tail -n 1 $D/text | grep -q 'in order'"
no "... without names" grep -qE 'Alice|Martin|12AB34567' "$D/text"

exits 16 "nobody of that name" pki-audit trail H-00000000000000000000000000000000
exits 16 "no such order" pki-audit trail O-00000000000000000000000000000000
exits 16 "no such certificate" pki-audit trail 0123456789
exits 3 "no identifier at all" pki-audit trail alice
exits 2 "of whom?" pki-audit trail

# tampering
triggers=$(sqlite3 "$L" "SELECT 'DROP TRIGGER ' || name || ';' FROM sqlite_schema WHERE type = 'trigger'")
forge() {
	rm -f "$D"/c.db*
	sqlite3 "$L" "VACUUM INTO '$D/c.db'"
	sqlite3 "$D/c.db" "PRAGMA ignore_check_constraints = ON; $triggers $1" >"$D/sql.log" 2>&1 ||
		echo "# SQL failed: $(head -n 1 "$D/sql.log")"
}
# named OBJECT TITLE SQL: Alice's story then ends with 18 and names the object, and Bruno's is still in order
named() {
	local status
	forge "$3"
	pki-audit trail "$serial" --ledger "$D/c.db" --json >"$D/out" 2>&1
	status=$?
	[ $status = 18 ] && jq -e --arg o "$1" 'any(.findings[]; .object == $o)' "$D/out" >/dev/null &&
		pki-audit trail "$bruno" --ledger "$D/c.db" >"$D/bruno" 2>&1
	result $? "$2"
}
entry_of() { jq -r "[.lines[] | select(.event == \"$1\").index][0]" "$D/serial.json"; }
approved=$(entry_of application-approved)
c="serial = x'$serial'"
named "log entry $approved" "rule 80: an approval that somebody else is to have given" \
	"UPDATE entry SET entry = CAST(replace(CAST(entry AS TEXT), '$david', '$claire') AS BLOB) WHERE id = $approved"
named "log entry $(entry_of application-submitted)" "rule 80: another piece of evidence" \
	"UPDATE entry SET entry = CAST(replace(CAST(entry AS TEXT), '\"evidence\":1', '\"evidence\":2') AS BLOB)
	 WHERE id = $(entry_of application-submitted)"
named "$order" "rule 35: an order's bytes" "UPDATE orders SET cms = CAST(cms || x'00' AS BLOB) WHERE name = '$order'"
named "$order" "rule 35: an order's time" "UPDATE orders SET committed = committed + 1000 WHERE name = '$order'"
named "log entry $(entry_of certificate-issued)" "rule 213: an order that is gone" "DELETE FROM orders WHERE name = '$order'"
named "serial $serial" "rule 35: a certificate's bytes" \
	"UPDATE certificate SET der = CAST(substr(der, 1, 400) || iif(substr(der, 401, 1) = x'00', x'01', x'00') || substr(der, 402) AS BLOB) WHERE $c"
named "serial $serial" "rule 4: a certificate's end" "UPDATE certificate SET not_after = not_after + 86400 WHERE $c"
named "serial $serial" "rule 47: a revocation's reason" "UPDATE revocation SET reason = 4 WHERE $c"
named "serial $serial" "rule 58: a revocation that is gone" "DELETE FROM revocation WHERE $c"
named "log entry $(entry_of crl-issued)" "rule 76: a CRL's bytes" \
	"UPDATE crl SET der = (SELECT der FROM crl WHERE issuer = 2 AND number = $first - 1) WHERE issuer = 2 AND number = $first"
named "log entry $(entry_of invitation-made)" "rule 206: an invitation's bytes" \
	"UPDATE orders SET digest = zeroblob(32) WHERE name = '$invitation'"
named "log entry $(sqlite3 "$L" 'SELECT count(*) FROM entry')" "rule 81: an entry under no checkpoint" \
	"INSERT INTO entry SELECT (SELECT max(id) + 1 FROM entry), (SELECT max(at) FROM entry), entry FROM entry WHERE id = $approved"
forge "UPDATE checkpoint SET note = CAST(replace(CAST(note AS TEXT), 'ca.example.test/log', 'cb.example.test/log') AS BLOB)"
exits 18 "rule 82: a checkpoint that the log did not sign" pki-audit trail "$bruno" --ledger "$D/c.db"
ok "... proves nothing" grep -q 'NOT PROVEN' "$D/stdout"
finish
