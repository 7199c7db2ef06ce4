# shellcheck shell=bash disable=SC2154,SC2034 # run.sh and lib.sh set, and read, what stands here
# How long an answer takes at half the rate that the responder can do: from when it was due, in an open
# loop; while nothing else happens, while much is revoked, while the CRL is made anew.

# In the background for as long as a row takes; returns when it has begun.
revoking() {
	local log=$D/revoke.log
	: >"$log"
	taskset -c "$ca_cores" bench_revoke "$(calc %.0f "500 * $seconds")" 500 >"$D/revoke.json" 2>"$log" &
	busy=$!
	until grep -q ready "$log" || ! kill -0 "$busy" 2>/dev/null; do sleep 0.01; done
}
revoked() {
	wait "$busy" || failures=$((failures + 1))
	echo "$(jq '.orders_per_second * 2' "$D/revoke.json") revocations/s are committed"
}
rebuilding() {
	while pki-crl once >/dev/null 2>&1; do :; done &
	busy=$!
}
rebuilt() {
	kill "$busy"
	wait "$busy" 2>/dev/null
	echo "the CRL of $crl_entries is made again and again"
}
nothing() { :; }

# latency_row RATE BEGIN END LOAD-OPTION...: END says what went on
latency_row() {
	local at=$1 begin=$2 end=$3 busy=
	shift 3
	"$begin"
	measure "$ocspd" --url "$url" --rate "$at" --revoking "$@"
	"$end" >"$D/what" # not in a subshell: it waits for what `begin` started
	row "" "$rate" "$p50" "$p99" "$p999" "$max" "$(cat "$D/what")"
}
latencies() { # latencies NAME LOAD-OPTION...
	local name=$1
	shift
	measure "$ocspd" --url "$url" "$@"
	heading "OCSP $name, at half of $rate/s" answers/s p50 p99 p99.9 "max  (ms)" "meanwhile"
	set -- "$((rate / 2))" "$@"
	latency_row "$1" nothing nothing "${@:2}"
	latency_row "$1" revoking revoked "${@:2}"
	latency_row "$1" rebuilding rebuilt "${@:2}"
}

topic_latency() {
	local crl_entries
	# the CA on a core of the servers' that the responder does not use; with two cores, on the client's
	ca_cores=$CLIENTS
	((half < 2)) || ca_cores=1
	install
	fill "$(size 20000 400000)" 50
	crl_entries=$(jq .revoked "$D/fill.json")
	services
	ocspd=$(pid_of pki-ocspd)
	latencies "without nonce" --get
	latencies "with nonce" --nonce
	ca_cores=$FIRST
}
