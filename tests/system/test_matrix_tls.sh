#!/bin/bash
# TLS servers and clients on what test_matrix.sh is about: nginx, Apache and Node look at holders;
# curl, openssl, GnuTLS and Node at servers, whose answers from the responder are stapled to the
# handshake (RFC 6066 8) by Apache or nginx. Rules 60, 62, 76, and beside what is said there:
# - nginx staples nothing but "good"; Apache staples what it was told;
# - a staple that is an error is none to GnuTLS, though RFC 6066 8 asks it to give up;
# - where both ways are open, servers say what they found first: of another CA no CRL.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/matrix.sh"
everybody
NGINX=$((PORT + 2)) APACHE=$((PORT + 3))
T=$D/tls
mkdir "$T"

# asking NAME DIRECTIVE...: a server that asks for its client's certificate and says what it thinks
nginx_asking() {
	echo "server { listen 127.0.0.1:$NGINX ssl; server_name $1.example.test;"
	echo "ssl_verify_client on; ${*:2} location / { return 200 \$ssl_client_verify; } }"
}
nginx_stapling() {
	echo "server { listen 127.0.0.1:$NGINX ssl; server_name $1.example.test;"
	echo "ssl_certificate $S/$1/chain.pem; ssl_certificate_key $S/$1/key.pem;"
	echo "ssl_stapling on; ssl_stapling_verify on; }"
}
nginx_conf() {
	local name
	cat <<-CONF
		user root;
		daemon off;
		worker_processes 1;
		pid $T/nginx.pid;
		error_log $T/nginx.log info;
		events { worker_connections 64; }
		http {
		access_log off;
		client_body_temp_path $T/body;
		proxy_temp_path $T/proxy;
		fastcgi_temp_path $T/fastcgi;
		uwsgi_temp_path $T/uwsgi;
		scgi_temp_path $T/scgi;
		ssl_certificate $S/alice/chain.pem;
		ssl_certificate_key $S/alice/key.pem;
		ssl_client_certificate $D/chain.pem;
		ssl_trusted_certificate $D/chain.pem;
		ssl_verify_depth 3;
		error_page 495 =200 /;
	CONF
	nginx_asking ocsp "ssl_ocsp leaf;"
	nginx_asking crl "ssl_crl $D/crls.pem;"
	nginx_asking both "ssl_ocsp leaf; ssl_crl $D/crls.pem;"
	for name in "${NAMES[@]}"; do
		nginx_stapling "$name"
	done
	echo "}"
}
apache_server() { # apache_server NAME CERTIFICATE-OF DIRECTIVE...
	echo "<VirtualHost 127.0.0.1:$APACHE>"
	printf '%s\n' "ServerName $1.example.test" "SSLEngine on" \
		"SSLCertificateFile $S/$2/chain.pem" "SSLCertificateKeyFile $S/$2/key.pem" "${@:3}"
	echo "</VirtualHost>"
}
apache_asking() { apache_server "$1" alice "SSLVerifyClient require" "SSLVerifyDepth 3" "${@:2}"; }
apache_conf() {
	local name
	for name in mpm_event authz_core socache_shmcb ssl; do
		echo "LoadModule ${name}_module /usr/lib/apache2/modules/mod_$name.so"
	done
	cat <<-CONF
		ServerName localhost
		Listen 127.0.0.1:$APACHE
		DefaultRuntimeDir $T
		PidFile $T/apache.pid
		ErrorLog $T/apache.log
		LogLevel ssl:info
		User nobody
		Group nogroup
		StartServers 1
		ThreadsPerChild 4
		MaxRequestWorkers 4
		ErrorDocument 404 "SUCCESS"
		SSLProtocol TLSv1.2
		SSLSessionCache none
		SSLStaplingCache shmcb:$T/staples(65536)
		SSLCACertificateFile $D/chain.pem
		SSLCARevocationFile $D/crls.pem
	CONF
	apache_asking ocsp "SSLOCSPEnable leaf" "SSLOCSPUseRequestNonce off"
	apache_asking nonce "SSLOCSPEnable leaf" "SSLOCSPUseRequestNonce on"
	apache_asking crl "SSLCARevocationCheck chain"
	apache_asking both "SSLCARevocationCheck chain" "SSLOCSPEnable leaf"
	for name in "${NAMES[@]}"; do
		apache_server "$name" "$name" "SSLUseStapling on"
		apache_server "plain-$name" "$name"
	done
}
stop_servers() {
	local program pid
	for program in nginx apache2; do
		if pid=$(sample_pid "$D" "$program"); then
			kill "$pid"
			sample_wait "$program's end" bash -c "! kill -0 $pid"
		fi
	done
}
open_port() { : <"/dev/tcp/127.0.0.1/$1"; }

nginx_conf >"$T/nginx.conf"
apache_conf >"$T/apache.conf"
trap 'stop_servers; cleanup' EXIT
sample_daemon "$D" nginx -p "$T" -e "$T/nginx.log" -c "$T/nginx.conf"
sample_daemon "$D" apache2 -d "$T" -f "$T/apache.conf" -DFOREGROUND
ok "nginx is up" sample_wait nginx open_port "$NGINX"
ok "Apache is up" sample_wait Apache open_port "$APACHE"

get() { # get PORT NAME OPTION...
	curl -sS --resolve "$2.example.test:$1:127.0.0.1" "${@:3}" "https://$2.example.test:$1/"
}
# holder PORT LOG WAY NAME: what the server says, and what it adds to its log. That the names ocsp,
# crl, both are not in its certificate (-k) is no matter here.
holder() {
	local before
	before=$(wc -c <"$2")
	get "$1" "$3" -k --cert "$H/$4/auth.pem" --key "$H/$4/auth.key"
	tail -c "+$((before + 1))" "$2"
}
to_nginx() { holder "$NGINX" "$T/nginx.log" "$@"; }
to_apache() { holder "$APACHE" "$T/apache.log" "$@"; }
row "nginx ssl_ocsp" OCSP "good revoked expired revoked unauthorized" to_nginx ocsp
row "nginx ssl_crl" CRL "good revoked expired good unknown" to_nginx crl
row "nginx ssl_ocsp, ssl_crl" both "good revoked expired revoked unknown" to_nginx both
row "Apache SSLOCSPEnable" OCSP "good revoked expired revoked unauthorized" to_apache ocsp
row "Apache ... UseRequestNonce" OCSP "good revoked expired revoked unauthorized" to_apache nonce
row "Apache SSLCARevocationCheck" CRL "good revoked expired good unknown" to_apache crl
row "Apache ... and SSLOCSPEnable" both "good revoked expired revoked unknown" to_apache both

status_request() { # status_request PORT NAME
	openssl s_client -connect "127.0.0.1:$1" -servername "$2.example.test" -status -CAfile "$D/trust.pem"
}
# nginx asks once a client has, and lets that one go without
nginx_stapled() {
	status_request "$NGINX" "$1" 2>&1 </dev/null | grep 'Cert Status' || grep "$S/$1/" "$T/nginx.log"
}
nginx_staple() { sample_wait "an answer about $1" nginx_stapled "$1" && nginx_stapled "$1"; }
s_client() { status_request "$APACHE" "$1" | grep -E 'Cert Status|Response Status|return code'; }
curl_tls() { get "$APACHE" "${*: -1}" --cacert "$D/trust.pem" "${@:1:$#-1}"; }
row "nginx ssl_stapling" OCSP "good revoked good revoked unauthorized" nginx_staple
row "openssl s_client -status" OCSP "good revoked expired revoked unauthorized" s_client
row "curl --cert-status" OCSP "good revoked expired revoked unauthorized" curl_tls --cert-status
row "curl --crlfile" CRL "good revoked expired good unknown" curl_tls --crlfile "$D/crls.pem"
row "curl --cert-status --crlfile" both "good revoked expired revoked unknown" \
	curl_tls --cert-status --crlfile "$D/crls.pem"

# gnutls SERVER OPTION... NAME: the server staples, or is a plain one. --x509crlfile wants the CRL's
# issuer among the trusted.
gnutls() {
	gnutls-cli -p "$APACHE" 127.0.0.1 --sni-hostname "$1${*: -1}.example.test" \
		--verify-hostname "${*: -1}.example.test" --x509cafile "$D/chain.pem" "${@:2:$#-2}" |
		grep -E 'Status:|\*\*\*|OCSP'
}
crls=(--x509crlfile "$D/crls.pem")
row "gnutls-cli" OCSP "good revoked expired revoked good" gnutls ""
row "gnutls-cli --ocsp" OCSP "good revoked expired revoked unknown" gnutls plain- --ocsp
row "gnutls-cli --x509crlfile" CRL "good revoked expired good good" \
	gnutls plain- "${crls[@]}"
row "gnutls-cli --ocsp, a CRL" both "good revoked expired revoked unknown" \
	gnutls plain- "${crls[@]}" --ocsp

node tests/system/node/revocation.js "$D" "$APACHE" "${NAMES[@]}" >"$D/node" 2>>"$D/commands.log"
node_said() { grep "^$1 $2 " "$D/node"; }
node_stapled() {
	node_said "$1" "$2"
	openssl ocsp -respin "$D/$2.staple" -issuer "$(ca_of "$2")" -cert "$S/$2/cert.pem" -no_nonce \
		-CAfile "$D/trust.pem"
}
row "Node server, crl" CRL "good revoked expired good unknown" node_said server
row "Node requestOCSP" OCSP "good revoked expired revoked unauthorized" node_stapled ocsp
row "Node crl" CRL "good revoked expired good unknown" node_said crl
row "Node requestOCSP, crl" both "good revoked expired revoked unauthorized" node_stapled both

print_table
finish
