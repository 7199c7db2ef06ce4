#!/bin/bash
# The responder's answers as files, given out by nginx and Apache: current, complete, never behind a revocation.
. "$(dirname "$0")/lib.sh"
NGINX=http://127.0.0.1:$((PORT + 3))
installation
sed -i 's|^ocsp: {|ocsp: { export: export,|' "$D/pki.yaml"
services
cleanup_nginx() { [ ! -s "$D/nginx.pid" ] || kill "$(cat "$D/nginx.pid")"; }
trap 'cleanup_nginx; cleanup' EXIT
enrolled alice Alice Martin 12AB34567 2035-05-01 >/dev/null 2>&1
alice=$holder
A=$D/holders/alice

# the example as it is shipped, with this installation's places
{
	[ "$(id -u)" != 0 ] || echo "user root;"
	echo "pid $D/nginx.pid; error_log $D/nginx.log; events {} http { access_log off;"
	for part in client_body proxy fastcgi uwsgi scgi; do echo "${part}_temp_path $D/nginx.$part;"; done
	sed "s|127.0.0.1:8890|${NGINX#http://}|; s|127.0.0.1:8880|${OCSP_URL#http://}|
		s|/var/lib/pki/export|$D/export|; s|/var/lib/pki/pub|$D/pub|" ocsp/nginx.conf
	echo "}"
} >"$D/nginx.conf"
nginx -c "$D/nginx.conf" 2>>"$D/commands.log"
sample_wait nginx curl -s -o /dev/null "$NGINX/"

file_of() { # file_of CERTIFICATE HASH: the file that a GET asks for
	openssl ocsp -issuer "$D/pub/ca.pem" "-$2" -cert "$1" -no_nonce -reqout "$D/q" 2>/dev/null
	local name
	name=$(base64 -w0 "$D/q")
	[[ $name != */ ]] || name+=index.html
	echo "$D/export/$name"
}
file_says() { # file_says WORD CERTIFICATE HASH
	local file
	file=$(file_of "$2" "$3")
	[ -f "$file" ] && openssl ocsp -respin "$file" -issuer "$D/pub/ca.pem" "-$3" -cert "$2" -no_nonce \
		-CAfile "$D/pub/root.pem" -verify_other "$D/pub/ca.pem" >"$D/says" 2>&1 && grep ": $1" "$D/says"
}
for hash in sha1 sha256; do
	ok "a new certificate's answer is a file ($hash)" sample_wait file file_says good "$A/auth.pem" $hash
done
through_nginx() { # through_nginx WORD CERTIFICATE [OPTION...]: what a client hears
	OCSP_URL=$NGINX ocsp_says "$@"
}
get() { # get CERTIFICATE HASH FORM: over nginx, as clients write the path
	local path
	openssl ocsp -issuer "$D/pub/ca.pem" "-$2" -cert "$1" -no_nonce -reqout "$D/q" 2>/dev/null
	path=$(base64 -w0 "$D/q")
	[ "$3" = raw ] || path=$(jq -sRr @uri <<<"$path" | sed 's/%0A$//')
	curl -sf --path-as-is -D "$D/headers" -o "$D/a" "$NGINX/$path" &&
		cmp "$D/a" "$(file_of "$1" "$2")"
}
# the same by Apache, whose own rule is to refuse %2F in paths
APACHE=http://127.0.0.1:$((PORT + 4))
mkdir -p "$D/apache"
chmod o+x "$D" # Apache never serves as root
{
	echo "ServerName localhost"
	echo "PidFile $D/apache/pid"
	echo "ErrorLog $D/apache/log"
	for name in mpm_event authz_core dir alias mime headers rewrite proxy proxy_http; do
		echo "LoadModule ${name}_module /usr/lib/apache2/modules/mod_$name.so"
	done
	echo "TypesConfig /dev/null"
	[ "$(id -u)" != 0 ] || printf 'User nobody\nGroup nogroup\n'
	sed "s|127.0.0.1:8890|${APACHE#http://}|; s|127.0.0.1:8880|${OCSP_URL#http://}|
		s|/var/lib/pki/export|$D/export|; s|/var/lib/pki/pub|$D/pub|" ocsp/apache.conf
} >"$D/apache.conf"
sample_daemon "$D" apache2 -d "$D/apache" -f "$D/apache.conf" -DFOREGROUND
sample_wait apache curl -s -o /dev/null "$APACHE/"
by_apache() { NGINX=$APACHE "$@"; }
daemon_down pki-ocspd
for form in raw encoded; do
	for hash in sha1 sha256; do
		for cert in "$A"/auth.pem "$A"/sign.pem "$D"/officers/*/cert.pem; do
			ok "Apache gives it out without the responder ($form, $hash)" by_apache get "$cert" $hash $form
		done
	done
done
ok "... with its type" grep -i '^content-type: application/ocsp-response' "$D/headers"
ok "... and for a minute" grep -i '^cache-control: max-age=60, public' "$D/headers"
ok "... and the CRLs" bash -c "curl -sf -D $D/headers -o $D/crl $APACHE/crl/ca.crl && cmp $D/crl $D/pub/ca.crl &&
	grep -i 'application/pkix-crl' $D/headers"
no "... but nothing with a nonce" by_apache through_nginx good "$A/auth.pem"
for form in raw encoded; do
	for hash in sha1 sha256; do
		ok "nginx gives it out without the responder ($form, $hash)" get "$A/auth.pem" $hash $form
	done
done
ok "... with its type" grep -i '^content-type: application/ocsp-response' "$D/headers"
ok "... and for a minute" grep -i '^cache-control: max-age=60, public' "$D/headers"
etag=$(sed -n 's/^etag: //Ip' "$D/headers" | tr -d '\r')
ok "... conditionally" bash -c "curl -s -o /dev/null -w '%{http_code}' -H 'If-None-Match: $etag' \
	'$NGINX/$(base64 -w0 "$D/q" | jq -sRr @uri)' | grep -x 304"
ok "... and the CRLs" bash -c "curl -sf -D $D/headers -o $D/crl $NGINX/crl/ca.crl && cmp $D/crl $D/pub/ca.crl &&
	grep -i 'application/pkix-crl' $D/headers"
slash() { # one of 64 names ends so
	mkdir -p "$D/export/AA/A" && cp "$D/a" "$D/export/AA/A/index.html" &&
		curl -sf -D "$D/headers" "$NGINX/AA/A/" | cmp - "$D/a" && grep -i '^content-type: application/ocsp-response' "$D/headers"
	local status=$?
	rm -r "$D/export/AA"
	return "$status"
}
ok "... and a name that ends with a slash" slash
no "... but nothing with a nonce" through_nginx good "$A/auth.pem"

# what happened while no responder ran
enrolled bruno Bruno Keller 55DD66778 2034-09-30 >/dev/null 2>&1
ra emma revoke "$alice" --cause lost-phone >"$D/out" 2>&1
no "without a responder the file is behind" file_says revoked "$A/auth.pem" sha1
out=$(pki-ocspd export --passphrase "file:$D/officers/responder/passphrase" --json 2>>"$D/commands.log")
ok "export writes the revoked and the new ones, once" test "$(jq .written <<<"$out")" = 8
ok "... revoked" file_says revoked "$A/auth.pem" sha1
ok "... by either hash" file_says revoked "$A/sign.pem" sha256
ok "... new" file_says good "$D/holders/bruno/sign.pem" sha256
# within the minute that this test needs; none where it took longer
ok "a second time it writes only what was revoked in the last minute" bash -c "
	pki-ocspd export --passphrase file:$D/officers/responder/passphrase --json 2>/dev/null | jq -e '.written == 4 or .written == 0'"

sample_daemon "$D" pki-ocspd serve --passphrase "file:$D/officers/responder/passphrase"
sample_wait pki-ocspd curl -s -o "$D/says" "$OCSP_URL/"
ok "with a nonce Apache asks the responder" by_apache through_nginx revoked "$A/auth.pem"
unwritten() { # the responder's own answer by a GET, to a request that no file answers
	openssl ocsp -issuer "$D/pub/ca.pem" -serial 0x1234 -no_nonce -reqout "$D/q" 2>/dev/null
	curl -sf -o "$D/a" "$1/$(base64 -w0 "$D/q" | jq -sRr @uri | sed 's/%0A$//')" &&
		openssl ocsp -respin "$D/a" -issuer "$D/pub/ca.pem" -serial 0x1234 -noverify 2>&1 | grep ': revoked'
}
for server in "$NGINX" "$APACHE"; do
	ok "a GET that no file answers goes to the responder" unwritten "$server"
done
ok "with a nonce nginx asks the responder" through_nginx revoked "$A/auth.pem"
ra emma revoke "$holder" --cause lost-phone >"$D/out" 2>&1
ok "the running responder writes a revocation" sample_wait file file_says revoked "$D/holders/bruno/auth.pem" sha256
get "$D/holders/bruno/auth.pem" sha1 encoded
ok "... and nginx says so" bash -c "
	openssl ocsp -respin $D/a -issuer $D/pub/ca.pem -cert $D/holders/bruno/auth.pem -no_nonce -noverify 2>&1 |
	tee $D/out | grep ': revoked'"
total=$(sqlite3 "file:$D/state/ledger.db?mode=ro" 'SELECT count(*) FROM certificate WHERE issuer = 2')
files() { [ "$(find "$D/export" -type f | wc -l)" = $((2 * total)) ]; }
ok "two files for each certificate, and nothing else" sample_wait files files
file=$(file_of "$D/holders/bruno/sign.pem" sha1)
touch -d '-9 hours' "$file"
ok "an answer that is a third over is made anew" sample_wait renewal bash -c "
	[ \$(stat -c %Y '$file') -gt \$((\$(date +%s) - 600)) ]"

sed -i 's|export: export,||' "$D/pki.yaml"
exits 5 "export without a place" pki-ocspd export --passphrase "file:$D/officers/responder/passphrase"
finish
