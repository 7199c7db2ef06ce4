# shellcheck shell=bash
# What the topics of the benchmark share: an installation, servers and clients on cores of their own,
# rows of the tables. Sourced by run.sh.
# shellcheck disable=SC2034 # variables are for the topics

full() { [ "${SIZE:-}" = full ]; }
size() { if full; then echo "$2"; else echo "$1"; fi; } # size SMOKE FULL

processors=$(nproc)
if ((processors > 1)); then
	half=$((processors / 2))
	CLIENTS=$half-$((processors - 1))
else
	half=1 CLIENTS=0
fi
FIRST=0 # the one core of a figure "per core"
seconds=$(size 0.5 10) # of each measurement
client_threads=$((processors - half > 0 ? processors - half : 1))
D=
claim_ports || exit
url=http://127.0.0.1:$PORT/
peer_port=$((PORT + 2))
peer_url=http://127.0.0.1:$peer_port/

run() { "$@" 2>>"$D/commands.log"; }
ocspd_cores=$FIRST ca_cores=$FIRST
run_background() {
	local log=$1 cores=$ca_cores
	[ "$2" != pki-ocspd ] || cores=$ocspd_cores
	shift
	taskset -c "$cores" "$@" >"$log" 2>&1 &
}
# Clients go first where both sides share a core: what they measure is the server's time.
client() {
	if ((EUID == 0)); then
		taskset -c "$CLIENTS" nice -n -20 "$@"
	else
		taskset -c "$CLIENTS" "$@"
	fi
}

# install: a fresh installation in $D, its responder with one thread; services are not started
install() {
	uninstall
	D=$(mktemp -d "${TMPDIR:-/tmp}/pki-bench.XXXXXX")
	export D PKI_CONFIG=$D/pki.yaml
	mkdir "$D/run"
	sample_config "$D" "$PORT" "$((PORT + 1))"
	configure 's/threads: 2/threads: 1/'
	configure '$a ca: { rate: 100000 }' # two officers sign all orders
	sample_officers "$D"
	sample_ceremony "$D" >/dev/null || exit 1
	ledger=$D/state/ledger.db
}
configure() { sed -i "$1" "$D/pki.yaml"; } # configure SED-COMMAND
services() { sample_start "$D" || exit 1; }
fill() { client fill_ledger "$@" >"$D/fill.json" || exit 1; }
pid_of() { cat "$D/run/$1.pid"; }
signer_pid() { pki-ca status --json | jq .signer.pid; }

peer_pid=
peer() { # peer COMMAND...: a server to compare with, on the first core
	taskset -c "$FIRST" "$@" >>"$D/peer.log" 2>&1 &
	peer_pid=$!
	sample_wait "$1" port_open "$peer_port"
}
# without a connection: openssl ocsp would wait for ever for what a first one has to say
port_open() { grep -q "$(printf ':%04X 0*:0000 0A' "$1")" /proc/net/tcp /proc/net/tcp6; }
peer_end() {
	[ -n "$peer_pid" ] || return 0
	kill "$peer_pid" 2>/dev/null
	wait "$peer_pid" 2>/dev/null
	peer_pid=
}
uninstall() {
	peer_end
	[ -n "$D" ] || return 0
	sample_stop "$D"
	rm -rf "$D"
}

# Tables. A first column that does not fit pushes the others.
heading() { # heading TITLE COLUMN...
	printf '\n'
	row "$@"
}
row() {
	local first=$1
	shift
	printf '%-50s' "$first"
	printf ' %11s' "${@:1:$#-1}"
	printf '   %s\n' "${*: -1}"
}
calc() { awk "BEGIN { printf \"$1\", $2 }"; } # calc FORMAT EXPRESSION
share() { # share A B: A as a share of B
	if [ "${2:-0}" = 0 ]; then echo -; else calc '%.0f %%' "100 * $1 / $2"; fi
}
round() { printf '%.0f' "$1"; }

# ticks PID...: processor time of the processes, with their threads and the children they have now
ticks() {
	local pid
	for pid; do
		echo "$pid"
		pgrep -P "$pid"
	done | sed 's,.*,/proc/&/stat,' | xargs cat 2>/dev/null |
		awk '{ sub(/.*\) /, ""); n += $12 + $13 } END { print n + 0 }'
}
resident() { awk '/VmRSS/ { printf "%.1f", $2 / 1024 }' "/proc/$1/status"; } # MB
peak() { awk '/VmHWM/ { printf "%.1f", $2 / 1024 }' "/proc/$1/status"; }

# measure PID OPTION...: load on the server of that process. Sets rate (answers per second), core
# (answers per second of the server's processor time), p50, p99, p999 (ms). What is wrong is said,
# and fails the run.
failures=0
measure() {
	local pid=$1 before after
	shift
	before=$(ticks "$pid")
	client load --ledger "$ledger" --seconds "$seconds" --threads "$client_threads" \
		--connections 64 "$@" >"$D/load.json" 2>"$D/load.err"
	local status=$?
	after=$(ticks "$pid")
	if [ $status != 0 ]; then
		failures=$((failures + 1))
		echo "WRONG: load $*: $(cat "$D/load.json" "$D/load.err" | head -n 4)"
	fi
	rate=$(jq -r '.rate // 0' "$D/load.json")
	core=$(jq -r ".answered * 100 / ($after - $before + 0.001) | round" "$D/load.json")
	p50=$(msec p50) p99=$(msec p99) p999=$(msec p999) max=$(msec max)
}
msec() { jq -r ".$1_us / 1000" "${2:-$D/load.json}"; } # msec p99 [FILE]
