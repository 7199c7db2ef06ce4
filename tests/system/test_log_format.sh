#!/bin/bash
# log(5) is enough to write a verifier from: one in Python, which has nothing of the suite's, reads a
# real log, and finds what was done to copies of it. A proof is checked with the commands in log(5).
. "$(dirname "$0")/lib.sh"
configured() { sed -i 's|^crl: {|crl: { partitions: 2,|' "$PKI_CONFIG"; }
installation
services
cp "$D/pub/log/checkpoint" "$D/first"
L=$D/pub/log
second() { python3 tests/system/python/verify_log.py "$1" --vkey "$D/pub/log/vkey" "${@:2}"; }

# everything that happens in a CA's life
ok "enrol Alice" enrolled alice Alice Martin 12AB34567 2035-05-01
alice=$holder
cp "$D/pub/log/checkpoint" "$D/early"
A=$D/holders/alice
accepted() {
	pki-ra accept "$application" --print >"$D/statement" &&
		openssl cms -sign -binary -nodetach -outform DER -signer "$A/sign.pem" -inkey "$A/sign.key" \
			-in "$D/statement" -out "$D/statement.p7s" &&
		pki-ra accept "$application" --statement "$D/statement.p7s"
}
ok "... who accepts" accepted
renewed() {
	sample_keys "$A" 2
	pki-ra renew --holder "$alice" --auth-csr "$A/auth2.csr" --sign-csr "$A/sign2.csr" --json >"$D/renew.json" || return
	application=$(jq -r .application "$D/renew.json")
	four_eyes && pki-ra issue "$application" --out "$A/renewed"
}
ok "... and renews" renewed
sample_person "$D" eric Eric Blanc 98ZZ00001 2034-01-01
invited_application eric
no "an officer who cannot sign" pki-ra verify "$application" --method in-person \
	--officer "$D/officers/claire" --passphrase "file:$D/officers/david/passphrase"
ok "another is rejected" ra claire reject "$application" --reason "no match"
sqlite3 "$D/ra/applications.db" "UPDATE application SET changed = changed - 366 * 86400000 WHERE holder = '$holder'"
ok "... and erased a year later" bash -c "$(declare -f ra); ra claire erase $holder && ra sofia erase $holder"
ok "... of which store and log agree" pki-ra reconcile
ok "a loss" ra emma revoke "$alice" --cause lost-phone
order=$(pki-audit tail --type certificate-revoked --json | jq -r .detail.order)
ok "... reported again" ra emma revoke "$alice" --cause stolen-phone
ok "a new root CRL" pki-ca root-crl --custodian "file:$D/secrets/custodian-1" --custodian "file:$D/secrets/custodian-2"
no "a refusal" ra irene revoke "$alice" --cause lost-phone
# two levels of tiles
seq 270 | xargs -P 4 -I{} curl -s -o /dev/null --unix-socket "$CA_SOCKET" \
	-d '{"source":"pki-ocspd","type":"unissued-asked","actor":"","detail":{"count":1}}' http://ca/v1/events
# the responder says so once a minute
jq -nc '{source: "pki-ocspd", type: "unissued-asked", actor: "", detail: {count: 3}}' |
	curl -sf -o /dev/null --unix-socket "$CA_SOCKET" --data-binary @- http://ca/v1/events
sample_stop "$D"
pki-audit tail --json --since 2020-01-01 | jq -r .type | sort | uniq -c | sed 's/^/# /'
types=$(sed -n '/^\.Ss Types/,/^\.Ss Tree/s/^\.It Cm //p' man/log.5 | sed 's/ , /\n/g' | grep -vx 'issuing-failed\|ca-ended' | sort -u)
# but for what a broken disk leads to, and a CA's end
ok "every type in log(5) is in this log" diff <(pki-audit tail --json --since 2020-01-01 | jq -r .type | sort -u) <(echo "$types")

ok "the second verifier finds it in order" second "$L" --old "$D/first" --old "$D/early"
ok "... in two levels of tiles" grep -q '2 levels' "$D/out"
openssl x509 -in "$A/auth.pem" -outform DER -out "$D/auth.der"
sqlite3 "$D/state/ledger.db" "SELECT writefile('$D/order.p7s', cms) FROM orders WHERE name = '$order'" >/dev/null
openssl x509 -in "$D/pub/root.pem" -outform DER -out "$D/root.der"
ok "... certificates, order, CRL and statement open their entries" second "$L" --opens "certificate-issued:$D/auth.der" \
	--opens "ceremony-completed:$D/root.der" \
	--opens "certificate-revoked:$D/order.p7s" --opens "crl-issued:$D/pub/ca.crl" \
	--opens "certificate-accepted:$D/statement.p7s"
sed 's/keyCompromise/superseded/' "$D/order.p7s" >"$D/other.p7s"
printf x >>"$D/other.p7s"
no "... another order does not" second "$L" --opens "certificate-revoked:$D/other.p7s"

# copies that something was done to
copy() {
	rm -rf "$D/c"
	cp -r "$L" "$D/c"
}
finds() { # finds WORDS TITLE [OPTION...]: exit 1 and these words
	local words=$1 title=$2
	shift 2
	second "$D/c" "$@" >"$D/out" 2>&1
	[ $? = 1 ] && grep -q -- "$words" "$D/out"
	result $? "$title"
}
copy
flip "$D/c/tile/entries/000" 1000
finds "another root" "rule 80: a flipped bit in an entry"
copy
flip "$D/c/tile/0/000" 100
finds "tile/0/000: not the hashes" "rule 83: ... in a hash of the lowest level"
copy
flip "$D/c/tile/1/000.p/1" 31
finds "tile/1/000.p/1: not the hashes" "rule 83: ... in one of the next"
copy
flip "$D/c/tile/entries/000" 1
finds "cut off\|entries, not\|another root" "rule 83: ... in an entry's length"
copy
flip "$D/c/checkpoint" $(($(stat -c %s "$D/c/checkpoint") - 20))
finds "signature is wrong\|no signature\|padding" "rule 82: ... in the signature"
copy
sed -i "2s/.*/$(($(sed -n 2p "$L/checkpoint") + 1))/" "$D/c/checkpoint"
finds "signature is wrong" "rule 82: another size than was signed"
copy
rm "$D"/c/tile/entries/001.p/*
finds "is missing" "rule 83: an entry bundle that is gone"
copy
cp "$D/early" "$D/c/checkpoint"
ok "an old checkpoint is one of the log" second "$D/c"
finds "the log shrank from" "rule 81: who has a later one sees that it shrank" --old "$L/checkpoint"

# what somebody with the log's own key can do: sign another tree
secret=$(for part in 1 2; do
	text=$(cat "$D/secrets/custodian-$part")
	printf '00000000000000%02x' ${#text} && printf %s "$text" | xxd -p | tr -d '\n'
done | xxd -r -p | sha256sum | cut -d' ' -f1)
sign() { # sign SIZE ROOT: a checkpoint by the log's key
	local name
	name=$(cut -d+ -f1 "$L/vkey")
	printf '%s\n%s\n%s\n' "$name" "$1" "$2" >"$D/text"
	openssl pkeyutl -sign -inkey "$D/state/keys/log.key" -passin "pass:$secret" -rawin -in "$D/text" -out "$D/sig" &&
		{
			cat "$D/text"
			printf '\n\342\200\224 %s %s\n' "$name" \
				"$({ cut -d+ -f2 "$L/vkey" | xxd -r -p; cat "$D/sig"; } | base64 -w 0)"
		}
}
sign "$(sed -n 2p "$L/checkpoint")" "$(sed -n 3p "$L/checkpoint")" >"$D/again"
ok "the key signs as the CA does" cmp "$D/again" "$L/checkpoint"
copy
sign "$(sed -n 2p "$L/checkpoint")" "$(sed -n 3p "$D/early")" >"$D/fork"
cp "$D/fork" "$D/c/checkpoint"
finds "another root" "rule 81: a well signed root of other entries"
ok "rule 81: the two prove the fork to whoever has the key" python3 tests/system/python/verify_log.py --vkey "$L/vkey" \
	--fork "$L/checkpoint" "$D/fork"
sign "$(sed -n 2p "$D/early")" "$(sed -n 3p "$L/checkpoint")" >"$D/fork"
copy
finds "not of this log: a fork" "rule 81: ... and an earlier one, that this log never had" --old "$D/fork"

# proofs, by hand
sed -n '/^# 1\./,/^\.Ed/p' man/log.5 | sed '/^\.Ed/d; s/\\e/\\/g' >"$D/by-hand.sh"
ok "log(5) has the commands" grep -q 'openssl pkeyutl -verify' "$D/by-hand.sh"
mkdir "$D/hand"
cp "$L/vkey" "$D/hand/vkey"
by_hand() { (cd "$D/hand" && sh ../by-hand.sh); }
last=$(($(sed -n 2p "$L/checkpoint") - 1))
for index in 0 1 127 128 254 255 256 257 $((last - 1)) "$last"; do
	pki-audit proof "$index" --out "$D/hand/proof.json"
	by_hand >"$D/hand/said" 2>&1
	{
		echo "Signature Verified Successfully"
		sqlite3 "$D/state/ledger.db" "SELECT CAST(entry AS TEXT) FROM entry WHERE id = $index" | tr -d '\n'
	} | cmp - "$D/hand/said" >"$D/out" 2>&1
	result $? "a proof of entry $index is checked by hand"
	ok "... and by check-proof" bash -c "pki-audit check-proof $D/hand/proof.json --vkey $L/vkey --json |
		jq -e '.ok and .index == $index and .size == $last + 1'"
done
digest=$(openssl x509 -in "$A/auth.pem" -outform DER | sha256sum | cut -d' ' -f1)
ok "a certificate's proof" bash -c "pki-audit proof $(serial_of "$A/auth.pem") --out $D/hand/proof.json && cd $D/hand &&
	sh ../by-hand.sh | tail -n 1 | jq -e '.detail.certificates | map(.digest) | index(\"$digest\")'"
cp "$D/hand/proof.json" "$D/proof.json"
forged() { # forged TITLE JQ: neither way takes it
	jq -c "$2" "$D/proof.json" >"$D/hand/proof.json"
	no "$1, by hand" bash -c "cd $D/hand && sh ../by-hand.sh | grep certificate-issued"
	exits 18 "... by check-proof" pki-audit check-proof "$D/hand/proof.json" --vkey "$L/vkey"
}
forged "rule 80: a proof of another entry" '.entry |= sub("H-."; "H-x")'
forged "rule 80: ... at another index" '.index += 1'
forged "rule 80: ... with another hash" '.proof[2] |= (if startswith("0") then "1" else "0" end) + .[1:]'
forged "rule 80: ... with a hash too many" '.proof += [.proof[0]]'
forged "rule 80: ... with one too few" '.proof |= .[1:]'
forged "rule 82: ... under a checkpoint of another size" '.checkpoint |= sub("\n[0-9]*\n"; "\n1234567\n")'
cp "$D/proof.json" "$D/hand/proof.json"
sed 's/+A.*/+AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/' "$L/vkey" >"$D/hand/vkey"
no "rule 82: under another key, by hand" bash -c "cd $D/hand && sh ../by-hand.sh | grep certificate-issued"
finish
