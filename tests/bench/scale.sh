# shellcheck shell=bash disable=SC2154,SC2034 # run.sh and lib.sh set, and read, what stands here
# The same work over ledgers of many sizes: what it costs must not grow.

# until_answers COMMAND...: seconds until it succeeds
until_answers() {
	local start
	start=$(date +%s%N)
	until "$@" >/dev/null 2>&1; do sleep 0.005; done
	calc %.2f "($(date +%s%N) - $start) / 1e9"
}
ca_answers() { curl -sf --unix-socket "$D/state/ca.sock" http://ca/v1/status; }
ocspd_answers() { [ "$(curl -s -o /dev/null -w '%{http_code}' "$url")" = 200 ]; }
crl_answers() { curl -sf -o /dev/null "http://127.0.0.1:$((PORT + 1))/ca.crl"; }

# start_up: each service by itself; sets started_ca, started_ocspd, started_crl
start_up() {
	sample_stop "$D"
	sample_daemon "$D" pki-ca serve --custodian "file:$D/secrets/custodian-1" \
		--custodian "file:$D/secrets/custodian-2"
	started_ca=$(until_answers ca_answers)
	sample_daemon "$D" pki-ocspd serve --passphrase "file:$D/officers/responder/passphrase"
	started_ocspd=$(until_answers ocspd_answers)
	sample_daemon "$D" pki-crl run
	started_crl=$(until_answers crl_answers)
	ocspd=$(pid_of pki-ocspd)
	start_ticks="$(ticks "$(pid_of pki-ca)") $(ticks "$ocspd") $(ticks "$(pid_of pki-crl)")"
}

# at_size CERTIFICATES: rows of one ledger; the first one's costs are kept in `base`
declare -A base
at_size() {
	local n=$1 orders before ca
	orders=$(size 200 2000)
	install
	# many holders, few of them revoked: the CRL is the other topic's
	fill "$n" 1
	services # orders the responder's certificate, makes the CRL
	start_up
	heading "a ledger of $n certificates" "" "" "of 10,000's" "what"
	row "- filled" "$(jq .rows_per_second "$D/fill.json")" "" "" \
		"rows/s, all constraints on; $(du -m "$ledger" | cut -f1) MB in $(jq .seconds "$D/fill.json") s"
	row "- start-up: pki-ca, pki-ocspd, pki-crl" "$started_ca" "$started_ocspd" "$started_crl" \
		"seconds; bound: 1 s; of processor time: $(awk '{ print $1 / 100, $2 / 100, $3 / 100 }' <<<"$start_ticks")"
	hot() { measure "$ocspd" --url "$url" --get --certificates 1000; }
	wide() { measure "$ocspd" --url "$url" --nonce --certificates "$(size 5000 100000)"; }
	one_cost "us per answer without nonce, 1,000 certificates" hot
	one_cost "us per answer with nonce, any certificate" wide
	ca=$(pid_of pki-ca)
	before=$(ticks "$ca")
	client bench_issue "$orders" 64 >"$D/issue.json" || failures=$((failures + 1))
	core=$(calc %.0f "$orders * 100 / ($(ticks "$ca") - $before + 0.001)")
	cost_row "us per order of two certificates" "$(calc %.1f "1000000 / $core")"
	row "- resident: front, signer, pki-crl, pki-ocspd" "$(resident "$ca")" "$(resident "$(signer_pid)")" \
		"$(resident "$(pid_of pki-crl)")" "MB; pki-ocspd $(resident "$ocspd")"
}
one_cost() { # one_cost NAME FUNCTION
	"$2" # what is not in its cache yet
	"$2"
	cost_row "$1" "$(calc %.1f "1000000 / ($core + 0.001)")" "$rate/s; p99 $p99 ms"
}
# of processor time, which other processes do not change as much as they do the clock's
cost_row() {
	base[$1]=${base[$1]:-$2}
	row "- $1" "$2" "" "$(share "$2" "${base[$1]}")" "${3:+$3; }bound: 130 %"
}

topic_scale() {
	local n
	# LEDGERS: other sizes
	for n in ${LEDGERS:-10000 $(size 100000 "1000000 10000000")}; do
		at_size "$n"
	done
}
