#!/bin/bash
# The status services by themselves: HTTP forms and errors, caches, the CA away, the CRL's gate.
. "$(dirname "$0")/lib.sh"
installation
services
enrolled alice Alice Martin 12AB34567 2035-05-01 >/dev/null 2>&1
alice=$holder
A=$D/holders/alice
crl_number() { openssl crl -inform DER -in "$1" -noout -crlnumber | sed 's/.*=0x//;s/.*=//'; }
number_is() { [ "$(crl_number "$D/pub/$1.crl")" = "$2" ]; }
# no grep -q behind a pipe: what is cut off counts as failed here
logged() { sqlite3 "file:$D/state/ledger.db?mode=ro" "SELECT entry FROM entry" | grep "\"type\":\"$1\""; }

openssl ocsp -issuer "$D/pub/ca.pem" -sha256 -cert "$A/auth.pem" -no_nonce \
	-reqout "$D/req.der" 2>/dev/null
get=$OCSP_URL/$(base64 -w0 "$D/req.der" | jq -sRr @uri)
post=(-H 'Content-Type: application/ocsp-request' --data-binary)

ok "OCSP: a POST of another type is 415" http_code 415 --data-binary "@$D/req.der" "$OCSP_URL/"
ok "OCSP: PUT is 405" http_code 405 -X PUT "$OCSP_URL/"
head -c 20000 /dev/zero >"$D/large"
ok "OCSP: a request above the limit is 413" http_code 413 "${post[@]}" "@$D/large" "$OCSP_URL/"
ok "OCSP: a POST to another path is 404" http_code 404 "${post[@]}" "@$D/req.der" "$OCSP_URL/x"
for path in "" / /@@@ /%zz /MA; do
	curl -s --path-as-is -o "$D/resp.der" "$OCSP_URL$path"
	ok "rule 63: GET of '$path' is malformedRequest" bash -c "
		openssl ocsp -respin $D/resp.der -noverify 2>&1 | grep -qi malformed"
done

curl -s -D "$D/headers" -o "$D/first.der" "$get"
etag=$(sed -n 's/^etag: //Ip' "$D/headers" | tr -d '\r')
ok "rule 68: the ETag is the answer's SHA-256" \
	test "$etag" = "\"$(sha256sum "$D/first.der" | cut -d' ' -f1)\""
ok "rule 68: the same question within a minute has the same answer: 304" \
	http_code 304 -H "If-None-Match: $etag" "$get"
ok "rule 68: max-age ends before nextUpdate" bash -c "
	age=\$(sed -n 's/^cache-control:.*max-age=\([0-9]*\).*/\1/Ip' $D/headers)
	[ \"\$age\" -gt 0 ] && [ \"\$age\" -le 60 ]"
not_after=$(date -d "$(openssl x509 -in "$D/pub/ocsp.pem" -noout -enddate | cut -d= -f2)" +%s)
next_update=$(date -d "$(sed -n 's/^expires: //Ip' "$D/headers" | tr -d '\r')" +%s)
ok "rule 72: nextUpdate is a day from now, before the responder's end" \
	test "$next_update" -le "$not_after" -a "$next_update" -le $(($(date +%s) + 86400))

daemon_down pki-ca
ok "with pki-ca away the responder answers" ocsp_says good "$A/auth.pem"
ok "... and the CRL is there" pki-crl check
exits 14 "... pki-crl once says that pki-ca is not there" pki-crl once
daemon_down pki-ocspd
sample_daemon "$D" pki-ocspd serve --passphrase "file:$D/officers/responder/passphrase"
ok "... the responder starts with the certificate it has" \
	sample_wait pki-ocspd ocsp_says good "$A/auth.pem"
ca_up

before=$(crl_number "$D/pub/ca.crl")
ok "rule 49: once makes the next number" pki-crl once
ok "rule 49: ... one above the last" number_is ca "$(printf '%02X' $((16#$before + 1)))"
printf garbage >"$D/pub/ca.crl"
ok "a spoilt file is replaced" pki-crl once
ok "rules 53, 59: check verifies what is served" pki-crl check --json
ra emma revoke "$alice" --cause lost-phone >"$D/out" 2>&1
ok "the cache of answers does not outlive a revocation" bash -c "
	curl -s -o $D/second.der '$get'
	openssl ocsp -respin $D/second.der -issuer $D/pub/ca.pem -sha256 -cert $A/auth.pem -noverify 2>&1 |
	grep -q ': revoked'"
on_crl() { openssl crl -inform DER -in "$D/pub/ca.crl" -noout -text | grep -i "$(serial_of "$1")"; }
ok "rule 58: the CRL has it" sample_wait CRL on_crl "$A/auth.pem"
pki-crl once >/dev/null 2>&1
ok "rule 58: ... and so has the next" on_crl "$A/sign.pem"
ok "rule 76: OCSP and CRL name the same certificates" bash -c "
	pki-ocspd check --json --issuer $D/pub/ca.pem --serial $(serial_of "$A/sign.pem") |
	jq -e '.status == \"revoked\" and .reason == \"keyCompromise\"'"

ok "the root makes its next CRL" pki-ca root-crl --custodian "file:$D/secrets/custodian-1" \
	--custodian "file:$D/secrets/custodian-2"
ok "rule 54: ... and it is published" sample_wait root.crl number_is root 02

ok "the web server: HEAD" http_code 200 -I "$WEB_URL/ca.pem"
ok "... POST is 405" http_code 405 -X POST "$WEB_URL/ca.pem"
ln -s "$D/pki.yaml" "$D/pub/link.pem"
ln "$D/pki.yaml" "$D/pub/second-name.pem"
mkdir "$D/pub/sub"
ln -s "$D/state" "$D/pub/sub/state"
cp "$D/pub/ca.pem" "$D/pub/.hidden"
for path in /link.pem /second-name.pem /sub/state/ledger.db /.hidden /log /log/ / /ca.pem/ /nothing \
	/../pki.yaml /sub/../../pki.yaml; do
	ok "... $path is 404" http_code 404 "$WEB_URL$path"
done
ok "... a file's ETag is good for 304" bash -c "
	etag=\$(curl -sI $WEB_URL/ca.crl | sed -n 's/^etag: //Ip' | tr -d '\r')
	curl -s -o /dev/null -w '%{http_code}' -H \"If-None-Match: \$etag\" $WEB_URL/ca.crl | grep -qx 304"

# the ledger, while it is read and between a stop and a start
ledger=$D/state/ledger.db
enrolled bruno Bruno Rossi 12AB34568 2035-05-01 >/dev/null 2>&1
bruno=$holder
B=$D/holders/bruno/auth.pem
for daemon in pki-ocspd pki-crl pki-ca; do daemon_down $daemon; done
sqlite3 "$ledger" "PRAGMA wal_checkpoint(TRUNCATE)" >"$D/out" # a backup is one file
rm -f "$ledger-wal" "$ledger-shm"
cp "$ledger" "$D/backup.db"
ocspd_up
sample_daemon "$D" pki-crl run
ok "a responder that started on a restored ledger answers" ocsp_says good "$B"
ca_up
ra emma revoke "$bruno" --cause lost-phone >"$D/out" 2>&1
ok "rule 76: ... and sees what pki-ca writes to it later" ocsp_says revoked "$B"
ok "rule 76: ... and so does pki-crl" sample_wait CRL on_crl "$B"
daemon_down pki-ca
mkdir "$D/away"
mv "$ledger" "$ledger-wal" "$ledger-shm" "$D/away/"
no "without a ledger nothing is good" ocsp_says good "$B"
ok "... but tryLater" grep -i trylater "$D/says"
cp "$D/backup.db" "$ledger"
no "rule 76: a ledger replaced by an older one: nothing is good" ocsp_says good "$B"
ok "... but tryLater" grep -i trylater "$D/says"
daemon_down pki-ocspd
refused "published; the ledger's last is" "rule 76: ... nor does a responder start on it" \
	timeout 60 pki-ocspd serve --passphrase "file:$D/officers/responder/passphrase"
rm -f "$ledger" "$ledger"-*
mv "$D"/away/* "$D/state/"
ca_up
ocspd_up
ok "... with the newest it answers" ocsp_says revoked "$B"

exits 14 "pki-ocspd check: nobody there" pki-ocspd check --url http://127.0.0.1:9 \
	--issuer "$D/pub/ca.pem" --serial 01
exits 2 "pki-ocspd check: without a serial" pki-ocspd check --issuer "$D/pub/ca.pem"
exits 14 "pki-crl check: nobody there" pki-crl check --url http://127.0.0.1:9/ca.crl
exits 7 "pki-ocspd: wrong passphrase" pki-ocspd serve --passphrase "file:$D/secrets/custodian-1"
exits 12 "pki-ocspd: the address is taken" pki-ocspd serve \
	--passphrase "file:$D/officers/responder/passphrase"
exits 12 "pki-crl: the address is taken" pki-crl run

for daemon in pki-ocspd pki-crl; do
	pid=$(cat "$D/run/$daemon.pid")
	kill "$pid"
	ok "$daemon ends at SIGTERM" sample_wait "$daemon's end" bash -c "! kill -0 $pid"
done
for type in responder-started responder-stopped responder-certificate-ordered \
	crl-service-started crl-service-stopped crl-published root-crl-recorded; do
	ok "rule 77: $type is logged" logged "$type"
done
finish
