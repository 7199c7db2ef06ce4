#!/bin/bash
# Insiders: one officer alone, the owner of the RA's store, whoever has the CA's socket, officers
# who are none any more. Each attack is refused by the rule that names it, and leaves no trace but
# the log entry that says so.
. "$(dirname "$0")/lib.sh"
umask 000 # a careless operator's
installation
services
cd "$D" || exit
O=$D/officers

# Insiders have their own keys in hand.
for who in claire david sofia stella irene victor emma; do
	openssl pkey -in "$O/$who/key.pem" -passin "file:$O/$who/passphrase" -out "$O/$who/plain.pem"
done
sign_as() { # sign_as FILE OFFICER...: to $D/order.p7s, with $options
	local file=$1 who args=()
	shift
	for who; do args+=(-signer "$O/$who/cert.pem" -inkey "$O/$who/plain.pem"); done
	# shellcheck disable=SC2086 # several words
	openssl cms -sign -binary -nodetach -outform DER "${args[@]}" ${options:-} \
		-in "$file" -out "$D/order.p7s"
}
content() { openssl cms -verify -noverify -inform DER -in "$1" -binary -out "$2" 2>/dev/null; }
new_id() { echo "$1-$(openssl rand -hex 16)"; }
now() { date -u +%FT%T.000Z; }
# forge JQ-FILTER OFFICER...: the good order changed, with a new id and time, signed, posted
forge() {
	local filter=$1
	shift
	jq -cS --arg id "$(new_id O)" --arg now "$(now)" \
		".id = \$id | .created = \$now | $filter" "$D/good.json" | tr -d '\n' >"$D/forged.json"
	sign_as "$D/forged.json" "$@" && post "$D/order.p7s"
}
b64() { openssl "$@" -outform DER | base64 -w0; }
count() { sqlite3 "$D/state/ledger.db" "SELECT count(*) FROM $1"; }

# a good order of two officers, kept back; and one that was used
sample_person "$D" alice Alice Martin 12AB34567 2035-05-01
invited_application alice
alice=$application
ra claire verify "$alice" --method in-person >/dev/null
pki-ra show "$alice" --order "$D/half.p7s" >/dev/null
ra david approve "$alice" >/dev/null
pki-ra show "$alice" --order "$D/good.p7s" >/dev/null
content "$D/good.p7s" "$D/good.json"
enrolled bruno Bruno Keller 55DD66778 2034-09-30 >/dev/null 2>&1
bruno=$application bruno_holder=$holder
pki-ra show "$bruno" --order "$D/used.p7s" >/dev/null
content "$D/used.p7s" "$D/used.json"
sample_keys "$D/holders/alice" 2
before=$(count certificate)

# one officer alone
refused two-officers "rule 202: one signature" forge . claire
openssl cms -sign -binary -nodetach -outform DER -signer "$O/claire/cert.pem" -inkey "$O/claire/plain.pem" \
	-keyid -nocerts -in "$D/good.json" -out "$D/one.p7s"
openssl cms -resign -inform DER -outform DER -signer "$O/claire/cert.pem" -inkey "$O/claire/plain.pem" \
	-in "$D/one.p7s" -out "$D/twice.p7s"
refused order-form "rule 202: one key as two SignerInfos, by key identifier and by issuer" post "$D/twice.p7s"
refused officer-role "rule 201: the department's officer does not make the second" forge . claire irene
refused officer-role "rule 201: nor the security officer" forge . claire sofia
refused officer-role "rule 201: nor the auditor" forge . claire victor
printf 'x' | cat "$D/half.p7s" - >"$D/longer.p7s"
refused order-form "rule 210: octets after the order" post "$D/longer.p7s"

# an order altered after the first signature
sed 's/Alice/Alina/g' "$D/good.p7s" >"$D/altered.p7s"
refused order-form "rule 210: the subject altered in a signed order" post "$D/altered.p7s"
sed 's/TEST Alice Martin/TEST Olive Martin/g' "$D/half.p7s" >"$D/half2.p7s"
openssl cms -resign -inform DER -outform DER -signer "$O/david/cert.pem" -inkey "$O/david/plain.pem" \
	-in "$D/half2.p7s" -out "$D/mixed.p7s" 2>/dev/null
refused order-form "rule 210: altered between the first signature and the second" post "$D/mixed.p7s"

# what two officers signed is still bound by the rules
refused officer-not-subject "rule 44: an officer's own certificate" \
	forge '.subject.common_name = "TEST Claire Officer"' claire david
refused officer-not-subject "rule 44: ... with blanks and capitals in the name" \
	forge '.subject.common_name = "TEST  CLAIRE officer"' claire david
openssl req -new -key "$O/claire/plain.pem" -subj /CN=x -out "$D/own.csr"
refused officer-not-subject "rule 44: ... with the officer's own key" \
	forge ".certificates[0].csr = \"$(b64 req -in "$D/own.csr")\"" claire david
refused invitation "rule 206: without an invitation" forge 'del(.invitation)' claire david
refused invitation "rule 206: another applicant's invitation, used already" \
	forge ".invitation = $(jq .invitation "$D/used.json")" claire david
jq -cS --arg now "$(now)" --arg id "$(new_id I)" '{version: 1, type: "order", action: "invite", id: $id,
	created: $now, authority: .authority, department: "TEST Welcome Office",
	applicant_digest: ("0" * 64), expires: (now + 86400 | todate)}' "$D/good.json" | tr -d '\n' >"$D/invite.json"
sign_as "$D/invite.json" claire
refused invitation "rule 206: an invitation that a registration officer signed" \
	forge ".invitation = \"$(base64 -w0 "$D/order.p7s")\"" claire david
refused invitation "rule 206: an order in the invitation's place" \
	forge ".invitation = \"$(base64 -w0 "$D/good.p7s")\"" claire david
sign_as "$D/invite.json" irene
refused order-form "rule 206: an invitation is no order" post "$D/order.p7s"
refused validity "rule 4: a fourth year" forge ".certificates[0].not_after = \"$(date -u -d '+4 years' +%F)T00:00:00Z\"" claire david
refused renewal-new-key "rule 46: another person's certified key" \
	forge ".certificates[0].csr = \"$(b64 req -in "$D/holders/bruno/auth.csr")\"" claire david
refused one-document-one-holder "rules 15, 109: another person's name and document" \
	forge ".subject = $(jq .subject "$D/used.json") | .holder = \"$(new_id H)\" |
	.document = $(jq .document "$D/used.json") |
	.certificates[0].csr = \"$(b64 req -in "$D/holders/alice/auth2.csr")\"" claire david

# replay, and one action as another
refused order-used "rule 203: an order that was used" post "$D/used.p7s"
refused order-used "rule 203: its id on another order" forge ".id = $(jq .id "$D/used.json")" claire david
refused order-form "rule 210: an issue order called a revocation" forge '.action = "revoke"' claire david
refused order-form "rule 210: an issue order with a revocation's members" forge '.cause = "lost-phone"' claire david
refused order-age "rule 204: an order two days old" \
	forge ".created = \"$(date -u -d '-2 days' +%FT%T.000Z)\"" claire david
refused clock "rule 209: an order of tomorrow" \
	forge ".created = \"$(date -u -d '+1 day' +%FT%T.000Z)\"" claire david

# JSON
json() { # json TITLE SED: the text itself changed
	sed "$2" "$D/good.json" >"$D/forged.json"
	sign_as "$D/forged.json" claire david
	refused order-form "rule 210: $1" post "$D/order.p7s"
}
json "a member twice" 's/^{/{"holder":"H-00000000000000000000000000000000",/'
json "a number too large" 's/"version":1/"version":99999999999999999999999999/'
json "a version that is no integer" 's/"version":1/"version":1.0/'
json "an escaped NUL" 's/TEST Alice/TEST\\u0000Alice/'
json "half a surrogate pair" 's/TEST Alice/TEST\\ud800Alice/'
json "octets that are not UTF-8" 's/TEST Alice/TEST\xffAlice/'
json "an overlong UTF-8 form" 's/TEST Alice/TEST\xc0\xa0Alice/'
json "a control character" 's/TEST Alice/TEST\\u000aAlice/'
json "text after the object" 's/$/{}/'
json "deep nesting" "s/^{/{\"x\":$(printf '[%.0s' $(seq 5000)),/"
json "a list where an object belongs" 's/.*/[&]/'

# CMS
cms() { # cms RULE TITLE OPTION...
	local rule=$1 title=$2
	shift 2
	options="$*" sign_as "$D/good.json" claire david
	refused "$rule" "$title" post "$D/order.p7s"
}
cms order-form "rule 210: no signed attributes" -noattr
cms algorithm "rule 94: SHA-1" -md sha1
cms algorithm "rule 94: SHA-224" -md sha224
cms order-form "rule 210: another content type" -econtent_type 1.2.3.4
cms order-form "rule 210: no certificates" -nocerts
cms order-form "rule 210: indefinite length (BER)" -stream
openssl cms -sign -binary -outform DER -signer "$O/claire/cert.pem" -inkey "$O/claire/plain.pem" \
	-in "$D/good.json" -out "$D/detached.p7s"
refused order-form "rule 210: a detached content" post "$D/detached.p7s"
openssl cms -encrypt -binary -outform DER -aes256 -recip "$O/claire/cert.pem" -in "$D/good.json" \
	-out "$D/encrypted.p7s" 2>/dev/null
[ -s "$D/encrypted.p7s" ] && refused order-form "rule 210: not SignedData" post "$D/encrypted.p7s"
sign_as "$D/good.json" claire david sofia victor emma
refused order-form "rule 210: five signatures" post "$D/order.p7s"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 30 \
	-subj "$(openssl x509 -in "$D/pub/ca.pem" -noout -subject -nameopt compat | sed 's/^subject=//')" \
	-keyout "$D/false-ca.key" -out "$D/false-ca.pem" 2>/dev/null
mkdir -p "$O/false"
printf 'keyUsage=digitalSignature\ncertificatePolicies=2.999.492.1.1.1.1.6.1,2.999.492.2.1\n' >"$D/ext"
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj "/C=MC/CN=TEST David Officer" \
	-keyout "$O/false/plain.pem" -out "$D/false.csr" 2>/dev/null
openssl x509 -req -in "$D/false.csr" -CA "$D/false-ca.pem" -CAkey "$D/false-ca.key" -days 20 \
	-extfile "$D/ext" -out "$O/false/cert.pem" 2>/dev/null
refused officer-status "rule 205: an officer of another CA of the same name" forge . claire false

# certificates that are nobody's to sign orders with
for what in bruno/auth bruno/sign; do
	mkdir -p "$O/holder"
	cp "$D/holders/$what.pem" "$O/holder/cert.pem"
	cp "$D/holders/$what.key" "$O/holder/plain.pem"
	refused officer-role "rule 201: a holder's certificate ($what) signs no order" forge . claire holder
done
mkdir -p "$O/ocsp"
openssl pkey -in "$D/ocsp/key.pem" -passin "file:$O/responder/passphrase" -out "$O/ocsp/plain.pem"
cp "$D/pub/ocsp.pem" "$O/ocsp/cert.pem"
refused officer-role "rule 201: nor does a responder's own key" forge . claire ocsp
openssl pkey -in "$O/responder/key.pem" -passin "file:$O/responder/passphrase" -out "$O/responder/plain.pem"
refused officer-role "rule 201: the OCSP service signs no order for a person" forge . claire responder

# officers' certificates
service() { # service PROFILE NAME IDENTIFIER OFFICER...
	local profile=$1 name=$2 who=$3
	shift 3
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj /CN=x \
		-keyout "$D/new.key" -out "$D/new.csr" 2>/dev/null
	jq -cS --arg id "$(new_id O)" --arg now "$(now)" --arg profile "$profile" --arg name "$name" \
		--arg who "$who" --arg csr "$(b64 req -in "$D/new.csr")" '{version: 1, type: "order", action: "issue", id: $id,
		created: $now, authority: .authority, subject: ({country: "MC", common_name: $name} +
		if $who == "" then {} else {serial_number: $who} end),
		certificates: [{profile: $profile, csr: $csr}]}' "$D/good.json" | tr -d '\n' >"$D/forged.json"
	sign_as "$D/forged.json" "$@" && post "$D/order.p7s"
}
refused two-officers "rule 202: a security officer alone makes no officer" \
	service officer-registration "TEST Zoe Officer" OF:MC-ZOE sofia
refused officer-not-subject "rule 44: nor one of the officer's own name, with a second signature" \
	service officer-registration "TEST Sofia Officer" OF:MC-ZOE sofia claire
refused officer-not-subject "rule 44: nor of the second one's" \
	service officer-security "TEST Claire Officer" OF:MC-ZOE sofia claire
refused officer-not-subject "rule 44: nor for the officer as a person, under another name" \
	service officer-security "TEST Sonia" OF:MC-SOFIA sofia claire
refused two-officers "rule 202: two registration officers make no officer" \
	service officer-registration "TEST Zoe Officer" OF:MC-ZOE claire david
refused two-officers "rule 202: nor do two security officers" \
	service officer-registration "TEST Zoe Officer" OF:MC-ZOE sofia stella
refused two-persons "rule 121: no officer without an identifier" \
	service officer-registration "TEST Zoe Officer" "" sofia claire
refused two-persons "rule 121: an identifier has one spelling" \
	service officer-registration "TEST Zoe Officer" of:mc-zoe sofia claire
refused two-persons "rule 121: no second certificate for who has one" \
	service officer-registration "TEST David Officer" OF:MC-DAVID sofia claire
refused two-persons "rule 121: ... under another name" \
	service officer-registration "TEST Dawid" OF:MC-DAVID sofia claire
refused staffed-roles "rule 120: no second role for who has one" \
	service officer-security "TEST Dawid" OF:MC-DAVID sofia claire
refused officer-role "rule 201: officers order no CA" service issuing-ca "TEST CA 2" "" sofia claire
refused officer-role "rule 201: nor a seal" service records-seal "TEST Seal 2" "" sofia claire

# an officer's next certificate
successor() { # successor NAME JQ-FILTER OFFICER...: of NAME's certificate, changed by the filter
	local name=$1 filter=$2
	shift 2
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj /CN=x \
		-keyout "$D/new.key" -out "$D/new.csr" 2>/dev/null
	jq -cS --arg id "$(new_id O)" --arg now "$(now)" --arg name "TEST ${name^} Officer" --arg who "OF:MC-${name^^}" \
		--arg old "$(serial_of "$O/$name/cert.pem")" --arg csr "$(b64 req -in "$D/new.csr")" \
		"{version: 1, type: \"order\", action: \"renew\", id: \$id, created: \$now, authority: .authority,
		subject: {country: \"MC\", common_name: \$name, serial_number: \$who}, serials: [\$old],
		certificates: [{profile: \"officer-registration\", csr: \$csr}]} | $filter" "$D/good.json" |
		tr -d '\n' >"$D/forged.json"
	sign_as "$D/forged.json" "$@" && post "$D/order.p7s"
}
refused proof-of-possession "rule 39: nobody renews an officer's certificate without the old key" \
	successor david . sofia claire
refused two-officers "rule 202: the old key is none of the two eyes" successor david . david sofia
refused renewal "rule 46: nor does the old key name another person" \
	successor david '.subject.serial_number = "OF:MC-ZOE"' david sofia claire
refused staffed-roles "rule 120: nor another role" \
	successor david '.certificates[0].profile = "officer-security"' david sofia claire
refused officer-not-subject "rule 44: ... with the key that is there" \
	successor david ".certificates[0].csr = \"$(openssl req -new -key "$O/david/plain.pem" -subj /CN=x -outform DER |
		base64 -w0)\"" david sofia claire
refused officer-role "rule 201: the seal is renewed by nobody" \
	successor david '.certificates[0].profile = "records-seal"' david sofia claire
ok "no attack left an officer's certificate" test "$(count certificate)" = "$before"

# an officer who was one a moment ago
dismiss() { # dismiss NAME CAUSE OFFICER
	jq -cS --arg id "$(new_id O)" --arg now "$(now)" --arg serial "$(serial_of "$O/$1/cert.pem")" --arg cause "$2" \
		'{version: 1, type: "order", action: "revoke", id: $id, created: $now, authority: .authority, reported: $now,
		cause: $cause, requester: "officer", authentication: "personal-knowledge", serials: [$serial]}' \
		"$D/good.json" | tr -d '\n' >"$D/forged.json"
	sign_as "$D/forged.json" "$3" && post "$D/order.p7s"
}
refused officer-role "rule 201: a revocation officer revokes no officer" dismiss david officer-compromise emma
refused staffed-roles "rule 120: who leaves has a successor first" dismiss david officer-left sofia
refused staffed-roles "rule 120: ... and who is superseded" dismiss david superseded sofia
ok "a security officer revokes an officer at once" dismiss david officer-compromise sofia
refused officer-status "rule 205: who signs after that signs nothing" forge . claire david
refused officer-status "rule 205: nor does a signature from before count" post "$D/good.p7s"
ok "no attack left a certificate" test "$(count certificate)" = "$before"
pki-audit tail --type order-refused --json >"$D/refusals"
counted() { pki-ca status --json | jq ".refused.$1"; }
echo "# $(wc -l <"$D/refusals") logged, counted: $(pki-ca status --json | jq -c .refused)"
ok "each refusal of officers whose signatures verify is in the log" test "$(wc -l <"$D/refusals")" -ge 25
ok "... with these officers" jq -se 'all(.[]; .detail.officers | length > 0)' "$D/refusals"
ok "what is no order is counted" test "$(counted form)" -ge 20
ok "... so is what no officer is said to have signed" test "$(counted signer)" -ge 4
ok "... and what she did not sign" test "$(counted signature)" -ge 4

# the log through the events call
event() { # event TYPE SOURCE ACTOR DETAIL
	printf '{"type":"%s","source":"%s","actor":"%s","detail":%s}' "$@" >"$D/event.json"
	curl -s --fail-with-body --unix-socket "$CA_SOCKET" --data-binary "@$D/event.json" http://ca/v1/events
}
# the CRLs of the revocations above may still come
said_so() { sqlite3 "$D/state/ledger.db" "SELECT count(*) FROM entry WHERE CAST(entry AS TEXT) LIKE '%\"type\":\"$1%'"; }
others() { sqlite3 "$D/state/ledger.db" "SELECT count(*) FROM entry WHERE CAST(entry AS TEXT) NOT LIKE '%\"type\":\"crl-%'"; }
entries=$(others)
verified=$(pki-audit tail --type application-verified --lines 1 --json)
for type in certificate-issued certificate-revoked crl-issued order-refused ca-stopped ceremony-completed; do
	refused event-author "rule 122: nobody but pki-ca says $type" event $type pki-ca "" '{}'
	refused event-author "rule 122: ... nor in another's name" event $type pki-ra "" '{}'
done
refused event-author "rule 122: each program says its own only" event application-approved pki-crl "" '{}'
refused log-event "rule 77: no type that is not in the table" event all-is-well pki-ra "" '{}'
refused event-author "rule 122: no person's name" event unissued-asked pki-ocspd "" '{"count":1,"who":"Alice"}'
refused event-author "rule 122: ... nor in a word's place" event application-verified pki-ra 0a \
	"$(jq -c '.detail.method = "alice-martin" | .detail' <<<"$verified")"
refused event-author "rule 122: no member is missing" event login-failed pki-ra 0a '{}'
refused event-author "rule 122: ... nor another's" event login-failed pki-ra 0a '{"officer":"0b"}'
refused event-author "rule 122: no line that passes for another" \
	event login-failed pki-ra 0a '{"officer":"b\n{\"type\":\"ca-stopped\"}"}'
refused event-author "rule 122: no actor who is none" event login-failed pki-ra "the director" '{"officer":"0a"}'
no "rule 77: no member twice" event unissued-asked pki-ocspd "" '{"count":1,"count":2}'
refused event-author "rule 122: nothing huge" event unissued-asked pki-ocspd "" "[$(seq -s, 1 3000)]"
ok "none of it is in the log" test "$(others)" = "$entries"

# secrets
pid() { cat "$D/run/$1.pid"; }
signer=$(pki-ca status --json | jq -r .signer.pid)
ok "umask 000: nothing that others can write to, but the socket's group" bash -c \
	"! find $D/state $D/pub $D/ra $D/ocsp $D/ceremony ! -type l -perm /o=w | grep ."
ok "umask 000: keys and the applications are their owner's alone" bash -c \
	"! find $D/state/keys $D/offline $D/ra $D/ocsp -type f ! -name cert.pem -perm /077 | grep ."
ok "the socket is not everybody's" bash -c "! find $CA_SOCKET -perm /o=rwx | grep ."
for p in pki-ca:"$(pid pki-ca)" signer:"$signer" pki-crl:"$(pid pki-crl)" pki-ocspd:"$(pid pki-ocspd)"; do
	ok "${p%:*}: seccomp is in force in each thread, privileges cannot grow" bash -c "
		cat /proc/${p#*:}/task/*/status | grep -E '^(Seccomp|NoNewPrivs):' | sort -u |
			tr -d '\n\t' | grep -x 'NoNewPrivs:1Seccomp:2'"
	ok "${p%:*}: no core" grep -qE '^Max core file size +0 +0 ' "/proc/${p#*:}/limits"
	ok "${p%:*}: no passphrase in arguments, environment" bash -c "
		for s in $D/secrets/* $O/*/passphrase; do
			! grep -qzF -f \$s /proc/${p#*:}/cmdline /proc/${p#*:}/environ || exit 1
		done"
done
ok "the signer holds no file and no socket but its channel" bash -c "
	! ls -l /proc/$signer/fd | grep -E 'ledger|\.key|ca\.sock'"
ok "no passphrase in any file but its own" bash -c "
	for s in $D/secrets/custodian-* $O/*/passphrase; do
		! grep -rqF -f \$s $D/state $D/pub $D/ra $D/ocsp $D/run $D/ceremony $D/commands.log || exit 1
	done"

# many
hold() { # hold COUNT SECONDS FILE: connections that say a little and wait; FILE is there when all are
	exec perl -MIO::Socket::UNIX -e 'my @c;
		for (1 .. $ARGV[1]) {
			my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or last;
			$s->autoflush(1);
			print $s "POST /v1/orders HTTP/1.1\r\nHost: ca\r\nContent-Length: 9000\r\n\r\nx";
			push @c, $s;
		}
		open my $said, ">", $ARGV[3]; close $said;
		sleep $ARGV[2];' "$CA_SOCKET" "$@"
}
hold 250 60 "$D/held" &
holder_pid=$!
sample_wait "so many callers" test -e "$D/held"
ok "250 callers who say half a sentence keep nobody from revoking" \
	timeout 25 pki-ra revoke "$bruno_holder" --cause lost-phone --officer "$O/emma" \
	--passphrase "file:$O/emma/passphrase"
kill $holder_pid 2>/dev/null
wait $holder_pid 2>/dev/null
printf '{"type":"unissued-asked","source":"pki-ocspd","actor":"","detail":{"count":1}}' >"$D/event.json"
entries=$(said_so unissued-asked)
curl -s -Z --parallel-max 300 --unix-socket "$CA_SOCKET" --data-binary "@$D/event.json" -o /dev/null \
	-w '%{http_code}\n' "http://ca/v1/events?[1-600]" >"$D/codes" 2>/dev/null
sort "$D/codes" | uniq -c | sed 's/^/# /'
ok "600 at once: done or 503, nothing else" bash -c "! grep -vxE '200|503' $D/codes"
ok "... and what was answered is what is in the log" \
	test "$(($(said_so unissued-asked) - entries))" = "$(grep -cx 200 "$D/codes")"
ok "after all that the auditor finds everything in order" pki-audit verify
finish
