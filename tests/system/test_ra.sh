#!/bin/bash
# The registration authority by itself: its store, its officers, its lists, its outbox.
. "$(dirname "$0")/lib.sh"
installation
S=$D/ra

# without the CA: everything but issuing works, events wait
sample_person "$D" zoe Zoltane Quirinal 77QX12345 2035-05-01
ok "an invitation is made while the CA is down" invited_application zoe
zoe=$application zoe_holder=$holder
ok "verify and approve, too" four_eyes
exits 14 "issue says that the CA does not answer" pki-ra issue "$zoe"
ok "the events wait" bash -c "sqlite3 $S/applications.db 'SELECT count(*) FROM outbox' | grep -qx 4"
exits 7 "a wrong passphrase" pki-ra reject "$zoe" --reason no --officer "$D/officers/emma" \
	--passphrase "file:$D/officers/claire/passphrase"
ok "rule 77: ... is an event" bash -c \
	"sqlite3 $S/applications.db 'SELECT type FROM outbox ORDER BY seq DESC LIMIT 1' | grep -qx login-failed"

# personal data
clear=(-rlaiE 'zoltane|quirinal|77QX12345|zoe@example|33600000000')
no "no personal data in clear in the store" grep "${clear[@]}" "$S"
ok "the search finds the name in any case" bash -c \
	"pki-ra search QUIRINAL --json | jq -e '.total == 1 and .applications[0].holder == \"$zoe_holder\"'"
ok "... the document number" bash -c "pki-ra search 77qx-12345 --json | jq -e '.total == 1'"
ok "... the phone number as people write it" bash -c \
	"pki-ra search '+33 6 00 00 00 00' --json | jq -e '.total == 1'"
ok "... and nothing else" bash -c "pki-ra search zoltane nobody --json | jq -e '.total == 0'"
ok "the evidence comes out as it went in" bash -c \
	"pki-ra show $zoe --evidence $D/evidence && cmp $D/evidence/1-passport-page.txt $D/holders/zoe/passport-page.txt"
flip "$S/evidence/$zoe/0" 20
exits 18 "a changed evidence file is tampering" pki-ra show "$zoe" --evidence "$D/evidence2"
ok "folders 0700, files 0600" bash -c \
	"! find $S ! -perm 0700 -type d | grep -q . && ! find $S ! -perm 0600 -type f | grep -q ."

# officers
mkdir -p "$D/officers/late"
cp "$D/officers/claire/key.pem" "$D/officers/late"
echo basicConstraints=CA:FALSE >"$D/v3.cnf" # version 3
openssl x509 -req -extfile "$D/v3.cnf" -in "$D/officers/claire/csr.pem" -signkey "$D/officers/claire/key.pem" -days -1 \
	-passin "file:$D/officers/claire/passphrase" -out "$D/officers/late/cert.pem" 2>/dev/null
exits 9 "rule 205: an officer whose certificate has expired" pki-ra reject "$zoe" --reason no \
	--officer "$D/officers/late" --passphrase "file:$D/officers/claire/passphrase"
cp "$D/officers/david/cert.pem" "$D/officers/late"
exits 17 "a certificate that is not the key's" pki-ra reject "$zoe" --reason no \
	--officer "$D/officers/late" --passphrase "file:$D/officers/claire/passphrase"
exits 2 "no officer named" pki-ra reject "$zoe" --reason no
exits 17 "approve needs a verified application" ra david approve "$zoe"
exits 8 "rule 43: verify asks how the person was identified" ra claire verify "$zoe"
exits 8 "rule 43: ... in a way that the rules have" ra claire verify "$zoe" --method by-hearsay
exits 2 "rule 47: a holder's request must be authenticated" \
	ra emma revoke "$zoe_holder" --cause lost-phone --requester holder
exits 2 "errors are JSON with --json" pki-ra show nonsense --json
ok "... in the API's form" jq -e '.error.status == "usage"' "$D/stdout"

# forms and files
invitation=$(ra irene invite --department "TEST Welcome Office" --json | jq -r .code)
again() {
	pki-ra submit --invitation "$invitation" --application "$D/holders/zoe/application.yaml" \
		--auth-csr "$D/holders/zoe/auth.csr" --sign-csr "$D/holders/zoe/sign.csr" "$@"
}
head -c 11000000 /dev/zero >"$D/huge"
exits 4 "evidence of more than 10 MiB" again --evidence "$D/huge"
exits 6 "evidence that is not there" again --evidence "$D/none"
exits 8 "rule 45: no evidence at all" again
exits 16 "a holder that nobody knows" again --evidence "$D/pki.yaml" --holder "H-${zoe#A-}"
sed 's/^birth_date: .*/birth_date: 1991-01-01/' "$D/holders/zoe/application.yaml" >"$D/other.yaml"
refused identity-evidence "rule 43: a holder's id is not given to another person" \
	pki-ra submit --invitation "$invitation" --holder "$zoe_holder" --application "$D/other.yaml"
ok "nothing of it was kept" bash -c "find $S/evidence -mindepth 1 -maxdepth 1 | wc -l | grep -qx 1"
sed 's/^phone: .*/phone: none/; s/^country: .*/country: France/' "$D/holders/zoe/application.yaml" >"$D/form.yaml"
exits 3 "a form with two wrong fields" pki-ra submit --invitation "$invitation" --application "$D/form.yaml"
cp "$D/out" "$D/faults"
ok "... both are named" bash -c "grep -q phone $D/faults && grep -q country $D/faults"
no "... without their values" grep -q France "$D/faults"
ok "the invitation is still good, for the same holder" again --evidence "$D/pki.yaml" --holder "$zoe_holder"
exits 8 "rule 206: an expired or used invitation is not" again --evidence "$D/pki.yaml"

# lists
ok "lists page" bash -c \
	"pki-ra list --per-page 1 --page 2 --json | jq -e '.pages == 2 and .total == 2 and (.applications | length) == 1'"
ok "... and say where one is" bash -c "pki-ra list --per-page 1 | grep -q '^page 1 of 2, 2 applications'"
ok "... by state" bash -c "pki-ra list --state approved --json | jq -e '.total == 1'"
exits 2 "a page that is not there" pki-ra list --page 9
exits 2 "a state that is not there" pki-ra list --state lost

# the store
mkdir "$D/keep"
cp "$S"/applications.db "$S"/store.key "$D/keep"
restore() { cp "$D"/keep/* "$S"; }
sqlite3 "$S/applications.db" 'BEGIN EXCLUSIVE; SELECT 1;' \
	".shell touch $D/locked; while [ ! -e $D/go ]; do sleep 0.1; done" >/dev/null 2>&1 &
sample_wait "the lock" test -e "$D/locked"
exits 12 "the store is locked" pki-ra list
touch "$D/go"
wait
ok "... and the next call works" pki-ra list
sqlite3 "$S/applications.db" 'PRAGMA user_version = 999'
exits 11 "a store of a newer version" pki-ra list
restore
printf 'no database, whatever one says, for it is only text' >"$S/applications.db"
exits 18 "a store that is none" pki-ra list
restore
head -c 32 /dev/urandom >"$S/store.key"
exits 18 "another store's key" pki-ra list
rm "$S/store.key"
exits 6 "a lost key is not made anew" pki-ra list
restore
chmod 644 "$S/store.key"
exits 5 "a key that others can read" pki-ra list
chmod 600 "$S/store.key"
for change in "UPDATE application SET state = 0" "DELETE FROM application" \
	"UPDATE application SET holder = 'H-1'" "UPDATE application SET approved_by = verified_by" \
	"UPDATE invitation SET application = NULL" "UPDATE holder SET wrapped_key = x'00'"; do
	no "the schema refuses: $change" sqlite3 "$S/applications.db" "$change"
done

# the CA starts: the events that waited are logged, in order
services
ok "issue works once the CA is there" pki-ra issue "$zoe" --out "$D/holders/zoe"
ok "the outbox is empty" bash -c "sqlite3 $S/applications.db 'SELECT count(*) FROM outbox' | grep -qx 0"
order=$(pki-ra show "$zoe" --json | jq -r .order)
ok "a lost answer is asked for again" bash -c "
	curl -s --unix-socket $CA_SOCKET http://ca/v1/orders/$order | jq -e '.certificates | length == 2'"
sqlite3 "$S/applications.db" 'DROP TRIGGER application_forwards; UPDATE application SET state = 2 WHERE state = 3'
ok "... by issue, which gets the same certificates" bash -c \
	"pki-ra issue $zoe --out $D/again && cmp $D/again/sign.pem $D/holders/zoe/sign.pem"
exits 17 "what was issued is not rejected" ra claire reject "$zoe" --reason late
exits 17 "... nor verified again" ra claire verify "$zoe" --method in-person
serial=$(serial_of "$D/holders/zoe/auth.pem")
ok "the search finds the serial number" bash -c "pki-ra search $serial --json | jq -e '.total == 1'"
ok "one certificate is revoked by its serial number" ra emma revoke "$serial" --cause superseded --receipt "$D/one.p7s"
ok "... show says so" bash -c \
	"pki-ra show $zoe --json | jq -e '[.certificates[].status] | sort == [\"good\", \"revoked\"]'"
exits 16 "a serial number that was never issued" ra emma revoke 0123456789abcdef --cause superseded
exits 16 "a receipt of an order that never was" pki-ra receipt "O-${zoe#A-}" --out "$D/none.p7s"

# erasing without a clock that is set forward (test_erase.sh sets one): the applications are dated back
ok "somebody applies" invited_application zoe
refused retention "rule 79: and is not erased at once" ra claire erase "$holder"
sqlite3 "$S/applications.db" "UPDATE application SET changed = changed - 366 * 86400000 WHERE holder = '$holder'"
ok "after a year two officers erase an application that led to nothing" bash -c "$(declare -f ra)
	ra claire erase $holder && ra sofia erase $holder --json | jq -e '.state == \"erased\"'"
ok "... which the list still has" bash -c "pki-ra list --holder $holder | grep -q '(erased)'"
ok "... and the log" bash -c "pki-audit tail --type holder-erased --json | jq -se '.[0].detail.holder == \"$holder\"'"
refused retention "rule 79: who has certificates is kept for longer" ra claire erase "$zoe_holder"
finish
