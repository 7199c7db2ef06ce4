#!/bin/bash
# A witness of logs that we did not write (golang.org/x/mod), asked with curl: what it cosigns and
# what it refuses, across kills and races; its cosignatures are verified with Go's crypto/ed25519.
. "$(dirname "$0")/lib.sh"
. tests/system/clock.sh
W_URL=http://127.0.0.1:$((PORT + 2))
M_URL=http://127.0.0.1:$((PORT + 3))
ok "the log of this test is built" env GO111MODULE=off GOPATH=/usr/share/gocode \
	GOCACHE="${GOCACHE:-${TMPDIR:-/tmp}/pki-go-cache}" go build -o "$D/log" tests/system/go/witness.go
for log in a b; do "$D/log" key "$D/$log" "$log.example.test/log"; done
"$D/log" key "$D/b2" b.example.test/log # its next key
"$D/log" key "$D/forger" a.example.test/log
"$D/log" key "$D/stranger" stranger.example.test/log
sample_secret "$D/pass"
export PKI_CONFIG=$D/pki-witness.yaml
cat >"$PKI_CONFIG" <<YAML
name: court.example.test/w1
state: w
listen: "127.0.0.1:$((PORT + 2))"
monitor: "127.0.0.1:$((PORT + 3))"
logs:
  - $(cat "$D/a/vkey")
  - $(cat "$D/b/vkey")
  - $(cat "$D/b2/vkey")
YAML

exits 6 "no witness without init" pki-witness serve --passphrase "file:$D/pass"
pki-witness init --passphrase "file:$D/pass" >"$D/vkey" 2>"$D/out"
result $? "init"
vkey=$(cat "$D/vkey")
ok "... prints the verifier key" grep -qE '^court\.example\.test/w1\+[0-9a-f]{8}\+B[A-Za-z0-9+/]{43}$' "$D/vkey"
exits 17 "a second init does not replace the key" pki-witness init --passphrase "file:$D/pass"
ok "... which is still the same" cmp "$D/w/vkey" <(printf %s "$vkey")
sample_secret "$D/wrong"
exits 7 "another passphrase" pki-witness serve --passphrase "file:$D/wrong"

begin() {
	mkdir -p "$D/run"
	sample_daemon "$D" pki-witness serve --passphrase "file:$D/pass"
	sample_wait pki-witness curl -s -o /dev/null "$W_URL/"
}
# killed: at once, without a word
killed() {
	local pid
	pid=$(sample_pid "$D" pki-witness) && kill -9 "$pid"
	while kill -0 "$pid" 2>/dev/null; do sleep 0.02; done
}
ended() {
	local pid
	pid=$(sample_pid "$D" pki-witness) && kill "$pid"
	sample_wait "end of pki-witness" bash -c "! kill -0 $pid"
}
trap 'ended 2>/dev/null; cleanup' EXIT
send() { curl -s -D "$D/head" -o "$D/body" -w '%{http_code}' --data-binary "@$1" "$W_URL/add-checkpoint"; }
# answers CODE TITLE FILE
answers() {
	local code
	code=$(send "$3")
	{
		echo "HTTP $code:"
		cat "$D/body"
	} >"$D/out"
	[ "$code" = "$1" ]
	result $? "$2 ($1)"
}
# asked CODE TITLE LOG OLD SIZE [FORK]
asked() {
	local code=$1 title=$2 log=$3
	shift 3
	"$D/log" request "$D/$log" "$@" >"$D/request"
	answers "$code" "$title" "$D/request"
}
# what the last request sent, with the answer's lines: cosigned
cosigned() {
	sed '1,/^$/d' "$D/request" | cat - "$D/body" >"$D/cosigned"
	"$D/log" verify "$D/cosigned" "$(cat "$D/${1:-a}/vkey")" "$vkey" >"$D/said"
}
sized() { [ "$(cat "$D/body")" = "$1" ] && grep -qi '^content-type: text/x\.tlog\.size' "$D/head"; }

ok "the witness starts" begin
exits 12 "a second process is kept from the state" pki-witness serve --passphrase "file:$D/pass"
before=$(date +%s)
asked 200 "rule 85: a first checkpoint, from nothing" a 0 5
ok "rule 84: ... cosigned, as Go verifies it" cosigned
read -r size at <"$D/said"
ok "rule 84: ... with the time" test "$size" = 5 -a "$at" -ge "$before" -a "$at" -le "$(date +%s)"
for step in "5 6" "6 8" "8 255" "255 256" "256 257" "257 600"; do
	# shellcheck disable=SC2086 # two words
	asked 200 "rule 85: from ${step/ / to }" a $step
done
ok "rule 84: ... the last is cosigned" cosigned
asked 200 "rule 85: the same tree again" a 600 600
ok "rule 84: ... is cosigned anew" cosigned
asked 409 "rule 85: an old size that is not ours" a 5 700
ok "rule 85: ... is answered with ours" sized 600
asked 409 "rule 85: nor is none" a 0 700
ok "rule 85: ... is answered with ours" sized 600
asked 409 "rule 85: a smaller tree" a 300 400
asked 422 "rule 85: another tree under a right old size" a 600 700 500
asked 409 "rule 85: two trees of one size" a 600 600 500
ok "rule 85: ... are answered with the size" sized 600
ok "... the proof is kept" bash -c "cat '$D'/w/fork-*.note | grep -q '^600$'"
ok "... and shown" bash -c "pki-witness status | grep -q 'two trees'"
no "... operators are told" curl -sf "$M_URL/health"
asked 404 "rule 85: an unknown origin" stranger 0 5
asked 403 "rule 85: a known origin, another key" forger 600 700
asked 200 "another log has a size of its own" b 0 3
asked 200 "... and two keys" b2 3 4
ok "rule 84: ... whose checkpoints are cosigned" cosigned b2
ok "a log's checkpoint of nothing" bash -c "'$D/log' request '$D/b' 0 0 | grep -q 47DEQpj8HBSa"
asked 409 "... comes too late" b 0 0

# malformed; each differs from a good request in one thing
"$D/log" request "$D/a" 600 700 >"$D/good"
bad() {
	LC_ALL=C sed "$2" "$D/good" >"$D/request"
	cmp -s "$D/good" "$D/request" && echo "not ok $((++tests)) - $1 changes nothing"
	answers 400 "rule 85: $1" "$D/request"
}
bad "no old size" 1d
bad "an old size with a zero in front" '1s/old /old 0/'
bad "an old size with a sign" '1s/old /old +/'
bad "two spaces" '1s/old /old  /'
bad "OLD" '1s/old/OLD/'
bad "an old size beyond 64 bits" '1s/.*/old 99999999999999999999/'
bad "an old size above the checkpoint's" '1s/.*/old 701/'
bad "a proof line that is no base64" '2s/^./!/'
bad "a proof line that is too short" '2s/.*/AAAA/'
bad "carriage returns" "s/\$/\r/"
bad "no empty line after the proof" '/^$/{x;s/^/x/;/^x$/{x;d};x}'
bad "no empty line at all" '/^$/d'
bad "a control character" "\$s/\$/\x01/"
bad "no signature line" '$d'
bad "a signature line that is none" '$s/ [^ ]*$/ AAAA/'
bad "a size with a zero in front" 's/^700$/0700/'
bad "a root that is no hash" '/^700$/{n;s/.*/AAAA/}'
head -c -1 "$D/good" >"$D/request"
answers 400 "rule 85: no newline at the end" "$D/request"
: >"$D/request"
answers 400 "rule 85: nothing" "$D/request"
line=$(sed -n 2p "$D/good")
{
	echo "old 600"
	for ((i = 0; i < 64; i++)); do echo "$line"; done
	sed '1,/^$/d' "$D/good" | cat <(echo) -
} >"$D/request"
answers 400 "rule 85: 64 lines of proof" "$D/request"
sed 5d "$D/request" >"$D/request63"
answers 422 "rule 85: 63 are read" "$D/request63"
head -c 200000 /dev/zero | tr '\0' A >"$D/request"
answers 413 "a request beyond all limits" "$D/request"
{
	cat "$D/good"
	for ((i = 0; i < 32; i++)); do tail -n 1 "$D/good"; done
} >"$D/request"
answers 400 "rule 82: 33 signatures" "$D/request"
ok "another method" test "$(curl -s -o /dev/null -w '%{http_code}' "$W_URL/add-checkpoint")" = 405
ok "another path" test "$(curl -s -o /dev/null -w '%{http_code}' --data x "$W_URL/add")" = 404
{
	cat "$D/good"
	for ((i = 0; i < 31; i++)); do tail -n 1 "$D/good"; done
} >"$D/request"
answers 200 "rule 82: 32 signatures, the log's among them" "$D/request"

# what was cosigned stays so, whatever happens to the process
killed
ok "after a kill it starts again" begin
asked 409 "rule 85: and knows what it cosigned" a 600 800
ok "rule 85: ... its size" sized 700
lost=0
size=700
echo $size >"$D/last"
for ((round = 0; round < 8; round++)); do
	(
		for ((i = size; i < size + 200; i++)); do
			"$D/log" request "$D/a" "$i" $((i + 1)) >"$D/r"
			[ "$(curl -s -o /dev/null -w '%{http_code}' --data-binary "@$D/r" "$W_URL/add-checkpoint")" = 200 ] || exit
			echo $((i + 1)) >"$D/last"
		done
	) &
	sleep "0.$((RANDOM % 4 + 1))"
	killed
	wait $!
	begin
	"$D/log" request "$D/a" 0 1 >"$D/r"
	send "$D/r" >"$D/code"
	now=$(cat "$D/body")
	[ "$now" -ge "$(cat "$D/last")" ] || lost=$((lost + 1))
	size=$now
done
ok "rule 85: no cosignature is forgotten in eight kills ($(cat "$D/last") entries)" test "$lost" = 0 -a "$size" -gt 700

# two futures of one log, at the same time
both=0
none=0
for ((round = 0; round < 20; round++)); do
	"$D/log" request "$D/a" "$size" $((size + 5)) >"$D/r1"
	"$D/log" request "$D/a" "$size" $((size + 3)) "$size" >"$D/r2"
	for i in 1 2; do
		curl -s -o /dev/null -w '%{http_code}' --data-binary "@$D/r$i" "$W_URL/add-checkpoint" >"$D/c$i" &
		pids[i]=$!
	done
	wait "${pids[1]}" "${pids[2]}"
	codes=$(cat "$D/c1" "$D/c2")
	[ "$codes" = 200200 ] && both=$((both + 1))
	[[ $codes == *200* ]] || none=$((none + 1))
	# the real log goes on only where it won; else the witness is made anew
	if [[ $codes == 200* ]]; then
		size=$((size + 5))
	else
		ended
		rm -rf "$D/w"
		pki-witness init --passphrase "file:$D/pass" >"$D/vkey"
		vkey=$(cat "$D/vkey")
		begin
		"$D/log" request "$D/a" 0 "$size" >"$D/r"
		send "$D/r" >"$D/code"
	fi
done
ok "rule 85: of two forks one wins, never both ($both), always one ($none)" test "$both" = 0 -a "$none" = 0

# the same, and a kill in the midst: whatever was answered, before or after it, is one history
anew() { # a witness that has cosigned ten entries
	rm -rf "$D/w"
	pki-witness init --passphrase "file:$D/pass" >"$D/vkey"
	vkey=$(cat "$D/vkey")
	begin
	"$D/log" request "$D/a" 0 10 >"$D/r"
	send "$D/r" >"$D/code"
}
ended
"$D/log" request "$D/a" 10 15 >"$D/r1"
"$D/log" request "$D/a" 10 13 10 >"$D/r2"
both=0
answered=0
for ((round = 0; round < 8; round++)); do
	anew
	: >"$D/codes1"
	: >"$D/codes2"
	for i in 1 2; do
		curl -s -o /dev/null -w '%{http_code}\n' --data-binary "@$D/r$i" "$W_URL/add-checkpoint" >>"$D/codes$i" &
		pids[i]=$!
	done
	sleep "0.00$((RANDOM % 10))"
	killed
	wait "${pids[1]}" "${pids[2]}"
	begin
	for i in 2 1; do
		curl -s -o /dev/null -w '%{http_code}\n' --data-binary "@$D/r$i" "$W_URL/add-checkpoint" >>"$D/codes$i"
	done
	yes=$(grep -lx 200 "$D/codes1" "$D/codes2" | wc -l)
	[ "$yes" != 2 ] || both=$((both + 1))
	grep -qx 000 "$D/codes1" "$D/codes2" && answered=$((answered + 1))
	killed
done
ok "rule 85: of two forks never both, with a kill in between ($both; $answered of $round unanswered)" test "$both" = 0
anew
size=10

# the state
ok "status" bash -c "pki-witness status --json | jq -e '.logs[0].size == $size and .vkey == \"$vkey\"'"
ok "metrics" bash -c "curl -s '$M_URL/metrics' | grep -q '^pki_witness_log_size{log=\"a.example.test/log\"} $size$'"
rm -f "$D"/w/fork-*
ok "health" curl -sf "$M_URL/health"
ok "the sandbox is in force" grep -q 'sandbox seccomp' "$D/run/pki-witness.log"
ok "SIGTERM ends it" ended
cp "$D/w/checkpoints.json" "$D/kept.json"
exits 10 "rule 209: no start with a clock behind the last cosignature" \
	at_clock -1h pki-witness serve --passphrase "file:$D/pass"
sed "s/$size/$((size + 1))/" "$D/kept.json" >"$D/w/checkpoints.json"
exits 18 "rule 85: no start on a state that was changed" pki-witness serve --passphrase "file:$D/pass"
rm "$D/w/checkpoints.json"
exits 17 "rule 85: no start after the state is lost" pki-witness serve --passphrase "file:$D/pass"
cp "$D/kept.json" "$D/w/checkpoints.json"
sed -i 's/^name: .*/name: court.example.test\/w2/' "$PKI_CONFIG"
exits 5 "no start under another name" pki-witness serve --passphrase "file:$D/pass"
sed -i 's/^name: .*/name: court.example.test\/w1/' "$PKI_CONFIG"
echo "more: 1" >>"$PKI_CONFIG"
exits 5 "no start with an unknown key in the configuration" pki-witness serve --passphrase "file:$D/pass"
finish
