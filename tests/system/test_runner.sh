#!/bin/bash
# tests/run.sh and tests/ports.sh, by programs that stand in for unit tests: what is counted and said, what
# becomes of programs that die, that say nothing, that leave something behind; nothing outlives the run.
. "$(dirname "$0")/lib.sh"
mkdir -p "$D/bin/unit"
stand_in() { # stand_in NAME COMMANDS
	printf '#!/bin/bash\ncd %s\n%s\n' "$D" "$2" >"$D/bin/unit/$1"
	chmod +x "$D/bin/unit/$1"
}
over() { BIN=$D/bin tests/run.sh "${@/#/unit/test_}"; }
last_line() { [ "$(tail -n 1 "$D/out")" = "$1" ]; }
ended() { ! kill -0 "$(cat "$D/$1")" 2>/dev/null; }

stand_in test_err 'echo "ok 1 - a"; echo "ok 2 - b # SKIP no room"'
ok "tests that pass" over err
ok "... are counted, and those that were skipped" last_line "1 passed, 0 failed, 1 skipped"
stand_in test_hex 'echo "ok 1 - a"; echo "not ok 2 - b"; echo "# for this reason"'
no "a test that fails" over err hex
ok "... is counted" last_line "2 passed, 1 failed, 1 skipped"
ok "... and its reason said" grep '^# for this reason' "$D/out"
stand_in test_hex 'echo "ok 1 - a"; exit 3'
no "a program that dies has failed" over hex
ok "... whatever it said" last_line "1 passed, 1 failed, 0 skipped"
stand_in test_hex :
no "so has one that says nothing" over hex
ok "... once" last_line "0 passed, 1 failed, 0 skipped"
no "no test at all is no success" over none_such
ok "... either" last_line "0 passed, 0 failed, 0 skipped"

meet='touch $0.here; for ((i = 0; i < 600; i++)); do [ -e bin/unit/%s.here ] && echo "ok 1 - met" && exit; sleep 0.1; done'
stand_in test_err "${meet/\%s/test_hex}"
stand_in test_hex "${meet/\%s/test_err}"
ok "two run beside each other" env JOBS=2 BIN="$D/bin" tests/run.sh unit/test_err unit/test_hex

stand_in test_err 'sleep 600 & echo $! >left; echo "ok 1 - a"'
ok "a test leaves something behind" over err
ok "... which is ended" sample_wait "its end" ended left
stand_in test_err 'sleep 600 & echo $! >child; wait'
BIN=$D/bin tests/run.sh unit/test_err >"$D/interrupted" 2>&1 &
runner=$!
sample_wait "the test" test -s "$D/child"
kill -TERM $runner
wait $runner
ok "an interrupted run says so" test $? = 143
ok "... and its tests end" sample_wait "their end" ended child

named() { # named COUNT NAME
	LIST=1 tests/run.sh "$2" >"$D/named"
	cat "$D/named"
	[ "$(wc -l <"$D/named")" = "$1" ]
}
ok "a name in two folders is two tests" named 2 test_crl
ok "... with its folder one" named 1 unit/test_crl
no "part of a name is more" named 2 crl

# each keeps its own until all are there
for n in {1..20}; do
	(. tests/ports.sh && claim_ports && echo "$PORT" >"$D/port.$n" &&
		sample_wait others bash -c "[ \$(ls $D/port.* | wc -l) = 20 ]") >/dev/null 2>&1 &
	claims+=($!)
done
wait "${claims[@]}"
ok "twenty tests at once have ports of their own" test "$(cat "$D"/port.* | sort -u | wc -l)" = 20
finish
