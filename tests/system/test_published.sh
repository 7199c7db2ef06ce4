#!/bin/bash
# The time of a CRL's publication, which receipts state: pki-ca looks at the published file itself.
. "$(dirname "$0")/lib.sh"
installation
services
kill "$(sample_pid "$D" pki-crl)"
soon test ! -e "/proc/$(cat "$D/run/pki-crl.pid")"

post_json() { curl -s --fail-with-body --unix-socket "$CA_SOCKET" -H "Content-Type: application/json" -d "$2" "http://ca$1"; }
made() { post_json /v1/crl '{}' >"$D/crl.json" && number=$(jq -er .number "$D/crl.json"); }
ledger() { sqlite3 "file:$D/state/ledger.db?mode=ro" "$1"; }
# moment MILLISECONDS: as in the log
moment() { date -u -d "@$(($1 / 1000)).$(printf %03d $(($1 % 1000)))" +%Y-%m-%dT%H:%M:%S.%3NZ; }
now() { date +%s%3N; }
report() { # report MILLISECONDS [NUMBER]
	post_json /v1/crl/published "{\"issuer\":2,\"number\":${2:-$number},\"published\":\"$(moment "$1")\"}"
}
put() { # put NUMBER: as pki-crl publishes
	ledger "SELECT writefile('$D/pub/new', der) FROM crl WHERE issuer = 2 AND number = $1" >/dev/null &&
		mv "$D/pub/new" "$D/pub/ca.crl"
}
recorded() { ledger "SELECT count(*) FROM publication WHERE issuer = 2 AND number >= $first"; }

made
first=$number
committed=$(ledger "SELECT committed FROM crl WHERE issuer = 2 AND number = $number")
refused status-agreement "rule 76: a CRL that is not published is not reported as published" report "$(now)"
ok "the CRL is published" put "$number"
refused "published at" "a time before the commit is refused" report $((committed - 1))
touch -d '2026-01-01' "$D/pub/ca.crl" # the time of writing is the writer's to set, that of the last change is not
changed=$(($(stat -c %.3Z "$D/pub/ca.crl" | tr -d .)))
ok "the file is younger than the commit" test "$changed" -gt "$committed"
refused "put into its place" "a time before the file was there is refused" report $((changed - 1))
refused "in the future" "a time to come is refused" report $(($(now) + 60000))
head -c 100 "$D/pub/ca.crl" >"$D/cut" && cp "$D/pub/ca.crl" "$D/whole"
cp "$D/cut" "$D/pub/ca.crl"
refused status-agreement "rule 76: a file that is cut off is not the CRL" report "$(now)"
cp "$D/whole" "$D/pub/ca.crl" && echo >>"$D/pub/ca.crl"
refused status-agreement "rule 76: ... nor is one that is longer" report "$(now)"
ok "none of it is recorded" test "$(recorded)" = 0
cp "$D/whole" "$D/pub/ca.crl"
at=$(now)
ok "the right time of the published CRL is recorded" report "$at"
ok "... as it was given" test "$(ledger "SELECT published FROM publication WHERE issuer = 2 AND number = $number")" = "$at"
no "... once" report "$(now)"
made
refused status-agreement "rule 76: the next CRL is not published by the last one's file" report "$(now)"
sample_daemon "$D" pki-crl run
ok "pki-crl's own reports are recorded" soon bash -c "pki-audit tail --type crl-published --json |
	jq -se 'any(.[]; .detail.issuer == 2 and .detail.number >= $number)'"
ok "the auditor finds everything in order" pki-audit verify
finish
