# shellcheck shell=bash disable=SC2154 # lib.sh sets them
# An installation that has lived: partitions, renewals, revocations, an officer who came and left,
# refusals, two root CRLs, a log of more than one tile. Sourced after lib.sh by those who damage copies
# of it: lived_in makes it; base is what an auditor would be handed, old the same from an earlier day.

with_crl() { sed -i "s|^crl: .*|crl: { listen: \"127.0.0.1:$((PORT + 1))\"${1:+, $1} }|" "$PKI_CONFIG"; }
configured() { with_crl "partitions: 2, full_within: 1s"; }

# signed_order JQ-OBJECT OFFICER...: to the CA
signed_order() {
	local content=$1 who args=()
	shift
	for who; do
		args+=(-signer "$D/officers/$who/cert.pem" -inkey "$D/officers/$who/plain.pem")
		openssl pkey -in "$D/officers/$who/key.pem" -passin "file:$D/officers/$who/passphrase" \
			-out "$D/officers/$who/plain.pem"
	done
	jq -ncS --arg id "O-$(openssl rand -hex 16)" --arg now "$(date -u +%FT%T.000Z)" "{version: 1, type: \"order\",
		id: \$id, created: \$now, authority: \"TEST Digital Services Registration Authority\"} + $content" |
		tr -d '\n' >"$D/order.json"
	openssl cms -sign -binary -nodetach -outform DER "${args[@]}" -in "$D/order.json" -out "$D/order.p7s" &&
		post "$D/order.p7s"
}
officer_comes() {
	mkdir -p "$D/officers/zoe"
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj /CN=x \
		-keyout "$D/officers/zoe/plain.pem" -out "$D/zoe.csr" 2>/dev/null
	signed_order "{action: \"issue\", subject: {country: \"MC\", common_name: \"TEST Zoe Officer\",
		serial_number: \"OF:MC-ZOE\"}, certificates:
		[{profile: \"officer-registration\", csr: \"$(openssl req -in "$D/zoe.csr" -outform DER | base64 -w0)\"}]}" \
		sofia claire >"$D/zoe.json"
}
officer_leaves() {
	signed_order "{action: \"revoke\", reported: \$now, cause: \"officer-left\", requester: \"officer\",
		authentication: \"personal-knowledge\", serials: [\"$1\"]}" sofia
}
root_crl() {
	pki-ca root-crl --custodian "file:$D/secrets/custodian-1" --custodian "file:$D/secrets/custodian-2"
}
# handed_over FOLDER: the ledger last, so that it is not older than what is published
handed_over() {
	mkdir -p "$1"
	cp -r "$D/pub" "$D/policy" "$D/ra" "$1"
	sqlite3 "$D/state/ledger.db" "VACUUM INTO '$1/ledger.db'"
}
renewed() {
	sample_keys "$D/holders/alice" 2 &&
		pki-ra renew --holder "$1" --auth-csr "$D/holders/alice/auth2.csr" \
			--sign-csr "$D/holders/alice/sign2.csr" --json >"$D/submit.json" &&
		application=$(jq -er .application "$D/submit.json") && four_eyes && pki-ra issue "$application"
}
rejected() {
	sample_person "$D" eric Eric Blanc 98ZZ00001 2034-01-01 && invited_application eric &&
		ra claire reject "$application" --reason "no match"
}
published_all() { # all revocations are on a published full list
	test "$(sqlite3 "file:$D/state/ledger.db?mode=ro" "SELECT max(position) FROM revocation WHERE issuer = 2")" = \
		"$(sqlite3 "file:$D/state/ledger.db?mode=ro" "SELECT max(revocations) FROM crl JOIN publication
			USING (issuer, number) WHERE issuer = 2 AND partition = 0")"
}
# many_events: the log has more than one tile
many_events() {
	printf '{"type":"login-failed","source":"pki-ra","actor":"%s","detail":{"officer":"%s"}}' \
		{,}"$(serial_of "$D/officers/claire/cert.pem")" >"$D/event.json"
	curl -s -Z --no-progress-meter --parallel-max 8 --unix-socket "$CA_SOCKET" --data-binary "@$D/event.json" \
		-o /dev/null "http://ca/v1/events?[1-220]"
}
# accepted NAME: the holder accepts the certificates of $application
accepted() {
	local home=$D/holders/$1
	pki-ra accept "$application" --print >"$D/statement" &&
		openssl cms -sign -binary -nodetach -outform DER -signer "$home/sign.pem" -inkey "$home/sign.key" \
			-in "$D/statement" -out "$D/statement.p7s" &&
		pki-ra accept "$application" --statement "$D/statement.p7s" --json
}
# witness_config ADDRESS [MORE]: of a witness; with the log's key, once there is one
witness_config() {
	cat >"$D/witness.yaml" <<-YAML
		name: witness.example.test/w
		state: witness
		listen: "$1"
		logs: [$(cat "$D/pub/log/vkey" 2>/dev/null)]
		${2:-}
	YAML
}
# witness_up ADDRESS; witness_down
witness_up() {
	run_background "$D/run/witness.log" pki-witness serve --config "$D/witness.yaml" \
		--passphrase "file:$D/secrets/witness"
	echo $! >"$D/run/witness.pid"
	sample_wait witness curl -s -o /dev/null "http://$1/"
}
witness_down() {
	local pid
	pid=$(cat "$D/run/witness.pid")
	kill "$pid"
	sample_wait "the witness's end" bash -c "! kill -0 $pid"
}
# cosigned ADDRESS: the witness comes, cosigns what is published, and goes
cosigned() {
	witness_up "$1" && pki-witness feed --once
	witness_down
	grep -q '^— witness' "$D/pub/witness/checkpoint" && soon cmp "$D/pub/log/checkpoint" "$D/pub/witness/checkpoint"
}
lived_in() {
	installation
	services
	ok "enrol Alice" enrolled alice Alice Martin 12AB34567 2035-05-01
	local alice=$holder
	ok "enrol Bruno" enrolled bruno Bruno Conti 34CD56789 2034-03-01
	ok "revoke Bruno: lost phone" ra emma revoke "$holder" --cause lost-phone
	ok "an order counts once" bash -c "pki-ra show $application --order $D/used.p7s && ! post_used"
	ok "an officer comes" officer_comes
	sample_wait "CRLs" published_all
	sample_wait "the log" log_published
	handed_over "$D/old"
	ok "Alice renews" renewed "$alice"
	ok "enrol Carla" enrolled carla Carla Longo 56EF12345 2035-01-01
	ok "revoke Carla: no longer wanted" ra emma revoke "$holder" --cause no-longer-wanted
	ok "an officer leaves" officer_leaves "$(jq -r '.certificates[0].serial' "$D/zoe.json")"
	ok "an application is rejected" rejected
	echo wrong >"$D/secrets/wrong" && chmod 600 "$D/secrets/wrong"
	no "a login fails" pki-ra reject "$application" --reason x --officer "$D/officers/claire" \
		--passphrase "file:$D/secrets/wrong"
	ok "a root CRL" root_crl
	many_events
	sample_wait "CRLs" published_all
	sample_stop "$D"
	# as it stands, most of it in the WAL, which sqlite3 would clear away
	mkdir "$D/live"
	cp "$D/state/ledger.db" "$D/state/ledger.db-wal" "$D/live"
	handed_over "$D/base"
	cp "$D/pub/log/vkey" "$D/trusted.vkey"
}
post_used() { post "$D/used.p7s"; }
export -f post post_used

# The ledger's own refusals out of the way, as somebody with the file can have it; and put back after
# it, so that nothing but what was done meanwhile can be found.
schema_of() { sqlite3 "$D/base/ledger.db" "$1"; }
unarmed() { schema_of "SELECT 'DROP TRIGGER ' || name || ';' FROM sqlite_schema WHERE type = 'trigger'"; }
armed() { schema_of "SELECT sql || ';' FROM sqlite_schema WHERE type = 'trigger'"; }
# fresh: $D/c, a copy of the base
fresh() {
	rm -rf "$D/c"
	cp -r "$D/base" "$D/c"
}
# audit_copy [OPTION...]: prints one line for each finding, OBJECT: [RULE] MESSAGE
audit_copy() {
	timeout 60 pki-audit verify --json --ledger "$D/c/ledger.db" --publish "$D/c/pub" \
		--policy "$D/c/policy" "$@" >"$D/report.json" 2>"$D/out"
	local status=$?
	jq -r '.findings[]? | "\(.object): [\(.rule)] \(.message)"' "$D/report.json" >>"$D/out" 2>/dev/null
	return $status
}
