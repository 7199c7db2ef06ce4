# shellcheck shell=bash disable=SC2154,SC2034 # run.sh and lib.sh set, and read, what stands here
# Issuing: signed orders to certificates, durable; beside `openssl ca`, which checks no order.

openssl_ca() { # certificates per second, and per core, of `openssl ca`
	local n=$1 issued requests=() i
	mkdir "$D/peer"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 30 -subj "/CN=Peer CA" \
		-keyout "$D/peer/ca.key" -out "$D/peer/ca.pem" 2>/dev/null
	cat >"$D/peer/ca.cnf" <<-CNF
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
	for ((i = 0; i < n; i++)); do requests+=("$D/peer/holder.csr"); done
	command time -f '%e %U %S' -o "$D/time" taskset -c "$FIRST" openssl ca -batch -notext \
		-config "$D/peer/ca.cnf" -infiles "${requests[@]}" >/dev/null 2>&1
	issued=$(wc -l <"$D/peer/index.txt")
	awk -v n="$issued" '{ printf "%.0f %.0f", n / ($1 + 0.001), n / ($2 + $3 + 0.001) }' "$D/time"
}

topic_issuing() {
	local limit ours peer_core before after pid
	install
	services
	# what one order of two certificates cannot do without: the signatures of two officers and of the
	# department that invited, and two proofs of possession, verified; two certificates signed
	limit=$(jq -r '2 / (5 / .p256_verify + 2 / .p256_sign)' <<<"$limits")
	pid=$(pid_of pki-ca)
	before=$(ticks "$pid")
	client bench_issue "$(size 1000 50000)" 64 >"$D/issue.json" || failures=$((failures + 1))
	after=$(ticks "$pid")
	ours=$(jq -r .certificates_per_second "$D/issue.json")
	core=$(jq -r "2 * .orders * 100 / ($after - $before)" "$D/issue.json")
	heading "issuing, certificates per second" rate "per core" p50 p99 "what"
	row "pki-ca, a signed order each, durable" "$ours" "$(round "$core")" \
		"$(msec p50 "$D/issue.json")" "$(msec p99 "$D/issue.json")" \
		"ms per order, 64 at once; $(share "$core" "$limit") of the limit"
	row "limit: the primitives" "$(round "$limit")" "$(round "$limit")" "" "" \
		"5 signatures verified, 2 made, per order of 2"
	read -r rate peer_core < <(openssl_ca "$(size 200 2000)")
	row "peer: openssl ca -batch, no orders, no commits" "$rate" "$peer_core" "" "" \
		"ours per core: $(share "$core" "$peer_core") of it"
}
