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
whole() { # whole ENTRIES WHAT
	local n=$1 octets
	forget_peak "$signer"
	forget_peak "$front"
	run_timed pki-crl once || { echo "pki-crl once failed" && failures=$((failures + 1)) && return; }
	octets=$(stat -c %s "$D/pub/ca.crl")
	crl_row "pki-crl once: ledger to published file" "$n" "$octets" "$2; memory: pki-crl's"
	mb_taken=$(calc %.1f "$(peak "$signer") - $signer_rest")
	crl_row "- signer meanwhile" "$n" "$octets" "above the $signer_rest MB without a list"
	mb_taken=$(calc %.1f "$(peak "$front") - $front_rest")
	crl_row "- front meanwhile" "$n" "$octets" "above the $front_rest MB without a list"
}
last_position() { sqlite3 "$ledger" "SELECT max(position) FROM revocation WHERE issuer = 2"; }
# What the ledger says of the revocations since position $1, once the lists of all of them are out, in milliseconds:
# from the revocation to the last file in its place; from the beginning of a list's transaction to its
# file, the longest.
took() {
	sqlite3 -separator ' ' "$ledger" "SELECT max(out - committed), max(out - made) FROM (
			SELECT r.committed, min(p.published) AS out, min(c.committed) AS made FROM revocation r
			LEFT JOIN crl c ON c.issuer = r.issuer AND c.partition = r.partition AND c.revocations >= r.position
			LEFT JOIN publication p ON p.issuer = c.issuer AND p.number = c.number
			WHERE r.issuer = 2 AND r.position > $1 GROUP BY r.position)
		HAVING count(*) > 0 AND count(*) = count(out)"
}
# One holder's certificates are revoked. The daemon's pauses, in which it gathers what comes together,
# are among the first figure, not among the second.
one_more() { # one_more ENTRIES LIST BOUND
	local before all list=
	before=$(last_position)
	bench_revoke 1 >/dev/null 2>>"$D/commands.log" || failures=$((failures + 1))
	for ((i = 0; i < 6000; i++)); do
		read -r all list < <(took "$before") && [ -n "$list" ] && break
		sleep 0.01
	done
	if [ -z "$list" ]; then
		failures=$((failures + 1))
		echo "WRONG: the $2 with a revocation is not out"
		return
	fi
	row "one more revoked: until the $2 is out" "$1" "$(calc %.2f "$all / 1000")" "" "" "" \
		"of which the list takes $list ms; bound: $3"
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

# So that a revocation rewrites a small file.
partitioned() {
	local n=$1 lists=128
	install
	configure "s/^crl: {/crl: { partitions: $lists,/"
	services # pki-ca writes down that there are partitions, for ever
	sample_stop "$D"
	fill "$n" 100
	fill 100 0
	services
	run pki-crl once --all >/dev/null
	one_more "$((n / lists))" "partition, one of $lists" "50 ms"
	row "- the partition's size" "" "" "" "" "$(($(stat -c %s "$D/pub/crl/1.crl") / 1024)) kB"
}

topic_crl() {
	local n
	n=$(size 10000 1000000)
	install
	fill "$n" 100
	fill 100 0 # somebody to be revoked later
	services
	signer=$(signer_pid) front=$(pid_of pki-ca)
	signer_rest=$(resident "$signer") front_rest=$(resident "$front")
	heading "a full CRL" entries seconds entries/s "peak MB" "x its size" "what"
	whole "$n" "all revoked since the last list"
	whole "$n" "the next list"
	one_more "$n" "full list" "2 s"
	codec "$n"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 30 -subj "/CN=Peer CA" \
		-keyout "$D/peer.key" -out "$D/peer.pem" 2>/dev/null
	peer_openssl_ca "$n"
	peer_certtool "$(size 4000 20000)"
	partitioned "$n"
}
