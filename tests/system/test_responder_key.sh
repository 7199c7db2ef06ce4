#!/bin/bash
# The responder's next key is on disk before its certificate is ordered: a certificate whose reply is
# lost has its key, and no second one is issued.
. "$(dirname "$0")/lib.sh"
installation
mkdir -p "$D/run"
ca_up
lossy_up
issued() { sqlite3 "file:$D/state/ledger.db?mode=ro" "SELECT count(*) FROM certificate WHERE profile = 'ocsp-responder'"; }
serve() { timeout 60 pki-ocspd serve --config "$D/$1.yaml" --passphrase "file:$D/officers/responder/passphrase"; }
touch "$D/lose.all"
exits 20 "the reply to the first order is lost" serve lossy
rm "$D/lose.all"
ok "... the CA carried out the order" test "$(issued)" = 1
ok "... its key was on disk before" grep -qx next.pem "$D/at-post"
ok "... and its order" grep -qx next.order "$D/at-post"
serial=$(sqlite3 "file:$D/state/ledger.db?mode=ro" "SELECT lower(hex(serial)) FROM certificate WHERE profile = 'ocsp-responder'")
ocspd_up
ok "the next start fetches the certificate" test "$(serial_of "$D/pub/ocsp.pem")" = "$serial"
ok "... and no second one is issued" test "$(issued)" = 1
no "... nothing is left on the way" ls "$D"/ocsp/next.*
enrolled alice Alice Martin 12AB34567 2035-05-01 >"$D/out" 2>&1
ok "it answers" ocsp_says good "$D/holders/alice/auth.pem"
daemon_down pki-ocspd

# an order that the CA never saw
rm "$D"/ocsp/*.pem
daemon_down pki-ca
exits 14 "the CA is away" serve pki
ok "key and order wait" ls "$D/ocsp/next.pem" "$D/ocsp/next.order"
ca_up
ocspd_up
ok "with the CA back there is a certificate" test "$(issued)" = 2
no "... nothing is left on the way" ls "$D"/ocsp/next.*
daemon_down pki-ocspd

# an order that was not written whole
rm "$D"/ocsp/*.pem
echo O-12 >"$D/ocsp/next.order"
echo garbage >"$D/ocsp/next.pem"
ocspd_up
ok "a leftover that is none is no obstacle" test "$(issued)" = 3
finish
