#!/bin/bash
# The auditor: everything in order; then each way of tampering with a copy of ledger, log or published
# files, done past the suite's own refusals, must be found and named.
. "$(dirname "$0")/lib.sh"
installation
services
ok "enrol Alice" enrolled alice Alice Martin 12AB34567 2035-05-01
sample_wait "Alice's publication" bash -c "[ \$(sed -n 2p '$D/pub/log/checkpoint') = \
	\$(sqlite3 'file:$D/state/ledger.db?mode=ro' 'SELECT count(*) FROM entry') ]"
cp "$D/pub/log/checkpoint" "$D/checkpoint.old"
alice=$(openssl x509 -in "$D/holders/alice/auth.pem" -noout -serial | sed 's/.*=//' | tr A-F a-f)
ok "enrol Carla, whose document ends soon" enrolled carla Carla Longo 56EF12345 "$(date -ud '+14 months' +%F)"
ok "enrol Bruno" enrolled bruno Bruno Conti 34CD56789 2034-03-01
ok "revoke Bruno" ra emma revoke "$holder" --cause lost-phone
sample_wait "CRL" bash -c "openssl crl -inform DER -in $D/pub/ca.crl -noout -text | grep -c 'Key Compromise' | grep -qx 2"
sample_wait "publication" bash -c "pki-audit tail --type crl-published --json | jq -se '[.[] | select(.detail.issuer == 2)] | length >= 2'"
ok "rules 77, 80-83: everything is in order while the services run" pki-audit verify --checkpoint "$D/checkpoint.old"
ok "... as JSON" bash -c "pki-audit verify --json | jq -e '.ok and .checked.orders >= 4 and .checked.certificates >= 14'"
ok "a new root CRL" pki-ca root-crl --custodian "file:$D/secrets/custodian-1" \
	--custodian "file:$D/secrets/custodian-2"
ok "... is in order" pki-audit verify
sample_stop "$D"
ok "... and when they stand still" pki-audit verify

# A copy, its triggers dropped: what somebody with the file and the time could do.
triggers=$(sqlite3 "$D/state/ledger.db" "SELECT 'DROP TRIGGER ' || name || ';' FROM sqlite_schema WHERE type = 'trigger'")
# copy: fresh $D/c.db and $D/c.pub
copy() {
	rm -rf "$D"/c.db* "$D/c.pub"
	sqlite3 "$D/state/ledger.db" "VACUUM INTO '$D/c.db'"
	cp -r "$D/pub" "$D/c.pub"
}
audit_copy() {
	pki-audit verify --ledger "$D/c.db" --publish "$D/c.pub" "$@" >"$D/out" 2>&1
}
# found RULE TITLE: the copy's audit must end with 18 and name the rule and what to do
found() { found_as 18 critical "$@"; }
# found_as STATUS SEVERITY RULE TITLE
found_as() {
	local want=$1 severity=$2 rule=$3 title=$4 status
	shift 4
	audit_copy "$@"
	status=$?
	[ $status = "$want" ] && grep -q "^$severity: .*$rule" "$D/out" && grep -q '^    remedy: ' "$D/out"
	result $? "$title"
}
# forged RULE TITLE SQL
forged() {
	copy
	sqlite3 "$D/c.db" "PRAGMA ignore_check_constraints = ON; $triggers $3" >"$D/sql.log" 2>&1 ||
		echo "# SQL failed: $(head -n 1 "$D/sql.log")"
	found "$1" "$2"
}
copy
ok "a copy is in order" audit_copy
a="serial = x'$alice'"
flip="CAST(substr(der, 1, 400) || iif(substr(der, 401, 1) = x'00', x'01', x'00') || substr(der, 402) AS BLOB)"
forged log-hashing "rule 80: an entry's text changed" \
	"UPDATE entry SET entry = CAST(replace(CAST(entry AS TEXT), 'pki-ca', 'pki-cb') AS BLOB) WHERE id = 3"
forged log-hashing "rule 80: a hash of the tree changed" "UPDATE hash SET hash = zeroblob(32) WHERE level = 1 AND position = 0"
forged log-checkpoint "rule 81: an entry appended without a checkpoint" \
	"INSERT INTO entry SELECT max(id) + 1, at, entry FROM entry"
forged signed-note "rule 82: a checkpoint's signature changed" \
	"UPDATE checkpoint SET note = CAST(substr(CAST(note AS TEXT), 1, length(CAST(note AS TEXT)) - 10)
		|| iif(substr(CAST(note AS TEXT), -10, 1) = 'A', 'B', 'A')
		|| substr(CAST(note AS TEXT), -9) AS BLOB) WHERE size = (SELECT max(size) FROM checkpoint)"
forged issuance-record "rule 35: a certificate's bytes changed" "UPDATE certificate SET der = $flip WHERE $a"
forged issuance-record "rule 35: a certificate's end moved in the ledger" "UPDATE certificate SET not_after = not_after + 86400 * 365 WHERE $a"
forged issuance-record "rule 35: a certificate's serial changed" "UPDATE certificate SET serial = x'01' WHERE $a"
forged issuance-record "rule 35: a certificate removed" "DELETE FROM certificate WHERE $a"
forged issuance-record "rule 35: a certificate given to another holder's order" \
	"UPDATE certificate SET order_id = (SELECT max(order_id) FROM certificate) WHERE $a"
forged append-only "rule 213: an order removed" \
	"DELETE FROM orders WHERE id = (SELECT order_id FROM certificate WHERE $a)"
forged issuance-record "rule 35: an order's bytes changed" \
	"UPDATE orders SET cms = CAST(cms || x'00' AS BLOB) WHERE id = (SELECT order_id FROM certificate WHERE $a)"
forged issuance-record "rule 35: an order's commit moved by a second" \
	"UPDATE orders SET committed = committed + 1000 WHERE id = (SELECT order_id FROM certificate WHERE $a)"
forged crl-past-expiry "rule 57: a revocation invented in an earlier place" \
	"INSERT INTO revocation SELECT c.id, r.issuer, r.position + 100, r.reason, r.order_id, r.reported, r.committed,
	 c.serial, c.not_after, c.partition
	 FROM certificate c, revocation r WHERE c.$a LIMIT 1; UPDATE crl SET revocations = 103"
forged status-agreement "rule 76: a revocation removed" \
	"DELETE FROM revocation WHERE position = (SELECT max(position) FROM revocation)"
forged status-agreement "rule 76: a revocation's time moved" \
	"UPDATE revocation SET committed = committed - 86400000"
forged revocation-request "rule 47: a revocation's reason changed" "UPDATE revocation SET reason = 4"
forged append-only "rule 213: a CRL removed" \
	"DELETE FROM crl WHERE issuer = 2 AND number = (SELECT max(number) FROM crl WHERE issuer = 2);"
forged append-only "rule 49: a CRL's number changed" \
	"UPDATE crl SET number = number + 1 WHERE issuer = 2 AND number = (SELECT max(number) FROM crl WHERE issuer = 2)"
forged officer-status "rule 205: an officer removed" \
	"DELETE FROM certificate WHERE profile = 'officer-registration'"

forged dn-never-reassigned "rule 15: a name given to another holder" \
	"UPDATE certificate SET holder = 'H-00000000000000000000000000000000' WHERE $a"

# however many look, they find the same, in the same order
copy
sqlite3 "$D/c.db" "$triggers UPDATE certificate SET der = $flip WHERE order_id IS NOT NULL;
	UPDATE orders SET committed = committed + 1000; UPDATE entry SET at = at + 1" >/dev/null
audit_copy --json --jobs 1
cp "$D/out" "$D/alone"
for jobs in 2 7; do
	audit_copy --json --jobs $jobs
	ok "$jobs threads find what one finds" cmp "$D/alone" "$D/out"
done
ok "... which is much" jq -e '.severities.critical > 20' "$D/alone"
for jobs in 0 1x 257 ''; do
	exits 2 "no '$jobs' threads" audit_copy --jobs "$jobs"
done

# what is new since a checkpoint
copy
old=$(sed -n 2p "$D/checkpoint.old")
audit_copy --json
cp "$D/out" "$D/all"
ok "--since an older checkpoint all is in order" audit_copy --json --since "$D/checkpoint.old"
ok "... less was looked at, and it says so" jq -e --argjson old "$old" --slurpfile all "$D/all" '.since == $old
	and .checked.entries == $all[0].checked.entries - $old and .checked.orders > 0 and .checked.crls > 0
	and .checked.revocations == 2 and .checked.certificates > 0
	and .checked.orders < $all[0].checked.orders and .checked.certificates < $all[0].checked.certificates
	and .checked.crls < $all[0].checked.crls' "$D/out"
ok "... in words too" bash -c "pki-audit verify --ledger $D/c.db --publish $D/c.pub --since $D/checkpoint.old |
	grep -q 'not verified again: the first $old log entries'"
cp "$D/c.pub/log/checkpoint" "$D/checkpoint.now"
ok "--since the last one nothing is left to look at" audit_copy --json --since "$D/checkpoint.now"
ok "... and nothing was" jq -e '.checked | .entries + .orders + .certificates + .crls + .revocations == 0' "$D/out"
since=(--since "$D/checkpoint.old")
# forged_since RULE TITLE SQL
forged_since() {
	copy
	sqlite3 "$D/c.db" "PRAGMA ignore_check_constraints = ON; $triggers $3" >/dev/null
	found "$1" "$2" "${since[@]}"
}
bruno=$(serial_of "$D/holders/bruno/auth.pem")
forged_since log-hashing "rule 80: a new entry's text changed" \
	"UPDATE entry SET entry = CAST(replace(CAST(entry AS TEXT), 'pki-ca', 'pki-cb') AS BLOB)
	 WHERE id = (SELECT min(id) FROM entry WHERE id >= $old AND CAST(entry AS TEXT) LIKE '%pki-ca%')"
forged_since issuance-record "rule 35: a new certificate's bytes changed" \
	"UPDATE certificate SET der = $flip WHERE serial = x'$bruno'"
forged_since issuance-record "rule 35: a new certificate at an old order" \
	"UPDATE certificate SET order_id = (SELECT order_id FROM certificate WHERE $a) WHERE serial = x'$bruno'"
forged_since append-only "rule 213: a new order removed" \
	"DELETE FROM orders WHERE id = (SELECT order_id FROM certificate WHERE serial = x'$bruno')"
forged_since revocation-request "rule 47: a new revocation's reason changed" "UPDATE revocation SET reason = 4"
forged_since status-agreement "rule 76: a new revocation removed" \
	"DELETE FROM revocation WHERE position = (SELECT max(position) FROM revocation)"
forged_since append-only "rule 213: a new CRL removed" \
	"DELETE FROM crl WHERE issuer = 2 AND number = (SELECT max(number) FROM crl WHERE issuer = 2)"
forged_since log-hashing "rule 80: the old entry that names the policy changed" \
	"UPDATE entry SET entry = CAST(replace(CAST(entry AS TEXT), '\"digest\":\"', '\"digest\":\"0') AS BLOB)
	 WHERE CAST(entry AS TEXT) LIKE '%policy-loaded%'"
copy
sqlite3 "$D/c.db" "$triggers UPDATE hash SET hash = zeroblob(32) WHERE position = 0" >/dev/null
found log-checkpoint "rule 81: a log that does not contain the checkpoint" "${since[@]}"
forged log-hashing "... and then all is looked at" "UPDATE hash SET hash = zeroblob(32) WHERE level = 1 AND position = 0"
exits 17 "without the checkpoint all is looked at" pki-audit verify --json --since "$D/none"
ok "... and it says so" jq -e --slurpfile all "$D/all" '.checked == $all[0].checked and (has("since") | not)' "$D/stdout"

# what a CA would have made that had lost its rules: a certificate of other dates, signed with its key
secret=$(custody_secret)
# resign CERTIFICATE END OUT: the same with another notAfter, DER; the signature must have the old length
resign() {
	local old size=0 want
	old=$(openssl x509 -in "$1" -noout -enddate | cut -d= -f2)
	openssl x509 -in "$1" -outform DER |
		LC_ALL=C sed "s/$(date -ud "$old" +%y%m%d%H%M%SZ)/$(date -ud "$2" +%y%m%d%H%M%SZ)/" >"$3"
	openssl asn1parse -inform DER -in "$3" -strparse 4 -noout -out "$D/tbs"
	want=$(($(stat -c %s "$3") - 4 - $(stat -c %s "$D/tbs") - 12 - 3))
	while [ "$size" != "$want" ]; do
		openssl dgst -sha256 -sign "$D/state/keys/ca.key" -passin "pass:$secret" -out "$D/sig" "$D/tbs" ||
			return
		size=$(stat -c %s "$D/sig")
	done
	dd if="$D/sig" of="$3" bs=1 seek=$(($(stat -c %s "$3") - size)) conv=notrunc status=none
}
# outlives TITLE CERTIFICATE END FINDING...
outlives() {
	local title=$1 cert=$2 end=$3 want missing=
	shift 3
	resign "$cert" "$end" "$D/forged.der"
	copy
	sqlite3 "$D/c.db" "PRAGMA ignore_check_constraints = ON; $triggers UPDATE certificate SET
		der = readfile('$D/forged.der'), not_after = unixepoch('$end') WHERE serial = x'$(serial_of "$cert")'"
	audit_copy --json
	for want; do
		jq -e ".findings[] | select(.rule == 4 and .message == \"$want\")" "$D/out" >/dev/null || missing="$missing; $want"
	done
	! jq -e '.findings[] | select(.rule == 29)' "$D/out" >/dev/null || missing="$missing; well signed"
	[ -z "$missing" ] || echo "missing: $missing" >>"$D/out"
	[ -z "$missing" ]
	result $? "$title"
}
outlives "rule 4: four years, well signed, are found" "$D/holders/alice/auth.pem" \
	"$(date -ud '+4 years' '+%F %T')" "is valid for over three years"
outlives "rule 4: so is an end after the identity document's" "$D/holders/carla/auth.pem" \
	"$(date -ud '+20 months' '+%F %T')" "is valid beyond the end of the identity document"
outlives "rule 4: so is an end after the CA's" "$D/holders/alice/sign.pem" \
	"$(date -ud '+12 years' '+%F %T')" "is valid beyond the end of its issuer"

# published files
copy
flip "$(find "$D/c.pub/log/tile/entries" -type f | sort -V | tail -n 1)" 40
found log-tiles "rule 83: a published entry changed"
copy
rm "$(find "$D/c.pub/log/tile/0" -type f | sort -V | tail -n 1)"
found_as 17 minor log-tiles "rule 83: a published tile is gone"
audit_copy --json
ok "... as JSON" jq -e '(.ok | not) and .severity == "minor" and .severities == {critical: 0, major: 0, minor: 1}
	and (.findings | length == 1 and .[0].severity == "minor" and (.[0].remedy | contains("pki-ca")))' "$D/out"
copy
cp "$D/pub/root.crl" "$D/c.pub/ca.crl"
found status-agreement "rule 76: another CRL published"
copy
sqlite3 "$D/c.db" "SELECT writefile('$D/c.pub/ca.crl', der) FROM crl WHERE issuer = 2 AND number = 1" >/dev/null
found_as 17 minor status-agreement "rule 76: an old CRL is still published"
copy
rm "$D/c.pub/ca.crl"
found_as 17 minor ca.crl "the published CRL is gone"
copy
cp "$D/pub/ca.pem" "$D/c.pub/root.pem"
found path-validation "rule 29: another root published"

# an older ledger under a newer log: a restored backup
copy
sqlite3 "$D/c.db" "$triggers DELETE FROM checkpoint WHERE size = (SELECT max(size) FROM checkpoint);
	DELETE FROM entry WHERE id >= (SELECT max(size) FROM checkpoint)" >/dev/null
found log-checkpoint "rule 81: a ledger older than the published log"

# every page of the file, damaged: a message, never a crash
crashed=0
survived=0
for ((page = 0; page < $(stat -c %s "$D/c.db") / 4096; page += 1 + page / 8)); do
	copy
	dd if=/dev/urandom of="$D/c.db" bs=64 seek=$((page * 64 + RANDOM % 60)) count=4 conv=notrunc status=none
	audit_copy
	status=$?
	((status < 20)) || crashed=$((crashed + 1))
	((status != 0)) || survived=$((survived + 1))
done
ok "damaged databases are reported, not crashed over ($crashed)" test $crashed = 0
echo "# $survived damages fell into unused space"
head -c 20000 "$D/state/ledger.db" >"$D/c.db"
no "a truncated database is refused" audit_copy

# proofs
ok "proof of a certificate's order" pki-audit proof "$alice" --out "$D/proof.json"
ok "... is checked without the ledger" pki-audit check-proof "$D/proof.json" --vkey "$D/pub/log/vkey"
sed 's/certificate-issued/certificate-Issued/' "$D/proof.json" >"$D/proof.bad"
exits 18 "rule 80: a forged entry is refused" pki-audit check-proof "$D/proof.bad" --vkey "$D/pub/log/vkey"
ok "the log of a copy is shown without a configuration" \
	env -u PKI_CONFIG pki-audit tail --ledger "$D/state/ledger.db" --lines 3
exits 16 "no proof for what is not there" pki-audit proof 999999
finish
