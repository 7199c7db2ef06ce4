# shellcheck shell=bash disable=SC2154,SC2034 # run.sh and lib.sh set, and read, what stands here
# The responder beside its limits and peers, which answer the same questions about the same certificates.

one_answer() { find "$D/answers" -type f -print -quit; }
serve_empty() { peer http_empty "127.0.0.1:$peer_port" 1 "$(one_answer)"; }
serve_nginx() {
	local conf=$D/nginx.conf kind
	{
		echo "daemon off; master_process off; pid $D/nginx.pid; error_log $D/nginx.log;"
		echo "events { worker_connections 4096; }"
		echo "http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;"
		echo "open_file_cache max=20000; default_type application/ocsp-response;"
		for kind in client_body proxy fastcgi uwsgi scgi; do echo "${kind}_temp_path $D/nginx-temp;"; done
		echo "server { listen 127.0.0.1:$peer_port; root $D/answers; } }"
	} >"$conf"
	peer nginx -e "$D/nginx.log" -c "$conf"
}
serve_cfssl() {
	find "$D/answers" -type f -exec sh -c 'for f; do base64 -w0 "$f"; echo; done' - {} + >"$D/responses"
	peer cfssl ocspserve -address 127.0.0.1 -port "$peer_port" -responses "$D/responses" -loglevel 5
}
serve_openssl() {
	sqlite3 -separator $'\t' "$ledger" "SELECT iif(r.committed IS NULL, 'V', 'R'),
		substr(strftime('%Y%m%d%H%M%SZ', c.not_after, 'unixepoch'), 3),
		coalesce(substr(strftime('%Y%m%d%H%M%SZ', r.committed / 1000, 'unixepoch'), 3), ''),
		hex(c.serial), 'unknown', '/CN=' || c.id FROM certificate c
		LEFT JOIN revocation r ON r.certificate = c.id WHERE c.issuer = 2" >"$D/index.txt"
	peer openssl ocsp -port "$peer_port" -index "$D/index.txt" -CA "$D/pub/ca.pem" \
		-rsigner "$D/pub/ocsp.pem" -rkey "$D/ocsp/key.pem" \
		-passin "file:$D/officers/responder/passphrase" -nmin 60
	# it reads its index with the first request
	openssl ocsp -issuer "$D/pub/ca.pem" -cert "$D/officers/emma/cert.pem" -url "$peer_url" -noverify >/dev/null
}
# beside NAME SERVER OPTION...: a row of a peer and ours as a share of it, both per core
beside() {
	local name=$1 server=$2
	shift 2
	if ! "$server" 2>/dev/null; then
		echo "($name does not start: $(tail -n 1 "$D/peer.log"))"
		return
	fi
	measure "$peer_pid" --url "$peer_url" "$@"
	peer_end
	row "$name" "$rate" "$core" "$(share "$ours" "$core")" "ours per core as a share of it"
}

bench_plain() {
	local ours post empty
	heading "OCSP without nonce, keep-alive, answers/s" rate "per core" share "what"
	measure "$ocspd" --url "$url" --get
	ours=$core
	row "pki-ocspd, GET" "$rate" "$core" "" ""
	beside "limit: the same HTTP server, empty handler, GET" serve_empty --get --any
	beside "peer: nginx, the same answers as files, GET" serve_nginx --get
	measure "$ocspd" --url "$url"
	ours=$core
	row "pki-ocspd, POST" "$rate" "$core" "" ""
	beside "limit: the same HTTP server, empty handler, POST" serve_empty --any
	empty=$core
	beside "peer: cfssl ocspserve, ready-made answers, POST" serve_cfssl
	post=$(BODY=$D/plain.der taskset -c "$CLIENTS" wrk -t1 -c64 -d"$(size 1 10)s" -s tests/bench/post.lua "$url" |
		awk '/Requests\/sec/ { printf "%.0f", $2 }')
	row "check: pki-ocspd, POST, as wrk counts it" "$post" "" "" "one certificate; ours above: 1,000"
	empty_core=$empty
}

# nonce ALGORITHM LIMIT-NAME: of a responder with such a key
nonce_row() {
	local sign=$2 both
	measure "$ocspd" --url "$url" --nonce
	both=$(calc %.0f "1 / (1 / $sign + 1 / $empty_core)")
	row "pki-ocspd, $1" "$rate" "$core" "$(share "$core" "$sign")" "of raw $1 signatures, $(round "$sign")/s"
	row "" "" "" "$(share "$core" "$both")" "of what signature and empty handler leave, $both/s"
}
bench_nonce() {
	heading "OCSP with nonce, keep-alive, answers/s" rate "per core" share "what"
	nonce_row P-256 "$(limit p256_sign)"
	responder_with RSA-3072 && nonce_row RSA-3072 "$(limit rsa3072_sign)"
	responder_with P-384 && nonce_row P-384 "$(limit p384_sign)"
	responder_with P-256
	row "raw signatures, this library" "" "$(limit p256_sign)" "" "P-256; RSA-3072 $(limit rsa3072_sign)/s, P-384 $(limit p384_sign)/s: there the signature is the limit"
}
# The responder with a key of another algorithm.
responder_with() {
	sample_stop "$D"
	configure 's/ocsp: { listen/ocsp: { algorithms: [P-256], listen/;s/algorithms: \[[^]]*\]/algorithms: ['"$1"']/'
	services
	ocspd=$(pid_of pki-ocspd)
}

bench_fresh() {
	local ours
	heading "OCSP, a connection for each request, answers/s" rate "per core" share "what"
	measure "$ocspd" --url "$url" --fresh --get
	ours=$core
	row "pki-ocspd without nonce, GET" "$rate" "$core" "" ""
	beside "limit: the same HTTP server, empty handler, GET" serve_empty --fresh --get --any
	beside "peer: nginx, the same answers as files, GET" serve_nginx --fresh --get
	measure "$ocspd" --url "$url" --fresh --nonce
	ours=$core
	row "pki-ocspd with nonce" "$rate" "$core" "" ""
	beside "peer: openssl ocsp with nonce" serve_openssl --fresh --nonce --connections 4
}

bench_cores() {
	local threads one
	heading "OCSP without nonce, more threads, answers/s" rate "per core" share "what"
	for ((threads = 1; threads <= 2 || threads <= half; threads *= 2)); do
		sample_stop "$D"
		configure "s/threads: [0-9]*/threads: $threads/"
		ocspd_cores=0-$((threads - 1))
		services
		ocspd=$(pid_of pki-ocspd)
		measure "$ocspd" --url "$url" --get # its cache was empty
		measure "$ocspd" --url "$url" --get
		[ "$threads" != 1 ] || one=$core
		row "pki-ocspd, $threads threads on as many cores" "$rate" "$core" "$(share "$core" "$one")" \
			"per core, of one thread's$( ((threads > half)) && echo "; the client shares these cores")"
	done
	ocspd_cores=$FIRST
	configure "s/threads: [0-9]*/threads: 1/"
}

topic_ocsp() {
	install
	fill "$(size 10000 100000)" 10
	services
	ocspd=$(pid_of pki-ocspd)
	client load --url "$url" --ledger "$ledger" --save "$D/answers" >/dev/null || exit 1
	openssl ocsp -issuer "$D/pub/ca.pem" -cert "$D/officers/emma/cert.pem" -no_nonce \
		-reqout "$D/plain.der" 2>/dev/null
	bench_plain
	bench_fresh
	bench_nonce
	bench_cores
}
