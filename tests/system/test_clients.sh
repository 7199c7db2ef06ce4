#!/bin/bash
# Relying parties' own tools against the responder, the CRLs, the log: openssl, GnuTLS, NSS, curl, Go.
. "$(dirname "$0")/lib.sh"
installation
services
enrolled alice Alice Martin 12AB34567 2035-05-01 >/dev/null 2>&1
enrolled bruno Bruno Keller 55DD66778 2034-09-30 >/dev/null 2>&1
ra emma revoke "$holder" --cause stolen-phone >/dev/null 2>&1
A=$D/holders/alice B=$D/holders/bruno
on_crl() { openssl crl -inform DER -in "$D/pub/ca.crl" -noout -text | grep -qi "$(serial_of "$1")"; }
sample_wait CRL on_crl "$B/sign.pem"

for hash in sha1 sha256 sha384 sha512; do
	ok "rule 65: openssl ocsp with a $hash CertID says good" ocsp_says good "$A/auth.pem" "-$hash"
done
ok "rule 64: openssl ocsp without a nonce" ocsp_says good "$A/sign.pem" -no_nonce
ok "openssl ocsp says revoked" ocsp_says revoked "$B/auth.pem"
ok "rule 67: two certificates in one request, two answers" bash -c "
	openssl ocsp -issuer $D/pub/ca.pem -cert $A/auth.pem -cert $B/auth.pem -url $OCSP_URL \
		-CAfile $D/pub/root.pem -verify_other $D/pub/ca.pem 2>&1 |
	grep -cE 'auth.pem: (good|revoked)' | grep -qx 2"
ok "rules 60, 61: a serial that was never issued is revoked since 1970, certificateHold" bash -c "
	openssl ocsp -issuer $D/pub/ca.pem -serial 0x1234567890abcdef -url $OCSP_URL \
		-CAfile $D/pub/root.pem -verify_other $D/pub/ca.pem -resp_text >$D/text 2>&1
	grep -q 'certificateHold' $D/text && grep -q 'Jan  1 00:00:00 1970' $D/text"
# OpenSSL 3.0 knows 1.3.6.1.5.5.7.48.1.9 under the name "valid" of an early draft
ok "rule 61: extended-revoke is among the response's extensions" bash -c "
	sed -n '/Response Extensions/,\$p' $D/text | grep -q '^ *valid:'"
ok "rule 62: another CA's certificate: unauthorized" bash -c "
	openssl ocsp -issuer $D/pub/root.pem -cert $D/pub/ca.pem -url $OCSP_URL 2>&1 | grep -qi unauthorized"
ok "rule 66: byKey, and the delegate's certificate is in the answer" bash -c "
	openssl ocsp -issuer $D/pub/ca.pem -cert $A/auth.pem -url $OCSP_URL -noverify -resp_text 2>&1 |
	tee $D/out | grep -qE 'Responder Id: [0-9A-F]{40}' && grep -q 'OCSP No Check' $D/out"
ok "rule 73: no reason among the single extensions" bash -c "
	openssl ocsp -issuer $D/pub/ca.pem -cert $B/auth.pem -url $OCSP_URL -noverify -resp_text 2>&1 |
	tee $D/out | grep -q 'Reason: keyCompromise' && ! grep -q 'X509v3 CRL Reason' $D/out"
ok "rule 70: the responder's certificate" bash -c "
	openssl x509 -in $D/pub/ocsp.pem -noout -text >$D/out
	grep -q 'OCSP Signing' $D/out && grep -q 'OCSP No Check' $D/out &&
	! grep -q 'CRL Distribution' $D/out && ! grep -q 'OCSP - URI' $D/out"
ok "rule 71: it is issued by the CA it answers for" bash -c "
	openssl verify -partial_chain -trusted $D/pub/ca.pem $D/pub/ocsp.pem"

openssl ocsp -issuer "$D/pub/ca.pem" -cert "$A/auth.pem" -no_nonce -reqout "$D/req.der" 2>/dev/null
openssl ocsp -issuer "$D/pub/ca.pem" -cert "$A/auth.pem" -reqout "$D/nonce.der" 2>/dev/null
get=$(base64 -w0 "$D/req.der" | jq -sRr @uri)
getn=$(base64 -w0 "$D/nonce.der" | jq -sRr @uri)
ok "rule 68: GET, with the caching headers" bash -c "
	curl -sf -D $D/headers -o $D/resp.der $OCSP_URL/$get &&
	grep -qi '^content-type: application/ocsp-response' $D/headers && grep -qi '^etag: \"' $D/headers &&
	grep -qi '^last-modified:' $D/headers && grep -qi '^expires:' $D/headers &&
	grep -qi '^cache-control:.*max-age=' $D/headers"
ok "rule 68: ... and openssl accepts the answer" bash -c "
	openssl ocsp -respin $D/resp.der -issuer $D/pub/ca.pem -cert $A/auth.pem -no_nonce \
		-CAfile $D/pub/root.pem -verify_other $D/pub/ca.pem 2>&1 | grep -q ': good'"
ok "GET with raw base64 (+ and / not encoded)" bash -c "
	curl -sf --path-as-is -o $D/resp.der '$OCSP_URL/$(base64 -w0 "$D/req.der")' &&
	openssl ocsp -respin $D/resp.der -issuer $D/pub/ca.pem -cert $A/auth.pem -no_nonce -noverify 2>&1 |
	grep -q ': good'"
ok "HEAD" bash -c "curl -sfI $OCSP_URL/$get | grep -qi '^content-length: [1-9]'"
ok "HTTP/1.0" bash -c "curl -sf --http1.0 -o $D/resp.der $OCSP_URL/$get && test -s $D/resp.der"
ok "rule 69: an answer with a nonce is not cacheable" bash -c "
	curl -sf -D $D/headers -o /dev/null $OCSP_URL/$getn && grep -qi '^cache-control:.*no-store' $D/headers"
ok "rule 63: garbage gets malformedRequest, unsigned" bash -c "
	printf garbage | curl -sf -H 'Content-Type: application/ocsp-request' --data-binary @- $OCSP_URL/ \
		-o $D/resp.der; openssl ocsp -respin $D/resp.der -noverify 2>&1 | grep -qi malformed"

ocsptool --ask="$OCSP_URL" --load-issuer "$D/pub/ca.pem" --load-cert "$A/auth.pem" \
	--load-trust "$D/pub/ca.pem" >"$D/text" 2>&1
ok "gnutls ocsptool: good" grep 'Certificate Status: good' "$D/text"
ok "gnutls ocsptool: verified" grep 'Verifying OCSP Response: Success' "$D/text"
ocsptool --ask="$OCSP_URL" --load-issuer "$D/pub/ca.pem" --load-cert "$B/auth.pem" \
	--load-trust "$D/pub/ca.pem" >"$D/text" 2>&1
ok "gnutls ocsptool: revoked" grep 'Certificate Status: revoked' "$D/text"
ok "gnutls certtool reads the CRL and verifies it" bash -c "
	certtool --verify-crl --inder --infile $D/pub/ca.crl --load-ca-certificate $D/pub/ca.crt 2>&1 |
	tee $D/out | grep -qi 'verified'"
ok "gnutls certtool verifies the chain" bash -c "
	cat $A/auth.pem $D/pub/ca.pem $D/pub/root.pem | certtool --verify-chain 2>&1 |
	tee $D/out | grep -q 'Chain verification output: Verified'"

db=$D/nss
mkdir "$db"
certutil -N -d "$db" --empty-password
certutil -A -d "$db" -n root -t CT,C,C -i "$D/pub/root.pem"
certutil -A -d "$db" -n ca -t ,, -i "$D/pub/ca.pem"
certutil -A -d "$db" -n alice -t ,, -i "$A/auth.pem"
ok "NSS imports the CRL" crlutil -I -d "$db" -i "$D/pub/ca.crl"
ok "NSS validates the chain" certutil -V -d "$db" -n alice -u C
certutil -A -d "$db" -n bruno -t ,, -i "$B/auth.pem"
no "NSS refuses the revoked one" certutil -V -d "$db" -n bruno -u C

ok "rule 59: the CDP serves one DER CRL as application/pkix-crl" bash -c "
	curl -sf -D $D/headers -o $D/crl.der $WEB_URL/ca.crl &&
	grep -qi '^content-type: application/pkix-crl' $D/headers &&
	openssl crl -inform DER -in $D/crl.der -noout -CAfile $D/pub/ca.pem 2>&1 | grep -q 'verify OK'"
ok "rule 23: the URLs in a certificate are the ones that answer" bash -c "
	openssl x509 -in $A/auth.pem -noout -text >$D/out
	curl -sf -o /dev/null \$(grep -o 'http://[^ ]*ca.crl' $D/out) &&
	curl -sf -o /dev/null \$(grep -o 'http://[^ ]*ca.crt' $D/out)"
no "the web server gives nothing outside its folder" \
	curl -sf --path-as-is -o /dev/null "$WEB_URL/../state/ledger.db"
no "... nor by an encoded path" curl -sf --path-as-is -o /dev/null "$WEB_URL/%2e%2e/pki.yaml"
ok "rules 49, 54: the root CRL is published, with its number" bash -c "
	openssl crl -inform DER -in $D/pub/root.crl -noout -crlnumber | grep -q ."

if [ -d tests/system/go ]; then
	ok "rules 81, 82, 83: Go's sumdb/note and tlog verify the published log" \
		bash tests/system/go/run.sh "$D/pub/log"
fi
finish
