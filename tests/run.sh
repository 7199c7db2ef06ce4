#!/bin/bash
# run.sh [NAME...]: all tests, or those whose name contains a NAME. Unit tests (cmocka) and
# system tests both speak TAP; the last line counts. BIN: the build folder. LONG=1: tests/long too.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
BIN=$(realpath "${BIN:-build/out}")
export BIN
logs=$BIN/logs
mkdir -p "$logs"
passed=0
failed=0
skipped=0
export CMOCKA_MESSAGE_OUTPUT=TAP
export UBSAN_OPTIONS=print_stacktrace=1 ASAN_OPTIONS=detect_leaks=1

wanted() {
	[ $# -gt 1 ] || return 0
	local name=$1 w
	shift
	for w; do [[ $name == *$w* ]] && return 0; done
	return 1
}

# one NAME SECONDS COMMAND...: a test program that prints TAP
one() {
	local name=$1 limit=$2 log=$logs/$1.log start=$SECONDS ok bad skip status
	shift 2
	timeout -k 10 "$limit" "$@" >"$log" 2>&1 </dev/null
	status=$?
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
	printf '%-40s %4d passed %3d failed %4d s\n' "$name" "$ok" "$bad" $((SECONDS - start))
	grep '^ok .*# SKIP' "$log"
	if [ "$bad" != 0 ]; then
		echo "--- $log (exit $status):"
		grep -A 12 '^not ok' "$log" | head -n 60
		tail -n 25 "$log"
		echo "---"
	fi
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

for src in tests/unit/test_*.c; do
	name=$(basename "$src" .c)
	wanted "$name" "$@" && one "$name" 300 "$BIN/unit/$name"
done
for src in tests/fuzz/fuzz_*.c; do
	name=$(basename "$src" .c)
	wanted "$name" "$@" && one "$name" 300 bash -c "replay $name"
done
for src in tests/system/test_*.sh ${LONG:+tests/long/test_*.sh}; do
	[ -e "$src" ] || continue
	name=$(basename "$src" .sh)
	limit=600
	[[ $src == tests/long/* ]] && limit=7200
	wanted "$name" "$@" && one "$name" "$limit" bash "$src"
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
