#!/bin/bash
# The log's side of witnessing: two witnesses, on state folders of their own, cosign what the
# installation publishes; one fails, comes back, and finds out a ledger that forgot.
. "$(dirname "$0")/lib.sh"
ok "the verifier of this test is built" env GO111MODULE=off GOPATH=/usr/share/gocode \
	GOCACHE="${GOCACHE:-${TMPDIR:-/tmp}/pki-go-cache}" go build -o "$D/check" tests/system/go/witness.go
sample_secret "$D/pass"

# witness_config NAME PORT: with the log's key, once there is one
witness_config() {
	cat >"$D/$1.yaml" <<-YAML
		name: $1.example.test/w
		state: $1
		listen: "127.0.0.1:$2"
		logs: [$(cat "$D/pub/log/vkey" 2>/dev/null)]
	YAML
}
for w in court:2 state:3; do
	witness_config "${w%:*}" $((PORT + ${w#*:}))
	pki-witness init --config "$D/${w%:*}.yaml" --passphrase "file:$D/pass" >"$D/${w%:*}.vkey"
done
configured() {
	sed -i "s|^log: .*|log: { origin: ca.example.test/log, witnesses: [\
		{ url: 'http://127.0.0.1:$((PORT + 2))', vkey: $(cat "$D/court.vkey") },\
		{ url: 'http://127.0.0.1:$((PORT + 3))/', vkey: $(cat "$D/state.vkey") }] }|" "$PKI_CONFIG"
}
installation
mkdir -p "$D/run"
vkey=$(cat "$D/pub/log/vkey")

daemon() { # daemon NAME PROGRAM ARGUMENT...: pid in $D/run/NAME
	local name=$1
	shift
	run_background "$D/run/$name.log" "$@"
	echo $! >"$D/run/$name"
}
ended() {
	local pid
	pid=$(cat "$D/run/$1" 2>/dev/null) || return 0
	rm "$D/run/$1"
	kill "$pid" && sample_wait "end of $1" bash -c "! kill -0 $pid"
}
witness_begin() {
	daemon "$1" pki-witness serve --config "$D/$1.yaml" --passphrase "file:$D/pass"
	sample_wait "$1" curl -s -o /dev/null "http://127.0.0.1:$2/"
}
end_all() {
	local name
	for name in feed court state; do ended "$name"; done 2>/dev/null
	cleanup
}
trap end_all EXIT
for w in court:2 state:3; do
	witness_config "${w%:*}" $((PORT + ${w#*:}))
	witness_begin "${w%:*}" $((PORT + ${w#*:}))
done

# cosigned_by NAME [FILE]: what is published has a right cosignature, says Go
cosigned_by() { "$D/check" verify "${2:-$D/pub/log/checkpoint}" "$vkey" "$(cat "$D/$1.vkey")"; }
# something that the log records
event() { pki-crl once; }
grown() { [ "$(entries)" -gt "$1" ]; }

services
settled
ok "pki-witness feed --once" pki-witness feed --once
ok "rule 84: its folder has the cosignatures" cosigned_by court "$D/pub/witness/checkpoint"
ok "rule 84: ... of both" cosigned_by state "$D/pub/witness/checkpoint"
ok "rule 84: pki-ca publishes them with the checkpoint" soon cosigned_by court
ok "rule 84: ... both" soon cosigned_by state
ok "rule 82: golang.org/x/mod reads the log as before" tests/system/go/run.sh "$D/pub/log"
cp "$D/pub/log/checkpoint" "$D/old"

daemon feed pki-witness feed
before=$(entries)
event >"$D/out" 2>&1
ok "the log grows" soon grown "$before"
ok "rule 84: what comes is cosigned without being told" soon cosigned_by court
ok "rule 84: ... by both" soon cosigned_by state
ok "rule 81: ... consistent with what was cosigned before" tests/system/go/run.sh "$D/pub/log" "$D/old"
ok "the auditor counts the cosignatures" bash -c "pki-audit verify --json | jq -e '.ok and .checked.cosignatures >= 2'"

# a witness that is away
ended court
before=$(entries)
event >"$D/out" 2>&1
ok "with a witness away the log goes on" soon grown "$before"
ok "rule 84: ... and has the other's cosignature" soon cosigned_by state
no "... not the one's" cosigned_by court
ok "... which is told" soon grep -q 'court.example.test/w: .*does not answer' "$D/run/feed.log"
ok "the auditor does not mind" pki-audit verify
witness_begin court $((PORT + 2))
ok "rule 84: it comes back and catches up" soon cosigned_by court
ok "the feed ends at SIGTERM" ended feed
before=$(entries)
event >"$D/out" 2>&1
soon grown "$before"
daemon feed pki-witness feed
ok "rule 85: started anew it finds out what the witnesses know" soon cosigned_by state
soon cosigned_by court
ended feed

# what does not come from a witness is not published
before=$(entries)
event >"$D/out" 2>&1
soon grown "$before"
settled
grep '^— court' "$D/pub/witness/checkpoint" | cat "$D/pub/log/checkpoint" - >"$D/forged"
cp "$D/forged" "$D/pub/witness/.forged" && mv "$D/pub/witness/.forged" "$D/pub/witness/checkpoint"
sleep 1
no "rule 84: a cosignature of another checkpoint is not published" grep -q '^— court' "$D/pub/log/checkpoint"
exits 18 "rule 84: ... the auditor finds it where the feed put it" pki-audit verify
ok "feed --once mends it" pki-witness feed --once
ok "... published" soon cosigned_by court

# the auditor's own eyes
cp -r "$D/pub" "$D/c.pub"
sample_stop "$D"
ok "the auditor takes the copy" pki-audit verify --publish "$D/c.pub"
sed -i '/^— court/{s/A\(.\{20\}\)$/B\1/;t;s/.\(.\{20\}\)$/A\1/}' "$D/c.pub/log/checkpoint"
exits 18 "rule 84: and finds a wrong cosignature" pki-audit verify --publish "$D/c.pub"
ok "... which it does not look at without the witnesses' keys" bash -c \
	"sed 's/, witnesses: .*/ }/' '$PKI_CONFIG' >'$D/none.yaml' && pki-audit verify --config '$D/none.yaml' --publish '$D/c.pub'"
exits 18 "... but with a key that is given" pki-audit verify --config "$D/none.yaml" --publish "$D/c.pub" --witness "$D/court.vkey"
exits 5 "a key that is none" pki-audit verify --witness x+y+z

# a log with another past, under the same key: an older one, then one that was rewritten
mv "$D/pub/log" "$D/log.new"
cp -r "$D/log.new" "$D/pub/log"
grep -Ev '^— (court|state)' "$D/old" >"$D/pub/log/checkpoint"
pki-witness feed --once >"$D/out" 2>&1
result $((!$?)) "rule 85: an older log is not cosigned"
ok "rule 85: ... the feed says why" grep -q 'restore a newer one' "$D/out"
ok "rule 81: the auditor compares with what was cosigned" pki-audit verify --publish "$D/pub"
sed -i 's/, witnesses: \[/, witnesses: [ { url: "http:\/\/127.0.0.1:1", vkey: x },/' "$PKI_CONFIG"
exits 5 "a witness's key that is none is refused with the configuration" pki-witness feed --once
sed -i 's/, witnesses: .*/ }/' "$PKI_CONFIG"
exits 5 "feeding nobody" pki-witness feed
finish
