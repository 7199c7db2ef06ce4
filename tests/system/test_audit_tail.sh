#!/bin/bash
# Following the log of a CA at work, by filters; ledgers that are put in its place are named.
. "$(dirname "$0")/lib.sh"
installation
services
ok "enrol Alice" enrolled alice Alice Martin 12AB34567 2035-05-01
alice=$holder
L=$D/state/ledger.db
emma=$(serial_of "$D/officers/emma/cert.pem")
auth=$(serial_of "$D/holders/alice/auth.pem")

# follow NAME [OPTION...]: its lines in $D/NAME.lines, its end in $D/NAME.status
follow() {
	local name=$1
	shift
	(
		pki-audit tail -f --json "$@" >"$D/$name.lines" 2>"$D/$name.err" &
		echo $! >"$D/$name.pid"
		wait $!
		echo $? >"$D/$name.status"
	) &
}
ends() { # ends NAME STATUS
	sample_wait "end of $1" test -s "$D/$1.status"
	cat "$D/$1.err"
	[ "$(cat "$D/$1.status")" = "$2" ]
}
interrupted() { kill "-${2:-INT}" "$(cat "$D/$1.pid")" && ends "$1" 0; }
names=(all revoked action holder officer serial rule none both young fork gone)
end_all() {
	local name
	sample_stop "$D"
	for name in "${names[@]}"; do [ -s "$D/$name.status" ] || kill "$(cat "$D/$name.pid")"; done 2>/dev/null
	wait
	cleanup
}
trap end_all EXIT
has() { # has NAME COUNT [JQ]: so many lines came
	sample_wait "$2 lines of $1" bash -c "jq -se 'map(select(${3:-true})) | length == $2' $D/$1.lines"
	cat "$D/$1.lines"
	jq -se "map(select(${3:-true})) | length == $2" "$D/$1.lines" >/dev/null
}

since=(--since "$(date -u +%FT%T.%3NZ)")
follow all "${since[@]}"
follow revoked "${since[@]}" --type certificate-revoked --type certificate-renewed
follow action "${since[@]}" --action revoke
follow holder "${since[@]}" --holder "$alice"
follow officer "${since[@]}" --officer "${emma^^}"
follow serial "${since[@]}" --serial "$auth"
follow rule "${since[@]}" --rule officer-role
follow none "${since[@]}" --type certificate-renewed --holder "$alice"
follow both "${since[@]}" --action revoke --holder H-00112233445566778899aabbccddeeff
an_event() {
	curl -sf --unix-socket "$CA_SOCKET" -o /dev/null http://ca/v1/events \
		-d '{"source":"pki-ocspd","type":"unissued-asked","actor":"","detail":{"count":1}}'
}
no "something that is refused" ra irene revoke "$alice" --cause lost-phone
ok "a revocation" ra emma revoke "$alice" --cause lost-phone
order=$(pki-audit tail --type certificate-revoked --json | jq -r .detail.order)
ok "the follower of all sees it" has all 1 '.type == "certificate-revoked"'
for name in revoked action holder officer serial; do
	ok "... who waits for this $name, too" has $name 1 '.type == "certificate-revoked"'
done
ok "... with what it is about" bash -c "jq -se 'map(select(.type == \"certificate-revoked\"))[0] |
	.detail.holder == \"$alice\" and (.detail.serials | index(\"$auth\")) and .detail.officers == [\"$emma\"]' $D/serial.lines"
ok "who waits for refusals by a rule has those alone" has rule 1
ok "filters are joined by and" bash -c "test ! -s $D/none.lines && test ! -s $D/both.lines"
ok "no line comes twice, none is missing" bash -c \
	"jq -se 'map(.index) | . == [range(.[0]; .[0] + length)]' $D/all.lines"

# a CA that writes as fast as it can, is killed, comes back
events() {
	local i
	for ((i = 0; i < $1; i++)); do an_event || return; done
}
events 100
kill -9 "$(sample_pid "$D" pki-ca)"
sample_stop "$D"
services
events 20
last=$(sqlite3 "$L" 'SELECT max(id) FROM entry')
ok "a CA that was killed and came back is followed" has all 1 ".index == $last"
ok "... without a gap" bash -c "jq -se 'map(.index) | map(select(. <= $last)) | . == [range(.[0]; $last + 1)]' $D/all.lines"
ok "SIGINT ends it well" interrupted all
ok "... SIGTERM too" interrupted revoked TERM
ok "... and one that had nothing to say" interrupted none
sample_stop "$D"

# the past
past() { pki-audit tail --json "$@" | jq -r .index | tr '\n' ' '; }
at() { sqlite3 "$L" "SELECT CAST(entry AS TEXT) ->> 'at' FROM entry WHERE id = $1"; }
ok "an order's entries" bash -c "pki-audit tail --order $order --json | jq -se 'map(.type) == [\"certificate-revoked\"]'"
ok "since and until, both included" test "$(past --since "$(at 12)" --until "$(at 14)" | grep -o '\b1[234]\b' | wc -l)" = 3
ok "... and nothing else" test "$(past --since "$(at 12)" --until "$(at 14)" |
	wc -w)" = "$(sqlite3 "$L" "SELECT count(*) FROM entry WHERE at BETWEEN (SELECT at FROM entry WHERE id = 12) AND (SELECT at FROM entry WHERE id = 14)")"
ok "since a time: all, not the last hundred" test "$(past --since 2020-01-01 | wc -w)" = $((last + $(sqlite3 "$L" "SELECT max(id) - $last FROM entry") + 1))
ok "without: the last hundred" test "$(past | wc -w)" = 100
ok "the last two that are wanted" test "$(past --type crl-issued --lines 2)" = \
	"$(sqlite3 "$L" "SELECT id FROM entry WHERE CAST(entry AS TEXT) ->> 'type' = 'crl-issued' ORDER BY id DESC LIMIT 2" | sort -n | tr '\n' ' ')"
exits 2 "a type that is none" pki-audit tail --type revoked
exits 2 "a time that is none" pki-audit tail --since noon
exits 2 "an end to following" pki-audit tail -f --until 2030-01-01
exits 2 "-f of another command" pki-audit verify -f
ok "a reader who leaves ends it" bash -c "set -o pipefail; pki-audit tail --lines 100 | head -n 1 >/dev/null; test \${PIPESTATUS[0]} = 141 -o \${PIPESTATUS[0]} = 0"

# files put in the place of the one that is followed
younger=$D/younger.db older=$D/older.db other=$D/other.db
sqlite3 "$L" "VACUUM INTO '$younger'"
triggers=$(sqlite3 "$L" "SELECT 'DROP TRIGGER ' || name || ';' FROM sqlite_schema WHERE type = 'trigger'")
size=$(sqlite3 "$L" "SELECT size FROM checkpoint ORDER BY size DESC LIMIT 1 OFFSET 20")
cp "$younger" "$older"
sqlite3 "$older" "PRAGMA foreign_keys = OFF; $triggers DELETE FROM entry WHERE id >= $size; DELETE FROM checkpoint WHERE size > $size"
# the same beginning, other entries, as many as in the younger one: what a restored CA would write
cp "$younger" "$other"
sqlite3 "$other" "$triggers UPDATE hash SET hash = randomblob(32) WHERE (position + 1) << level > $size - 3"
replaced() { cp "$1" "$D/f.new" && mv "$D/f.new" "$D/f.db"; }
replaced "$older"
follow young --ledger "$D/f.db" --lines 1
ok "a copy is followed" has young 1
replaced "$younger"
ok "a younger one in its place goes on" has young $((1 + $(sqlite3 "$younger" 'SELECT count(*) FROM entry') - size))
replaced "$older"
ok "an older one is named (exit 18)" ends young 18
ok "... as what it is" grep -q 'replaced by an older one' "$D/young.err"
follow fork --ledger "$D/f.db" --lines 1
ok "a copy is followed again" has fork 1
replaced "$other"
ok "rule 81: one that has another past is named (exit 18)" ends fork 18
ok "... as what it is" grep -q 'rule 81 .*another ledger was put in the place of this ledger' "$D/fork.err"
ok "... and nothing of it was shown" has fork 1 ".index != null"
follow gone --ledger "$D/f.db" --lines 1
ok "a third" has gone 1
rm "$D/f.db"
ok "a ledger that is gone is named (exit 6)" ends gone 6
ok "... by its name" grep -q "$D/f.db\|the ledger cannot be read" "$D/gone.err"
finish
