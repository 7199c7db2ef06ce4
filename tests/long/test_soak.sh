#!/bin/bash
# A town's life for SOAK_SECONDS (120; a release: 1800): certificates issued, lost and asked about
# all the time, while each service is ended, kindly and not, and started again, and the responder
# takes new keys and certificates. No answer may be wrong or lost; the auditor has the last word.
. "$(dirname "$0")/../system/lib.sh"
seconds=${SOAK_SECONDS:-120}
PATH=$BIN/bench:$PATH
installation
sed -i 's/^crl: {/crl: { partitions: 4,/' "$D/pki.yaml"
services
start() { # start NAME
	case $1 in
	pki-ca) sample_daemon "$D" pki-ca serve --custodian "file:$D/secrets/custodian-1" \
		--custodian "file:$D/secrets/custodian-2" ;;
	pki-crl) sample_daemon "$D" pki-crl run ;;
	pki-ocspd) sample_daemon "$D" pki-ocspd serve --passphrase "file:$D/officers/responder/passphrase" ;;
	esac
}
answers() { # answers NAME
	case $1 in
	pki-ca) pki-ca status ;;
	pki-crl) curl -sf -o "$D/says" "$WEB_URL/ca.pem" ;;
	pki-ocspd) ocsp_says good "$D/officers/victor/cert.pem" ;;
	esac
}
restart() { # restart NAME SIGNAL
	local pid
	pid=$(cat "$D/run/$1.pid")
	touch "$D/down-$1"
	kill "-$2" "$pid"
	sample_wait "$1's end" bash -c "! kill -0 $pid" || return
	if [ "$1" = pki-ocspd ] && [ "$2" = KILL ]; then
		rm -r "$D/ocsp" # a new key, a new certificate
		renewed=$((renewed + 1))
	fi
	start "$1"
	sample_wait "$1" answers "$1" || return
	rm "$D/down-$1"
	restarts=$((restarts + 1))
}
soak "$seconds" >"$D/soak.json" 2>"$D/soak.log" &
soaking=$!
restarts=0 renewed=0 failed=0
while kill -0 $soaking 2>/dev/null; do
	for name in pki-ocspd pki-crl pki-ca; do
		for signal in TERM KILL; do
			for ((i = 0; i < 4; i++)); do
				kill -0 $soaking 2>/dev/null && sleep 1
			done
			kill -0 $soaking 2>/dev/null || break 2
			restart $name $signal || failed=$((failed + 1))
		done
	done
done
wait $soaking
status=$?
cp "$D/soak.json" "$D/out"
cat "$D/soak.log" >>"$D/out"
result $status "no answer was wrong, none lost"
sed 's/^/# /' "$D/soak.json"
echo "# $restarts restarts, $renewed new responder certificates"
ok "every service came back each time" test $failed = 0 -a $restarts -ge 6
ok "much was asked" jq -e '.good > 100 and .said_revoked > 10 and .unissued > 10 and .crls > 4' "$D/soak.json"
ok "the auditor finds everything in order" pki-audit verify
finish
