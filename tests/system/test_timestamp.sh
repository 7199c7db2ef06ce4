#!/bin/bash
# Checkpoints are dated by a time-stamping authority, `openssl ts` behind a small server: what is
# taken, what is not, and what the auditor finds; the log never waits.
. "$(dirname "$0")/lib.sh"
. tests/system/clock.sh
ok "the authority of this test is built" env GO111MODULE=off GOPATH=/usr/share/gocode \
	GOCACHE="${GOCACHE:-${TMPDIR:-/tmp}/pki-go-cache}" go build -o "$D/tsa-server" tests/system/go/tsa.go

# authority NAME EXTENDED-KEY-USAGE [CLOCK]: $D/tsa/NAME.{key,crt}, by a root of that name
T=$D/tsa
mkdir -p "$T"
authority() {
	local name=$1 eku=$2
	openssl req -x509 -newkey rsa:3072 -noenc -days 900 -subj "/CN=TEST root of $name" \
		-keyout "$T/$name-root.key" -out "$T/$name-root.crt"
	openssl req -new -newkey rsa:3072 -noenc -subj "/CN=TEST authority $name" \
		-keyout "$T/$name.key" -out "$T/$name.csr"
	printf 'keyUsage=critical,digitalSignature\nextendedKeyUsage=%s\n' "$eku" >"$T/$name.ext"
	at_clock "${3:-+0}" openssl x509 -req -in "$T/$name.csr" -CA "$T/$name-root.crt" \
		-CAkey "$T/$name-root.key" -CAcreateserial -days 2 -extfile "$T/$name.ext" -out "$T/$name.crt"
	cat >>"$T/tsa.cnf" <<-CNF
		[$name]
		dir = $T
		serial = $T/serial
		signer_cert = $T/$name.crt
		certs = $T/$name-root.crt
		signer_key = $T/$name.key
		signer_digest = sha256
		default_policy = 2.999.3
		digests = sha256
		accuracy = secs:1
	CNF
}
{
	authority good critical,timeStamping
	authority foreign critical,timeStamping
	authority expired critical,timeStamping -5d
	cat "$T/good-root.crt" "$T/expired-root.crt" >"$T/trust.pem"
} >"$D/commands.log" 2>&1
echo 01 >"$T/serial"
mode() { echo "$1" >"$T/mode"; }
mode good
EVERY=2s
configured() {
	sed -i "s|^log: .*|log: { origin: ca.example.test/log, timestamp: {\
		url: 'http://127.0.0.1:$((PORT + 2))/tsr', certificates: tsa/trust.pem, every: $EVERY } }|" "$PKI_CONFIG"
}
installation
mkdir -p "$D/run"
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
end_all() {
	local name
	for name in feed authority; do ended "$name"; done 2>/dev/null
	cleanup
}
trap end_all EXIT
daemon authority "$D/tsa-server" $((PORT + 2)) "$T"
sample_wait authority curl -s -o /dev/null "http://127.0.0.1:$((PORT + 2))/"
services
S=$D/pub/witness/timestamps
event() { pki-crl once >>"$D/commands.log" 2>&1; }
openssl_agrees() { # openssl_agrees SIZE
	openssl ts -verify -data "$S/$1.note" -in "$S/$1.tsr" -CAfile "$T/trust.pem"
}

settled
size=$(entries)
ok "rule 86: feed --once has the checkpoint dated" pki-witness feed --once
ok "rule 86: openssl verifies it with the checkpoint beside it" openssl_agrees "$size"
ok "... which is the published one" cmp "$S/$size.note" "$D/pub/log/checkpoint"
ok "rule 86: the auditor verifies it" bash -c "pki-audit verify --json | jq -e '.ok and .checked.timestamps == 1'"
serial=$(cat "$T/serial")
ok "once more" pki-witness feed --once
ok "... asks for nothing that is there" test "$(cat "$T/serial")" = "$serial"

# what is not taken
grow() {
	local before
	before=$(entries)
	event
	soon eval '[ "$(entries)" -gt '"$before"' ]'
	settled
	size=$(entries)
}
grow
for case in hash:"not of this checkpoint" nonce:"nonce mismatch" no-nonce:"nonce not returned" \
	foreign:"self-signed certificate in certificate chain" expired:"certificate has expired" refuse:"authority refused" \
	garbage:"no time-stamp response" longer:"no time-stamp response" large:"more than" fault:"HTTP 500"; do
	mode "${case%%:*}"
	exits 14 "rule 86: ${case%%:*}" pki-witness feed --once
	ok "... is said" grep -qi "${case#*:}" "$D/out"
	ok "... and not kept" test ! -e "$S/$size.tsr" -a ! -e "$S/$size.note"
done
mode good
exits 14 "rule 86: an authority whose clock is another" at_clock +1h pki-witness feed --once
ok "... is said" grep -q "clock" "$D/out"
ok "... and not kept" test ! -e "$S/$size.tsr"

# in the background
mode slow
daemon feed pki-witness feed
before=$(entries)
event
ok "an authority that hangs does not hold up the log" soon eval '[ "$(entries)" -gt '"$before"' ]'
ok "the feed ends at SIGTERM even so" ended feed
mode fault
daemon feed pki-witness feed
ok "what does not work is told" soon grep -q 'HTTP 500' "$D/run/feed.log"
mode good
settled
size=$(entries)
ok "rule 86: and tried again" soon test -s "$S/$size.tsr"
event
settled
size=$(entries)
ok "rule 86: in time there is the next" soon test -s "$S/$size.tsr"
ok "rule 86: ... right" openssl_agrees "$size"
soon test -s "$S/$size.note"
ok "rule 86: the auditor verifies all" bash -c "pki-audit verify --json | jq -e '.ok and .checked.timestamps >= 3'"
ok "the feed ends at SIGTERM" ended feed
sample_stop "$D"
ok "rule 86: what the log never had dated is found" bash -c "
	sleep 7; ! pki-audit verify >'$D/late' && grep -q 'the log has no time-stamp from entry' '$D/late'"

# the auditor's own eyes; ca-stopped is not dated
sed -i 's/every: 2s/every: 1d/' "$PKI_CONFIG"
ok "rule 86: ... if it is late" pki-audit verify
ok "rule 86: with certificates that are given" pki-audit verify --tsa "$T/good-root.crt"
ok "rule 86: with the authority's own" pki-audit verify --tsa "$T/good.crt"
exits 18 "rule 86: by an authority that nobody trusts" pki-audit verify --tsa "$T/foreign-root.crt"
exits 8 "rule 86: with a file that holds none" pki-audit verify --tsa "$T/serial"
ok "rule 86: after the authority's certificate has ended, what it dated stays so" \
	bash -c "at_clock +10d pki-audit verify --json >'$D/later'; jq -e '.checked.timestamps >= 3 and
		all(.findings[]; .object | contains(\"timestamps/\") | not)' '$D/later'"
P=$D/copy
found() { # found TITLE NAME...: in a copy that was changed, the auditor finds it and names the file
	local title=$1
	shift
	pki-audit verify --publish "$P" >"$D/out" 2>&1
	[ $? = 18 ] && grep -q "timestamps/$1: rule 86 time-stamp" "$D/out"
	result $? "rule 86: $title"
}
fresh() { rm -rf "$P" && cp -r "$D/pub" "$P"; }
older=$(cd "$S" && printf '%s\n' *.tsr | sort -n | head -n 1)
fresh
cp "$S/$older" "$P/witness/timestamps/$size.tsr"
found "another checkpoint's token" "$size.tsr"
fresh
LC_ALL=C sed -i 's/TEST authority/TEST Authority/' "$P/witness/timestamps/$size.tsr"
found "a token that was changed" "$size.tsr"
fresh
head -c 100 "$S/$size.tsr" >"$P/witness/timestamps/$size.tsr"
found "a token that was cut" "$size.tsr"
fresh
rm "$P/witness/timestamps/$size.tsr"
found "a token that was taken away" "$size.note"
fresh
echo x >>"$P/witness/timestamps/$size.note"
found "another checkpoint beside it" "$size.tsr"
fresh
mv "$P/witness/timestamps/$size.tsr" "$P/witness/timestamps/999999.tsr"
found "a token of a checkpoint that there never was" "999999.tsr"
fresh
: >"$P/witness/timestamps/x.tsr"
ok "rule 86: other files are none of ours" pki-audit verify --publish "$P"
sed -i 's/, timestamp: .*/ }/' "$PKI_CONFIG"
exits 8 "rule 86: tokens, and nobody to trust" pki-audit verify
ok "rule 86: ... until somebody is named" pki-audit verify --tsa "$T/trust.pem"
exits 5 "feeding nobody" pki-witness feed
finish
