#!/bin/bash
# The end of the CA: everything is revoked, the custodians make the last CRLs, and what goes on.
. "$(dirname "$0")/lib.sh"
PARTS=2
MONITOR=http://127.0.0.1:$((PORT + 2))
MIRROR=http://127.0.0.1:$((PORT + 3))
configured() {
	sed -i "s|^crl: .*|crl: { listen: \"127.0.0.1:$((PORT + 1))\", monitor: \"127.0.0.1:$((PORT + 2))\", partitions: $PARTS, put: [\"$MIRROR\"] }|" \
		"$D/pki.yaml"
	sed -i "s|^ocsp: {|ocsp: { monitor: \"127.0.0.1:$((PORT + 4))\", export: export,|" "$D/pki.yaml"
}
ledger() { sqlite3 "file:$D/state/ledger.db?mode=ro" "$1"; }
healthy() { curl -s "$1/health" | tee "$D/health" | grep -x ok; }
# an order that is made without the RA's own checks: straight to the CA
order() { # order FILE OFFICER JSON
	printf %s "$3" | openssl cms -sign -binary -nodetach -outform DER -nosmimecap -md sha256 \
		-signer "$D/officers/$2/cert.pem" -inkey "$D/officers/$2/key.pem" \
		-passin "file:$D/officers/$2/passphrase" -out "$1" 2>/dev/null
}
says_last() { # says_last LIST: openssl reads it as the last
	openssl crl -inform DER -in "$1" -noout -nextupdate | grep 'Dec 31 23:59:59 9999'
}
installation
mkdir -p "$D/nginx" "$D/mirror"
cat >"$D/nginx.conf" <<CONF
daemon off; pid $D/nginx/pid; error_log stderr;
user root;
events {}
http {
	access_log off; root $D/mirror; types { application/pkix-crl crl; }
	client_body_temp_path $D/nginx/body; proxy_temp_path $D/nginx/proxy;
	fastcgi_temp_path $D/nginx/fastcgi; uwsgi_temp_path $D/nginx/uwsgi; scgi_temp_path $D/nginx/scgi;
	server { listen 127.0.0.1:$((PORT + 3)); location / { dav_methods PUT; create_full_put_path on; } }
}
CONF
nginx -c "$D/nginx.conf" >"$D/nginx.log" 2>&1 &
nginx=$!
trap 'kill $nginx; cleanup' EXIT
services
enrolled alice Alice Martin 12AB34567 2035-05-01 >/dev/null 2>&1
A=$D/holders/alice/auth.pem
sample_wait partitions test -s "$D/pub/crl/$PARTS.crl"

# too early
exits 12 "while the CA is served nobody ends it" pki-ca last-crl "${custodians[@]}"
ok "... which it says" grep 'stop it (pki-ca serve) first' "$D/out"
daemon_down pki-ca
refused last-crl "rule 55: not while a certificate lives" pki-ca last-crl "${custodians[@]}"
ok "... it says how many do" grep -E '1[0-9] certificates have neither expired nor been revoked' "$D/out"
ok "... and which ends last" grep -E "The last to end is ($(serial_of "$A")|$(serial_of "$D/holders/alice/sign.pem")) " "$D/out"
refused dual-control "rule 32: one custodian does not end the CA" \
	pki-ca last-crl --custodian "file:$D/secrets/custodian-1" --custodian "file:$D/secrets/custodian-1"
cp "$D/secrets/custodian-1" "$D/secrets/wrong" && echo x >>"$D/secrets/wrong" && sed -i '1s/^/x/' "$D/secrets/wrong"
exits 7 "... nor does a wrong passphrase" \
	pki-ca last-crl --custodian "file:$D/secrets/wrong" --custodian "file:$D/secrets/custodian-2"
exits 0 "... no list is the last" bash -c "[ $(ledger "SELECT count(*) FROM crl WHERE next_update > 99999999999") = 0 ]"

# everything is revoked: the service that orders responders' certificates before those, and at
# last the officer who orders it
ca_up
sofia=$(serial_of "$D/officers/sofia/cert.pem")
all=$(ledger "SELECT lower(hex(serial)) FROM certificate WHERE issuer = 2 AND lower(hex(serial)) <> '$sofia'
	ORDER BY profile = 'ocsp-responder', id")
for serial in $all; do
	ra sofia revoke "$serial" --cause service-ended >"$D/out" 2>&1 || cat "$D/out"
done
daemon_down pki-ca
refused last-crl "rule 55: one that lives is one too many" pki-ca last-crl "${custodians[@]}"
ok "... which it names" grep "1 certificates.*$sofia (officer-security)" "$D/out"
ca_up
order "$D/late.p7m" sofia "$(jq -ncS --arg id "O-$(openssl rand -hex 16)" --arg now "$(date -u +%FT%T.000Z)" \
	--arg serial "$sofia" '{version: 1, type: "order", action: "revoke", id: $id, created: $now,
	authority: "TEST Registration Authority", reported: $now, cause: "service-ended", requester: "officer",
	authentication: "officer-signature", serials: [$serial]}')"
ok "sofia revokes herself" ra sofia revoke "$sofia" --cause service-ended
published() { for serial in $all $sofia; do openssl crl -inform DER -in "$D/pub/ca.crl" -noout -text | grep -i "$serial" || return; done; }
ok "... pki-crl lists all" pki-crl once --all
ok "... indeed" published
ok "the auditor finds all in order before the end" pki-audit verify
daemon_down pki-ca
rm -rf "$D/backup" && mkdir "$D/backup" && cp "$D"/state/ledger.db* "$D/backup/"

# the end
ok "rules 53, 55: both custodians end it" pki-ca last-crl "${custodians[@]}" --json
ok "... a list each" test "$(jq .lists "$D/out")" = $((PARTS + 1))
ok "... the log says so" bash -c "pki-audit tail --type ca-ended --json | jq -se 'length == 1 and .[0].detail.lists == $((PARTS + 1))'"
exits 8 "rule 55: once" pki-ca last-crl "${custodians[@]}"
ok "... since the last is made" grep 'last-crl.*the last CRL of this list is made' "$D/out"
gone=$(wc -l <"$D/run/pki-crl.log")
ca_up
all_out() { says_last "$D/pub/ca.crl" && says_last "$D/pub/crl/1.crl" && says_last "$D/pub/crl/$PARTS.crl"; }
ok "rule 53: the running pki-crl publishes them, by openssl until 9999" sample_wait "last CRLs" all_out
mirrored() { cmp "$D/pub/ca.crl" "$D/mirror/ca.crl" && cmp "$D/pub/crl/1.crl" "$D/mirror/crl/1.crl"; }
ok "... to the other place too" sample_wait mirror mirrored
ok "... tells the ledger" sample_wait publication bash -c "
	[ \"\$(sqlite3 'file:$D/state/ledger.db?mode=ro' 'SELECT count(*) FROM crl JOIN publication USING (issuer, number)
		WHERE issuer = 2 AND next_update = 253402300799')\" = $((PARTS + 1)) ]"
ok "rule 55: every certificate of the CA is on the full one" published
ok "gnutls reads 9999 too, and verifies it" bash -c "
	certtool --verify-crl --inder --infile $D/pub/ca.crl --load-ca-certificate $D/pub/ca.crt 2>&1 | tee $D/out | grep -qi verified &&
	certtool --crl-info --inder --infile $D/pub/ca.crl | tee -a $D/out | grep -q 'Next at: Fri Dec 31 23:59:59 UTC 9999'"
openssl crl -inform DER -in "$D/pub/ca.crl" -out "$D/last.pem"
cat "$D/pub/ca.pem" "$D/pub/root.pem" >"$D/chain.pem"
no "openssl verify: revoked" openssl verify -CAfile "$D/chain.pem" -crl_check -CRLfile "$D/last.pem" "$A"
ok "... it says" grep 'certificate revoked' "$D/out"
ok "pki-crl check has nothing against it" pki-crl check --monitor --warning 2h --critical 1h
ok "... nor against a partition" pki-crl check --partition 1
ok "pki-ca status says that it is the last" bash -c "pki-ca status | tee $D/out | grep -E '^CRL .*the last\$'"
ok "the auditor finds all in order" pki-audit verify

# after it
last=$(ledger "SELECT max(number) FROM crl")
ok "pki-crl once goes on without" pki-crl once --all
no "rule 55: pki-ca makes no other list" curl -sf --unix-socket "$CA_SOCKET" -d '{}' http://ca/v1/crl
ok "... it says why" bash -c "curl -s --unix-socket $CA_SOCKET -d '{\"partition\": 1}' http://ca/v1/crl | tee $D/out | grep last-crl"
ok "rule 55: nothing is certified or revoked any more" bash -c "
	curl -s --unix-socket $CA_SOCKET -H 'Content-Type: application/pkcs7-mime' --data-binary @$D/late.p7m http://ca/v1/orders |
	tee $D/out | grep last-crl"
ok "... the refusal is logged by the order's digest" bash -c "
	pki-audit tail --type order-refused --json | tail -n 1 | grep $(sha256sum "$D/late.p7m" | cut -d' ' -f1)"
sleep 1
exits 0 "no CRL was made since" bash -c "[ $(ledger "SELECT max(number) FROM crl") = $last ]"
ok "pki-crl is healthy" sample_wait health healthy "$MONITOR"
ok "... and quiet" bash -c "! tail -n +$((gone + 1)) $D/run/pki-crl.log | tee $D/out | grep -v 'does not answer'"
unauthorized() { ocsp_says nothing "$A" || grep -i unauthorized "$D/says"; }
ok "rule 62: OCSP says unauthorized: the last CRL says all" sample_wait "OCSP's end" unauthorized
ok "... and is healthy" sample_wait health healthy "http://127.0.0.1:$((PORT + 4))"
daemon_down pki-ocspd
sample_daemon "$D" pki-ocspd serve --passphrase "file:$D/officers/responder/passphrase"
ok "... also from a new start" sample_wait OCSP unauthorized
exits 17 "... which exports nothing" pki-ocspd export --passphrase "file:$D/officers/responder/passphrase"
daemon_down pki-crl
sample_daemon "$D" pki-crl run
ok "pki-crl's next start is healthy" sample_wait health healthy "$MONITOR"
rm "$D/pub/ca.crl"
ok "a file that is lost is put there again" bash -c "pki-crl once && openssl crl -inform DER -in $D/pub/ca.crl -noout"
ok "the auditor finds all in order" pki-audit verify

# what the auditor must find
triggers=$(sqlite3 "$D/state/ledger.db" "SELECT 'DROP TRIGGER ' || name || ';' FROM sqlite_schema WHERE type = 'trigger'")
rm -f "$D/c.db"
sqlite3 "$D/state/ledger.db" "VACUUM INTO '$D/c.db'"
sqlite3 "$D/c.db" "$triggers DELETE FROM revocation WHERE serial = x'$sofia'" >/dev/null
refused "had neither expired nor been revoked" "rule 55: the auditor finds a certificate that outlived it" \
	pki-audit verify --ledger "$D/c.db" --policy "$D/policy" --publish "$D/pub"
# an old backup cannot end the CA
sample_stop "$D"
rm "$D"/state/ledger.db* && cp "$D"/backup/ledger.db* "$D/state/"
refused "restore a newer one" "rule 76: a restored ledger makes no other last CRL" pki-ca last-crl "${custodians[@]}"
finish
