#!/bin/bash
# Persons: one identity document has one holder, in orders, in the ledger and for the auditor, however
# the number is written; what earlier versions issued is reported, and can be revoked alone.
. "$(dirname "$0")/lib.sh"
installation
services
cd "$D" || exit
L=$D/state/ledger.db
pki-ca status --json >"$D/status.json"

# schema.sql: the table of identifiers, with its triggers, as the ledger has it
sqlite3 "$L" "SELECT sql || ';' FROM sqlite_schema WHERE tbl_name = 'identifier' AND sql IS NOT NULL
	ORDER BY type <> 'table'" >"$D/schema.sql"
version=$(sqlite3 "$L" "PRAGMA user_version")
# forgotten [SQL]: the ledger of a stopped CA forgets who has which document, as version 3 never knew
forgotten() {
	daemon_down pki-ca
	sqlite3 "$L" "DROP TABLE identifier; ${1:-}"
}
shared() { pki-ca status --json | jq -e ".ledger.identifiers_shared == $1"; }
found() { pki-audit verify --json >"$D/audit.json" || jq -e ".findings[] | select(.rule == 109) | $1" "$D/audit.json"; }

ok "a person is enrolled" enrolled alice Alice Martin 12AB34567 2035-05-01
alice=$holder
refused one-document-one-holder "rule 109: a second holder with the document is refused" \
	enrolled alicia Alicia Martin 12AB34567 2035-05-01
no "rule 109: ... and the message does not repeat the number" grep -q 12AB34567 "$D/out"
refused "$alice" "rule 109: ... nor when the number is written otherwise; the holder is named" \
	enrolled alina Alina Martin "12-ab 345 67" 2035-05-01
ok "nothing is shared" shared 0
ok "the log has the refusals" bash -c "sqlite3 '$L' 'SELECT entry FROM entry' | grep -c '\"rule\":\"one-document-one-holder\"'"

# what a version without this rule left behind: three holders, one document
forgotten
sqlite3 "$L" <"$D/schema.sql"
ca_up
ok "as before this rule: a second holder gets certificates" pki-ra issue "$application" --out "$D/holders/alina"
alina=$holder
forgotten "DROP TABLE name; PRAGMA user_version = 3"
no "the auditor finds the shared document in a ledger of version 3" pki-audit verify
ok "... as a breach, not as tampering" found '.severity == "major"'
ok "... and names both holders" found '.message | contains("'"$alice"'") and contains("'"$alina"'")'
ca_up
ok "the ledger is converted" test "$(sqlite3 "$L" "PRAGMA user_version")" = "$version"
ok "... and pki-ca status counts the document" shared 1
ok "... in text, too" bash -c 'pki-ca status | grep "identifiers .*1 belong to several"'
ok "the auditor finds the document in the converted ledger" found '.severity == "major"'
ok "... and nothing else" bash -c "jq -e 'all(.findings[]; .rule == 109 or .rule == 53)' '$D/audit.json'"
again() {
	sample_keys "$D/holders/$1" 2 && invited_application "$1" --holder "$2" && four_eyes &&
		pki-ra issue "$application" --out "$D/holders/$1"
}
refused one-document-one-holder "neither holder gets more certificates for the document" again alina "$alina"
ok "the wrong holder's certificates are revoked" ra emma revoke "$alina" --cause superseded
ok "... and the document is no longer shared by valid certificates" shared 0
settled
ok "... and the auditor is content" pki-audit verify
finish
