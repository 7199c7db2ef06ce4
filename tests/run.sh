#!/bin/bash
# run.sh [NAME...]: all tests, or those of that name ("test_crl", "unit/test_crl"), or else those whose name
# contains it. Several at a time: JOBS, two for each core if unset, as most of them wait for something. All
# speak TAP; the last line counts. BIN: the build folder. LONG=1: tests/long too. LIST=1: their names, no more.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
BIN=$(realpath "${BIN:-build/out}")
export BIN
export CMOCKA_MESSAGE_OUTPUT=TAP
export UBSAN_OPTIONS=print_stacktrace=1 ASAN_OPTIONS=detect_leaks=1
jobs=${JOBS:-$((2 * $(nproc)))}
logs=$BIN/logs

# Begun first, after what is in tests/long: these take longest, and the end would wait for them.
longest="system/test_ocsp
system/test_responder
system/test_tampering
system/test_races
system/test_erase
system/test_crash
system/test_witness"

all_tests() {
	local src test
	for src in ${LONG:+tests/long/test_*.sh} tests/system/test_*.sh tests/fuzz/fuzz_*.c tests/unit/test_*.c; do
		test=${src#tests/}
		echo "${test%.*}"
	done
}
chosen() { # chosen [NAME...]: a test a line
	local name
	[ $# != 0 ] || all_tests
	for name; do
		all_tests | grep -xE "([a-z]+/)?${name//./\\.}" || all_tests | grep -F -- "$name"
	done
}

replay() {
	local name=$1 corpus=tests/fuzz/corpus/${1#fuzz_}
	if [ -d "$corpus" ] && "$BIN/fuzz/$name" "$corpus"/*; then
		echo "ok 1 - $name over $(find "$corpus" -type f | wc -l) files"
	else
		echo "not ok 1 - $name"
	fi
}
export -f replay

# What runs, by the process id of its timeout(1), which leads a process group with all that the test starts.
declare -A running=() since=()
begin() { # begin TEST
	local test=$1 limit=3600 command=(bash "tests/$1.sh")
	case $test in
	unit/*) limit=600 command=("$BIN/$test") ;;
	fuzz/*) limit=600 command=(bash -c "replay ${test#*/}") ;;
	long/*) limit=7200 ;;
	esac
	# bash has what runs beside it ignore SIGINT, which some tests are about
	env --default-signal=INT,QUIT timeout -k 60 "$limit" "${command[@]}" >"$logs/$test.log" 2>&1 </dev/null &
	running[$!]=$test since[$!]=$SECONDS
}
passed=0 failed=0 skipped=0
end_one() { # waits for one, counts, and says what came of it
	local pid status test log ok bad skip
	wait -n -p pid "${!running[@]}"
	status=$?
	test=${running[$pid]} log=$logs/${running[$pid]}.log
	unset "running[$pid]"
	kill -KILL -- "-$pid" 2>/dev/null # what the test left behind
	ok=$(grep -c '^ok ' "$log")
	bad=$(grep -c '^not ok ' "$log")
	skip=$(grep -c '^ok .*# SKIP' "$log")
	# a program that dies, or says nothing, has failed whatever it printed
	if [ "$bad" = 0 ] && { [ $status != 0 ] || [ "$ok" = 0 ]; }; then
		bad=1
	fi
	ok=$((ok - skip))
	passed=$((passed + ok))
	failed=$((failed + bad))
	skipped=$((skipped + skip))
	printf '%-40s %4d passed %3d failed %4d s\n' "$test" "$ok" "$bad" $((SECONDS - since[$pid]))
	grep '^ok .*# SKIP' "$log"
	if [ "$bad" != 0 ]; then
		echo "--- $log (exit $status):"
		grep -A 12 '^not ok' "$log" | head -n 60
		tail -n 25 "$log"
		echo "---"
	fi
}
interrupted() { # interrupted STATUS: nothing goes on without us
	trap '' INT TERM HUP
	[ ${#running[@]} = 0 ] || kill "${!running[@]}" 2>/dev/null
	wait
	exit "$1"
}
trap 'interrupted 129' HUP
trap 'interrupted 130' INT
trap 'interrupted 143' TERM

# once each
mapfile -t tests < <({ chosen "$@" | grep ^long/; chosen "$@" | grep -xF "$longest"; chosen "$@"; } | awk '!seen[$0]++')
if [ -n "${LIST:-}" ]; then
	printf '%s\n' "${tests[@]}" | grep .
	exit
fi
[ ${#tests[@]} != 0 ] || echo "No test has this name, or a name that contains it: $*" >&2
mkdir -p "$logs"/{unit,fuzz,system,long}
for test in "${tests[@]}"; do
	((${#running[@]} < jobs)) || end_one
	begin "$test"
done
while ((${#running[@]})); do end_one; done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
