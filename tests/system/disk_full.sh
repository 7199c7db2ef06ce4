#!/bin/bash
# For test_bad_input.sh, in a mount namespace of its own: the state on a file system that fills up.
# $D: a stopped installation with an enrolled holder alice; run and run_background are the caller's.
. "$(dirname "$0")/../../tools/make/sample.sh"
set -e
mount -t tmpfs -o size=8m tmpfs "$D/small"
cp -r "$D/state" "$D/small/state"
cp -r "$D/pub" "$D/small/pub"
sed "s|^state: .*|state: small/state|; s|^publish: .*|publish: small/pub|" "$D/pki.yaml" >"$D/small.yaml"
export PKI_CONFIG=$D/small.yaml
holder=$(sqlite3 "$D/small/state/ledger.db" "SELECT holder FROM certificate WHERE holder <> '' ORDER BY id LIMIT 1")
sample_daemon "$D" pki-ca serve --custodian "file:$D/secrets/custodian-1" \
	--custodian "file:$D/secrets/custodian-2"
trap 'sample_stop "$D"' EXIT
sample_wait pki-ca pki-ca status
revoke() {
	pki-ra revoke "$holder" --cause lost-phone --officer "$D/officers/emma" \
		--passphrase "file:$D/officers/emma/passphrase"
}
dd if=/dev/zero of="$D/small/filler" bs=1k 2>/dev/null || true
# what the write-ahead log holds already may still be used: fill until a commit cannot be
status=0
for _ in 1 2 3; do
	revoke && { echo "the order went through on a full disk"; exit 1; } || status=$?
	[ $status = 13 ] || { echo "exit status $status, not 13"; exit 1; }
done
# signed, and then not committed
pki-ra issue "$(cat "$D/approved")" --out "$D/small" && { echo "certificates came from a full disk"; exit 1; }
pki-crl once && { echo "a CRL was committed on a full disk"; exit 1; }
count=$(sqlite3 "$D/small/state/ledger.db" 'SELECT count(*) FROM revocation')
[ "$count" = 2 ] || { echo "$count revocations after a refused order, not the 2 of before"; exit 1; }
rm "$D/small/filler"
revoke
count=$(sqlite3 "$D/small/state/ledger.db" 'SELECT count(*) FROM revocation')
[ "$count" = 4 ] || { echo "$count revocations, not 4"; exit 1; }
failed() { pki-audit tail --ledger "$D/small/state/ledger.db" --type issuing-failed --json | grep -q '"orders":1}'; }
sample_wait "the entry about the certificates that went nowhere" failed
pki-ra issue "$(cat "$D/approved")" --out "$D/small"
# the number that the full disk refused is free again
pki-crl once
