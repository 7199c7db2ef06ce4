#!/bin/bash
# The responder's answers: ready ones and revocations, algorithms, several CAs, what was never
# issued, the ledger away, the clock wrong, HTTP at its edges, the page for operators.
. "$(dirname "$0")/lib.sh"
. tests/system/clock.sh
MONITOR=127.0.0.1:$((PORT + 2))
installation
sed -i "s/threads: 2,/threads: 3, monitor: \"$MONITOR\", algorithms: [P-256, RSA-3072],/" "$D/pki.yaml"
services
declare -A holders
number=0
for person in alice bruno chiara; do
	((number += 1))
	enrolled $person ${person^} Martin "12AB${number}4567" 2035-05-01 >/dev/null 2>&1
	holders[$person]=$holder
done
question() { # question CERTIFICATE FILE [OPTION...]
	local cert=$1 file=$2
	shift 2
	openssl ocsp -issuer "$D/pub/ca.pem" "$@" -cert "$cert" -reqout "$file" 2>/dev/null
}
post() { # post FILE ANSWER [CURL-ARGUMENT...]
	local file=$1 answer=$2
	shift 2
	curl -sf -H 'Content-Type: application/ocsp-request' --data-binary "@$file" -o "$answer" "$@" "$OCSP_URL/"
}
says() { # says WORD ANSWER CERTIFICATE: of an answer in a file
	openssl ocsp -respin "$2" -issuer "$D/pub/ca.pem" -cert "$3" -no_nonce -CAfile "$D/pub/root.pem" \
		-verify_other "$D/pub/ca.pem" 2>&1 | tee "$D/says" | grep ": $1"
}
ocspd=(pki-ocspd serve --passphrase "file:$D/officers/responder/passphrase")

# Ready answers
certs=()
for person in alice bruno chiara; do
	certs+=("$D/holders/$person/auth.pem" "$D/holders/$person/sign.pem")
done
for i in "${!certs[@]}"; do question "${certs[i]}" "$D/q$i" -no_nonce; done
ask_all() { # ask_all WORD [FROM]: each certificate on connections of its own, so of each thread
	local i n
	for ((i = ${2:-0}; i < ${#certs[@]}; i++)); do
		for ((n = 0; n < 6; n++)); do
			post "$D/q$i" "$D/a" && says "$1" "$D/a" "${certs[i]}" || return
		done
	done
}
ok "answers are good, six times each" ask_all good
post "$D/q0" "$D/a1"
post "$D/q0" "$D/a2"
ok "equal questions have one answer" cmp "$D/a1" "$D/a2"
get=$(base64 -w0 "$D/q0" | jq -sRr @uri)
curl -sf -o "$D/a3" "$OCSP_URL/$get"
ok "... by GET too" cmp "$D/a1" "$D/a3"
ra emma revoke "${holders[alice]}" --cause lost-phone >"$D/out" 2>&1
post "$D/q0" "$D/a"
ok "the next answer after a revocation says so" says revoked "$D/a" "${certs[0]}"
certs=("${certs[@]:0:2}")
ok "... and no thread says good" ask_all revoked
certs+=("$D"/holders/{bruno,chiara}/{auth,sign}.pem)
ok "... the others are good" ask_all good 2
for person in bruno chiara; do
	ra emma revoke "${holders[$person]}" --cause lost-phone >"$D/out" 2>&1
	question "$D/holders/$person/sign.pem" "$D/q" -no_nonce
	post "$D/q" "$D/a"
	ok "... the next answer about $person too" says revoked "$D/a" "$D/holders/$person/sign.pem"
done
enrolled dora Dora Martin 12AB34999 2035-05-01 >/dev/null 2>&1
dora=$D/holders/dora/auth.pem

# rule 74: { prefers SHA-256 with RSA }; OpenSSL's client cannot ask for it
ocsp_hash() { openssl ocsp -issuer "$D/pub/ca.pem" -cert "$dora" -no_nonce -req_text 2>/dev/null |
	sed -n "s/.*Issuer $1 Hash: //p"; }
cat >"$D/prefer.cnf" <<CNF
asn1 = SEQUENCE:req
[req]
tbs = SEQUENCE:tbs
[tbs]
list = SEQUENCE:list
exts = EXPLICIT:2,SEQUENCE:exts
[list]
one = SEQUENCE:one
[one]
id = SEQUENCE:id
[id]
alg = SEQUENCE:alg
name = FORMAT:HEX,OCTETSTRING:$(ocsp_hash Name)
key = FORMAT:HEX,OCTETSTRING:$(ocsp_hash Key)
serial = INTEGER:0x$(serial_of "$dora")
[alg]
oid = OID:SHA1
null = NULL
[exts]
one = SEQUENCE:ext
[ext]
oid = OID:1.3.6.1.5.5.7.48.1.8
value = OCTWRAP,SEQUENCE:prefs
[prefs]
one = SEQUENCE:pref
[pref]
sig = SEQUENCE:sig
[sig]
oid = OID:sha256WithRSAEncryption
null = NULL
CNF
openssl asn1parse -genconf "$D/prefer.cnf" -noout -out "$D/prefer.der"
post "$D/prefer.der" "$D/a"
ok "rule 74: the algorithm that the client prefers" bash -c "
	openssl ocsp -respin $D/a -resp_text -noverify 2>&1 | tee $D/out |
	grep -m1 -A2 'Signature Algorithm' | grep -q sha256WithRSA"
ok "rule 74: ... verified" says good "$D/a" "$dora"
question "$dora" "$D/q" -no_nonce
post "$D/q" "$D/a"
ok "rule 74: without a wish the usual one" bash -c "
	openssl ocsp -respin $D/a -resp_text -noverify 2>&1 | tee $D/out |
	grep -m1 -A2 'Signature Algorithm' | grep -q ecdsa-with-SHA256"

# HTTP
host=${OCSP_URL#http://}
raw() { # raw: stdin to the responder, what it says until it closes
	exec 3<>"/dev/tcp/${host%:*}/${host#*:}"
	cat >&3
	timeout 20 cat <&3
	exec 3>&-
}
answers() { # answers N: so many 200s came
	[ "$(grep -ao 'HTTP/1.1 200' "$D/raw" | wc -l)" = "$1" ]
}
get=$(base64 -w0 "$D/q" | jq -sRr @uri)
printf 'GET /%s HTTP/1.1\r\nHost: x\r\n\r\nGET /%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' "$get" "$get" |
	raw >"$D/raw"
ok "two requests sent at once are answered, both" answers 2
{
	printf 'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/ocsp-request\r\nConnection: close\r\n'
	printf 'Transfer-Encoding: chunked\r\n\r\n%x\r\n' "$(stat -c %s "$D/q")"
	cat "$D/q"
	printf '\r\n0\r\n\r\n'
} | raw >"$D/raw"
ok "a POST in chunks" answers 1
etag=$(curl -sfI "$OCSP_URL/$get" | sed -n 's/^etag: //Ip' | tr -d '\r')
ok "rule 68: If-None-Match on a ready answer: 304, without a body" bash -c "
	curl -s -D $D/headers -o $D/body -w '%{http_code}' -H 'If-None-Match: $etag' '$OCSP_URL/$get' | grep -x 304 && [ ! -s $D/body ]"
ok "rule 68: ... with the headers of the answer itself" bash -c "
	curl -sI '$OCSP_URL/$get' | grep -iE '^(etag|cache-control|expires|last-modified):' | sort >$D/want
	grep -iE '^(etag|cache-control|expires|last-modified):' $D/headers | sort | diff - $D/want && [ \$(wc -l <$D/want) = 4 ]"
printf 'GET /%s HTTP/1.1\r\nHost: x\r\nIf-None-Match: %s\r\n\r\nGET /%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' \
	"$get" "$etag" "$get" | raw >"$D/raw"
ok "... and the next answer on the connection is whole" bash -c "
	[ \"\$(tail -c \$(curl -sfI '$OCSP_URL/$get' | sed -n 's/^content-length: //Ip' | tr -d '\r') $D/raw | sha256sum | cut -d' ' -f1)\" = ${etag//\"/} ]"
printf 'HEAD /%s HTTP/1.0\r\n\r\n' "$get" | raw >"$D/raw"
ok "HEAD by HTTP/1.0: no body, and the end" bash -c "tail -c 4 $D/raw | od -An -tx1 | grep -x ' 0d 0a 0d 0a'"

# The page for operators
metric() { curl -sf "http://$MONITOR/metrics" | grep "^$1 " | cut -d' ' -f2; }
before=$(metric 'pki_ocsp_requests_total{method="get",answer="good"}')
curl -sf -o "$D/a" "$OCSP_URL/$get"
ok "metrics: one more GET that was good" \
	test "$(metric 'pki_ocsp_requests_total{method="get",answer="good"}')" = $((before + 1))
ok "metrics: revoked ones were counted" test "$(metric 'pki_ocsp_requests_total{method="post",answer="revoked"}')" -gt 12
ok "metrics: fewer signatures than answers" test "$(metric pki_ocsp_signatures_total)" -lt \
	"$(metric 'pki_ocsp_answer_seconds_count')"
ok "metrics: the certificate has more than 20 days left" test "$(metric pki_ocsp_certificate_left_seconds)" -gt 1728000
ok "health: ok" curl -sf "http://$MONITOR/health"
openssl ocsp -issuer "$D/pub/ca.pem" -serial 0x1234567890abcdef -no_nonce -reqout "$D/unissued" 2>/dev/null
before=$(metric pki_ocsp_unissued_total)
post "$D/unissued" "$D/a1"
post "$D/unissued" "$D/a2"
ok "rule 60: what was never issued is counted, also when the answer was ready" \
	test "$(metric pki_ocsp_unissued_total)" = $((before + 2))
ok "rule 61: it is revoked, on hold, since 1970" bash -c "
	openssl ocsp -respin $D/a2 -resp_text -noverify 2>&1 | tee $D/out | grep -q 'certificateHold' &&
	grep -q '1970' $D/out"

# The responder's own certificate is revoked: replaced with the next housekeeping
own=$(serial_of "$D/ocsp/cert.pem")
ra sofia revoke "$own" --cause service-ended >"$D/out" 2>&1
ok "the responder's own certificate is revoked" bash -c "
	pki-ocspd check --json --issuer $D/pub/ca.pem --serial $own | jq -e '.status == \"revoked\"'"

# The ledger away: what is revoked stays so, nothing is good
ledger=$D/state/ledger.db
replaced() { [ "$(serial_of "$D/ocsp/cert.pem")" != "$own" ]; }
for _ in 1 2 3 4 5 6 7; do sample_wait "a new certificate" replaced 2>/dev/null && break; done
ok "rule 71: ... and is replaced" replaced
by_another() {
	post "$D/q" "$D/a" && openssl ocsp -respin "$D/a" -resp_text -noverify 2>&1 | tr -d ' :\n' | grep CertificateData |
		grep -iv "$own"
}
ok "... what was signed with it is not given any more" sample_wait "another's signature" by_another
daemon_down pki-ca
mkdir "$D/away"
mv "$ledger"* "$D/away/"
sleep 0.3 # PKI_LEDGER_LOOK_MSEC, and the clock's own grain
post "$D/q0" "$D/a"
ok "without a ledger a ready 'revoked' is still given" says revoked "$D/a" "$D/holders/alice/auth.pem"
post "$D/q" "$D/a"
no "... a ready 'good' is not" says good "$D/a" "$dora"
ok "... but tryLater" bash -c "openssl ocsp -respin $D/a -noverify 2>&1 | grep -i trylater"
mv "$D/away/"* "$D/state/"
sleep 0.2
post "$D/q" "$D/a"
ok "... with the ledger back, it is" says good "$D/a" "$dora"

# A backup put in place under the responder: the database has its inode still, WAL and index are others
sqlite3 "$ledger" "PRAGMA wal_checkpoint(TRUNCATE)" >"$D/out"
rm "$ledger-wal" "$ledger-shm"
ca_up
enrolled erik Erik Martin 12AB34888 2035-05-01 >/dev/null 2>&1
question "$D/holders/erik/auth.pem" "$D/q-erik" -no_nonce
answered() { post "$D/q-$1" "$D/a" && says "$2" "$D/a" "$D/holders/$1/auth.pem"; }
never_good() { # of each thread
	local n
	for ((n = 0; n < 12; n++)); do
		post "$D/q-$1" "$D/a" && ! says good "$D/a" "$D/holders/$1/auth.pem" || return
	done
}
ok "a ledger restored in place is read, without a restart" sample_wait "the ledger" answered erik good
ra emma revoke "$holder" --cause lost-phone >"$D/out" 2>&1
ok "... what is revoked there is not good any more" never_good erik
ok "... but revoked" answered erik revoked
daemon_down pki-ca
rm "$ledger-shm"
ca_up
enrolled fleur Fleur Martin 12AB34777 2035-05-02 >/dev/null 2>&1
question "$D/holders/fleur/auth.pem" "$D/q-fleur" -no_nonce
ok "with another WAL-index too" sample_wait "the ledger" answered fleur good
ra emma revoke "$holder" --cause lost-phone >"$D/out" 2>&1
ok "... what is revoked is not good any more" never_good fleur
ok "... but revoked" answered fleur revoked
daemon_down pki-ca

# Never issued: unknown, where the configuration says so
daemon_down pki-ocspd
sed -i 's/algorithms: /unissued: unknown, algorithms: /' "$D/pki.yaml"
ocspd_up
ok "rules 60, 61: unissued: unknown" bash -c "
	openssl ocsp -issuer $D/pub/ca.pem -serial 0x1234567890abcdef -url $OCSP_URL -CAfile $D/pub/root.pem \
		-verify_other $D/pub/ca.pem 2>&1 | tee $D/out | grep ': unknown'"
ok "... and pki-ocspd check says so" bash -c "
	pki-ocspd check --json --issuer $D/pub/ca.pem --serial 1234567890abcdef | jq -e '.status == \"unknown\"'"

# The clock. Its place is one that the sandbox lets the responder read.
if have_clock; then
	set_clock() { # set_clock OFFSET: it never reads half of it
		echo "$1" >"$D/state/clock.new"
		mv "$D/state/clock.new" "$D/state/clock"
	}
	daemon_down pki-ocspd
	set_clock +0
	(
		export LD_PRELOAD=$FAKED FAKETIME_TIMESTAMP_FILE=$D/state/clock FAKETIME_NO_CACHE=1
		export FAKETIME_DONT_FAKE_MONOTONIC=1
		sample_daemon "$D" "${ocspd[@]}"
	)
	sample_wait pki-ocspd curl -s -o "$D/says" "$OCSP_URL/"
	post "$D/q" "$D/a"
	ok "a responder whose clock is right says good" says good "$D/a" "$dora"
	set_clock -1h
	post "$D/q" "$D/a"
	ok "rule 209: a clock behind the ledger's last event: tryLater" bash -c "
		openssl ocsp -respin $D/a -noverify 2>&1 | tee $D/out | grep -i trylater"
	ok "... and the log says why" grep -E "the clock is behind|not valid before" "$D/run/pki-ocspd.log"
	set_clock +0
	post "$D/q" "$D/a"
	ok "... right again, it answers" says good "$D/a" "$dora"
	post "$D/q0" "$D/a"
	mv "$ledger"* "$D/away/"
	sleep 0.3 # PKI_LEDGER_LOOK_MSEC: until then a new answer may be made
	set_clock +86280
	post "$D/q0" "$D/a"
	ok "rule 68: a ready 'revoked' without a ledger, two minutes before its end" says revoked "$D/a" "$D/holders/alice/auth.pem"
	set_clock +86370
	post "$D/q0" "$D/a"
	ok "rule 68: ... not so late that caches would keep it beyond" bash -c "
		openssl ocsp -respin $D/a -noverify 2>&1 | tee $D/out | grep -i trylater"
	mv "$D/away/"* "$D/state/"
	set_clock +0
else
	echo "ok $((++tests)) - rule 209: clock # SKIP no libfaketime here, or a sanitizer beside it"
fi
daemon_down pki-ocspd

# Another CA beside
D2=$D/second
mkdir -p "$D2/run"
beside() (export PKI_CONFIG=$D2/pki.yaml && "$@")
sample_config "$D2" "$PORT" "$((PORT + 4))"
sed -i "s/listen: \"127.0.0.1:$PORT\"/listen: \"127.0.0.1:$((PORT + 5))\"/; s/Digital Services CA/Other CA/" \
	"$D2/pki.yaml"
sed -i "s|ocsp: http://127.0.0.1:$PORT\$|&/second|" "$D2/pki.yaml"
beside sample_officers "$D2"
beside sample_ceremony "$D2" >"$D/out" 2>&1
for home in "$D" "$D2"; do
	PKI_CONFIG=$home/pki.yaml sample_daemon "$home" pki-ca serve \
		--custodian "file:$home/secrets/custodian-1" --custodian "file:$home/secrets/custodian-2"
	PKI_CONFIG=$home/pki.yaml sample_wait pki-ca pki-ca status
done
other_says() { # other_says WORD
	openssl ocsp -issuer "$D2/pub/ca.pem" -cert "$D2/officers/emma/cert.pem" -url "$OCSP_URL" \
		-CAfile "$D2/pub/root.pem" -verify_other "$D2/pub/ca.pem" >"$D/says" 2>&1
	grep -i "$1" "$D/says"
}
ocspd_up
ok "rule 62: another CA's certificate: unauthorized" other_says unauthorized
daemon_down pki-ocspd
exits 5 "one CA is answered for once" timeout 60 "${ocspd[@]}" --also "$D/pki.yaml"
sample_daemon "$D" "${ocspd[@]}" --also "$D2/pki.yaml" --passphrase "file:$D2/officers/responder/passphrase"
sample_wait pki-ocspd curl -s -o /dev/null "$OCSP_URL/"
ok "rule 71: with --also its own responder answers for it" other_says ': good'
ok "... and ours for ours" ocsp_says good "$dora"
by_get() { # by_get PATH HOME CERTIFICATE: the status by a GET below this path
	openssl ocsp -issuer "$2/pub/ca.pem" -cert "$3" -no_nonce -reqout "$D/q" 2>/dev/null
	curl -sf -o "$D/a" "$OCSP_URL$1/$(base64 -w0 "$D/q" | jq -sRr @uri)" &&
		openssl ocsp -respin "$D/a" -issuer "$2/pub/ca.pem" -cert "$3" -noverify 2>&1 | tee "$D/out" | grep ': good'
}
ok "GET: the longest base path counts" by_get /second "$D2" "$D2/officers/emma/cert.pem"
ok "... and the short one has what is left" by_get "" "$D" "$dora"
openssl ocsp -issuer "$D/pub/ca.pem" -cert "$dora" -issuer "$D2/pub/ca.pem" -cert "$D2/officers/emma/cert.pem" \
	-no_nonce -reqout "$D/mixed" 2>/dev/null
post "$D/mixed" "$D/a"
ok "rule 62: one request about both: unauthorized" bash -c "
	openssl ocsp -respin $D/a -noverify 2>&1 | tee $D/out | grep -i unauthorized"
sample_stop "$D2"
finish
