#!/bin/bash
# pki-ra reconcile in both directions, without false alarms; a lost store is not made anew.
. "$(dirname "$0")/lib.sh"
installation
S=$D/ra
clean() { pki-ra reconcile --json >"$D/reconcile.json" && jq -se 'length == 1 and .[0].ok' "$D/reconcile.json"; }
# finds STATUS TEXT TITLE: reconcile prints one JSON document with such a finding, and ends so
finds() {
	pki-ra reconcile --json >"$D/reconcile.json" 2>"$D/err"
	local status=$?
	jq -se --arg text "$2" 'length == 1 and (.[0].ok | not) and
		any(.[0].findings[]; "\(.object): \(.message)" | test($text))' "$D/reconcile.json" >"$D/now"
	said $((status != $1 || $?)) "$3 (exit $1)"
	[ $status = "$1" ] || echo "# exit status $status"
}
note=$(pki-ra list 2>&1 >/dev/null)
ok "the first use makes a store, and says so" grep -q "a new, empty applications store is in $S" <<<"$note"
rm -r "$S"
ok "... as nobody has used it, once more" pki-ra list
: >"$S/applications.db"
ok "a first use that was interrupted is made good" pki-ra list
services
ok "a store and a log without applications agree" clean

# no false alarms
enrolled alice Alice Martin 12AB34567 2035-05-01 >"$D/out" 2>&1
alice=$holder first=$application A=$D/holders/alice
sample_keys "$A" 2
pki-ra renew --holder "$alice" --auth-csr "$A/auth2.csr" --sign-csr "$A/sign2.csr" --json >"$D/renew.json"
application=$(jq -r .application "$D/renew.json") renewal=$application
ok "a renewal, approved" four_eyes
ok "the holder is revoked meanwhile" ra emma revoke "$alice" --cause lost-phone
ok "... the renewal is rejected" bash -c "pki-ra show $renewal --json | jq -e '.state == \"rejected\"'"
ok "... and nothing is wrong" clean
enrolled bruno Bruno Conti 34CD56789 2035-05-01 >"$D/out" 2>&1
bruno=$holder
sample_person "$D" carla Carla Weiss 56EF78901 2035-05-01
invited_application carla
sqlite3 "$S/applications.db" "UPDATE application SET changed = changed - 366 * 86400000 WHERE holder = '$holder'"
cp -a "$S" "$D/before-erasure"
ok "an open application is erased" bash -c "$(declare -f ra); ra claire erase $holder && ra sofia erase $holder"
ok "... and nothing is wrong" clean

# an older backup of the store
mv "$S" "$D/newer" && cp -a "$D/before-erasure" "$S"
finds 18 "was erased according to the log, and is in the store; erase it again: pki-ra erase $holder" "erased data that a backup brings back"
rm -r "$S" && mv "$D/newer" "$S"
rm_application() {
	sqlite3 "$S/applications.db" "PRAGMA foreign_keys = OFF; $(sqlite3 "$S/applications.db" \
		"SELECT 'DROP TRIGGER ' || name || ';' FROM sqlite_schema WHERE type = 'trigger'") $1"
}
cp -a "$S" "$D/good"
restore() { rm -r "$S" && cp -a "$D/good" "$S"; }
rm_application "DELETE FROM application WHERE id = '$first'"
finds 18 "$first: is in the log, but no longer in the store" "an application that the store lost"
no "... its order is not counted twice" jq -e 'any(.findings[]; .message | test("the CA carried it out"))' "$D/reconcile.json"
restore
rm_application "INSERT INTO invitation SELECT 'I-dead', zeroblob(32), department, created, expires, cms, NULL FROM invitation LIMIT 1"
finds 18 "I-dead: is in the store, but not in the log" "an invitation that the log does not have"
restore
order=$(sqlite3 "$S/applications.db" "SELECT order_id FROM application WHERE id = '$first'")
rm_application "UPDATE application SET order_id = 'O-dead' WHERE id = '$first'"
finds 18 "$order: the CA carried it out for holder $alice, and no application of the store has it" "an order of the CA that the store lacks"
restore
rm_application "UPDATE application SET state = 2 WHERE holder = '$bruno'"
finds 17 "the CA has issued its certificates; next: pki-ra issue A-" "certificates that were issued and not received"
ok "... the remedy works" bash -c "pki-ra issue \$(pki-ra list --holder $bruno --json | jq -r '.applications[0].application')"
ok "... and nothing is wrong" clean
restore

# the CA's ledger is older than the store
sample_stop "$D"
cp "$D/state/ledger.db" "$D/ledger.kept"
enrolled_while() { # certificates that only the newer ledger has
	services
	enrolled dora Dora Neri 78GH90123 2035-05-01
	sample_stop "$D"
}
enrolled_while >"$D/out" 2>&1
dora=$application
mkdir "$D/newer-state" && mv "$D/state"/ledger.db* "$D/newer-state" && cp "$D/ledger.kept" "$D/state/ledger.db"
finds 18 "$dora: the ledger does not have its order O-.*; restore a newer ledger" "an order that the ledger lacks"
ok "... and its certificates" jq -e --arg a "$dora" \
	'[.findings[] | select(.object == $a and (.message | test("the ledger does not have certificate")))] | length == 2' "$D/reconcile.json"
rm "$D/state"/ledger.db* && mv "$D/newer-state"/ledger.db* "$D/state"
ok "with the newer ledger nothing is wrong" clean

# waiting events, and an open renewal of revoked certificates
services
sample_keys "$D/holders/bruno" 2
renewal=$(pki-ra renew --holder "$bruno" --auth-csr "$D/holders/bruno/auth2.csr" --sign-csr "$D/holders/bruno/sign2.csr" --json | jq -r .application)
chmod 755 "$S"
ra emma revoke "$bruno" --cause lost-phone >"$D/out" 2>&1
chmod 700 "$S"
finds 17 "$renewal: renews certificates that are revoked; next: pki-ra reject" "a renewal that was left open"
ok "... the remedy works" ra claire reject "$renewal" --reason revoked
ok "... and nothing is wrong" clean
sample_stop "$D"
sample_person "$D" eric Eric Blanc 98ZZ00001 2034-01-01
invited_application eric
ok "events that wait are no alarm" clean

# a lost store
lost() {
	exits 6 "$1: no command makes it anew" pki-ra list
	ok "... the message names the loss and the remedy" grep -q 'is lost: .*restore the store.*pki-ra reconcile --new-store' "$D/out"
	no "... nothing was made" test -s "$S/applications.db"
}
mv "$S" "$D/kept"
lost "a lost store"
no "... no folder either" test -e "$S"
exits 6 "... nor does reconcile" pki-ra reconcile
mkdir -m 700 "$S" && cp "$D/kept/store.key" "$S"
lost "a lost database"
: >"$S/applications.db"
lost "an emptied database"
rm "$S/applications.db"
mkdir -m 700 "$S/evidence" && mv "$D/state" "$D/away"
lost "a lost database beside evidence, without a ledger"
rm -r "$S/evidence"
exits 6 "without a ledger nobody knows" pki-ra list
ok "... and the message says so" grep -q 'whether the store is new or lost is not known' "$D/out"
mv "$D/away" "$D/state"
services
ok "a revocation does not need the store" ra emma revoke "$bruno" --cause lost-phone
no "... and makes none" test -e "$S/applications.db"
rm -r "$S" && mv "$D/kept" "$S"
exits 17 "--new-store does not touch a store" pki-ra reconcile --new-store
ok "... which is as it was" clean
mv "$S" "$D/kept"
exits 18 "the remedy works: an empty store, and all that is missing named" pki-ra reconcile --new-store
ok "... with a note" grep -q 'a new, empty applications store' "$D/out"
ok "... and applications go on" pki-ra list
rm -r "$S" && mv "$D/kept" "$S"
ok "the backup, restored, is in order" clean
finish
