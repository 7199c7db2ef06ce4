#!/bin/bash
# Published files that are lost are published again; litter is swept; SIGHUP ends no daemon; damage and
# missing rights are named with a remedy that works.
. "$(dirname "$0")/lib.sh"
installation
services
enrolled alice Alice Martin 12AB34567 2035-05-01 >"$D/out" 2>&1
A=$D/holders/alice

# SIGHUP
for daemon in pki-ca pki-crl pki-ocspd; do
	pid=$(cat "$D/run/$daemon.pid")
	kill -HUP "$pid"
	# the same process answers afterwards
	case $daemon in
	pki-ca) ok "SIGHUP does not end $daemon" pki-ca status ;;
	pki-crl) ok "SIGHUP does not end $daemon" soon curl -sf -o /dev/null "$WEB_URL/ca.crl" ;;
	pki-ocspd) ok "SIGHUP does not end $daemon" ocsp_says good "$A/auth.pem" ;;
	esac
	ok "... it is ignored" bash -c "(( 0x\$(sed -n 's/^SigIgn:\t//p' /proc/$pid/status) & 1 ))"
	ok "... and the process is there" kill -0 "$pid"
done
ok "... the signer, too" bash -c "kill -HUP \$(pki-ca status --json | jq .signer.pid) && pki-ca status"
no "... no event of an end" bash -c "pki-audit tail --type ca-stopped --json | grep ."

# lost files: more than two full bundles
seq 530 | xargs -P 4 -I{} curl -s -o /dev/null --unix-socket "$CA_SOCKET" \
	-d '{"source":"pki-ocspd","type":"unissued-asked","actor":"","detail":{"count":1}}' http://ca/v1/events
settled
pki-audit verify >"$D/out" 2>&1
result $? "all is in order"
cp -a "$D/pub" "$D/whole"
restart() {
	daemon_down pki-ca && ca_up && soon log_published
}
rm "$D/pub/log/tile/0/000"
no "the auditor misses a tile" pki-audit verify
ok "... and prints the remedy" grep -q 'restart pki-ca, which publishes' "$D/out"
ok "... which works" restart
ok "... the auditor finds all in order" pki-audit verify
lost=(log/tile/0/000 log/tile/entries/001 "log/tile/0/002.p" log/tile/1/000.p ca.pem ca.crt root.pem root.crt seal.pem log/vkey)
for file in "${lost[@]}"; do rm -r "${D:?}/pub/$file"; done
: >"$D/pub/log/tile/0/001"
touch -d '2 hours ago' "$D/pub/log/tile/.001.AbCdEf" "$D/pub/.ca.crl.AbCdEf"
touch "$D/pub/.ca.crl.young1"
ok "pki-ca starts" restart
for file in ca.pem ca.crt root.pem root.crt seal.pem log/vkey log/tile/0/000 log/tile/0/001 log/tile/entries/001; do
	ok "... $file is there again" cmp "$D/whole/$file" "$D/pub/$file"
done
ok "... and the partial tiles" ls "$D/pub/log/tile/0/002.p/" "$D/pub/log/tile/1/000.p/"
ok "... the log says what was made again" grep -q 'files of the log were missing' "$D/run/pki-ca.log"
no "litter of an interrupted publication is gone" ls "$D/pub/log/tile/.001.AbCdEf" "$D/pub/.ca.crl.AbCdEf"
ok "... a file that is perhaps being written stays" rm "$D/pub/.ca.crl.young1"
ok "the auditor finds all in order" pki-audit verify
sample_stop "$D"
rm -r "${D:?}/pub"
ok "pub/ lost as a whole: all services start" sample_start "$D"
ok "... the CRLs are there again" soon cmp "$D/whole/root.crl" "$D/pub/root.crl"
ok "... the log" soon log_published
ok "... and the responder's certificate" cmp "$D/whole/ocsp.pem" "$D/pub/ocsp.pem"
settled
ok "... the auditor finds all in order" pki-audit verify
sample_stop "$D"

# damage of the ledger is found at the start
cp "$D/state/ledger.db" "$D/kept.db"
rm -f "$D/state"/ledger.db-*
pages=$(sqlite3 "$D/kept.db" "PRAGMA page_count")
page=$(sqlite3 "$D/kept.db" "SELECT rootpage FROM sqlite_schema WHERE name = 'certificate_holder'")
printf 'damage, damage, damage' | dd of="$D/state/ledger.db" bs=4096 seek=$((page - 1)) conv=notrunc 2>/dev/null
exits 18 "a damaged page of $pages: pki-ca does not start" timeout 60 pki-ca serve "${custodians[@]}"
ok "... and says what to do" grep -q 'keep the file and restore a backup' "$D/out"
cp "$D/kept.db" "$D/state/ledger.db"

# a WAL without its index on a read-only medium
if unshare -m true 2>/dev/null; then
	mkdir "$D/medium"
	ca_up
	cp "$D/state/ledger.db" "$D/state/ledger.db-wal" "$D/medium"
	exits 6 "a WAL without its index, on a read-only medium" unshare -m bash -c '
		mount --bind "$D/medium" "$D/medium" && mount -o remount,bind,ro "$D/medium" &&
		pki-audit verify --ledger "$D/medium/ledger.db" --publish "$D/pub"'
	ok "... is named, with what to do" grep -q 'index ledger.db-shm is not, .*copy ledger.db and ledger.db-wal' "$D/out"
	ok "... the remedy works" bash -c 'cp -r "$D/medium" "$D/writable" &&
		pki-audit verify --ledger "$D/writable/ledger.db" --publish "$D/pub"'
	ok "... the other, too" bash -c "sqlite3 '$D/state/ledger.db' \"VACUUM INTO '$D/copy.db'\" &&
		pki-audit verify --ledger '$D/copy.db' --publish '$D/pub'"
	daemon_down pki-ca
else
	echo "ok $((++tests)) - a WAL without its index # SKIP no mount namespaces here"
fi

# a folder of another owner
if [ "$(id -u)" = 0 ] && setpriv --reuid=65534 --regid=65534 --clear-groups true 2>/dev/null; then
	chmod 755 "$D" "$D/state"
	chmod 640 "$D/state/ledger.db"
	exits 6 "the ledger of another user" setpriv --reuid=65534 --regid=65534 --clear-groups \
		pki-audit verify --ledger "$D/state/ledger.db" --publish "$D/pub"
	ok "... the message names both users" grep -qE 'belongs to user [a-z0-9]+, and this process runs as user [a-z0-9]+: run it as' "$D/out"
fi
finish
