# shellcheck shell=bash disable=SC2154,SC2034 # run.sh and lib.sh set, and read, what stands here
# CRLs: how long one of many entries takes, and how much memory; beside openssl ca and certtool.

# run_timed COMMAND...: sets seconds_taken, mb_taken
run_timed() {
	command time -f '%e %M' -o "$D/time" taskset -c "$FIRST" "$@" >/dev/null 2>>"$D/peer.log" || return
	read -r seconds_taken mb_taken < <(awk 'END { print $1, $2 / 1024 }' "$D/time")
}
crl_row() { # crl_row NAME ENTRIES OCTETS WHAT
	row "$1" "$2" "$seconds_taken" "$(calc %.0f "$2 / ($seconds_taken + 0.001)")" "$(round "$mb_taken")" \
		"$(calc %.1f "$mb_taken * 1048576 / $3")" "$4"
}
forget_peak() { echo 5 >"/proc/$1/clear_refs"; }

codec() {
	local n=$1 step octets
	bench_crl "$n" >"$D/crl.json" || failures=$((failures + 1))
	octets=$(jq .octets "$D/crl.json")
	for step in build parse verify openssl; do
		seconds_taken=$(jq ".$step.seconds" "$D/crl.json")
		mb_taken=$(jq ".$step.memory / 1048576" "$D/crl.json")
		crl_row "- in memory: $step" "$n" "$octets" "$(
			case $step in
			build) echo "bound: 2 s, 3 times the size, for 1,000,000" ;;
			openssl) echo "d2i_X509_CRL() and X509_CRL_verify(), for comparison" ;;
			esac
		)"
	done
}

# The whole way: ledger, signer, commit, gate, publication.
whole() {
	local n=$1 octets signer front rest
	signer=$(signer_pid) front=$(pid_of pki-ca)
	forget_peak "$signer"
	forget_peak "$front"
	rest=("$(resident "$signer")" "$(resident "$front")")
	run_timed pki-crl once || { echo "pki-crl once failed" && failures=$((failures + 1)) && return; }
	octets=$(stat -c %s "$D/pub/ca.crl")
	crl_row "pki-crl once: ledger to published file" "$n" "$octets" "$((octets / 1024)) kB; memory: pki-crl's"
	mb_taken=$(calc %.1f "$(peak "$signer") - ${rest[0]}")
	crl_row "- signer meanwhile" "$n" "$octets" "above the ${rest[0]} MB before"
	mb_taken=$(calc %.1f "$(peak "$front") - ${rest[1]}")
	crl_row "- front meanwhile" "$n" "$octets" "above the ${rest[1]} MB before"
	one_more "$n"
}
# The daemon's pauses are among it.
one_more() {
	local before start
	before=$(stat -c %i "$D/pub/ca.crl")
	start=$(date +%s%N)
	bench_revoke 1 >/dev/null 2>>"$D/commands.log" || failures=$((failures + 1))
	for ((i = 0; i < 6000; i++)); do
		[ "$(stat -c %i "$D/pub/ca.crl")" = "$before" ] || break
		sleep 0.01
	done
	seconds_taken=$(calc %.2f "($(date +%s%N) - $start) / 1e9")
	row "one more revoked: order to published file" "$1" "$seconds_taken" "" "" "" "bound: 60 s"
}

peer_openssl_ca() {
	local n=$1
	cat >"$D/peer.cnf" <<-CNF
		[ca]
		default_ca = peer
		[peer]
		database = $D/peer.txt
		crlnumber = $D/peer.number
		certificate = $D/peer.pem
		private_key = $D/peer.key
		default_md = sha256
		default_crl_days = 1
		crl_extensions = ext
		[ext]
		authorityKeyIdentifier = keyid
	CNF
	echo 01 >"$D/peer.number"
	sqlite3 -separator $'\t' "$ledger" "SELECT 'R', substr(strftime('%Y%m%d%H%M%SZ', c.not_after, 'unixepoch'), 3),
		substr(strftime('%Y%m%d%H%M%SZ', r.committed / 1000, 'unixepoch'), 3) || ',keyCompromise',
		hex(c.serial), 'unknown', '/CN=' || c.id FROM certificate c
		JOIN revocation r ON r.certificate = c.id LIMIT $n" >"$D/peer.txt"
	echo "unique_subject = no" >"$D/peer.txt.attr"
	run_timed openssl ca -gencrl -config "$D/peer.cnf" -out "$D/peer.crl" || return
	crl_row "peer: openssl ca -gencrl" "$n" "$(stat -c %s "$D/pub/ca.crl")" "to a PEM file"
}
peer_certtool() {
	local n=$1
	sqlite3 "$ledger" "SELECT hex(der) FROM certificate WHERE holder <> '' LIMIT $n" | perl -MMIME::Base64 -ne '
		chomp; print "-----BEGIN CERTIFICATE-----\n", encode_base64(pack("H*", $_)), "-----END CERTIFICATE-----\n"' \
		>"$D/peer-certs.pem"
	printf 'crl_next_update = 1\ncrl_number = 1\n' >"$D/peer.template"
	run_timed certtool --generate-crl --load-ca-privkey "$D/peer.key" --load-ca-certificate "$D/peer.pem" \
		--load-certificate "$D/peer-certs.pem" --template "$D/peer.template" --outder \
		--outfile "$D/certtool.crl" || return
	crl_row "peer: certtool --generate-crl" "$n" "$(stat -c %s "$D/certtool.crl")" \
		"four times as long for twice as many"
}

topic_crl() {
	local n
	n=$(size 10000 1000000)
	install
	fill "$n" 100
	fill 100 0 # somebody to be revoked later
	services
	heading "a full CRL" entries seconds entries/s "peak MB" "x its size" "what"
	whole "$n"
	codec "$n"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 30 -subj "/CN=Peer CA" \
		-keyout "$D/peer.key" -out "$D/peer.pem" 2>/dev/null
	peer_openssl_ca "$n"
	peer_certtool "$(size 4000 20000)"
}
