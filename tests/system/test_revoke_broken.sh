#!/bin/bash
# Revoking while everything else is broken: the applications store full, read-only, locked,
# corrupted, lost; the reply of the CA lost.
. "$(dirname "$0")/lib.sh"
installation
services
S=$D/ra
ledger() { sqlite3 "file:$D/state/ledger.db?mode=ro" "$1"; }
count=0
revocations() { [ "$(ledger 'SELECT count(*) FROM revocation')" = "$count" ]; }
# holder_with_renewal NAME DOCUMENT: $holder has certificates, and an open renewal $renewal
holder_with_renewal() {
	local H=$D/holders/$1
	enrolled "$1" "${1^}" Martin "$2" 2035-05-01 && sample_keys "$H" 2 &&
		renewal=$(pki-ra renew --holder "$holder" --auth-csr "$H/auth2.csr" --sign-csr "$H/sign2.csr" --json |
			jq -er .application)
}
report() { ra emma revoke "$holder" --json "$@" >"$D/revoke.json" 2>"$D/warning"; }
revoke() { report --cause lost-phone "$@"; }
export -f ra report revoke

# with_broken TITLE BREAK MEND [SAYS]: two holders are revoked with a broken store, one of them renewing
n=0
broken() {
	local title=$1 break=$2 mend=$3 says=${4:-.}
	holder_with_renewal "h$n" "12AB3456$((n++))" >"$D/out" 2>&1 || result 1 "$title: a holder with a renewal"
	eval "$break"
	ok "$title: the revocation goes through" revoke
	eval "$mend"
	count=$((count + 2))
	ok "... it is in the ledger" revocations
	ok "... a warning names the store and the remedy" grep -qE "the certificates are revoked; .*$says.*give this command again" "$D/warning"
	ok "... in the JSON too" jq -e '.revoked | length == 2' "$D/revoke.json"
	ok "... as a member" jq -e '.warnings | length == 1' "$D/revoke.json"
	ok "the same command, once the store is mended, ends the renewal" revoke
	ok "... and revokes nothing twice" revocations
	ok "... the renewal is rejected" bash -c "pki-ra list --state rejected --json | jq -e '.applications[] | select(.application == \"$renewal\")'"
}
holder_with_renewal before 77AB00001 >"$D/out" 2>&1
ok "with a store in order" revoke
count=2
no "... there is no warning" test -s "$D/warning"
no "... in the JSON neither" jq -e .warnings "$D/revoke.json"
broken "a corrupted store" 'cp $S/applications.db $D/kept; head -c 8192 /dev/urandom >$S/applications.db' \
	'cp $D/kept $S/applications.db' 'not a database'
broken "a lost store.key" 'mv $S/store.key $D/kept' 'mv $D/kept $S/store.key' 'store.key'
broken "a store that another user can read" 'chmod 755 $S' 'chmod 700 $S' 'chmod 700'
hold() {
	rm -f "$D/locked" "$D/go"
	sqlite3 "$S/applications.db" 'BEGIN EXCLUSIVE; SELECT 1;' \
		".shell touch $D/locked; while [ ! -e $D/go ]; do sleep 0.1; done" >/dev/null 2>&1 &
	sample_wait "the lock" test -e "$D/locked"
}
broken "a locked store" hold 'touch $D/go; wait $!' 'another pki-ra is writing'
if unshare -m true 2>/dev/null; then
	# in_mount COMMAND...: the store on a file system of its own, in a mount namespace of its own
	in_mount() {
		export holder
		unshare -m bash -c 'set -e; mount -t tmpfs -o size=2m tmpfs "$D/small"; cp -a "$D/ra/." "$D/small"
			mount --bind "$D/small" "$D/ra"; '"$1"'; revoke && st=0 || st=$?; umount "$D/ra"; exit $st'
	}
	mkdir -m 700 "$D/small"
	holder_with_renewal full 77AB00002 >"$D/out" 2>&1
	ok "a full store: the revocation goes through" in_mount 'dd if=/dev/zero of="$D/small/filler" bs=1k 2>"$D/dd" || true'
	ok "... with a warning" grep -q 'full; make room' "$D/warning"
	holder_with_renewal readonly 77AB00003 >"$D/out" 2>&1
	ok "a read-only store: the revocation goes through" in_mount 'mount -o remount,bind,ro "$D/ra"'
	ok "... with a warning" grep -q 'Read-only' "$D/warning"
	count=$((count + 4))
	ok "... both are in the ledger" revocations
else
	echo "ok $((++tests)) - full and read-only # SKIP no mount namespaces here"
fi

# a receipt that cannot be written
enrolled nina Nina Rossi 77AB00004 2035-05-01 >"$D/out" 2>&1
ok "a receipt without a place: the revocation goes through" revoke --receipt "$D/none/receipt.p7s"
ok "... and the warning says how to fetch it" bash -c "grep -q 'pki-ra receipt O-' $D/warning"
count=$((count + 2))

# a lost reply
lossy_up
enrolled otto Otto Weiss 77AB00005 2035-05-01 >"$D/out" 2>&1
touch "$D/lose.post"
ok "a lost reply is fetched by the same command" revoke --config "$D/lossy.yaml" --receipt "$D/otto.p7s"
no "... the reply was lost" test -e "$D/lose.post"
ok "... with the receipt" bash -c "openssl cms -verify -inform DER -in $D/otto.p7s -noverify 2>/dev/null |
	jq -e '.order == \"$(jq -r .order "$D/revoke.json")\"'"
enrolled pia Pia Weiss 77AB00006 2035-05-01 >"$D/out" 2>&1
touch "$D/lose.all"
exits 20 "a CA that falls silent: the outcome is not known" ra emma revoke "$holder" --cause lost-phone --config "$D/lossy.yaml"
ok "... which the message says, and what to do" grep -q "the order's outcome is unknown.*repeat the command, or ask GET /v1/orders/O-" "$D/out"
rm "$D/lose.all"
ok "the command given again finds what was done" revoke --receipt "$D/pia.p7s"
first=$(jq -r '.already[0].order' "$D/revoke.json")
ok "... its order" test "$(ledger "SELECT count(*) FROM revocation r JOIN orders o ON o.id = r.order_id WHERE o.name = '$first'")" = 2
ok "... and its receipt" bash -c "openssl cms -verify -inform DER -in $D/pia.p7s -noverify 2>/dev/null | jq -e '.order == \"$first\"'"

# a later report of what is revoked
ok "a second report, with another cause, is recorded" report --cause superseded
again=$(jq -r .order "$D/revoke.json")
ok "... in the log" bash -c "pki-audit tail --order $again --json | jq -se 'length == 1 and .[0].type == \"revocation-repeated\" and
	(.[0].detail | has(\"cause\") | not) and (.[0].detail.already | length == 2)'"
ok "... and said" bash -c "$(declare -f ra); ra emma revoke $holder --cause lost-phone | grep 'revoked already; this report is recorded'"
ok "its receipt is that of the order which revoked" bash -c "pki-ra receipt $again --out $D/again.p7s && openssl cms -verify -inform DER \
	-in $D/again.p7s -noverify 2>/dev/null | jq -e '.order == \"$first\"'"
ok "its answer can be fetched again" bash -c "curl -s --unix-socket $CA_SOCKET http://ca/v1/orders/$again | jq -e '.already | length == 2'"
refused officer-role "rule 201: who may not revoke is not told either" ra irene revoke "$holder" --cause lost-phone
settled
ok "the auditor is content" pki-audit verify
sample_stop "$D"
cp "$D/state/ledger.db" "$D/suppressed.db"
sqlite3 "$D/suppressed.db" "$(sqlite3 "$D/suppressed.db" "SELECT 'DROP TRIGGER ' || name || ';' FROM sqlite_schema WHERE type = 'trigger'")
	DELETE FROM revocation WHERE order_id = (SELECT id FROM orders WHERE name = '$first')"
pki-audit verify --ledger "$D/suppressed.db" --publish "$D/pub" --json >"$D/audit.json"
ok "rule 47: the auditor finds a report that was recorded as repeated and revoked nothing" jq -e --arg order "$again" \
	'[.findings[] | select(.object == $order and .rule == 47 and (.message | contains("revoked nothing")))] | length == 1' "$D/audit.json"
ok "... and the trail" bash -c "pki-audit trail $holder | grep -q 'reported again'"
finish
