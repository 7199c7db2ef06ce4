#!/bin/bash
# The disk fails under a commit, or the ledger's file is replaced under it: pki-ca ends, says "outcome unknown", and
# the clients ask.
. "$(dirname "$0")/lib.sh"
. tests/system/clock.sh # preload
if [ -n "${SAN:-}" ]; then
	echo "ok $((++tests)) - failed writes # SKIP a sanitizer beside the preloaded disk"
	finish
fi
preload failing_disk || exit
export FAILING_DISK=$D/failing-disk
disk() { perl -e 'open my $f, "+>", $ARGV[0] or die; syswrite $f, pack("l2", $ARGV[1], $ARGV[2])' "$FAILING_DISK.new" "$@" &&
	dd if="$FAILING_DISK.new" of="$FAILING_DISK" conv=notrunc status=none; }
disk 0 0
installation
mkdir -p "$D/run"
fragile_ca() {
	sample_daemon "$D" env LD_PRELOAD="$BIN/failing_disk.so" pki-ca serve "${custodians[@]}"
	mv "$D/run/env.pid" "$D/run/pki-ca.pid"
	sample_wait pki-ca pki-ca status
}
ca_ended() { ! kill -0 "$(cat "$D/run/pki-ca.pid")" 2>/dev/null; }
fragile_ca
for p in alice bruno carla; do
	enrolled "$p" "${p^}" Durable "99FW${#p}${p:0:1}01" 2034-01-01 >"$D/out"
	echo "$holder" >"$D/$p"
done
revoke() { ra emma revoke "$(cat "$D/$1")" --cause lost-phone --json; }
answered() {
	wait "$client"
	tail -n 1 "$D/$1.err"
	jq -e '.receipt and (.revoked | length == 2)' "$D/$1.json"
}
revocations() { sqlite3 "$D/state/ledger.db" "SELECT count(*) FROM revocation"; }

# what the kernel kept of the failed write is there after the restart
disk 1 5
revoke alice >"$D/alice.json" 2>"$D/alice.err" &
client=$!
soon ca_ended
fragile_ca
ok "rule 213: an fsync failed: the client asks the next pki-ca, and has the receipt" \
	answered alice
ok "... pki-ca ended and said why" grep -q "the outcome is unknown\|whether it is done shows" "$D/run/env.log"
no "... no message says Success" grep -q Success "$D/run/env.log" "$D/alice.err"
ok "... the revocation counts once" test "$(revocations)" = 2

disk 1 28
exits 20 "nobody starts pki-ca again: the outcome is unknown" ra emma revoke "$(cat "$D/bruno")" --cause lost-phone
ok "... the message says what to ask" grep -q "GET /v1/orders/O-" "$D/out"
ok "... pki-ca ended" soon ca_ended
fragile_ca

soon log_published
sqlite3 "$D/state/ledger.db" ".backup '$D/state/ledger.db.old'"
before=$(revocations)
disk 2 0
revoke carla >"$D/carla.json" 2>"$D/carla.err" &
client=$!
soon ca_ended
ok "the ledger is replaced during a commit: the commit is not in it" test "$(revocations)" = "$before"
fragile_ca
ok "... the client sends the order again, and has the receipt of a revocation" \
	answered carla
ok "... that is in the ledger" test "$(revocations)" = $((before + 2))

sqlite3 "$D/state/ledger.db" ".backup '$D/state/ledger.db.new'"
mv "$D/state/ledger.db.new" "$D/state/ledger.db"
event='{"source":"pki-crl","type":"crl-service-started","actor":""}'
curl -s --max-time 20 --unix-socket "$CA_SOCKET" -d "$event" http://ca/v1/events >"$D/now"
ok "the ledger was replaced before a request: the request is refused, and not carried out" \
	jq -e '.error.status == "io"' "$D/now"
ok "... pki-ca ends" soon ca_ended
finish
