#!/bin/bash
# run.sh: each figure beside its peer and its limit, measured in the same run on the same machine.
# Smoke-sized: under a minute. SIZE=full: longer runs, and memory with 100,000 certificates.
# Servers run on core 0, clients on core 1.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
BIN=$(realpath "${BIN:-build/out}")
PATH=$BIN:$BIN/bench:$PATH
. tools/sample.sh
D=$(mktemp -d "${TMPDIR:-/tmp}/pki-bench.XXXXXX")
export PATH D PKI_CONFIG=$D/pki.yaml
PORT=$((20000 + ($$ * 7) % 20000))
orders=1000 seconds=2 peers=200
[ "${SIZE:-}" = full ] && orders=50000 seconds=10 peers=2000

run() { "$@" 2>>"$D/commands.log"; }
run_background() {
	local log=$1
	shift
	taskset -c 0 "$@" >"$log" 2>&1 &
}
peer_pid=
cleanup() {
	sample_stop "$D"
	[ -z "$peer_pid" ] || kill "$peer_pid" 2>/dev/null
	rm -rf "$D"
}
trap cleanup EXIT

row() { printf '%-46s %12s %8s   %s\n' "$@"; }
share() { awk -v a="$1" -v b="$2" 'BEGIN { if (b > 0) printf "%.0f %%", 100 * a / b; else print "-" }'; }
round() { printf '%.0f' "$1"; }
peer() { # peer COMMAND...: a server to compare with, on core 0
	taskset -c 0 "$@" >>"$D/peer.log" 2>&1 &
	peer_pid=$!
}
peer_end() {
	kill "$peer_pid" 2>/dev/null
	wait "$peer_pid" 2>/dev/null
	peer_pid=
}
# load BODY URL [WRK OPTION...]: requests per second; wrong answers make it "failed"
load() {
	local body=$1 url=$2
	shift 2
	BODY=$body taskset -c 1 wrk -t1 -c16 -d"${seconds}s" -s tests/bench/post.lua "$@" "$url" >"$D/wrk" 2>&1
	if grep -q 'Non-2xx' "$D/wrk"; then
		echo 0
		return
	fi
	awk '/Requests\/sec/ { printf "%.0f", $2 }' "$D/wrk"
}
# load_new BODY URL: requests per second, a new connection each (what openssl ocsp can serve)
load_new() {
	taskset -c 1 ab -q -l -n 1000000 -t "$seconds" -c 4 -p "$1" -T application/ocsp-request "$2" \
		>"$D/ab" 2>&1
	if ! grep -q '^Failed requests: *0$' "$D/ab" || grep -q '^Non-2xx' "$D/ab"; then
		echo 0
		return
	fi
	awk '/^Requests per second/ { printf "%.0f", $4 }' "$D/ab"
}
resident() { # MB of one process
	awk '/VmRSS/ { printf "%.1f", $2 / 1024 }' "/proc/$1/status"
}

limits=$(taskset -c 0 limits)
limit() { jq -r ".$1" <<<"$limits"; }
sample_config "$D" "$PORT" "$((PORT + 1))"
sample_officers "$D"
sample_ceremony "$D" >/dev/null || exit 1
sample_start "$D" || exit 1

echo "Machine: $(nproc) cores, $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1); $(openssl version | cut -d' ' -f1-2)"
echo "Primitives, one core: P-256 sign $(limit p256_sign)/s, verify $(limit p256_verify)/s; RSA-3072 verify $(limit rsa3072_verify)/s"
echo
row "issuing, certificates per second" "rate" "share" "what"
# what one order of two certificates cannot do without: the signatures of two officers and of the
# department that invited, and two proofs of possession, verified; two certificates signed
issue_limit=$(jq -r '2 / (5 / .p256_verify + 2 / .p256_sign)' <<<"$limits")
ours=$(taskset -c 1 bench_issue "$orders" 64 | jq -r .certificates_per_second)
row "pki-ca, signed order each, durable" "$(round "$ours")" "$(share "$ours" "$issue_limit")" "of the limit; pki-ca on one core"
row "limit: the primitives" "$(round "$issue_limit")" "100 %" "5 signatures verified, 2 made, per order of 2"

mkdir "$D/peer"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 30 -subj "/CN=Peer CA" \
	-keyout "$D/peer/ca.key" -out "$D/peer/ca.pem" 2>/dev/null
cat >"$D/peer/ca.cnf" <<CNF
[ca]
default_ca = peer
[peer]
database = $D/peer/index.txt
new_certs_dir = $D/peer
certificate = $D/peer/ca.pem
private_key = $D/peer/ca.key
rand_serial = yes
default_md = sha256
default_days = 365
unique_subject = no
policy = any
x509_extensions = holder
[any]
commonName = supplied
[holder]
keyUsage = critical,digitalSignature
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
certificatePolicies = 2.999.492.1.1.1.1.6.1
CNF
: >"$D/peer/index.txt"
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj "/CN=holder" \
	-keyout "$D/peer/holder.key" -out "$D/peer/holder.csr" 2>/dev/null
requests=()
for ((i = 0; i < peers; i++)); do requests+=("$D/peer/holder.csr"); done
start=$(date +%s%N)
taskset -c 0 openssl ca -batch -notext -config "$D/peer/ca.cnf" -infiles "${requests[@]}" >/dev/null 2>&1
took=$(($(date +%s%N) - start))
issued=$(wc -l <"$D/peer/index.txt")
rate=$(awk -v n="$issued" -v t="$took" 'BEGIN { printf "%.0f", n * 1e9 / t }')
row "peer: openssl ca -batch, no orders, no commits" "$rate" "$(share "$ours" "$rate")" "ours as a share of it"

echo
row "OCSP good, keep-alive, requests per second" "rate" "share" "what"
cert=$D/bench.pem
sqlite3 "$D/state/ledger.db" "SELECT hex(der) FROM certificate WHERE holder <> '' LIMIT 1" |
	xxd -r -p | openssl x509 -inform DER -out "$cert"
openssl ocsp -issuer "$D/pub/ca.pem" -cert "$cert" -reqout "$D/nonce.der" 2>/dev/null
openssl ocsp -issuer "$D/pub/ca.pem" -cert "$cert" -no_nonce -reqout "$D/plain.der" 2>/dev/null
url=http://127.0.0.1:$PORT/
nonce=$(load "$D/nonce.der" "$url")
plain=$(load "$D/plain.der" "$url")
fresh=$(load_new "$D/nonce.der" "$url")
row "pki-ocspd with nonce" "$nonce" "$(share "$nonce" "$(limit p256_sign)")" "of raw P-256 signatures"
row "pki-ocspd without nonce" "$plain" "$(share "$plain" "$(limit p256_sign)")" "of raw P-256 signatures"
openssl ocsp -issuer "$D/pub/ca.pem" -cert "$cert" -no_nonce -url "$url" -noverify \
	-respout "$D/resp.der" >/dev/null 2>&1
base64 -w0 "$D/resp.der" >"$D/responses"
sample_stop "$D"
row "limit: raw P-256 signatures" "$(limit p256_sign)" "100 %" "same library, one core"
peer http_empty "127.0.0.1:$((PORT + 2))" 1
sleep 0.3
empty=$(load "$D/plain.der" "http://127.0.0.1:$((PORT + 2))/")
peer_end
row "limit: the same HTTP server, empty handler" "$empty" "$(share "$plain" "$empty")" "ours without nonce as a share of it"

peer openssl ocsp -port "$((PORT + 3))" -index "$D/peer/index.txt" -CA "$D/peer/ca.pem" \
	-rsigner "$D/peer/ca.pem" -rkey "$D/peer/ca.key" -nmin 60
sleep 0.5
openssl ocsp -issuer "$D/peer/ca.pem" -serial "0x$(cut -f4 "$D/peer/index.txt" | head -n 1)" \
	-reqout "$D/peer/nonce.der" 2>/dev/null
rate=$(load_new "$D/peer/nonce.der" "http://127.0.0.1:$((PORT + 3))/")
peer_end
row "new connections: pki-ocspd with nonce" "$fresh" "$(share "$fresh" "$nonce")" "of ours with keep-alive"
row "new connections: peer openssl ocsp with nonce" "$rate" "$(share "$fresh" "$rate")" "ours as a share of it"
if command -v cfssl >/dev/null; then
	peer cfssl ocspserve -address 127.0.0.1 -port "$((PORT + 4))" -responses "$D/responses" -loglevel 5
	sleep 0.5
	rate=$(load "$D/plain.der" "http://127.0.0.1:$((PORT + 4))/")
	peer_end
	row "peer: cfssl ocspserve, ready-made answers" "$rate" "$(share "$plain" "$rate")" "ours without nonce as a share of it"
else
	echo "(cfssl is not installed: apt-get install golang-cfssl)"
fi

echo
sample_start "$D" || exit 1
BODY=$D/nonce.der taskset -c 1 wrk -t1 -c16 -d1s -s tests/bench/post.lua "$url" >/dev/null
count=$(sqlite3 "$D/state/ledger.db" 'SELECT count(*) FROM certificate')
row "resident memory, MB, with $count certificates" "MB" "share" "of 32 MB"
memory() { # memory NAME PID
	local mb
	mb=$(resident "$2")
	row "$1" "$mb" "$(share "$mb" 32)" ""
}
memory "pki-ca, front" "$(cat "$D/run/pki-ca.pid")"
memory "pki-ca, signer" "$(pki-ca status --json | jq .signer.pid)"
memory pki-crl "$(cat "$D/run/pki-crl.pid")"
memory pki-ocspd "$(cat "$D/run/pki-ocspd.pid")"
