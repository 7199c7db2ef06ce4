#!/bin/bash
# The peers of pki-ca's socket, told apart by their users: each program is a user of its own, in one group.
. "$(dirname "$0")/lib.sh"
if [ "$(id -u)" != 0 ]; then
	echo "ok 1 - peers # SKIP only root can start the programs as separate users"
	tests=1
	finish
fi
GROUP=61000
declare -A USERS=([pki-ca]=61001 [pki-crl]=61002 [pki-ocspd]=61003)
clerks=61004 stranger=61005
as() { # as USER COMMAND...
	local user=$1
	shift
	setpriv --reuid="$user" --regid="$GROUP" --clear-groups "$@"
}
export GROUP
export -f as
configured() {
	echo "ca: { peers: { ra: [$clerks], crl: [\"${USERS[pki-crl]}\"], ocsp: [\"${USERS[pki-ocspd]}\"] } }" >>"$D/pki.yaml"
}
run_background() {
	local log=$1 user=${USERS[$2]}
	shift
	(sanitizers log_path=stderr && exec setpriv --reuid="$user" --regid="$GROUP" --clear-groups "$@") >>"$log" 2>&1 &
}
installation
mkdir -p "$D/run" "$D/ocsp" && install -d -m 0700 "$D/ra"
# the group shares the installation; keys and passphrases are their user's
shared() {
	chmod 0755 "$D" && chown -R "${USERS[pki-ca]}:$GROUP" "$D/state" "$D/pub" "$D/secrets" "$D/offline" &&
		chown -R "${USERS[pki-ocspd]}:$GROUP" "$D/ocsp" "$D/officers/responder" &&
		chown -R "$clerks:$GROUP" "$D/ra" "$D/officers"/{claire,david,emma,irene} &&
		chmod -R g+rwX "$D/state" "$D/pub" && chmod -R g-rwx "$D/state/keys"
}
ok "the programs are separate users" shared
services
status() { pki-ca status --json | jq -e "$1"; }
ok "rule 122: pki-ca says that it tells peers apart" status .peers
ok "... in words" bash -c "pki-ca status | grep -q 'peers *told apart'"
for program in pki-ca pki-crl pki-ocspd; do
	ok "$program runs as its user" test "$(stat -c %u "/proc/$(sample_pid "$D" $program)")" = "${USERS[$program]}"
done
counted() { sqlite3 "file:$D/state/ledger.db?mode=ro" "SELECT count(*) FROM entry WHERE CAST(entry AS TEXT) LIKE '%$1%'"; }
ok "each service's events are in the log" soon bash -c \
	"pki-audit tail --json | jq -se '[.[].source] | unique == [\"pki-ca\", \"pki-crl\", \"pki-ocspd\"]'"

# the officers' user
pki-ra() { as "$clerks" "$(type -P pki-ra)" "$@"; }
enrol() {
	sample_person "$D" alice Alice Martin 12AB34567 2035-05-01 && chown -R "$clerks:$GROUP" "$D/holders" &&
		invited_application alice && four_eyes && pki-ra issue "$application" --out "$D/holders/alice"
}
ok "the officers enrol a person" enrol
ok "... whose steps are in the log" test "$(counted application-approved)" = 1

# call USER PATH BODY: 403 and a clear error, or not
call() {
	echo "$3" >"$D/body"
	as "$1" curl -s --fail-with-body --unix-socket "$CA_SOCKET" --data-binary "@$D/body" "http://ca$2"
}
unissued='{"source":"pki-ocspd","type":"unissued-asked","actor":"","detail":{"count":1}}'
started='{"source":"pki-crl","type":"crl-service-started","actor":"","detail":{}}'
login='{"source":"pki-ra","type":"login-failed","actor":"0a","detail":{"officer":"0a"}}'
ok "rule 122: the responder's user says what the responder may say" call "${USERS[pki-ocspd]}" /v1/events "$unissued"
refused event-author "rule 122: ... not what an officer says" call "${USERS[pki-ocspd]}" /v1/events "$login"
refused event-author "rule 122: ... nor what pki-crl says" call "${USERS[pki-ocspd]}" /v1/events "$started"
refused event-author "rule 122: the officers' user says nothing for a service" call $clerks /v1/events "$unissued"
refused event-author "rule 122: pki-crl's user says nothing for the officers" call "${USERS[pki-crl]}" /v1/events "$login"
for event in "$unissued" "$started" "$login"; do
	refused event-author "rule 122: a stranger says nothing" call $stranger /v1/events "$event"
done
refused "user $stranger may not POST /v1/crl" "rule 122: a stranger has no CRL made" call $stranger /v1/crl '{}'
refused "ca: peers: crl in pki.yaml" "... the error names the remedy" call "${USERS[pki-ocspd]}" /v1/crl '{}'
refused event-author "rule 122: nor does he say when a CRL was published" call $stranger /v1/crl/published \
	'{"issuer":2,"number":1,"published":"2026-01-01T00:00:00.000Z"}'
refused "as the user of pki-ca" "rule 122: a root CRL is for pki-ca's user" call "${USERS[pki-crl]}" /v1/root-crl x
ok "pki-crl's user has a CRL made" call "${USERS[pki-crl]}" /v1/crl '{}'
ok "a stranger may ask for the status" as $stranger curl -sf --unix-socket "$CA_SOCKET" http://ca/v1/status
order=$(pki-audit tail --type certificate-issued --json | tail -n 1 | jq -r .detail.order)
ok "... and for an order that he knows" as $stranger curl -sf --unix-socket "$CA_SOCKET" "http://ca/v1/orders/$order"

# orders
lines=$(counted order-refused)
refused event-author "rule 122: a stranger sends no order" call $stranger /v1/orders "no order"
sqlite3 "file:$D/state/ledger.db?mode=ro" "SELECT writefile('$D/order.p7s', cms) FROM orders WHERE name = '$order'" >/dev/null
send() { as "$1" curl -s --fail-with-body --unix-socket "$CA_SOCKET" --data-binary "@$D/order.p7s" http://ca/v1/orders; }
refused event-author "rule 122: ... nor another's order to issue" send $stranger
ok "... and writes no log with either" test "$(counted order-refused)" = "$lines"
refused order-used "the officers' user is told what is wrong with the order" send $clerks
ok "... which is logged" test "$(counted order-refused)" = $((lines + 1))
revoked() { # by a user who is no peer: a copy of an officer's key, a store of her own
	cp -r "$D/officers/emma" "$D/emma" && chown -R "$stranger:$GROUP" "$D/emma" &&
		as "$stranger" "$(type -P pki-ra)" revoke "$holder" --cause lost-phone --officer "$D/emma" \
			--passphrase "file:$D/emma/passphrase" --json
}
sed -i 's,^ra: .*,ra: { store: stranger },' "$D/pki.yaml" && install -d -m 0700 -o $stranger -g $GROUP "$D/stranger"
ok "an officer revokes, whatever her user is" revoked
ok "... at once" soon bash -c "sqlite3 'file:$D/state/ledger.db?mode=ro' 'SELECT count(*) FROM revocation' | grep -qx 2"
sed -i 's,^ra: .*,ra: { store: ra },' "$D/pki.yaml"
ok "the auditor finds everything in order" pki-audit verify

# without the configuration
sample_stop "$D"
sed -i '/^ca: { peers/d' "$D/pki.yaml"
services
ok "rule 122: by default pki-ca says that it does not tell peers apart" status '.peers == false'
ok "... in words" bash -c "pki-ca status | grep -q 'peers *not told apart'"
ok "... and takes the event" call $stranger /v1/events "$unissued"
sample_stop "$D"
echo 'ca: { peers: { ra: [nobody-of-this-name] } }' >>"$D/pki.yaml"
refused nobody-of-this-name "a user whom the machine does not have is an error at the start" \
	timeout 20 pki-ca serve --custodian "file:$D/secrets/custodian-1" --custodian "file:$D/secrets/custodian-2"
finish
