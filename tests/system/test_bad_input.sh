#!/bin/bash
# Bad input at every command and endpoint: one clear message, the status of the table, nothing half
# done, and the next call works.
. "$(dirname "$0")/lib.sh"
. tests/system/clock.sh
installation
services
enrolled alice Alice Martin 12AB34567 2035-05-01 >/dev/null 2>&1
alice=$holder
A=$D/holders/alice
enrolled bruno Bruno Keller 55DD66778 2034-09-30 >/dev/null 2>&1
ra emma revoke "$holder" --cause no-longer-wanted >/dev/null 2>&1
sample_person "$D" bad Bad Input 13AB34567 2035-05-01
H=$D/holders/bad
code() { ra irene invite --department "TEST Welcome Office" --json | jq -r .code; }
invitation=$(code)
submit() { # submit OPTION...: with whatever is to replace the good file
	pki-ra submit --invitation "$invitation" "$@"
}
form=(--application "$H/application.yaml") auth=(--auth-csr "$H/auth.csr")
sign=(--sign-csr "$H/sign.csr") proof=(--evidence "$H/passport-page.txt")
still_works() { ok "... and the next call works" "$@"; }

# files
printf 'garbage' >"$D/garbage"
head -c 200 "$H/auth.csr" >"$D/truncated.csr"
head -c 2000000 /dev/zero >"$D/huge"
exits 3 "a garbage CSR" submit "${form[@]}" --auth-csr "$D/garbage" "${sign[@]}" "${proof[@]}"
exits 3 "a truncated CSR" submit "${form[@]}" --auth-csr "$D/truncated.csr" "${sign[@]}" "${proof[@]}"
exits 4 "an oversized CSR" submit "${form[@]}" --auth-csr "$D/huge" "${sign[@]}" "${proof[@]}"
exits 6 "a CSR that is not there" submit "${form[@]}" --auth-csr "$D/none" "${sign[@]}" "${proof[@]}"
openssl req -in "$H/auth.csr" -outform DER -out "$D/flipped.der"
size=$(stat -c %s "$D/flipped.der")
flip "$D/flipped.der" $((size - 3))
refused proof-of-possession "rule 39: a CSR whose signature does not fit" \
	submit "${form[@]}" --auth-csr "$D/flipped.der" "${sign[@]}" "${proof[@]}"
openssl req -new -newkey rsa:2048 -noenc -subj /CN=x -keyout "$D/k" -out "$D/rsa2048.csr" 2>/dev/null
refused rsa-strength "rule 93: RSA of 2048 bits" \
	submit "${form[@]}" "${auth[@]}" --sign-csr "$D/rsa2048.csr" "${proof[@]}"
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:secp256k1 -noenc -subj /CN=x -keyout "$D/k" \
	-out "$D/k1.csr" 2>/dev/null
refused algorithm "rule 94: a curve that is not allowed" \
	submit "${form[@]}" --auth-csr "$D/k1.csr" "${sign[@]}" "${proof[@]}"
refused distinct-keys "rule 10: one key for both certificates" \
	submit "${form[@]}" "${auth[@]}" --sign-csr "$H/auth.csr" "${proof[@]}"

# the form
changed() { sed "$1" "$H/application.yaml" >"$D/form.yaml"; }
bad_form() { submit --application "$D/form.yaml" "${auth[@]}" "${sign[@]}" "${proof[@]}"; }
changed 's/^surname: .*/surname: ""/'
exits 3 "a form without a surname" bad_form
changed 's/expires: [-0-9]*/expires: 2020-01-01/'
refused identity-document "rule 207: an expired document" bad_form
changed 's/type: passport/type: library-card/'
refused identity-document "rule 207: a document that is not accepted" bad_form
changed 's/accepted: true/accepted: false/'
refused terms-accepted "rule 211: terms that were not accepted" bad_form
changed "s/^requested: .*/requested: $(date -ud '-120 days' +%F)/"
refused request-age "rule 208: a request four months old" bad_form
changed 's/^email:/electronic_mail:/'
no "a form with a key that nobody knows" bad_form
exits 6 "a form that is not there" submit --application "$D/none" "${auth[@]}" "${sign[@]}" "${proof[@]}"
still_works submit "${form[@]}" "${auth[@]}" "${sign[@]}" "${proof[@]}"
refused invitation "rule 206: an invitation counts once" \
	submit "${form[@]}" "${auth[@]}" "${sign[@]}" "${proof[@]}"

# officers
exits 7 "a wrong passphrase" pki-ra revoke "$alice" --cause lost-phone \
	--officer "$D/officers/emma" --passphrase "file:$D/officers/claire/passphrase"
exits 6 "an officer's folder that is not there" pki-ra revoke "$alice" --cause lost-phone \
	--officer "$D/officers/nobody" --passphrase "file:$D/officers/emma/passphrase"
exits 2 "an unknown command" pki-ra frobnicate
exits 2 "an unknown option" pki-ra list --frobnicate
exits 2 "a missing operand" pki-ra show
exits 16 "an application that does not exist" pki-ra show A-00000000000000000000000000000000
no "a cause that is not in the table" ra emma revoke "$alice" --cause boredom

# the CA's socket
api() { # api PATH FILE [TYPE]
	curl -s --fail-with-body --unix-socket "$CA_SOCKET" -H "Content-Type: ${3:-application/pkcs7-mime}" \
		--data-binary "@$2" "http://ca$1"
}
openssl cms -sign -binary -nodetach -outform DER -signer "$D/officers/claire/cert.pem" \
	-inkey "$D/officers/claire/key.pem" -passin "file:$D/officers/claire/passphrase" \
	-in "$D/garbage" -out "$D/signed-garbage.p7s"
head -c 400 "$D/signed-garbage.p7s" >"$D/truncated.p7s"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 30 -subj /CN=stranger \
	-keyout "$D/stranger.key" -out "$D/stranger.pem" 2>/dev/null
pki-ra list --json | jq -r '.applications[0].id // empty' >/dev/null
openssl cms -sign -binary -nodetach -outform DER -signer "$D/stranger.pem" -inkey "$D/stranger.key" \
	-in "$D/garbage" -out "$D/stranger.p7s"
refused order-form "rule 210: a garbage order" api /v1/orders "$D/garbage"
refused order-form "rule 210: a truncated order" api /v1/orders "$D/truncated.p7s"
refused order-form "rule 210: an officer's signature over garbage" api /v1/orders "$D/signed-garbage.p7s"
refused officer-status "rule 205: an order signed by a stranger" api /v1/orders "$D/stranger.p7s"
no "an oversized order" api /v1/orders "$D/huge"
no "a path that is not served" api /v1/nothing "$D/garbage"
no "garbage as an event" api /v1/events "$D/garbage" application/json
no "garbage as a root CRL" api /v1/root-crl "$D/garbage" application/pkix-crl
no "the CA's own CRL as root CRL" api /v1/root-crl "$D/pub/ca.crl" application/pkix-crl
still_works pki-ca status

# the responder
ask() { # ask WANT-HTTP CURL-OPTION...
	local want=$1
	shift
	[ "$(curl -s -o "$D/answer" -w '%{http_code}' -H 'Content-Type: application/ocsp-request' "$@")" = "$want" ]
}
malformed() { openssl ocsp -respin "$D/answer" -noverify 2>&1 | grep -qi 'malformed'; }
openssl ocsp -issuer "$D/pub/ca.pem" -cert "$A/auth.pem" -reqout "$D/req.der" 2>/dev/null
head -c 30 "$D/req.der" >"$D/truncated.der"
cat "$D/req.der" "$D/garbage" >"$D/trailing.der"
for f in garbage truncated.der trailing.der; do
	ok "rule 63: OCSP $f is malformedRequest" bash -c \
		"curl -s -H 'Content-Type: application/ocsp-request' --data-binary @$D/$f $OCSP_URL/ -o $D/answer &&
		openssl ocsp -respin $D/answer -noverify 2>&1 | grep -qi malformed"
done
ok "an oversized OCSP request gets 413" ask 413 --data-binary "@$D/huge" "$OCSP_URL/"
ok "DELETE gets 405" ask 405 -X DELETE "$OCSP_URL/"
ok "rule 63: GET of what is not base64 is malformedRequest" bash -c \
	"curl -s '$OCSP_URL/%%%' -o $D/answer && openssl ocsp -respin $D/answer -noverify 2>&1 | grep -qi malformed"
ok "... and the responder still answers" ocsp_says good "$A/auth.pem"

# configuration and policy
with_conf() { # with_conf SED COMMAND...
	sed "$1" "$D/pki.yaml" >"$D/changed.yaml"
	shift
	PKI_CONFIG=$D/changed.yaml "$@"
}
exits 5 "an unknown key in pki.yaml" with_conf '1,$s/^authority:/autority:/' pki-ca status
ok "... is named with file and line" grep -qE 'changed.yaml:[0-9]+' "$D/out"
exits 5 "a key twice in pki.yaml" with_conf 's/^state: .*/state: state\nstate: other/' pki-ca status
exits 5 "YAML that is none" with_conf '1i "' pki-ca status
exits 6 "a configuration that is not there" env PKI_CONFIG="$D/none.yaml" pki-ca status
cp -r "$D/policy" "$D/policy2"
sed -i 's/years: 3/years: 4/' "$D/policy2/holder-signature.yaml"
refused three-years "rule 4: a profile of four years is refused" \
	with_conf 's/^policy: .*/policy: policy2/; s/^state: .*/&\nsocket: other.sock/' \
	pki-ca serve "${custodians[@]}"
ok "... with file and line" grep -qE 'holder-signature.yaml:[0-9]+' "$D/out"

# the ledger
exits 12 "a second CA on the same ledger" with_conf 's/^state: .*/&\nsocket: other.sock/' \
	timeout 60 pki-ca serve "${custodians[@]}"
mkdir -p "$D/newer/state"
sqlite3 "$D/state/ledger.db" "VACUUM INTO '$D/newer/state/ledger.db'"
sqlite3 "$D/newer/state/ledger.db" 'PRAGMA user_version = 999'
exits 11 "rule 213: a ledger of a newer version" pki-audit verify --ledger "$D/newer/state/ledger.db" \
	--publish "$D/pub"
printf 'not a database, just text that is long enough to be one page of nothing' >"$D/newer/text.db"
no "a ledger that is none" pki-audit verify --ledger "$D/newer/text.db" --publish "$D/pub"
for statement in "DELETE FROM revocation" "DELETE FROM certificate" "UPDATE certificate SET not_after = 0" \
	"UPDATE entry SET entry = x'00'" "DELETE FROM orders"; do
	no "rules 58, 213: the schema refuses: $statement" \
		sqlite3 "$D/newer/state/ledger.db" "$statement"
done

# services gone, clock, full disk
sample_person "$D" gino Gino Bruni 12AB39999 2034-05-01
invited_application gino >"$D/out" && four_eyes >"$D/out" && echo "$application" >"$D/approved"
sample_stop "$D"
exits 14 "the CA is gone" ra emma revoke "$alice" --cause lost-phone
exits 14 "... status says so" pki-ca status
ok "nothing was done" bash -c "sqlite3 $D/state/ledger.db 'SELECT count(*) FROM revocation' | grep -qx 2"
sample_secret "$D/secrets/wrong"
exits 7 "a wrong custodian's passphrase" pki-ca serve "${custodians[@]:0:2}" \
	--custodian "file:$D/secrets/wrong"
if unshare -m true 2>/dev/null; then
	mkdir -p "$D/small"
	ok "rule 213: with a full disk an order is refused as a whole, and works once there is room" \
		unshare -m bash tests/system/disk_full.sh
else
	echo "ok $((++tests)) - full disk # SKIP no mount namespaces here"
fi
if [ -n "$FAKED" ]; then
	clock_of +500d
	run_background "$D/run/future.log" "${clock[@]}" pki-ca serve "${custodians[@]}"
	pid=$!
	if sample_wait pki-ca pki-ca status; then
		refused officer-status "rule 205: officers whose certificates have expired order nothing" \
			at_clock +500d pki-ra revoke "$alice" --cause lost-phone \
			--officer "$D/officers/emma" --passphrase "file:$D/officers/emma/passphrase"
		kill "$pid"
		wait "$pid" 2>/dev/null
		exits 10 "rule 209: the CA does not start behind its last event" \
			timeout 60 pki-ca serve "${custodians[@]}"
	else
		result 1 "the CA starts with a clock that is ahead"
	fi
fi
finish
