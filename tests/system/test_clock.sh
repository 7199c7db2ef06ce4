#!/bin/bash
# The clock is set while pki-ca serves.
. "$(dirname "$0")/lib.sh"
. tests/system/clock.sh
if [ -n "${SAN:-}" ]; then
	echo "ok $((++tests)) - clocks that are set # SKIP a sanitizer beside the preloaded clock"
	finish
fi
movable_clock
installation
clock_moved 3600
services
enrolled alice Alice Moved 99CL00001 2034-01-01 >"$D/out"
ok "a holder is enrolled" test -s "$D/holders/alice/auth.pem"
order=$(sqlite3 "$D/state/ledger.db" "SELECT name FROM orders WHERE holder <> '' AND action = 0")
ca_get() { curl -sf --max-time 20 --unix-socket "$CA_SOCKET" "http://ca$1"; }
ca_post() { curl -s --max-time 20 --unix-socket "$CA_SOCKET" -d "$2" "http://ca$1"; }
event='{"source":"pki-crl","type":"crl-service-started","actor":""}'

# Whoever waited until a time of day would wait for an hour from here on.
clock_moved 0
ok "the clock set back by an hour: status is answered" ca_get /v1/status
ok "... an earlier order too" ca_get "/v1/orders/$order"
ok "rule 209: ... an event is refused at once, by the clock" \
	bash -c "$(declare -f ca_post); CA_SOCKET=$CA_SOCKET; ca_post /v1/events '$event' | jq -e '.error.status == \"clock\"'"
ok "... a relying party gets the CRL" curl -sf --max-time 20 -o "$D/body" "$WEB_URL/ca.crl"
clock_moved 3600
ok "the clock right again: an event is logged" \
	bash -c "$(declare -f ca_post); CA_SOCKET=$CA_SOCKET; ca_post /v1/events '$event' | jq -e .index"
ok "... and published" soon log_published

# ahead, behind: what must not wait goes on, at the time of the last event and the boot clock
last() { sqlite3 "file:$D/state/ledger.db?mode=ro" "SELECT $1 FROM entry WHERE json_extract(entry, '$.type') = '$2' ORDER BY id DESC LIMIT 1"; }
revoked_by_boot_clock() { # revoked_by_boot_clock SECONDS: the wall clock's error
	local off
	off=$(last "unixepoch(json_extract(entry, '$.clock')) - at / 1000" certificate-revoked)
	echo "off $off"
	((off > $1 - 60 && off < $1 + 60))
}
all_listed() {
	sqlite3 "file:$D/state/ledger.db?mode=ro" "SELECT max(revocations) = (SELECT count(*) FROM revocation) FROM crl
		WHERE issuer = 2" | grep -qx 1
}
for name in bruno:86400 carla:-1800; do
	seconds=${name#*:} name=${name%:*}
	enrolled "$name" "${name^}" Moved "99CL${name:0:1}0001" 2034-01-01 >"$D/out"
	person=$holder
	sample_person "$D" "$name-b" "${name^}" Later "99CL${name:0:1}0002" 2034-01-01
	invited_application "$name-b" && four_eyes >"$D/out"
	clock_moved $((3600 + seconds))
	ok "rule 209: the clock off by $seconds s: a revocation goes through" \
		ra emma revoke "$person" --cause lost-phone --receipt "$D/$name.p7s"
	ok "... dated by the boot clock, with the wall clock's time beside" revoked_by_boot_clock "$seconds"
	ok "... a CRL lists it" soon all_listed
	exits 10 "... nothing is issued" pki-ra issue "$application" --out "$D/holders/$name-b"
	no "... the message does not call a clock wrong that may be right" grep -q "set it right" "$D/out"
	clock_moved 3600
	ok "... and with the right clock it is" soon pki-ra issue "$application" --out "$D/holders/$name-b"
done
clock_moved $((3600 + 86400)) 86400
ok "a machine that slept for a day: an event is logged" \
	bash -c "$(declare -f ca_post); CA_SOCKET=$CA_SOCKET; ca_post /v1/events '$event' | jq -e .index"
settled
ok "... the auditor finds everything in order" bash -c "$(declare -f late_alone); pki-audit verify >/dev/null || late_alone"
ok "... a second verifier too" python3 tests/system/python/verify_log.py "$D/pub/log" --vkey "$D/pub/log/vkey"
clock_moved 3600
no "whose clock is behind: the auditor names the entries to come" pki-audit verify --json
ok "... by rule 209" bash -c "pki-audit verify --json | jq -e 'any(.findings[]; .rule == 209)'"
daemon_down pki-ca
ok "SIGTERM ends pki-ca behind its last event" test ! -S "$CA_SOCKET"
finish
