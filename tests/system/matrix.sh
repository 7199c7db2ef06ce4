# shellcheck shell=bash disable=SC2154 # variables are lib.sh's
# For test_matrix*.sh, after lib.sh: for each status a holder and a TLS server who have it, and
# a table of what relying parties make of them.
. tests/system/clock.sh
STATUSES=(good revoked expired unissued foreign)
NAMES=(alice bruno chiara nobody stranger) # not the statuses: clients print names too
H=$D/holders
S=$D/servers
declare -a table

# The suite has no profile for TLS servers: officers' ones without extendedKeyUsage serve, where
# names need no "TEST ". The auditors' end after a day.
configured() {
	sed -i '/^extended_key_usage/d' "$D/policy/officer-security.yaml" "$D/policy/officer-auditor.yaml"
	sed -i 's/^validity.*/validity: { days: 1 }/' "$D/policy/officer-auditor.yaml"
	sed -i 's/^test_names.*/test_names: false/' "$D/policy/rules.yaml"
}
SAMPLE_OFFICERS+='
alice:security:alice.example.test
bruno:security:bruno.example.test
chiara:auditor:chiara.example.test'

# unknown_to_all ISSUER CSR CERTIFICATE SUBJECT EXTENSION...: signed with the key of ISSUER.pem and
# entered nowhere; all else is as the CA would have it
unknown_to_all() {
	local issuer=$1 csr=$2 cert=$3 subject=$4
	shift 4
	{
		printf '%s\n' "$@" subjectKeyIdentifier=hash authorityKeyIdentifier=keyid
		echo "authorityInfoAccess=OCSP;URI:$OCSP_URL,caIssuers;URI:$WEB_URL/ca.crt"
		echo "crlDistributionPoints=URI:$WEB_URL/ca.crl"
		echo certificatePolicies=2.999.492.1.1.1.1.6.1
	} >"$D/extensions"
	run openssl x509 -req -in "$csr" -CA "$issuer.pem" -CAkey "$issuer.key" -days 30 \
		-subj "$subject" -extfile "$D/extensions" -out "$cert"
}
# uninvited NAME ISSUER: a holder and a server
uninvited() {
	local name=$1 issuer=$2
	mkdir -p "$H/$name" "$S/$name"
	sample_keys "$H/$name"
	unknown_to_all "$issuer" "$H/$name/auth.csr" "$H/$name/auth.pem" "/CN=TEST ${name^}" \
		keyUsage=critical,digitalSignature extendedKeyUsage=clientAuth
	unknown_to_all "$issuer" "$H/$name/sign.csr" "$H/$name/sign.pem" "/CN=TEST ${name^}" \
		keyUsage=critical,nonRepudiation extendedKeyUsage=emailProtection
	unknown_to_all "$issuer" "$H/$name/auth.csr" "$S/$name/cert.pem" "/CN=$name.example.test" \
		keyUsage=critical,digitalSignature
	cp "$H/$name/auth.key" "$S/$name/key.pem"
}
# ca_of NAME: the certificate of who issued theirs
ca_of() { [ "$1" = stranger ] && echo "$D/foreign.pem" || echo "$D/pub/ca.pem"; }

everybody() {
	local name officer
	from_now_on -5d
	installation
	services
	ok "enrol Chiara, whose certificates have ended by now" \
		enrolled chiara Chiara Conti 34CD56789 "$(date -u -d '+2 days' +%F)"
	sample_stop "$D"
	from_now_on
	services
	ok "enrol Alice" enrolled alice Alice Martin 12AB34567 2035-05-01
	ok "enrol Bruno" enrolled bruno Bruno Keller 55DD66778 2034-09-30
	ok "revoke Bruno" ra emma revoke "$holder" --cause stolen-phone
	ok "revoke a server" \
		ra sofia revoke "$(serial_of "$D/officers/bruno/cert.pem")" --cause service-ended
	run openssl pkey -in "$D/state/keys/ca.key" -passin "pass:$(custody_secret)" -out "$D/ca.key"
	cp "$D/pub/ca.pem" "$D/ca.pem"
	uninvited nobody "$D/ca"
	run openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 60 \
		-subj "/CN=TEST Foreign CA" -keyout "$D/foreign.key" -out "$D/foreign.pem"
	uninvited stranger "$D/foreign"
	for name in alice bruno chiara; do
		officer=$D/officers/$name
		mkdir -p "$S/$name"
		cp "$officer/cert.pem" "$S/$name/"
		run openssl pkey -in "$officer/key.pem" -passin "file:$officer/passphrase" \
			-out "$S/$name/key.pem"
	done
	for name in "${NAMES[@]}"; do
		cat "$S/$name/cert.pem" "$(ca_of "$name")" >"$S/$name/chain.pem"
	done
	cat "$D/pub/root.pem" "$D/foreign.pem" >"$D/trust.pem"
	cat "$D/pub/ca.pem" "$D/trust.pem" >"$D/chain.pem"
	ok "the CRL has what was revoked last" sample_wait CRL on_crl "$S/bruno/cert.pem"
	for name in ca root; do
		openssl crl -inform DER -in "$D/pub/$name.crl" -out "$D/$name.crl.pem"
	done
	cat "$D"/{ca,root}.crl.pem >"$D/crls.pem"
}
on_crl() { openssl crl -inform DER -in "$D/pub/ca.crl" -noout -text | grep -i "$(serial_of "$1")"; }

# verdict: what a relying party said, in $D/out, as one word
verdict() {
	local said
	said=$(<"$D/out")
	said=${said//"$D"/}
	said=${said,,}
	case ${said//not revoked/} in
	*unauthorized* | *"not successful: 6"*) echo unauthorized ;;
	*"verify failure"* | *"response: failure"*) echo unverified ;;
	*revoked* | *"revocation reason"*) echo revoked ;;
	*expired*) echo expired ;;
	*"get certificate crl"* | *get_crl* | *undetermined* | *"no data"* | *"unknown issue"*)
		echo unknown ;;
	*good* | *": ok"* | *success* | *"is trusted"* | *"is valid"*) echo good ;;
	*) echo "?" ;;
	esac
}

# row CLIENT WAY "WORD..." COMMAND...: COMMAND NAME is asked about each; the words, in the order of
# STATUSES, are what it must come to
row() {
	local client=$1 way=$2 wants i word line
	read -ra wants <<<"$3"
	shift 3
	printf -v line '%-30s %-5s' "$client" "$way"
	for i in "${!NAMES[@]}"; do
		"$@" "${NAMES[i]}" >"$D/out" 2>&1 </dev/null
		word=$(verdict)
		[ "$word" = "${wants[i]}" ]
		result $? "$client, $way: ${STATUSES[i]} is ${wants[i]}"
		printf -v line '%s %-12s' "$line" "$word"
	done
	table+=("$line")
}
print_table() {
	printf "# %-36s" ""
	printf ' %-12s' "${STATUSES[@]}"
	printf '\n'
	printf '# %s\n' "${table[@]}"
}
