# shellcheck shell=bash disable=SC2154,SC2034 # run.sh and lib.sh set, and read, what stands here
# The auditor's side: how fast the log grows, proves and is verified; beside the hashes and signatures
# that nobody can do without.

# verified COMMAND...: sets seconds_taken, core (certificates per second of processor time)
verified() {
	command time -f '%e %U %S' -o "$D/time" "$@" >"$D/verify.out" 2>>"$D/commands.log" || {
		echo "WRONG: $*: $(head -n 4 "$D/verify.out")"
		failures=$((failures + 1))
	}
	read -r seconds_taken core < <(awk -v n="$certificates" '{ print $1, n / ($2 + $3 + 0.001) }' "$D/time")
}
each_certificate() { # as PEM files, for openssl
	local serial
	mkdir "$D/certs"
	sqlite3 "$ledger" "SELECT hex(serial), hex(der) FROM certificate WHERE holder <> '' LIMIT $1" | perl -MMIME::Base64 -ne '
		chomp; my ($n, $der) = split /\|/; open my $f, ">", "'"$D"'/certs/$n.pem";
		print $f "-----BEGIN CERTIFICATE-----\n", encode_base64(pack("H*", $der)), "-----END CERTIFICATE-----\n"'
}

topic_audit() {
	local certificates limit n
	install
	services
	client bench_issue "$(size 500 20000)" 64 >"$D/issue.json" || failures=$((failures + 1))
	sample_stop "$D"
	certificates=$(sqlite3 "$ledger" "SELECT count(*) FROM certificate")
	# per order of two certificates: two officers' signatures and the department's, two proofs of possession,
	# two certificates
	limit=$(jq -r '2 / (7 / .p256_verify)' <<<"$limits")
	heading "audit, certificates per second" rate "per core" "share" "what"
	verified taskset -c "$FIRST" pki-audit verify --jobs 1
	row "pki-audit verify, one thread, all that there is" "$(calc %.0f "$certificates / $seconds_taken")" \
		"$(round "$core")" "$(share "$core" "$limit")" "of the limit; $certificates certificates, $(jq .orders "$D/issue.json") orders"
	verified pki-audit verify
	row "- $(nproc) threads" "$(calc %.0f "$certificates / $seconds_taken")" "$(round "$core")" \
		"$(share "$core" "$limit")" "of the limit"
	row "limit: the signatures" "$(round "$limit")" "$(round "$limit")" "" "7 P-256 verifications for two certificates"
	certificates=$(size 500 5000)
	each_certificate "$certificates"
	verified taskset -c "$FIRST" openssl verify -CAfile "$D/pub/root.pem" -untrusted "$D/pub/ca.pem" "$D/certs"/*.pem
	row "peer: openssl verify, certificates alone" "$(calc %.0f "$certificates / $seconds_taken")" "$(round "$core")" "" \
		"no orders, log, CRLs or ledger; 2 signatures each"
	n=$(size 10000 1000000)
	taskset -c "$FIRST" bench_log "$n" >"$D/log.json" || failures=$((failures + 1))
	log() { jq -r ".$1" "$D/log.json"; }
	heading "the log, per second" rate "per core" "share" "what"
	row "entries appended, the last tenth of $n" "$(log last_on_clock)" "$(log last)" \
		"$(share "$(log last)" "$(log append_limit)")" "of the limit; durable, 64 in a commit; $(share "$(log last)" "$(log first)") of the first tenth's"
	row "limit: their hashes" "" "$(log append_limit)" "" "one leaf of 600 octets, one node"
	row "inclusion proofs, made" "" "$(log proofs)" "$(share "$(log proofs)" "$(log check_limit)")" \
		"of the hashes that a check takes; from the ledger, of any entry"
	row "inclusion proofs, checked" "" "$(log checks)" "$(share "$(log checks)" "$(log check_limit)")" "of the limit"
	row "limit: their hashes" "" "$(log check_limit)" "" "$(log nodes) SHA-256 of a node"
}
