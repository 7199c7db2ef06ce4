#!/bin/bash
# The auditor asks responders, live and from files, and compares with the ledger: in order while it is;
# an answer that is missing, old, changed, of another signer or not the ledger's is found.
. "$(dirname "$0")/lib.sh"
installation
sed -i 's|^ocsp: {|ocsp: { export: export,|' "$D/pki.yaml"
services
ok "enrol Alice" enrolled alice Alice Martin 12AB34567 2035-05-01
alice=$holder
A=$D/holders/alice/auth.pem
ok "enrol Bruno" enrolled bruno Bruno Conti 34CD56789 2034-03-01
B=$D/holders/bruno/auth.pem
ok "revoke Bruno" ra emma revoke "$holder" --cause lost-phone
file_of() { # file_of CERTIFICATE HASH: the file that a GET asks for
	openssl ocsp -issuer "$D/pub/ca.pem" "-$2" -cert "$1" -no_nonce -reqout "$D/q" 2>/dev/null
	local name
	name=$(base64 -w0 "$D/q")
	[[ $name != */ ]] || name+=index.html
	echo "${E:-$D/export}/$name"
}
file_says() { # file_says WORD CERTIFICATE
	openssl ocsp -respin "$(file_of "$2" sha256)" -issuer "$D/pub/ca.pem" -sha256 -cert "$2" -no_nonce \
		-noverify 2>&1 | grep ": $1"
}
ok "his file says so" sample_wait file file_says revoked "$B"
ok "rule 76: the responder says what the ledger does" pki-audit verify --json --ocsp "$OCSP_URL"
issued=$(sqlite3 "file:$D/state/ledger.db?mode=ro" "SELECT count(*) FROM certificate WHERE issuer = 2")
ok "... about every certificate" jq -e --argjson n "$issued" '.ok and .checked.answers == $n' "$D/out"
ok "rule 76: so do the files" pki-audit verify --json --ocsp-export "$D/export"
ok "... for both hashes" jq -e --argjson n "$issued" '.ok and .checked.answers == 2 * $n' "$D/out"
ok "of a sample" pki-audit verify --json --ocsp "$OCSP_URL" --ocsp-sample 3
ok "... at most so many are asked about" jq -e '.checked.answers | . > 0 and . <= 3' "$D/out"
ok "... and the report says so" bash -c \
	"pki-audit verify --ocsp $OCSP_URL --ocsp-sample 3 | grep -q 'at most 3 of .* certificates were queried'"
for n in 0 x -1; do
	exits 2 "no sample of '$n'" pki-audit verify --ocsp "$OCSP_URL" --ocsp-sample "$n"
done

# files, changed in a copy
files() {
	rm -rf "$D/e"
	cp -r "$D/export" "$D/e"
}
E=$D/e
# wrong STATUS RULE TITLE: the files in $D/e must be found so
wrong() {
	local status
	pki-audit verify --json --ocsp-export "$D/e" >"$D/out"
	status=$?
	[ $status = "$1" ] && jq -e --argjson rule "$2" '[.findings[].rule] | unique == [$rule]' "$D/out" >/dev/null
	result $? "$3"
}
files
rm "$(file_of "$A" sha1)"
wrong 17 72 "rule 72: a file that is missing is a minor finding"
files
cp "$(file_of "$D/holders/alice/sign.pem" sha256)" "$(file_of "$A" sha256)"
wrong 18 0 "another certificate's answer is critical"
files
flip "$(file_of "$A" sha256)" 60
wrong 18 0 "so is one whose bytes changed"
files
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 2 -subj "/CN=TEST Forger" \
	-keyout "$D/forger.key" -out "$D/forger.pem" 2>/dev/null
forge() { # forge CERTIFICATE: a good answer, by somebody else's responder
	printf 'V\t%s\t\t%s\tunknown\t/CN=any\n' "$(date -ud '+1 year' +%y%m%d%H%M%SZ)" \
		"$(serial_of "$1" | tr a-f A-F)" >"$D/index"
	openssl ocsp -issuer "$D/pub/ca.pem" -sha256 -cert "$1" -no_nonce -reqout "$D/q" 2>/dev/null
	openssl ocsp -index "$D/index" -CA "$D/pub/ca.pem" -rsigner "$D/forger.pem" -rkey "$D/forger.key" -ndays 1 \
		-reqin "$D/q" -respout "$(file_of "$1" sha256)" >"$D/forge.log" 2>&1
}
forge "$B"
pki-audit verify --json --ocsp-export "$D/e" >"$D/out"
status=$?
[ $status = 18 ] && jq -e '.severities.critical == 1 and (.findings[0].rule | IN(70, 71))' "$D/out" >/dev/null
result $? "rules 70, 71: good, of a revoked one, by somebody who is no responder, is critical"

# a revocation that has not reached the files: at first they are behind, later they are wrong
cp -r "$D/export" "$D/e.before"
ok "revoke Alice" ra emma revoke "$alice" --cause lost-phone
files
rm -rf "$D/e" && mv "$D/e.before" "$D/e"
wrong 17 76 "rule 76: answers of before a revocation are behind"
sample_stop "$D"
ok "a copy, whose last event is an hour later" sqlite3 "$D/state/ledger.db" "VACUUM INTO '$D/c.db'"
triggers=$(sqlite3 "$D/state/ledger.db" "SELECT 'DROP TRIGGER ' || name || ';' FROM sqlite_schema WHERE type = 'trigger'")
sqlite3 "$D/c.db" "$triggers UPDATE entry SET at = at + 4000000 WHERE id = (SELECT max(id) FROM entry)" >/dev/null
pki-audit verify --json --ledger "$D/c.db" --ocsp-export "$D/e" >"$D/out"
ok "... a good of a revoked one is critical" jq -e \
	'[.findings[] | select(.rule == 76 and .severity == "critical" and (.message | startswith("OCSP says good")))] | length == 4' "$D/out"

# a ledger that knows less than its responder said
sqlite3 "$D/c.db" "DELETE FROM revocation" >/dev/null
pki-audit verify --json --ledger "$D/c.db" --ocsp-export "$D/e" >"$D/out"
ok "rule 76: revoked in the files alone is critical" jq -e \
	'[.findings[] | select(.rule == 76 and .severity == "critical" and (.message | startswith("OCSP says revoked, but the ledger has no revocation")))] | length == 4' "$D/out"
exits 17 "nobody answers: a minor finding" pki-audit verify --json --ocsp "$OCSP_URL"
ok "... of each question" jq -e 'all(.findings[]; .status == "unavailable") and .checked.answers == 0' "$D/stdout"

finish
