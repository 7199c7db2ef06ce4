#!/bin/bash
# What pki-audit gives to the outside, read back with other people's tools: every field as SQL has it,
# every certificate and CRL whole; nobody's name unless it is asked for.
. "$(dirname "$0")/lib.sh"
configured() { sed -i 's|^crl: {|crl: { partitions: 2,|' "$PKI_CONFIG"; }
installation
services
enrolled alice Alice Martin 12AB34567 2035-05-01 >"$D/out" 2>&1 && bruno() {
	enrolled bruno Bruno Conti 34CD56789 2034-03-01 && ra emma revoke "$holder" --cause lost-phone
}
ok "two people, one of whom lost the phone" bruno
ok "a refused order" bash -c "! curl -sf --unix-socket $CA_SOCKET -H 'Content-Type: application/pkcs7-mime' \
	--data-binary @$D/pki.yaml http://ca/v1/orders"
pki-crl once >/dev/null
sample_stop "$D"
L=$D/state/ledger.db
E=$D/export
ok "export" pki-audit export --out "$E/"
echo "# $(head -n 1 "$D/out")"

# what SQL says is asked of a copy, which several may read at once
Q=$D/asked.db
sqlite3 "$L" "VACUUM INTO '$Q'"
s() { printf "strftime('%%Y-%%m-%%dT%%H:%%M:%%SZ', %s, 'unixepoch')" "$1"; }
ms() { printf "strftime('%%Y-%%m-%%dT%%H:%%M:%%S', %s / 1000, 'unixepoch') || printf('.%%03dZ', %s %% 1000)" "$1" "$1"; }
digests_of() { # no SHA-256 in Debian's sqlite3: of each blob that it writes, by coreutils
	sqlite3 "$Q" "SELECT writefile('$D/blob.' || printf('%08d', row_number() OVER (ORDER BY $2)), der) FROM $1" >/dev/null
	sha256sum "$D"/blob.* | cut -d' ' -f1
	rm "$D"/blob.*
}
reason="CASE reason WHEN 0 THEN 'unspecified' WHEN 1 THEN 'keyCompromise' WHEN 4 THEN 'superseded' END"
sql() {
	case $1 in
	certificates) sqlite3 "$Q" "SELECT issuer, lower(hex(serial)), profile, c.holder, coalesce(name, ''), $(s not_before),
		$(s not_after), $(ms issued), partition FROM certificate c LEFT JOIN orders o ON o.id = order_id ORDER BY c.id" |
		paste -d'|' - <(digests_of certificate id) ;;
	revocations) sqlite3 "$Q" "SELECT issuer, lower(hex(serial)), $reason, name, $(ms reported), $(ms r.committed), partition
		FROM revocation r JOIN orders o ON o.id = order_id ORDER BY issuer, position" ;;
	orders) sqlite3 "$Q" "SELECT name, CASE action WHEN 0 THEN 'issue' WHEN 2 THEN 'revoke' WHEN 3 THEN 'invite' END,
		holder, lower(hex(digest)), $(ms committed), log_index FROM orders ORDER BY id" ;;
	crls) sqlite3 "$Q" "SELECT l.issuer, l.number, partition, $(s this_update), $(s next_update), $(ms committed),
		$(ms published), revocations, $(s cutoff), length(der)
		FROM crl l LEFT JOIN publication p USING (issuer, number) ORDER BY l.issuer, l.number" |
		paste -d'|' - <(digests_of crl "issuer, number") ;;
	log) sqlite3 "$Q" "SELECT id, $(ms at), entry ->> 'type', entry ->> 'source', entry ->> 'actor', entry -> 'detail'
		FROM (SELECT id, at, CAST(entry AS TEXT) AS entry FROM entry) ORDER BY id" ;;
	esac
}
by_python() {
	python3 -c 'import csv, sys
for row in list(csv.reader(open(sys.argv[1], newline=""), strict=True))[1:]: print("|".join(row))' "$E/$1.csv"
}
by_sqlite() { sqlite3 :memory: ".import --csv $E/$1.csv t" "SELECT * FROM t"; }
by_jq() {
	local columns
	columns=$(head -n 1 "$E/$1.csv" | tr -d '\r' | sed 's/"\([a-z_]*\)"/.\1/g')
	jq -r "[$columns | if type == \"object\" then tojson elif . == null then \"\" else tostring end] | join(\"|\")" "$E/$1.jsonl"
}
for table in certificates revocations orders crls log; do
	sql $table >"$D/sql"
	ok "$table: there are some, $(wc -l <"$D/sql")" test -s "$D/sql"
	for tool in python sqlite jq; do
		by_$tool $table >"$D/$tool"
		ok "... as SQL has them, says $tool" diff "$D/sql" "$D/$tool"
	done
done
ok "lines of CSV end as RFC 4180 says" bash -c "! grep -vq \$'\\r\$' $E/certificates.csv"

# split FILE LABEL: its blocks as $D/block.1 ...; each tool reads each
split() {
	rm -f "$D"/block.*
	awk -v d="$D/block." -v begin="-----BEGIN $2-----" '$0 == begin { n++ } { print > d n }' "$1"
}
digests() { # digests crl|x509
	local n
	for ((n = 1; n <= $(find "$D" -maxdepth 1 -name 'block.*' | wc -l); n++)); do
		openssl "$1" -in "$D/block.$n" -outform DER | sha256sum | cut -d' ' -f1
	done
}
each() {
	local block
	for block in "$D"/block.*; do "$@" "$block" || return; done
}
column() { python3 -c 'import csv, sys
for row in csv.DictReader(open(sys.argv[1], newline="")): print(row[sys.argv[2]])' "$E/$1.csv" "$2"; }
split "$E/crls.pem" "X509 CRL"
ok "crls.pem: every list that was ever issued, in order" diff <(digests crl) <(column crls digest)
ok "... storeutl counts as many" bash -c "openssl storeutl -noout -crls $E/crls.pem | grep -qx 'Total found: $(column crls digest | wc -l)'"
ok "... certtool reads each" each certtool --crl-info --infile
ok "certificates.pem: the CAs' alone" bash -c \
	"openssl storeutl -noout -text -certs $E/certificates.pem | grep -c 'CA:TRUE' | grep -qx 2 && openssl crl2pkcs7 -nocrl -certfile $E/certificates.pem |
	openssl pkcs7 -print_certs | grep -c '^subject' | grep -qx 2"
no "nobody's name is anywhere" grep -rqaiE --exclude='*.pem' 'Martin|Conti|Claire|12AB34567' "$E"
ok "the files are for everybody" test -z "$(find "$E" -type f ! -perm 644 -o -type d ! -perm 755)"

exits 17 "nothing is written over" pki-audit export --out "$E"
exits 2 "no folder" pki-audit export
exits 2 "another format" pki-audit export --out "$D/x" --format xml
exits 6 "a folder in none" pki-audit export --out "$D/none/x"
ok "CSV alone" pki-audit export --out "$D/csv" --format csv
ok "... is that" bash -c "cmp $D/csv/log.csv $E/log.csv && test ! -e $D/csv/log.jsonl"
ok "JSON lines alone, its report JSON too" bash -c "pki-audit export --out $D/jsonl --format jsonl --json |
	jq -e '.certificates_pem == 2 and .log == $(wc -l <"$E/log.jsonl")' && cmp $D/jsonl/log.jsonl $E/log.jsonl && test ! -e $D/jsonl/log.csv"

ok "all certificates, with the names in them" pki-audit export --out "$D/names" --with-names
ok "... for their owner alone" test -z "$(find "$D/names" -perm /077)"
ok "... the tables are the same" bash -c "for f in $E/*.csv $E/*.jsonl; do cmp \$f $D/names/\${f##*/} || exit; done"
split "$D/names/certificates.pem" CERTIFICATE
ok "... every one of them, in order" diff <(digests x509) <(column certificates digest)
ok "... certtool reads each" each certtool --certificate-info --infile
ok "... openssl verifies each" each openssl verify -CAfile "$D/pub/root.pem" -untrusted "$D/pub/ca.pem"

# a ledger of somebody who means harm to him who opens the export
sqlite3 "$L" "VACUUM INTO '$D/c.db'"
triggers=$(sqlite3 "$D/c.db" "SELECT 'DROP TRIGGER ' || name || ';' FROM sqlite_schema WHERE type = 'trigger'")
evil() { # evil TEXT: as the last certificate's profile
	sqlite3 "$D/c.db" "$triggers" 2>/dev/null
	sqlite3 "$D/c.db" "PRAGMA ignore_check_constraints = ON; UPDATE certificate SET profile = $1
		WHERE id = (SELECT max(id) FROM certificate)"
	rm -rf "$D/evil"
	pki-audit export --ledger "$D/c.db" --out "$D/evil"
}
reads() { python3 -c 'import csv, json, sys
last = list(csv.DictReader(open(sys.argv[1] + ".csv", newline=""), strict=True))[-1]["profile"]
exact = [json.loads(line) for line in open(sys.argv[1] + ".jsonl")][-1]["profile"]
print(ascii(last), ascii(exact)); sys.exit((last, exact) != (sys.argv[2], sys.argv[3]))' "$D/evil/certificates" "$1" "$2"; }
n=$'\n'
for start in = + - @ $'\t'; do
	evil "'$start''HYPERLINK'" >/dev/null
	ok "text that begins with $(printf %q "$start") is no formula" reads "'$start'HYPERLINK" "$start'HYPERLINK"
done
evil "'a,\"b\"' || char(13, 10) || ',=c'" >/dev/null
ok "commas, quotes and line ends stay in their field" reads $'a,"b"\r'"$n,=c" $'a,"b"\r'"$n,=c"
exits 18 "text that is not UTF-8 is named" evil "CAST(x'80' AS TEXT)"
sqlite3 "$D/c.db" "PRAGMA ignore_check_constraints = ON; UPDATE orders SET action = 77 WHERE id = 1"
evil "'x'" >/dev/null
ok "an action that is none is none" test "$(head -n 1 "$D/evil/orders.jsonl" | jq .action)" = null

# many rows: memory, an interruption, a full disk
rows=200000
sqlite3 "$D/c.db" "PRAGMA ignore_check_constraints = ON; PRAGMA synchronous = OFF; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $rows)
	INSERT INTO orders (name, action, holder, digest, committed, log_index, cms)
	SELECT 'O-' || printf('%032x', i), 2, '', randomblob(32), 0, 0, x'00' FROM n"
many=(pki-audit export --ledger "$D/c.db" --out "$D/many")
interrupted() {
	"${many[@]}" >"$D/many.log" 2>&1 &
	local pid=$!
	sample_wait "its folder" bash -c "test -d $D/.many.*" && kill -INT "$pid"
	wait "$pid"
	echo $? >"$D/many.status"
	interrupted_well
}
interrupted_well() {
	cat "$D/many.log"
	grep -qx 17 "$D/many.status" && grep -q interrupted "$D/many.log" &&
		[ -z "$(ls -d "$D"/.many.* "$D/many" 2>/dev/null)" ]
}
for _ in 1 2 3 4 5; do # again where it was done before the signal came
	rm -rf "$D/many"
	interrupted >"$D/out" && break
	[ -d "$D/many" ] || break
done
ok "interrupted, it leaves nothing and says so (exit 17)" interrupted_well
if [ -z "${SAN:-}" ]; then
	ok "$rows orders in little memory" bash -c "ulimit -v 120000; ${many[*]}"
else
	ok "$rows orders" "${many[@]}"
fi
ok "... all of them" test "$(wc -l <"$D/many/orders.jsonl")" -gt $rows
if unshare -m true 2>/dev/null; then
	mkdir "$D/small"
	full() {
		unshare -m bash -c "mount -t tmpfs -o size=8m tmpfs $D/small && cd $D/small &&
			pki-audit export --ledger $D/c.db --out x; echo \$?; ls -A $D/small | wc -l" 2>&1
	}
	full >"$D/full"
	ok "a full disk is told (exit 13)" grep -qx 13 "$D/full"
	ok "... and nothing of it is left" test "$(tail -n 1 "$D/full")" = 0
else
	echo "ok $((++tests)) - full disk # SKIP no mount namespaces here"
fi
# a terminal: its bar, which is gone at the end
rm -rf "$D/many"
script -qec "${many[*]}" /dev/null >"$D/tty" </dev/null
ok "a terminal sees a bar" grep -qa 'orders \[#* *\]' "$D/tty"
finish
