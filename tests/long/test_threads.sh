#!/bin/bash
# The three services under ThreadSanitizer while many clients ask, order, revoke and look at once:
# lib.sh's cleanup reports any race. `make check-long` builds the variant.
BIN=$(dirname "${BIN:-build/out}")/tsan
. "$(dirname "$0")/../system/lib.sh"
ok "the services are built with ThreadSanitizer" grep -q __tsan_init "$BIN/pki-ca" "$BIN/pki-crl" "$BIN/pki-ocspd"
installation
services
people=${PEOPLE:-6} rounds=${ROUNDS:-40}
for ((i = 1; i <= people; i++)); do
	sample_person "$D" "p$i" "Number$i" Threads "99TH0000$i" 2034-01-01
	invited_application "p$i" && four_eyes >/dev/null || echo "# p$i not prepared"
	echo "$application $holder" >>"$D/people"
done

# each person's life, all at once
life() {
	pki-ra issue "$1" --out "$D/out-$1" && pki-ra issue "$1" --out "$D/again-$1" &&
		ra emma revoke "$2" --cause lost-phone && touch "$D/done-$1"
}
# what the world asks meanwhile; its answers are other tests' matter, that each is whole is this one's
ask() {
	local url
	for url in "$OCSP_URL/" "$OCSP_URL/MEIwQDA+" "$WEB_URL/ca.crl" "$WEB_URL/log/checkpoint"; do
		curl -s -o /dev/null --max-time 20 "$url" || return
	done
	curl -s -o /dev/null --max-time 20 -H 'Content-Type: application/ocsp-request' \
		--data-binary "@$D/req.der" "$OCSP_URL/"
}
asking() {
	local i
	for ((i = 0; i < rounds; i++)); do
		ask || return
	done
}
looking() {
	local i
	for ((i = 0; i < rounds; i++)); do
		curl -sf -o /dev/null --max-time 20 --unix-socket "$CA_SOCKET" http://ca/v1/status || return
	done
}
openssl ocsp -issuer "$D/pub/ca.pem" -cert "$D/pub/ocsp.pem" -no_nonce -reqout "$D/req.der" 2>/dev/null
workers=()
for _ in 1 2 3 4; do
	asking &
	workers+=($!)
	looking &
	workers+=($!)
done
while read -r a h; do
	life "$a" "$h" >>"$D/life.log" 2>&1 &
	workers+=($!)
done <"$D/people"
pki-crl once >/dev/null 2>&1
failed=0
for worker in "${workers[@]}"; do
	wait "$worker" || failed=$((failed + 1))
done
ok "all clients were answered ($failed not)" test $failed = 0
ok "every person was issued certificates and lost them" \
	test "$(find "$D" -maxdepth 1 -name 'done-*' | wc -l)" = "$people"
auth=$(ls -d "$D"/out-A-* | head -n 1)/auth.pem
ok "the responder answers" ocsp_says revoked "$auth"
ok "the auditor finds everything in order" pki-audit verify

# the ends: in the midst of requests, and without the signer
asking >/dev/null 2>&1 &
looking >/dev/null 2>&1 &
kill -9 "$(pki-ca status --json | jq -r .signer.pid)"
ca=$(cat "$D/run/pki-ca.pid")
ok "the CA ends without its signer" sample_wait "pki-ca's end" bash -c "! kill -0 $ca"
sample_stop "$D"
result $? "the services end while they are asked"
wait
finish
