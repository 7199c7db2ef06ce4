#!/bin/bash
# rules.yaml asks for two witnesses: certificates are issued only over a log that both have
# cosigned; revocations, CRLs and answers go on without them.
. "$(dirname "$0")/lib.sh"
sample_secret "$D/pass"

witness_config() { # witness_config NAME PORT: with the log's key, once there is one
	cat >"$D/$1.yaml" <<-YAML
		name: $1.example.test/w
		state: $1
		listen: "127.0.0.1:$2"
		logs: [$(cat "$D/pub/log/vkey" 2>/dev/null)]
	YAML
}
for w in court:2 state:3; do
	witness_config "${w%:*}" $((PORT + ${w#*:}))
	pki-witness init --config "$D/${w%:*}.yaml" --passphrase "file:$D/pass" >"$D/${w%:*}.vkey"
done
configured() {
	sed -i "s|^log: .*|log: { origin: ca.example.test/log, witnesses: [\
		{ url: 'http://127.0.0.1:$((PORT + 2))', vkey: $(cat "$D/court.vkey") },\
		{ url: 'http://127.0.0.1:$((PORT + 3))', vkey: $(cat "$D/state.vkey") }] }|" "$PKI_CONFIG"
	sed -i 's/^witnesses: .*/witnesses: 2/' "$D/policy/rules.yaml"
}
installation
mkdir -p "$D/run"
serve=(pki-ca serve --custodian "file:$D/secrets/custodian-1" --custodian "file:$D/secrets/custodian-2")
asking() { sed -i "s/^witnesses: .*/witnesses: $1/" "$D/policy/rules.yaml"; }
for n in 9 -1 two 1.5 "[2]"; do
	asking "$n"
	refused witness-quorum "rule 214: a policy with witnesses: $n" "${serve[@]}"
done
asking 3
refused witness-quorum "rule 214: three of two witnesses" "${serve[@]}"
ok "... says what to do" grep -q 'has 2; add witnesses, or ask for fewer' "$D/out"
asking 2

daemon() { # daemon NAME PROGRAM ARGUMENT...: pid in $D/run/NAME
	local name=$1
	shift
	run_background "$D/run/$name.log" "$@"
	echo $! >"$D/run/$name"
}
ended() {
	local pid
	pid=$(cat "$D/run/$1" 2>/dev/null) || return 0
	rm "$D/run/$1"
	kill "$pid" && sample_wait "end of $1" bash -c "! kill -0 $pid"
}
witness_begin() {
	local port=$((PORT + 2))
	[ "$1" = court ] || port=$((PORT + 3))
	witness_config "$1" $port
	daemon "$1" pki-witness serve --config "$D/$1.yaml" --passphrase "file:$D/pass"
	sample_wait "$1" curl -s -o /dev/null "http://127.0.0.1:$port/"
}
end_all() {
	local name
	for name in feed court state; do ended "$name"; done 2>/dev/null
	cleanup
}
trap end_all EXIT
open() { [ "$(pki-ca status --json | jq .witnesses.issuing)" = true ]; }
closed() { ! open; }
applied() { # applied NAME DOCUMENT: up to the approval; the application in $D/NAME.id
	sample_person "$D" "$1" "${1^}" Martin "$2" 2034-05-01 && invited_application "$1" && four_eyes &&
		echo "$application" >"$D/$1.id" && echo "$holder" >"$D/$1.holder"
}
issue() { pki-ra issue "$(cat "$D/$1.id")" --out "$D/holders/$1"; }
# what waits five seconds at most for cosignatures may have to be sent again on a slow machine
: >"$D/again"
issue_soon() {
	issue "$1" && return
	echo "$1" >>"$D/again"
	soon open && issue "$1"
}
goes_on() { pki-ca status | grep '^issuing *goes on'; }
count() { sqlite3 "$D/state/ledger.db" "SELECT count(*) FROM $1"; }
logged() { pki-audit tail --type "$1" --lines 1000 --json | grep -c .; }

# before anybody has cosigned anything
services
ok "rule 214: the responder has its certificate without witnesses" ocsp_says good "$D/officers/claire/cert.pem"
for p in alice:12AB30001 bruno:12AB30002 carla:12AB30003 dario:12AB30004 elena:12AB30005 fanny:12AB30006 greta:12AB30007; do
	applied "${p%:*}" "${p#*:}" >>"$D/commands.log" 2>&1
done
before=$(count certificate)
exits 15 "rule 214: without any cosignature nothing is issued" issue alice
ok "rule 214: ... by name" grep -q 'rule 214 witness-quorum' "$D/out"
ok "... and the witnesses'" grep -q 'without court.example.test/w, state.example.test/w' "$D/out"
ok "rule 214: nothing was certified" test "$(count certificate)" = "$before"
ok "an order that was only put off is not logged as refused" test "$(logged order-refused)" = 0
ok "rule 214: revocations go on" ra sofia revoke "$(serial_of "$D/officers/victor/cert.pem")" --cause officer-left
ok "... OCSP tells" ocsp_says revoked "$D/officers/victor/cert.pem"
listed() { openssl crl -inform DER -in "$D/pub/ca.crl" -noout -text | grep -qi "$(serial_of "$D/officers/victor/cert.pem")"; }
ok "... the CRL tells" soon listed
ok "status says that issuing waits" bash -c "pki-ca status | grep -q '^issuing .*0 of 2 witnesses'"

# both are there
witness_begin court
witness_begin state
daemon feed pki-witness feed
ok "rule 214: with both witnesses" soon open
ok "rule 214: ... certificates are issued" issue alice
ok "rule 214: ... and more, each after the last is cosigned" issue_soon bruno
ok "rule 214: ... those wait that come meanwhile" issue_soon carla
ok "status says that issuing goes on" soon goes_on
ok "... over which entries" bash -c "pki-ca status --json | jq -e '.witnesses.cosigned >= .witnesses.issued and .witnesses.needed == 2'"

# one is away
ended state
ok "rule 214: what is cosigned bears one more batch" issue dario
now() { date +%s%3N; }
begun=$(now)
exits 15 "rule 214: ... but no second" issue elena
waited=$(($(now) - begun)) # five seconds, and what pki-ra needs here
ok "rule 214: ... without whom is said" grep -q '1 of 2 witnesses.*without state.example.test/w;' "$D/out"
quickly() { # quickly COMMAND...: does not wait so long; a slow machine has three tries
	local begun
	for _ in 1 2 3; do
		begun=$(now)
		"$@" || return
		(($(now) - begun >= waited)) || return 0
	done
	return 1
}
put_off() {
	issue elena
	[ $? = 15 ]
}
ok "rule 214: the same again, at once" quickly put_off
losers=(dario alice bruno)
lost() {
	local holder
	holder=$(cat "$D/${losers[0]}.holder")
	losers=("${losers[@]:1}")
	ra emma revoke "$holder" --cause lost-phone --receipt "$D/receipt.p7s"
}
ok "rule 214: a loss report is not kept waiting" quickly lost
ok "... OCSP tells" ocsp_says revoked "$D/holders/dario/auth.pem"
before=$(count certificate)

# what is left in its name
own=$D/pub/witness/$(cut -d+ -f2 "$D/state.vkey")
ok "the witness's last cosignature lies by its key's name" grep -q '^— state' "$own"
line=$(grep '^— state' "$own")
for what in "another checkpoint's line" "the other witness's line in its name" "a changed line"; do
	cp "$D/pub/log/checkpoint" "$D/taken" # the next one may come meanwhile
	{
		sed '/^$/q' "$D/taken"
		grep '^— ca' "$D/taken"
		case $what in
		another*) echo "$line" ;;
		the*) grep '^— court' "$D/taken" | sed 's/court/state/' ;;
		*) sed 's/A/B/g; s/a/b/g' <<<"${line#— state}" | sed 's/^/— state/' ;;
		esac
	} >"$D/forged"
	cp "$D/forged" "$D/pub/witness/.forged" && mv "$D/pub/witness/.forged" "$own"
	sleep 0.5
	exits 15 "rule 214: $what opens nothing" issue elena
done
ok "... which the journal says" soon grep -q 'is no cosignature of state.example.test/w\|cosignature is wrong' "$D/run/pki-ca.log"
sed 's/^[0-9]\{1,\}$/999999/' "$D/forged" >"$own"
exits 15 "rule 214: nor does a checkpoint that the log did not sign" issue elena
ok "rule 214: nothing was certified meanwhile" test "$(count certificate)" = "$before"

# it comes back
witness_begin state
ok "rule 214: the witness comes back" soon open
ok "rule 214: ... certificates are issued" issue elena
ended feed
ended state
soon closed
witness_begin state
(
	sleep 0.3
	exec pki-witness feed >>"$D/run/feed.log" 2>&1
) &
echo $! >"$D/run/feed"
if closed; then
	ok "rule 214: an order that waits is carried out when the cosignatures come" issue_soon fanny
else
	ok "rule 214: an order is carried out" issue_soon fanny
fi
ok "rule 214: ... of three that may have had to wait one did not need another try" \
	test "$(wc -l <"$D/again")" -lt 3

# a new start
soon open
sample_stop "$D"
sample_daemon "$D" "${serve[@]}"
sample_wait pki-ca pki-ca status
ok "rule 214: a new signer waits for cosignatures of what the ledger holds" soon open
ended court
cp -r "$D/policy" "$D/policy-of-two"
asking 1
sample_stop "$D"
cp "$D/forged" "$D/pub/witness/$(cut -d+ -f2 "$D/court.vkey")"
sample_daemon "$D" "${serve[@]}"
sample_wait pki-ca pki-ca status
ok "rule 214: one of two suffices where one is asked for, whatever lies in the other's name" soon open
ok "rule 214: ... certificates are issued" issue greta
ok "whose cosignatures count is in the log" bash -c "pki-audit tail --type policy-loaded --json --lines 1 |
	grep -q '$(printf %s "$(cat "$D/court.vkey")" | sha256sum | cut -d' ' -f1)'"
ok "the auditor finds everything in order" pki-audit verify --policy "$D/policy-of-two" --policy "$D/policy"
finish
