#!/bin/bash
# Whoever has the files changes them, in copies of an installation that has lived: each kind of row,
# column and file, one at a time and several together, past the suite's own refusals, which are put back
# afterwards. The auditor must find each, name it, and say by its exit status that it was tampered with.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lived_in.sh"
lived_in
fresh
ok "the untouched copy is in order" audit_copy --vkey "$D/trusted.vkey"
unarmed=$(unarmed) armed=$(armed)

# found STATUS SAYS TITLE [OPTION...]: a finding that the regular expression matches, and the status
found() {
	local want=$1 says=$2 title=$3 status
	shift 3
	audit_copy "$@"
	status=$?
	if [[ "|$want|" = *"|$status|"* ]] && grep -qE -- "$says" "$D/out"; then
		result 0 "$title"
	else
		echo "exit $status, not $want, or nothing says $says" >>"$D/out"
		result 1 "$title"
	fi
}
# apply SQL: with the refusals out of the way, and back in their places
apply() {
	sqlite3 "$D/c/ledger.db" "PRAGMA writable_schema = OFF; PRAGMA ignore_check_constraints = ON;
		BEGIN; $unarmed $1; $armed COMMIT" >"$D/sql.log" 2>&1 || {
		echo "# SQL failed: $(head -n 1 "$D/sql.log")"
		return 1
	}
}
# sql SAYS TITLE SQL
sql() {
	fresh
	apply "$3"
	cmp -s "$D/base/ledger.db" "$D/c/ledger.db" && echo "# nothing changed"
	found 18 "$1" "$2"
}
# files STATUS SAYS TITLE COMMAND: within the copy
files() {
	fresh
	(cd "$D/c" && eval "$4") || echo "# command failed"
	diff -rq "$D/base" "$D/c" >/dev/null && echo "# nothing changed"
	found "$1" "$2" "$3"
}
get() { sqlite3 "$D/base/ledger.db" "$1"; }
text() { echo "CAST($1 AS TEXT)"; }

alice=$(serial_of "$D/holders/alice/auth.pem")
bruno=$(serial_of "$D/holders/bruno/auth.pem")
carla=$(serial_of "$D/holders/carla/auth.pem")
claire=$(serial_of "$D/officers/claire/cert.pem")
A="serial = x'$alice'" B="serial = x'$bruno'" C="serial = x'$claire'"
order_of() { get "SELECT name FROM orders WHERE id = (SELECT order_id FROM certificate WHERE serial = x'$1')"; }
order=$(order_of "$alice")
carlas=$(order_of "$carla")
O="name = '$order'"
entry_of() { get "SELECT log_index FROM orders WHERE name = '$1'"; }
entry=$(entry_of "$order")
bruno_revoked=$(get "SELECT o.name FROM revocation r JOIN orders o ON o.id = r.order_id WHERE r.$B")
invitation=$(get "SELECT name FROM orders WHERE action = 3 LIMIT 1")
last=$(get "SELECT max(number) FROM crl WHERE issuer = 2")
L="issuer = 2 AND number = $last"
size=$(get "SELECT max(id) + 1 FROM entry")

# issuer
sql 'issuer 2: \[29\]' "issuer: the end moved" "UPDATE issuer SET not_after = not_after + 1 WHERE id = 2"
sql '(ca.pem|issuer 2).*\[29\]' "issuer: another certificate" \
	"UPDATE issuer SET der = (SELECT der FROM certificate WHERE $C) WHERE id = 2"
sql 'issuer 3: \[29\]' "issuer: a third one" "INSERT INTO issuer SELECT 3, not_after, der FROM issuer WHERE id = 2"
sql 'issuers: .*no issuer 1' "issuer: the root removed" "DELETE FROM issuer WHERE id = 1"

# entry
sql "log hash 0/$entry: \[80\]" "entry: a text changed" \
	"UPDATE entry SET entry = CAST(replace($(text entry), '\"action\":\"issue\"', '\"action\":\"ISSUE\"') AS BLOB) WHERE id = $entry"
sql "log entry $entry: \[77\]" "entry: the time beside it moved" "UPDATE entry SET at = at + 1 WHERE id = $entry"
sql "log entry $entry" "entry: removed from the middle" "DELETE FROM entry WHERE id = $entry"
sql "checkpoint $size: \[81\]" "entry: the last one removed" "DELETE FROM entry WHERE id = $size - 1"
sql 'log: \[81\] 1 entries at the end' "entry: one more" "INSERT INTO entry SELECT max(id) + 1, at, entry FROM entry"
sql 'log hash 0/7: \[80\]' "entry: two exchanged" "UPDATE entry SET id = -1 WHERE id = 7;
	UPDATE entry SET id = 7 WHERE id = 8; UPDATE entry SET id = 8 WHERE id = -1"

# hash
sql 'log hash 0/9: \[80\]' "hash: a leaf changed" "UPDATE hash SET hash = zeroblob(32) WHERE level = 0 AND position = 9"
sql 'log hash 8/0: \[80\]' "hash: the root of a tile changed" "UPDATE hash SET hash = zeroblob(32) WHERE level = 8"
sql 'log hash 3/2: .*no ' "hash: removed" "DELETE FROM hash WHERE level = 3 AND position = 2"
sql 'log hash 3/2000: \[80\]' "hash: one more" "INSERT INTO hash VALUES (3, 2000, zeroblob(32))"
sql 'log hash 1/4000: \[80\]' "hash: moved" "UPDATE hash SET position = 4000 WHERE level = 1 AND position = 4"

# checkpoint
last_note="size = (SELECT max(size) FROM checkpoint)"
sql "checkpoint $size: \[82\]" "checkpoint: signature changed" "UPDATE checkpoint SET note =
	CAST(substr($(text note), 1, length($(text note)) - 10) || iif(substr($(text note), -10, 1) = 'A', 'B', 'A')
	|| substr($(text note), -9) AS BLOB) WHERE $last_note"
sql "checkpoint $size: \[82\]" "checkpoint: another root" "UPDATE checkpoint SET note =
	CAST(replace($(text note), substr($(text note), -150, 3),
	iif(substr($(text note), -150, 3) = 'AAA', 'BBB', 'AAA')) AS BLOB) WHERE $last_note"
sql 'checkpoint [0-9]+: \[81\] is signed over' "checkpoint: of another size" "UPDATE checkpoint SET size = size - 1
	WHERE size = (SELECT min(size) FROM checkpoint c WHERE NOT EXISTS (SELECT 1 FROM checkpoint WHERE size = c.size - 1))"
sql 'log: \[81\]' "checkpoint: the last one removed" "DELETE FROM checkpoint WHERE $last_note"

# orders
sql "(log entry $entry.*$order|$order.*another)" "order: removed" "DELETE FROM orders WHERE $O"
sql "log entry $entry: \[213\].*$order" "order: renamed" "UPDATE orders SET name = 'O-00000000000000000000000000000000' WHERE $O"
sql "$order: \[35\]" "order: made one to renew" "UPDATE orders SET action = 1 WHERE $O"
sql "$order: \[" "order: made an invitation" "UPDATE orders SET action = 3 WHERE $O"
sql "$order: \[35\]" "order: another holder" "UPDATE orders SET holder = (SELECT holder FROM orders WHERE name = '$carlas') WHERE $O"
sql "$order: \[35\]" "order: another digest" "UPDATE orders SET digest = zeroblob(32) WHERE $O"
sql "$order: \[35\]" "order: a second later" "UPDATE orders SET committed = committed + 1000 WHERE $O"
sql "$order: \[35\]" "order: another log entry" "UPDATE orders SET log_index = log_index + 1 WHERE $O"
sql "$order: \[35\]" "order: an octet changed" "UPDATE orders SET cms = CAST(substr(cms, 1, 300) ||
	iif(substr(cms, 301, 1) = x'00', x'01', x'00') || substr(cms, 302) AS BLOB) WHERE $O"
sql "$order: \[210\]" "order: an octet changed, and the digest with it" "UPDATE orders SET cms = readfile('$D/bent.p7s'),
	digest = x'$(get "SELECT writefile('$D/bent.p7s', CAST(substr(cms, 1, 300) || iif(substr(cms, 301, 1) = x'00', x'01', x'00') ||
		substr(cms, 302) AS BLOB)) FROM orders WHERE $O" >/dev/null && sha256sum <"$D/bent.p7s" | cut -d' ' -f1)' WHERE $O"
sql "$order: \[" "order: two exchange their places" "UPDATE orders SET id = 0 WHERE $O;
	UPDATE orders SET id = (SELECT order_id FROM certificate WHERE $A) WHERE name = '$carlas';
	UPDATE orders SET id = (SELECT order_id FROM certificate WHERE serial = x'$carla') WHERE $O"
sql "O-dead: \[35\]" "order: used twice" "INSERT INTO orders SELECT (SELECT max(id) + 1 FROM orders), 'O-dead', 0, holder, zeroblob(32),
	committed, log_index, cms FROM orders WHERE $O"
sql "$invitation" "invitation: removed" "DELETE FROM orders WHERE name = '$invitation'"
sql "I-dead: \[206\]|the invitation $invitation" "invitation: renamed, so that it counts again" \
	"UPDATE orders SET name = 'I-dead' WHERE name = '$invitation'"
sql "$invitation: \[206\]" "invitation: another time" "UPDATE orders SET committed = committed - 1 WHERE name = '$invitation'"
sql "$invitation: \[" "invitation: given to another order" "UPDATE orders SET log_index = $(entry_of "$carlas") WHERE name = '$invitation'"

# certificate
flip="CAST(substr(der, 1, 400) || iif(substr(der, 401, 1) = x'00', x'01', x'00') || substr(der, 402) AS BLOB)"
sql "serial $alice: \[" "certificate: an octet changed" "UPDATE certificate SET der = $flip WHERE $A"
sql "(serial .*$alice|$order: \[35\])" "certificate: removed" "DELETE FROM certificate WHERE $A"
sql "serial 01: \[35\]" "certificate: another serial" "UPDATE certificate SET serial = x'01' WHERE $A"
sql "serial $alice: \[35\]" "certificate: another holder" "UPDATE certificate SET holder =
	(SELECT holder FROM certificate WHERE serial = x'$carla') WHERE $A"
sql "serial $alice: \[35\]" "certificate: another profile" "UPDATE certificate SET profile = 'holder-signature' WHERE $A"
sql "serial $alice: \[35\]" "certificate: another order" "UPDATE certificate SET order_id =
	(SELECT id FROM orders WHERE name = '$carlas') WHERE $A"
sql "serial $alice: \[" "certificate: no order" "UPDATE certificate SET order_id = NULL WHERE $A"
for column in name_hash key_hash; do
	sql "serial $alice: \[35\]" "certificate: another $column" "UPDATE certificate SET $column = zeroblob(32) WHERE $A"
done
for column in not_before not_after; do
	sql "serial $alice: \[35\]" "certificate: another $column" "UPDATE certificate SET $column = $column - 1 WHERE $A"
done
sql "serial $alice: \[" "certificate: another end of the document" "UPDATE certificate SET document_end = document_end + 86400 WHERE $A"
sql "serial $alice: \[35\]" "certificate: issued at another time" "UPDATE certificate SET issued = issued - 1 WHERE $A"
sql "serial $alice: \[52\]" "certificate: another partition" "UPDATE certificate SET partition = 3 - partition WHERE $A"
sql "serial $alice: \[29\]" "certificate: another issuer" "UPDATE certificate SET issuer = 1 WHERE $A"
sql "serial $alice: \[" "certificate: another number" "UPDATE certificate SET id = id + 1000 WHERE $A"
sql "serial .*$claire|signer $claire" "officer: removed" "DELETE FROM certificate WHERE $C"
sql "serial $claire: \[35\]" "officer: another role" \
	"UPDATE certificate SET profile = 'officer-security' WHERE $C"
sql "serial $claire: \[35\]" "officer: an end of a document" "UPDATE certificate SET document_end = not_after WHERE $C"
sql "serial $claire: \[35\]" "officer: another time of issue" "UPDATE certificate SET issued = issued + 5 WHERE $C"
sql "$order: \[205\]" "officer: revoked before the order" "INSERT INTO revocation SELECT c.id, 2,
	(SELECT max(position) + 1 FROM revocation WHERE issuer = 2), 4, r.order_id, r.reported, 1000, c.serial, c.not_after, c.partition
	FROM certificate c, revocation r WHERE c.$C LIMIT 1"
sql "serial $alice: \[15\]" "certificate: the name given to another holder" "UPDATE certificate SET name_hash =
	(SELECT name_hash FROM certificate WHERE $A) WHERE serial = x'$carla'"

# identifier
of_alice="holder = (SELECT holder FROM certificate WHERE $A)"
sql "serial $alice: \[35\]" "identifier: removed" "DELETE FROM identifier WHERE $of_alice"
sql "serial $alice: \[35\]" "identifier: another one" "UPDATE identifier SET key = 'PASFR0' WHERE $of_alice"
sql "identifier of H-.*: \[35\]" "identifier: given to another holder too" "INSERT INTO identifier SELECT key,
	(SELECT holder FROM certificate WHERE serial = x'$carla'), 0 FROM identifier WHERE $of_alice"
sql "identifier of H-.*: \[35\]" "identifier: said to be shared" "UPDATE identifier SET shared = 1 WHERE $of_alice"
sql "identifier of H-dead: \[35\]" "identifier: of nobody" "INSERT INTO identifier VALUES ('PASFR0', 'H-dead', 0)"

# name
sql "serial $alice: \[35\]" "name: removed" "DELETE FROM name WHERE holder = (SELECT holder FROM certificate WHERE $A)"
sql "serial $alice: \[35\]" "name: another key" "UPDATE name SET key = zeroblob(32) WHERE holder = (SELECT holder FROM certificate WHERE $A)"
sql "serial $alice: \[15\]" "name: given to another holder too" "INSERT INTO name SELECT key,
	(SELECT holder FROM certificate WHERE serial = x'$carla'), 0 FROM name WHERE holder = (SELECT holder FROM certificate WHERE $A)"
sql "name of H-.*: \[15\]" "name: said to be shared" "UPDATE name SET shared = 1 WHERE holder = (SELECT holder FROM certificate WHERE $A)"
sql "name of H-dead: \[15\]" "name: of nobody" "INSERT INTO name VALUES (zeroblob(32), 'H-dead', 0)"

# revocation
sql "$bruno_revoked: \[58\]" "revocation: removed" "DELETE FROM revocation WHERE $B"
sql "\[(58|76|57)\]" "revocation: the last ones removed" "DELETE FROM revocation WHERE position =
	(SELECT max(position) FROM revocation WHERE issuer = 2)"
sql "revocation of $bruno: \[47\]" "revocation: another reason" "UPDATE revocation SET reason = 4 WHERE $B"
sql "revocation of $bruno: \[47\]" "revocation: another order" "UPDATE revocation SET order_id =
	(SELECT max(order_id) FROM revocation) WHERE $B"
sql "revocation of $bruno: \[47\]" "revocation: reported earlier" "UPDATE revocation SET reported = reported - 1 WHERE $B"
sql "revocation of $bruno: \[47\]" "revocation: committed earlier" "UPDATE revocation SET committed = committed - 1 WHERE $B"
sql "revocation of .*: \[213\]" "revocation: another place" "UPDATE revocation SET position = 77 WHERE $B"
sql "revocation of .*: \[213\]" "revocation: two exchange their places" "UPDATE revocation SET position = -position;
	UPDATE revocation SET position = iif(position = -1, 4, iif(position = -4, 1, -position))"
sql "revocation.*TAMPERED|revocation" "revocation: another serial" "UPDATE revocation SET serial = x'01' WHERE $B"
sql "revocation" "revocation: another end" "UPDATE revocation SET not_after = 1 WHERE $B"
sql "revocation" "revocation: another partition" "UPDATE revocation SET partition = 3 - partition WHERE $B"
sql "revocation of $bruno: \[47\].*another issuer" "revocation: another issuer" "UPDATE revocation SET issuer = 1, position = 1 WHERE $B"
sql "revocation of $alice: \[47\]" "revocation: invented" "INSERT INTO revocation SELECT c.id, r.issuer,
	(SELECT max(position) + 1 FROM revocation WHERE issuer = 2), r.reason, r.order_id, r.reported, r.committed,
	c.serial, c.not_after, c.partition FROM certificate c, revocation r WHERE c.$A AND r.$B"
sql "revocation" "revocation: of another certificate" "UPDATE revocation SET (certificate, serial, not_after, partition) =
	(SELECT id, serial, not_after, partition FROM certificate WHERE $A) WHERE $B"

# CRL
sql "CRL $last of issuer 2" "CRL: the last one removed" "DELETE FROM publication WHERE $L; DELETE FROM crl WHERE $L"
sql "CRL 3 of issuer 2" "CRL: one from the middle removed" "DELETE FROM publication WHERE issuer = 2 AND number = 2;
	DELETE FROM crl WHERE issuer = 2 AND number = 2"
sql "CRL $last of issuer 2|CRL $((last + 1)) of issuer 2" "CRL: another number" "DELETE FROM publication WHERE $L;
	UPDATE crl SET number = number + 1 WHERE $L"
sql "CRL $last of issuer 2: \[49\]" "CRL: thisUpdate moved" "UPDATE crl SET this_update = this_update + 1 WHERE $L"
sql "CRL $last of issuer 2: \[49\]" "CRL: nextUpdate moved" "UPDATE crl SET next_update = next_update + 1 WHERE $L"
sql "the CRL $last of issuer 2" "CRL: committed at another time" "UPDATE crl SET committed = committed + 1 WHERE $L"
sql "CRL $last of issuer 2: \[" "CRL: over fewer revocations" "UPDATE crl SET revocations = revocations - 1 WHERE $L"
sql "CRL $last of issuer 2: \[" "CRL: over more revocations" "UPDATE crl SET revocations = revocations + 1 WHERE $L"
sql "CRL $last of issuer 2: \[" "CRL: an octet changed" "UPDATE crl SET der = CAST(substr(der, 1, 60) ||
	iif(substr(der, 61, 1) = x'00', x'01', x'00') || substr(der, 62) AS BLOB) WHERE $L"
sql "CRL $last of issuer 2: \[52\]" "CRL: another partition" "UPDATE crl SET partition = (partition + 1) % 3 WHERE $L"
sql "CRL $last of issuer 2: \[(56|57)\]" "CRL: expired ones let go earlier" "UPDATE crl SET cutoff = this_update WHERE $L"
sql "CRL $last of issuer 2: \[(56|57)\]" "CRL: expired ones kept" "UPDATE crl SET cutoff = 0 WHERE $L"
sql "CRL $last of issuer 2: \[57\]" "CRL: expired ones kept for longer" "UPDATE crl SET cutoff = 1 WHERE $L"
sql "the CRL $last of issuer 2" "publication: removed" "DELETE FROM publication WHERE $L"
sql "the CRL $last of issuer 2" "publication: earlier" "UPDATE publication SET published = published - 500 WHERE $L"
sql "CRLs: \[77\]|database: .*: publication" "publication: invented" "INSERT INTO publication SELECT issuer, number, committed FROM crl c
	WHERE NOT EXISTS (SELECT 1 FROM publication p WHERE p.issuer = c.issuer AND p.number = c.number) LIMIT 1;
	INSERT OR IGNORE INTO publication VALUES (2, 99, 1)"
sql "\[52\]" "partitioning: removed" "DELETE FROM partitioning"
sql "\[52\]" "partitioning: other lists" "UPDATE partitioning SET lists = 3"
sql "\[52\]" "partitioning: elsewhere" "UPDATE partitioning SET base = 'http://127.0.0.1/other/'"

# the schema: what refuses, and what is none of ours
schema() {
	fresh
	sqlite3 "$D/c/ledger.db" "$3" >"$D/sql.log" 2>&1 || echo "# SQL failed: $(head -n 1 "$D/sql.log")"
	found 18 "$1" "$2"
}
schema 'trigger revocation_no_delete: \[213\]' "schema: a trigger dropped" "DROP TRIGGER revocation_no_delete"
schema 'trigger orders_no_update: \[213\]' "schema: a trigger that refuses nothing" "DROP TRIGGER orders_no_update;
	CREATE TRIGGER orders_no_update BEFORE UPDATE ON orders BEGIN SELECT 1; END"
schema 'trigger helpful: \[213\]' "schema: a trigger that helps" "CREATE TRIGGER helpful AFTER INSERT ON orders BEGIN SELECT 1; END"
schema 'index crl_last: \[213\]' "schema: an index dropped" "DROP INDEX crl_last"
schema 'table notes: \[213\]' "schema: a table more" "CREATE TABLE notes (text TEXT)"
schema 'view valid: \[213\]' "schema: a view" "CREATE VIEW valid AS SELECT * FROM certificate"
schema 'table certificate: \[213\]' "schema: a column more" "ALTER TABLE certificate ADD COLUMN remark TEXT"
schema 'table crl: \[213\]' "schema: a constraint taken out" "PRAGMA writable_schema = ON; UPDATE sqlite_schema
	SET sql = replace(sql, 'CHECK (this_update < next_update)', 'CHECK (1)') WHERE name = 'crl'"

# published files
tile=$(cd "$D/base" && find pub/log/tile/0 -type f | sort -V | tail -n 1)
bundle=$(cd "$D/base" && find pub/log/tile/entries -type f | sort -V | tail -n 1)
upper=$(cd "$D/base" && find pub/log/tile/1 -type f | tail -n 1)
files 18 'published tile 0/0: \[83\]' "a full tile changed" "flip pub/log/tile/0/000 77"
files 18 'published tile 0/1: \[83\]' "a partial tile changed" "flip $tile 3"
files 18 'published tile 1/0: \[83\]' "a tile of the next level changed" "flip $upper 3"
files 18 'published entries 0: \[83\]' "a full bundle of entries changed" "flip pub/log/tile/entries/000 77"
files 18 'published entries 1: \[83\]' "a partial bundle changed" "flip $bundle 40"
files 18 'published tile 0/1: \[83\]' "a tile of an older checkpoint changed" "head -c 96 $tile >${tile%/*}/3 && flip ${tile%/*}/3 80"
files 18 'published tile 0/0: \[83\]' "a tile cut off" "truncate -s 8000 pub/log/tile/0/000"
files 18 'published entries 1: \[83\]' "a bundle longer" "echo >>$bundle"
files 17 'published tile 0/0: \[83\]' "a tile gone" "rm pub/log/tile/0/000"
files 17 'published entries 1: \[83\]' "a bundle gone" "rm $bundle"
files 18 'log/checkpoint: \[82\]' "the checkpoint changed" "flip pub/log/checkpoint 30"
files 17 'log/checkpoint' "the checkpoint gone" "rm pub/log/checkpoint"
files 18 'checkpoint [0-9]+: |log/vkey' "another log's key" "sed -i 's/[^A]\$/A/;t;s/A\$/B/' pub/log/vkey"
files 18 'root.crl: \[76\]' "the root's CRL changed" "flip pub/root.crl 60"
files 18 'ca.crl: \[76\]' "the full CRL changed" "flip pub/ca.crl 60"
files 18 'crl/1.crl: \[76\]' "a partition's CRL changed" "flip pub/crl/1.crl 60"
files 18 'crl/1.crl: \[76\]' "a partition's CRL in the place of another's" "cp pub/crl/2.crl pub/crl/1.crl"
files 17 'ca.crl: \[76\].*earlier' "an older CRL put back" "cp ../old/pub/ca.crl pub/ca.crl"
files 17 'ca.crl' "the full CRL gone" "rm pub/ca.crl"
files 18 'root.pem: \[29\]' "another root" "cp pub/ca.pem pub/root.pem"
files 18 'ca.pem: \[29\]' "another CA" "cp pub/seal.pem pub/ca.pem"
files 18 'ca.crt: \[29\]' "another CA to fetch" "cp pub/root.crt pub/ca.crt"
files 18 'root.crt: \[29\]' "another root to fetch" "flip pub/root.crt 200"
files 18 'seal.pem: \[35\]' "another seal" "cp pub/ocsp.pem pub/seal.pem"
files 18 'ocsp.pem: \[35\]' "another responder" "cp pub/seal.pem pub/ocsp.pem"
files '18|8' 'log entry 0: \[77\].*policy' "the policy changed" "sed -i 's/36/37/;s/3y/4y/' policy/holder-signature.yaml; echo '#' >>policy/rules.yaml"
files 18 'terms-1.0.txt: \[211\]' "the terms of use changed" "sed -i s/is/was/ policy/terms-1.0.txt"
fresh
sed -i 's/[^A]$/A/;t;s/A$/B/' "$D/c/pub/log/vkey"
found 18 'log/vkey: \[82\]' "another log's key, where the auditor has the true one" --vkey "$D/trusted.vkey"

# with the CA's key stolen, but not the log's
ca_key=(-passin "pass:$(custody_secret)")
openssl pkey -in "$D/state/keys/ca.key" "${ca_key[@]}" -out "$D/stolen.key"
# certified NAME OPTION...: $D/NAME.der, for a new key, by the CA's own
certified() {
	local name=$1
	shift
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj /CN=x -keyout "$D/$name.key" 2>/dev/null |
		openssl x509 -req -CA "$D/pub/ca.pem" -CAkey "$D/stolen.key" -days 30 -outform DER -out "$D/$name.der" "$@" 2>/dev/null
}
printf 'keyUsage=critical,digitalSignature\n' >"$D/ext"
certified second -set_serial 0x4d00000000000000000000000000000000000001 -extfile "$D/ext"
sql "serial 4d0+1: \[35\]" "CA's key: another certificate under a used order" "INSERT INTO certificate
	SELECT (SELECT max(id) + 1 FROM certificate), issuer, x'4d00000000000000000000000000000000000001', holder, profile,
	order_id, name_hash, zeroblob(32), not_before, not_after, document_end, issued, readfile('$D/second.der'), partition
	FROM certificate WHERE $A"
certified third -set_serial "0x$claire" -extfile "$D/ext"
sql "serial $claire: \[35\]" "CA's key: another certificate of an officer, under her serial" \
	"UPDATE certificate SET der = readfile('$D/third.der') WHERE $C"
# a full list without Bruno, of the same number and dates
full=$(get "SELECT max(number) FROM crl WHERE issuer = 2 AND partition = 0")
zulu() { date -ud "@$1" +%y%m%d%H%M%SZ; }
get "SELECT serial, committed, not_after FROM (SELECT lower(hex(serial)) AS serial, committed / 1000 AS committed, not_after
	FROM revocation WHERE issuer = 2)" | while IFS='|' read -r serial at end; do
	[ "$serial" = "$bruno" ] || printf 'R\t%s\t%s\t%s\tunknown\t/CN=x\n' "$(zulu "$end")" "$(zulu "$at")" "${serial^^}"
done >"$D/index.txt"
printf '%02X\n' "$full" >"$D/crlnumber"
printf '[ca]\ndefault_ca=d\n[d]\ndatabase=%s/index.txt\ncrlnumber=%s/crlnumber\ndefault_md=sha256\ncrl_extensions=e\n[e]\nauthorityKeyIdentifier=keyid:always\n' \
	"$D" "$D" >"$D/ca.cnf"
forged_crl() { # forged_crl FROM UNTIL: $D/forged.crl, of the next number in $D/crlnumber
	openssl ca -config "$D/ca.cnf" -gencrl -cert "$D/pub/ca.pem" -keyfile "$D/stolen.key" -crl_lastupdate "$(zulu "$1")" \
		-crl_nextupdate "$(zulu "$2")" 2>"$D/out" | openssl crl -outform DER -out "$D/forged.crl"
}
dates=$(get "SELECT this_update || ' ' || next_update FROM crl WHERE issuer = 2 AND number = $full")
forged_crl "${dates% *}" "${dates#* }"
fresh
apply "UPDATE crl SET der = readfile('$D/forged.crl') WHERE issuer = 2 AND number = $full"
cp "$D/forged.crl" "$D/c/pub/ca.crl"
found 18 "log entry [0-9]+: \[35\].*CRL $full of issuer 2" "CA's key: a list signed again without one entry"
found 18 "CRL $full of issuer 2: \[57\] lacks $bruno" "... of which the entry is missed"
echo 7000 >"$D/crlnumber"
ok "a CRL that the ledger never had, well signed" forged_crl $(($(date +%s) + 3600)) $(($(date +%s) + 86400))
fresh
cp "$D/forged.crl" "$D/c/pub/ca.crl"
found 18 'ca.crl: \[76\]' "rule 76: ... of a time to come, is not taken for one made since"

# with the tree computed afresh, but without the log's key
retreed() {
	sqlite3 "$D/c/ledger.db" "SELECT hex(entry) FROM entry ORDER BY id" | tests/system/retree.pl "$D/c/pub/log/tile" >"$D/tree.sql"
	apply "DELETE FROM hash; $(cat "$D/tree.sql")"
}
fresh
retreed
ok "the same tree computed afresh is in order" audit_copy
fresh
apply "UPDATE entry SET entry = CAST(replace($(text entry), 'pki-ca', 'pki-cb') AS BLOB) WHERE id = 3"
retreed
found 18 'checkpoint [0-9]+: \[81\] is signed over another root' "insider: an entry changed, tree and tiles with it"
while read -r from to title; do
	fresh
	apply "UPDATE entry SET entry = CAST(replace($(text entry), '$from', '$to') AS BLOB)
		WHERE $(text entry) LIKE '%application-verified%'"
	retreed
	found 18 'log entry [0-9]+: \[122\]' "rule 122: $title"
done <<'END'
"method": "who":"alice","method": an entry with a further member
in-person alice-martin a word that the policy does not list
,"version":2} } an entry without a version after one with a version
"version":2 "version":3 an entry of a version to come
"version":2 "version":2,"who":"alice" a further member beside the six
END
fresh
apply "UPDATE publication SET published = (SELECT committed FROM crl c WHERE c.issuer = 2 AND c.number = 2) - 1000
		WHERE issuer = 2 AND number = 2;
	UPDATE entry SET entry = CAST(json_set($(text entry), '\$.detail.published', (SELECT
		strftime('%Y-%m-%dT%H:%M:%fZ', published / 1000.0, 'unixepoch') FROM publication WHERE issuer = 2 AND number = 2))
		AS BLOB) WHERE $(text entry) LIKE '%\"issuer\":2,\"number\":2,\"published\"%'"
retreed
found 18 'log entry [0-9]+: \[35\].*before its commit' "rule 35: a publication before the commit"
fresh
apply "DELETE FROM certificate WHERE order_id = (SELECT id FROM orders WHERE $O); DELETE FROM orders WHERE $O;
	DELETE FROM entry WHERE id = $entry; UPDATE entry SET id = -id WHERE id > $entry; UPDATE entry SET id = -id - 1 WHERE id < 0;
	UPDATE orders SET log_index = log_index - 1 WHERE log_index > $entry"
retreed
found 18 'checkpoint [0-9]+: \[81\]' "insider: an order, its certificates and entry removed, the rest moved up"
found 18 '\[213\] another (order|certificate)' "... and the gap is seen"
fresh
apply "DELETE FROM checkpoint WHERE size > $entry; DELETE FROM entry WHERE id >= $entry;
	DELETE FROM publication WHERE published > (SELECT max(at) FROM entry); DELETE FROM crl WHERE committed > (SELECT max(at) FROM entry);
	DELETE FROM revocation WHERE committed > (SELECT max(at) FROM entry);
	DELETE FROM certificate WHERE issued > (SELECT max(at) FROM entry); DELETE FROM orders WHERE log_index >= $entry"
retreed
found 18 'log/checkpoint: \[81\].*old copy' "insider: the ledger wound back to a moment, but for what is published"

# an older backup
files 18 'log/checkpoint: \[81\].*old copy' "an older ledger under newer files" "cp ../old/ledger.db ."
files 17 'ca.crl: \[76\].*earlier' "older files over a newer ledger" "rm -r pub && cp -r ../old/pub ."
files 18 'log/checkpoint: \[81\]' "an older ledger and older tiles, newer checkpoint" \
	"cp ../old/ledger.db . && cp pub/log/checkpoint . && rm -r pub/log && cp -r ../old/pub/log pub/ && mv checkpoint pub/log/"
rm -rf "$D/c" && cp -r "$D/old" "$D/c"
ok "everything older is in order by itself" audit_copy
found 18 'log/checkpoint: \[81\].*old copy' "... but not before an auditor who kept a checkpoint" \
	--checkpoint "$D/base/pub/log/checkpoint"

# the applications store, which only its owner can read, against the log
sed "s|^state: .*|state: $D/c|; s|^ra: .*|ra: { store: $D/c/ra }|" "$D/pki.yaml" >"$D/c.yaml"
reconcile() { pki-ra reconcile --config "$D/c.yaml" >"$D/out" 2>&1; }
store() { # store SAYS TITLE SQL [COMMAND]
	local status
	fresh
	sqlite3 "$D/c/ra/applications.db" "PRAGMA foreign_keys = OFF; $(sqlite3 "$D/base/ra/applications.db" "SELECT
		'DROP TRIGGER ' || name || ';' FROM sqlite_schema WHERE type = 'trigger'") $3" >"$D/sql.log" 2>&1 ||
		echo "# SQL failed: $(head -n 1 "$D/sql.log")"
	(cd "$D/c/ra" && eval "${4:-:}") || echo "# command failed"
	reconcile
	status=$?
	[ $status = 18 ] && grep -qE -- "$1" "$D/out"
	result $? "$2"
}
in_store() { sqlite3 "$D/base/ra/applications.db" "$1"; }
fresh
ok "the untouched store is in order" reconcile
first=$(in_store "SELECT id FROM application WHERE renewal = 0 ORDER BY seq LIMIT 1")
second=$(in_store "SELECT id FROM application WHERE renewal = 0 ORDER BY seq LIMIT 1 OFFSET 1")
invited=$(in_store "SELECT id FROM invitation WHERE application = '$first'")
store "$first: .*no longer in the store" "store: an application removed" "DELETE FROM application WHERE id = '$first'"
store "$first: .*earlier step" "store: an application wound back" "UPDATE application SET state = 0 WHERE id = '$first'"
store "$first: .*another holder" "store: an application given to another holder" \
	"UPDATE application SET holder = (SELECT holder FROM application WHERE id = '$second') WHERE id = '$first'"
store "$first: .*" "store: another order" "UPDATE application SET order_id = 'O-dead' WHERE id = '$first'"
store "A-dead: .*not in the log" "store: an application invented" "INSERT INTO application SELECT 1000, 'A-dead', renewal, state,
	holder, invitation, order_id, verified_by, approved_by, created, changed FROM application WHERE id = '$first'"
for part in record order; do
	store "$first: " "store: its $part changed" "UPDATE part SET sealed = CAST(substr(sealed, 1, 40) ||
		iif(substr(sealed, 41, 1) = x'00', x'01', x'00') || substr(sealed, 42) AS BLOB) WHERE application = '$first' AND name = '$part'"
	store "$first: " "store: its $part exchanged for another's" "UPDATE part SET sealed = (SELECT sealed FROM part
		WHERE application = '$second' AND name = '$part') WHERE application = '$first' AND name = '$part'"
	store "$first: " "store: its $part removed" "DELETE FROM part WHERE application = '$first' AND name = '$part'"
done
store "$first: " "store: its holder's key exchanged for another's" "UPDATE holder SET wrapped_key = (SELECT wrapped_key FROM holder
	WHERE id <> h.id) FROM (SELECT holder AS id FROM application WHERE id = '$first') h WHERE holder.id = h.id"
store "$invited: " "store: an invitation removed" "DELETE FROM invitation WHERE id = '$invited'"
store "$invited: .*differs from the invitation" "store: another invitation" "UPDATE invitation SET cms = (SELECT cms FROM invitation
	WHERE id <> '$invited') WHERE id = '$invited'"
store "$first: " "store: evidence changed" "" "flip evidence/$first/0 40"
store "$first: " "store: evidence exchanged for another's" "" "cp evidence/$second/0 evidence/$first/0"
store "$first: " "store: evidence removed" "" "rm evidence/$first/0"
store "A-.*: .*no longer in the store" "store: an older backup" "" "cp -r ../../old/ra/. ."

# what is no file, no ledger, or endless: an error that says so, soon
# odd TITLE COMMAND [STATUS...]: within the copy
odd() {
	local title=$1 command=$2 status
	shift 2
	fresh
	(cd "$D/c" && eval "$command") || echo "# command failed"
	audit_copy
	status=$?
	if [[ " ${*:-3 6 8 17 18} " = *" $status "* ]] && { [ $status = 0 ] || [ -s "$D/out" ]; }; then
		result 0 "$title"
	else
		echo "exit $status" >>"$D/out"
		result 1 "$title"
	fi
}
odd "ledger: empty" ": >ledger.db"
for size in 1 99 100 512 4096 20000 100000; do odd "ledger: $size octets" "truncate -s $size ledger.db"; done
odd "ledger: a folder" "rm ledger.db; mkdir ledger.db"
odd "ledger: a FIFO" "rm ledger.db; mkfifo ledger.db"
odd "ledger: a link to itself" "rm ledger.db; ln -s ledger.db ledger.db"
odd "ledger: a device" "ln -sf /dev/zero ledger.db"
odd "ledger: a link to the ledger" "mv ledger.db elsewhere; ln -s elsewhere ledger.db" 0
odd "ledger: noise" "head -c 300000 /dev/urandom >ledger.db"
odd "ledger: zeros behind it, 8 GB" "truncate -s 8G ledger.db" 0 18
odd "ledger: a FIFO for its WAL" "mkfifo ledger.db-wal"
odd "ledger: a folder for its WAL" "mkdir ledger.db-wal"
odd "ledger: noise for its WAL" "head -c 300000 /dev/urandom >ledger.db-wal" 0 18
odd "ledger: noise for its WAL's index" "head -c 32768 /dev/urandom | tee ledger.db-wal >ledger.db-shm" 0 6 12 18
odd "ledger: another database" "rm ledger.db; sqlite3 ledger.db 'CREATE TABLE entry (id)'"
for file in log/checkpoint log/vkey log/tile/0/000 log/tile/entries/000 ca.crl root.pem root.crt; do
	odd "$file: empty" ": >pub/$file"
	odd "$file: a folder" "rm pub/$file; mkdir pub/$file"
	odd "$file: a FIFO" "rm pub/$file; mkfifo pub/$file"
	odd "$file: a link to itself" "rm pub/$file; ln -s ${file##*/} pub/$file"
	odd "$file: endless" "rm pub/$file; ln -s /dev/zero pub/$file" 3 4 6 8 17 18
	odd "$file: 8 GB" "truncate -s 8G pub/$file" 3 4 6 8 17 18
done
odd "policy: empty" ": >policy/rules.yaml" 5
odd "policy: a FIFO" "rm policy/rules.yaml; mkfifo policy/rules.yaml" 5
odd "policy: a folder" "rm policy/rules.yaml; mkdir policy/rules.yaml" 5 6
odd "policy: gone" "rm -r policy" 5 6
odd "names of partial tiles that are none" "mkdir pub/log/tile/0/000.p && cd pub/log/tile/0/000.p && : >-1 && : >0 && : >256 && : >99999999999999999999 && : >\$'\\xff\\n' && mkdir 7" 8 17 18
odd "a policy of a name that is no UTF-8" "cp policy/root.yaml policy/\$'\\xff.yaml'" 3 5 8
fresh
rm "$D/c/pub/ca.crl"
rm -rf "$D"/c-$'\xff'
mv "$D/c" "$D"/c-$'\xff'
pki-audit verify --json --ledger "$D"/c-$'\xff/ledger.db' --publish "$D"/c-$'\xff/pub' --policy "$D"/c-$'\xff/policy' >"$D/out" 2>&1
ok "a finding in a folder whose name is no UTF-8 is in the report" \
	jq -e '.finding_count == 1 and (.findings | length) == 1 and (.findings[0].object | endswith("ca.crl"))' "$D/out"

. tests/system/flips.sh
flips "${FLIPS:-80}" "${SEED:-1}" # others: tests/long
finish
