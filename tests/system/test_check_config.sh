#!/bin/bash
# What is wrong in configuration and policy is said before the ceremony, and by the ceremony too.
. "$(dirname "$0")/lib.sh"
export PKI_CONFIG=$D/pki.yaml
sample_config "$D" "$PORT" "$((PORT + 1))"
sample_officers "$D" >"$D/out" 2>&1
ok "the sample is accepted" pki-ca check-config
ok "... also as JSON" bash -c "pki-ca check-config --json | jq -e '.profiles == 12 and .terms == \"1.0\" and (.policy | length) == 64'"
exits 2 "it takes no argument" pki-ca check-config policy
cp -r "$D/policy" "$D/good" && cp "$D/pki.yaml" "$D/good.yaml"
# wrong RULE TITLE COMMAND...: after the command the check and the ceremony refuse
wrong() {
	local rule=$1 title=$2 program
	(cd "$D" && "${@:3}")
	for program in check-config init; do
		local options=()
		[ $program != init ] || options=(--ceremony "$D/ceremony.yaml" --out "$D/made" --custodian "file:$D/secrets/custodian-1"
			--custodian "file:$D/secrets/custodian-2")
		exits 5 "$title ($program)" pki-ca $program "${options[@]}"
		ok "... which it names" grep -q -- "$rule" "$D/out"
	done
	rm -r "$D/policy" && cp -r "$D/good" "$D/policy" && cp "$D/good.yaml" "$D/pki.yaml"
}
wrong two-officers "rule 202: one officer alone issues to a holder" \
	sed -i '0,/count: 2/s/count: 2/count: 1/' policy/rules.yaml
wrong certificate-policies "rule 20: anyPolicy in a holder's profile" \
	sed -i 's/^policies: .*/policies: [2.5.29.32.0]/' policy/holder-signature.yaml
wrong "of profile records-seal too" "two profiles of one kind" cp policy/records-seal.yaml policy/seal-too.yaml
wrong terms-accepted "rule 211: a text of the terms that was changed" sh -c 'echo more >>policy/terms-1.0.txt'
wrong terms-accepted "rule 211: a digest of other terms" sed -i 's/^  digest: ./  digest: 0/' policy/rules.yaml
wrong witness-quorum "rule 214: witnesses that are not there" sed -i 's/^witnesses: 0/witnesses: 1/' policy/rules.yaml
wrong colour "an unknown key of pki.yaml" sh -c 'echo "colour: red" >>pki.yaml'
sed -i '/action: renew/,/count: 2/s/count: 2/count: 1/' "$D/policy/rules.yaml"
ok "a renewal may rest on one officer" pki-ca check-config
ok "nothing was made" test ! -e "$D/state/ledger.db"
finish
