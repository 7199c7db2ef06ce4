#!/bin/bash
# What pki-crl and pki-ocspd answer to clients that follow RFC 9110 and C2SP tlog-tiles to the letter.
. "$(dirname "$0")/lib.sh"
installation
services
WEB=127.0.0.1:$((PORT + 1))
status() { rm -f "$D/body" && touch "$D/body" && curl -s -o "$D/body" -D "$D/headers" -w '%{http_code}' "$@"; } # status CURL-ARGUMENT...
is() { # is STATUS CURL-ARGUMENT...
	local want=$1 got
	shift
	got=$(status "$@")
	echo "$got: $*" >"$D/out"
	[ "$got" = "$want" ]
}
has() { grep -i "^$1: *$2"$'\r$' "$D/headers"; } # has NAME VALUE

# RFC 9110 13.1.3
http_date() { date -u -d "$1" '+%a, %d %b %Y %H:%M:%S GMT'; }
crl=$WEB_URL/ca.crl
soon crl test -s "$D/pub/ca.crl"
changed=$(stat -c %y "$D/pub/ca.crl")
ok "a list is sent to who has none" is 200 "$crl"
ok "If-Modified-Since now: 304" is 304 -H "If-Modified-Since: $(http_date '+5 seconds')" "$crl"
ok "... without a body" test ! -s "$D/body"
ok "... tomorrow: 304" is 304 -H "If-Modified-Since: $(http_date tomorrow)" "$crl"
ok "... in the obsolete form of RFC 850: 304" is 304 -H "If-Modified-Since: $(date -u -d tomorrow '+%A, %d-%b-%y %H:%M:%S GMT')" "$crl"
ok "... before the change: 200" is 200 -H "If-Modified-Since: $(http_date "$changed 1 second ago")" "$crl"
ok "... in the second of the change: 200, as this date may be of the list before" is 200 \
	-H "If-Modified-Since: $(http_date "$changed")" "$crl"
ok "... no date: 200" is 200 -H "If-Modified-Since: yesterday or so" "$crl"
ok "... behind an If-None-Match that does not fit: 200" is 200 -H 'If-None-Match: "x"' \
	-H "If-Modified-Since: $(http_date tomorrow)" "$crl"
is 200 "$crl"
etag=$(sed -n 's/^etag: *//Ip' "$D/headers" | tr -d '\r')
ok "... and with the list's ETag: 304" is 304 -H "If-None-Match: $etag" "$crl"
touch -d '-1 hour' "$D/pub/ca.crl"
is 200 "$crl"
modified=$(sed -n 's/^last-modified: *//Ip' "$D/headers" | tr -d '\r')
ok "Last-Modified sent back: 304" is 304 -H "If-Modified-Since: $modified" "$crl"
ok "curl -z does not load the list a second time" bash -c "
	curl -sf -o '$D/ca.crl' '$crl' && curl -sf -z '$D/ca.crl' -o '$D/ca.crl' -w '%{http_code}' '$crl' | grep -x 304"

# RFC 9112 3.2.2, RFC 3986 3.1
raw() { # raw REQUEST-TARGET: the status
	exec 3<>"/dev/tcp/${WEB%:*}/${WEB#*:}" || return
	printf 'GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' "$1" >&3
	head -n 1 <&3 | cut -d' ' -f2
	exec 3>&-
}
for target in "http://$WEB/ca.crl" "HTTP://$WEB/ca.crl" "hTTp://x/ca.crl" "HTTPS://x/ca.crl"; do
	ok "absolute-form $target" test "$(raw "$target")" = 200
done
ok "... and what is no scheme of ours is no path" test "$(raw "ftp://x/ca.crl")" != 200

# RFC 9110 15.5.6
for method in POST PUT DELETE OPTIONS PATCH; do
	ok "$method of a list: 405" is 405 -X "$method" "$crl"
	ok "... with Allow" has Allow 'GET, HEAD'
	[ $method = POST ] && continue
	ok "$method at the responder: 405" is 405 -X "$method" "$OCSP_URL/"
	ok "... with Allow" has Allow 'GET, HEAD, POST'
done

# C2SP tlog-tiles
ok "a checkpoint is not cached" is 200 -I "$WEB_URL/log/checkpoint"
ok "... says no-cache" has Cache-Control no-cache
tile=$(cd "$D/pub" && find log/tile -path log/tile/0/\* -type f | head -n 1)
bundle=$(cd "$D/pub" && find log/tile/entries -type f | head -n 1)
for path in "$tile" "$bundle"; do
	is 200 "$WEB_URL/$path"
	ok "immutable: $path" has Cache-Control 'public, max-age=31536000, immutable'
done
is 200 "$crl"
ok "a list is cached for half a minute" has Cache-Control 'public, max-age=30'
ok "a bundle is compressed for who reads gzip" is 200 -H 'Accept-Encoding: gzip, br' "$WEB_URL/$bundle"
ok "... says so" has Content-Encoding gzip
ok "... to caches too" has Vary Accept-Encoding
etag=$(sed -n 's/^etag: *//Ip' "$D/headers" | tr -d '\r')
ok "... and is the bundle" bash -c "gunzip <'$D/body' | cmp - '$D/pub/$bundle'"
ok "... and smaller" test "$(stat -c %s "$D/body")" -lt "$(stat -c %s "$D/pub/$bundle")"
ok "... with an ETag of its own: 200 without gzip" is 200 -H "If-None-Match: $etag" "$WEB_URL/$bundle"
ok "... 304 with gzip" is 304 -H 'Accept-Encoding: gzip' -H "If-None-Match: $etag" "$WEB_URL/$bundle"
for accepts in identity 'gzip;q=0' 'br'; do
	ok "as it is for $accepts" is 200 -H "Accept-Encoding: $accepts" "$WEB_URL/$bundle"
	ok "... octet for octet" cmp "$D/body" "$D/pub/$bundle"
done
is 200 -H 'Accept-Encoding: gzip' "$crl"
ok "a list is sent as it is" cmp "$D/body" "$D/pub/ca.crl"

# rules 60, 61: any INTEGER is a serial number in a CertID
answer_for() { # answer_for SERIAL ISSUER: what openssl reads
	openssl ocsp -issuer "$2" -serial "$1" -url "$OCSP_URL" -resp_text -CAfile "$D/pub/root.pem" \
		-verify_other "$D/pub/ca.pem" 2>&1 | tee "$D/out"
}
unissued() { answer_for "$1" "$D/pub/ca.pem" | grep -q ': revoked' && grep -q '1970' "$D/out" && grep -q certificateHold "$D/out"; }
for serial in 0 -1 -128 0x0102030405060708090A0B0C0D0E0F101112131415 -0x7F02030405060708090A0B0C0D0E0F101112131415 \
	0xFF02030405060708090A0B0C0D0E0F1011121314 0x7F02030405060708090A0B0C0D0E0F1011121314; do
	ok "rules 60, 61: unissued, not malformed: serial $serial" unissued "$serial"
	ok "rule 62: ... of a foreign issuer: unauthorized" bash -c "
		openssl ocsp -issuer '$D/pub/root.pem' -serial $serial -url '$OCSP_URL' -noverify 2>&1 |
		grep -i unauthorized"
done
daemon_down pki-ocspd
sed -i 's/^ocsp: {/ocsp: { unissued: unknown,/' "$D/pki.yaml"
sample_daemon "$D" pki-ocspd serve --passphrase "file:$D/officers/responder/passphrase"
sample_wait pki-ocspd curl -s -o "$D/says" "$OCSP_URL/"
unknown() { answer_for "$1" "$D/pub/ca.pem" | grep ': unknown'; }
ok "... or unknown, where the configuration says so" unknown -1
finish
