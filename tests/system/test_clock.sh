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
clock_moved 3000
daemon_down pki-ca
ok "SIGTERM ends pki-ca behind its last event" test ! -S "$CA_SOCKET"
finish
