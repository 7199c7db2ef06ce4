#!/bin/bash
# CRLs: partitions named by certificates, what rewrites which list, what the gate and a restart keep,
# expired entries dropped or kept, and the last CRL.
. "$(dirname "$0")/lib.sh"
PARTS=4
# with_crl SETTINGS: what stands in pki.yaml's crl besides the address
with_crl() { sed -i "s|^crl: .*|crl: { listen: \"127.0.0.1:$((PORT + 1))\"${1:+, $1} }|" "$D/pki.yaml"; }
partition_of() { # of a certificate, from its serial alone
	local serial
	serial=$(serial_of "$1")
	echo $((1 + ((16#${serial:0:6} - 16#400000) * PARTS >> 22)))
}
cdp_of() { openssl x509 -in "$1" -noout -ext crlDistributionPoints | sed -n 's/.*URI://p'; }
number_of() { openssl crl -inform DER -in "$1" -noout -crlnumber | sed 's/.*=0x//;s/.*=//'; }
# the numbers of all lists that are out, but of those named
numbers() {
	local list
	for list in "$D"/pub/ca.crl "$D"/pub/crl/*.crl; do
		case " $* " in *" $(basename "$list" .crl) "*) ;; *) echo "$list $(number_of "$list")" ;; esac
	done
}
lists_serial() { # lists_serial LIST CERTIFICATE
	openssl crl -inform DER -in "$1" -noout -text | grep -i "Serial Number: 0*$(serial_of "$2")"
}
# fetched from where the certificate says; openssl judges
judge() {
	curl -sf -o "$D/cdp.der" "$(cdp_of "$1")" && openssl crl -inform DER -in "$D/cdp.der" -out "$D/cdp.pem" &&
		openssl verify -CAfile "$D/chain.pem" -crl_check -CRLfile "${2:-$D/cdp.pem}" "$1"
}
revoked_says() { ! judge "$1" >"$D/says" 2>&1 && grep 'certificate revoked' "$D/says"; }
ledger() { sqlite3 "file:$D/state/ledger.db?mode=ro" "$1"; }
export -f serial_of number_of

sample_config "$D" "$PORT" "$((PORT + 1))"
with_crl "partitions: $PARTS"
sample_officers "$D"
sample_ceremony "$D" >"$D/out" 2>&1
services
cat "$D/pub/ca.pem" "$D/pub/root.pem" >"$D/chain.pem"
for ((k = 1; k <= PARTS; k++)); do
	ok "partition $k is there from the start" sample_wait "partition $k" curl -sf -o /dev/null "$WEB_URL/crl/$k.crl"
done
ok "an officer's certificate names its partition" test "$(cdp_of "$D/officers/claire/cert.pem")" = \
	"$WEB_URL/crl/$(partition_of "$D/officers/claire/cert.pem").crl"
enrolled alice Alice Martin 12AB34567 2035-05-01 >/dev/null 2>&1
alice=$holder
enrolled bruno Bruno Rossi 12AB34568 2035-05-01 >/dev/null 2>&1
bruno=$holder
A=$D/holders/alice
B=$D/holders/bruno
for cert in "$A/auth.pem" "$A/sign.pem" "$B/auth.pem"; do
	ok "rule 52: a certificate names the list of its serial" \
		test "$(cdp_of "$cert")" = "$WEB_URL/crl/$(partition_of "$cert").crl"
done
a=$(partition_of "$A/auth.pem") s=$(partition_of "$A/sign.pem")

ok "openssl verify with the partition from the CDP: good" judge "$A/auth.pem"
ok "rule 59: it is served as application/pkix-crl" bash -c \
	"curl -sI $(cdp_of "$A/auth.pem") | grep -qi '^content-type: application/pkix-crl'"
other=$((a % PARTS + 1))
openssl crl -inform DER -in "$D/pub/crl/$other.crl" -out "$D/other.pem"
no "rule 52: ... and with another partition openssl does not" judge "$A/auth.pem" "$D/other.pem"
openssl crl -inform DER -in "$D/pub/ca.crl" -out "$D/full.pem"
ok "... with the full list it does" judge "$A/auth.pem" "$D/full.pem"
openssl crl -inform DER -in "$D/pub/crl/$a.crl" -noout -text >"$D/text"
ok "rule 52: the issuingDistributionPoint is critical" grep 'Issuing Distribution Point: critical' "$D/text"
# GeneralName uniformResourceIdentifier, tag and length included
uri_of() { openssl asn1parse -inform DER -in "$1" -strparse "$2" 2>/dev/null | grep "cont \[ 6 \]" | sed 's/.*cont/cont/'; }
octets_of() { # octets_of FILE OID-NAME: the extension's value, in hex
	openssl asn1parse -inform DER -in "$1" | grep -A2 ":$2" | sed -n 's/.*\[HEX DUMP\]://p'
}
openssl x509 -in "$A/auth.pem" -outform DER -out "$D/auth.der"
uri=$(printf %s "$WEB_URL/crl/$a.crl" | xxd -p | tr -d '\n' | tr a-f A-F)
name=86$(printf %02X $((${#uri} / 2)))$uri
ok "rule 52: ... and holds, octet for octet, the name of the certificate's CDP" bash -c "
	[[ '$(octets_of "$D/auth.der" 'X509v3 CRL Distribution Points')' == *$name ]] &&
	[[ '$(octets_of "$D/pub/crl/$a.crl" 'X509v3 Issuing Distribution Point')' == *$name ]]"
ok "gnutls certtool verifies the partition" bash -c "
	certtool --verify-crl --inder --infile $D/pub/crl/$a.crl --load-ca-certificate $D/pub/ca.crt 2>&1 |
	tee $D/out | grep -qi verified"
ok "... and sees the extension" bash -c "
	certtool --crl-info --inder --infile $D/pub/crl/$a.crl 2>&1 | tee $D/out | grep -q '2.5.29.28.*critical\|2.5.29.28'"
ok "pki-crl check knows a partition" pki-crl check --partition "$a"
ok "... by its URL" pki-crl check --url "$WEB_URL/crl/$a.crl" --issuer "$D/pub/ca.pem"
refused crl-partition "... elsewhere it is not the list that is asked for" \
	pki-crl check --url "http://localhost:$((PORT + 1))/crl/$a.crl" --issuer "$D/pub/ca.pem"
refused crl-partition "... nor is another one's" pki-crl check --partition "$other" --url "$WEB_URL/crl/$a.crl"
refused crl-partition "... nor the full one" pki-crl check --partition "$a" --url "$WEB_URL/ca.crl"
exits 2 "... nor one that there is not" pki-crl check --partition $((PARTS + 1))

numbers "$a" "$s" >"$D/before"
ok "revoke Alice" ra emma revoke "$alice" --cause lost-phone --receipt "$D/alice.p7s"
ok "rule 76: her partition lists her" sample_wait partition lists_serial "$D/pub/crl/$a.crl" "$A/auth.pem"
ok "... and the other certificate's" sample_wait partition lists_serial "$D/pub/crl/$s.crl" "$A/sign.pem"
sleep 1
ok "a revocation rewrites the lists that must show it, and no other" diff "$D/before" <(numbers "$a" "$s")
no "... the full list follows later" lists_serial "$D/pub/ca.crl" "$A/auth.pem"
ok "openssl verify: revoked" revoked_says "$A/auth.pem"
ok "... Bruno is good" judge "$B/auth.pem"
number=$(ledger "SELECT l.number FROM crl l JOIN certificate c ON c.partition = l.partition
	AND c.serial = x'$(serial_of "$A/auth.pem")' WHERE l.revocations >= 1 ORDER BY l.number LIMIT 1")
order=$(ledger "SELECT name FROM orders WHERE action = 2 AND holder = '$alice'")
ok "the receipt tells when her own list said so" bash -c "
	curl -s --unix-socket $CA_SOCKET http://ca/v1/receipts/$order | jq -r .receipt | base64 -d |
	openssl cms -verify -noverify -inform DER -binary 2>/dev/null | jq -e '.crl_number == $number and .published != null'"
ok "once has the full list made" pki-crl once
ok "... which lists her" lists_serial "$D/pub/ca.crl" "$A/auth.pem"
ok "... and no partition" diff <(grep -v /ca.crl "$D/before") <(numbers "$a" "$s" ca)
ok "once --all has all made" pki-crl once --all
no "... indeed" diff "$D/before" <(numbers "$a" "$s")
ok "the auditor finds everything in order" pki-audit verify

# each process by itself, between revocations
daemon_down pki-ca
ca_up
daemon_down pki-crl
sample_daemon "$D" pki-crl run
enrolled carla Carla Conti 12AB34569 2035-05-01 >/dev/null 2>&1
carla=$holder
C=$D/holders/carla
c=$(partition_of "$C/auth.pem")
ok "after restarts: revoke Bruno" ra emma revoke "$bruno" --cause lost-phone
ok "rule 58: ... his list has him" sample_wait partition lists_serial "$D/pub/crl/$(partition_of "$B/auth.pem").crl" "$B/auth.pem"
ok "rule 58: ... Alice's has her" lists_serial "$D/pub/crl/$a.crl" "$A/auth.pem"
daemon_down pki-crl
ok "revoke Carla while nobody publishes" ra emma revoke "$carla" --cause lost-phone
daemon_down pki-ca
ca_up
sample_daemon "$D" pki-crl run
ok "rule 76: ... the list comes" sample_wait partition lists_serial "$D/pub/crl/$c.crl" "$C/auth.pem"
daemon_down pki-crl
ok "ended between making and publishing" bash -c "
	curl -sf --unix-socket $CA_SOCKET -d '{\"partition\": $c}' http://ca/v1/crl | jq -e '.partition == $c' &&
	[ \$((16#\$(number_of $D/pub/crl/$c.crl))) -lt $(ledger "SELECT max(number) + 1 FROM crl WHERE issuer = 2") ]"
sample_daemon "$D" pki-crl run
published() { [ $((16#$(number_of "$D/pub/crl/$c.crl"))) = "$(ledger "SELECT max(number) FROM crl WHERE issuer = 2 AND partition = $c")" ]; }
ok "... the next start publishes it" sample_wait partition published
exits 0 "rule 49: numbers are given once, to all lists together" bash -c "
	[ '$(ledger "SELECT count(*) = max(number) FROM crl WHERE issuer = 2")' = 1 ]"
for body in '{"partition": 5}' '{"partition": -1}' '{"partition": "1"}' '{"partition": 99999}' '{"part": 1}' '[]'; do
	no "a CRL that is not there cannot be asked for: $body" \
		curl -sf --unix-socket "$CA_SOCKET" -d "$body" http://ca/v1/crl
done
ok "the auditor finds everything in order" pki-audit verify

# what the gate must not let through
printf garbage >"$D/pub/crl/$c.crl"
rm "$D/pub/crl/$a.crl"
ok "files that are spoilt or gone are put there again" pki-crl once
ok "... both" bash -c "openssl crl -inform DER -in $D/pub/crl/$c.crl -noout && openssl crl -inform DER -in $D/pub/crl/$a.crl -noout"
sample_stop "$D"
sqlite3 "$D/state/ledger.db" "PRAGMA wal_checkpoint(TRUNCATE)" >"$D/out"
rm -f "$D/state/ledger.db-wal" "$D/state/ledger.db-shm"
cp "$D/state/ledger.db" "$D/backup.db"
ca_up
sample_daemon "$D" pki-crl run
enrolled dario Dario Ferri 12AB34570 2035-05-01 >/dev/null 2>&1
E=$D/holders/dario
e=$(partition_of "$E/auth.pem")
ra emma revoke "$holder" --cause lost-phone >"$D/out" 2>&1
sample_wait partition lists_serial "$D/pub/crl/$e.crl" "$E/auth.pem"
sample_stop "$D"
mkdir "$D/away" && mv "$D"/state/ledger.db* "$D/away/" && cp "$D/backup.db" "$D/state/ledger.db"
cp "$D/pub/crl/$e.crl" "$D/kept.crl"
refused "restore a newer one" "rule 76: on an older ledger the CA does not start" timeout 60 pki-ca serve \
	--custodian "file:$D/secrets/custodian-1" --custodian "file:$D/secrets/custodian-2"
mv "$D/pub/log/checkpoint" "$D/checkpoint"
# of his two certificates' partitions whichever comes first
refused "the ledger does not know the published CRL" "... also when only the partition tells" timeout 60 pki-ca serve \
	--custodian "file:$D/secrets/custodian-1" --custodian "file:$D/secrets/custodian-2"
ok "... which it names" grep -E 'crl/[1-4]\.crl: ' "$D/out"
mv "$D/checkpoint" "$D/pub/log/checkpoint"
refused "Was an old backup restored" "rule 49: nor does the gate let an older list out" timeout 60 pki-crl once
ok "... what was published stays" cmp "$D/kept.crl" "$D/pub/crl/$e.crl"
rm -f "$D"/state/ledger.db* && mv "$D"/away/* "$D/state/"

# a partition's place is for ever
exits_ca() { timeout 60 pki-ca serve --custodian "file:$D/secrets/custodian-1" --custodian "file:$D/secrets/custodian-2"; }
with_crl "partitions: 8"
exits 5 "rule 52: another number of partitions is refused" exits_ca
ok "... with the number to set" grep 'set it to 4' "$D/out"
with_crl ""
exits 5 "rule 52: so is none" exits_ca
with_crl "partitions: $PARTS"
sed -i "s|repository: .*|repository: http://127.0.0.1:$((PORT + 1))/new|" "$D/pki.yaml"
exits 5 "rule 52: ... and another repository" exits_ca
sed -i "s|repository: .*|repository: http://127.0.0.1:$((PORT + 1))|" "$D/pki.yaml"
services
ok "with what it was all goes on" pki-crl once --all
ok "the auditor finds everything in order" pki-audit verify

# what the auditor must find
triggers=$(sqlite3 "$D/state/ledger.db" "SELECT 'DROP TRIGGER ' || name || ';' FROM sqlite_schema WHERE type = 'trigger'")
forged() { # forged RULE TITLE SQL
	rm -rf "$D/c.db" "$D/c.pub"
	cp -r "$D/pub" "$D/c.pub"
	sqlite3 "$D/state/ledger.db" "VACUUM INTO '$D/c.db'"
	sqlite3 "$D/c.db" "PRAGMA ignore_check_constraints = ON; $triggers $3" >/dev/null
	refused "$1" "$2" pki-audit verify --ledger "$D/c.db" --policy "$D/policy" --publish "$D/c.pub"
}
forged crl-partition "rule 52: a certificate moved to another partition" \
	"UPDATE certificate SET partition = partition % 4 + 1 WHERE serial = x'$(serial_of "$C/sign.pem")';
	 UPDATE revocation SET partition = partition % 4 + 1 WHERE serial = x'$(serial_of "$C/sign.pem")'"
forged append-only "rule 213: a revocation moved to another partition" \
	"UPDATE revocation SET partition = partition % 4 + 1 WHERE serial = x'$(serial_of "$C/auth.pem")'"
forged crl-partition "rule 52: a list moved to another partition" \
	"UPDATE crl SET partition = $other WHERE issuer = 2 AND number = (SELECT max(number) FROM crl WHERE partition = $a)"
forged crl-partition "rule 52: other partitions" "UPDATE partitioning SET lists = 5"
forged crl-past-expiry "rule 57: a list that lets go too much" \
	"UPDATE crl SET cutoff = 4000000000 WHERE number = (SELECT max(number) FROM crl WHERE partition = $a)"
forged expired-certs-on-crl "rule 56: a list that says it keeps what expired" "UPDATE crl SET cutoff = 0 WHERE issuer = 2"
# made in the second of the audit, so that only its place tells
pki-crl once --all >"$D/out" 2>&1
rm -rf "$D/c.pub" && cp -r "$D/pub" "$D/c.pub" && cp "$D/pub/crl/$other.crl" "$D/c.pub/crl/$a.crl"
refused status-agreement "rule 76: another partition is out in its place" \
	pki-audit verify --ledger "$D/state/ledger.db" --policy "$D/policy" --publish "$D/c.pub"
sample_stop "$D"
finish
