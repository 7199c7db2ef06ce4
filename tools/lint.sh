#!/bin/bash
# lint.sh: everything that reads the code without running it. Nothing to say: exit 0.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
failed=0
check() {
	local name=$1 out
	shift
	if out=$("$@" 2>&1); then
		echo "ok   $name"
	else
		echo "FAIL $name"
		printf '%s\n' "$out" | head -n 40
		failed=1
	fi
}
mapfile -t sources < <(git ls-files '*.c')
mapfile -t product < <(git ls-files 'libpki/*.c' 'ca/*.c' 'ra/*.c' 'crl/*.c' 'ocsp/*.c' 'tools/*.c')
mapfile -t scripts < <(git ls-files '*.sh' .ci/run)
flags=(-D_GNU_SOURCE '-DPKI_SUITE_VERSION="lint"' -I. -std=c17)

long_functions() { # style: never above 100 lines
	awk 'FNR == 1 { start = 0 } /^{/ { start = FNR } /^}/ {
		if (start && FNR - start > 100) { print FILENAME ":" start ": a function of " FNR - start " lines"; bad = 1 }
		start = 0 } END { exit bad }' "${product[@]}"
}
analyzer() {
	printf '%s\n' "${product[@]}" | xargs -P 2 -I{} gcc "${flags[@]}" -Wall -Wextra -O1 -fanalyzer \
		-Werror -c -o /dev/null {}
}
tidy() {
	printf '%s\n' "${product[@]}" | xargs -P 2 -n 1 sh -c \
		'clang-tidy --quiet --warnings-as-errors="*" "$@" -- -D_GNU_SOURCE -DPKI_SUITE_VERSION=\"lint\" -I. -std=c17 2>/dev/null' sh
}
rules() { tools/rules.sh | diff -u tests/rules.md -; }

check format clang-format --dry-run --Werror "${sources[@]}"
check layers tools/layers.sh
check "function length" long_functions
# memleak: cppcheck does not know scope cleanup; -fanalyzer and the leak sanitizer do
check cppcheck cppcheck --quiet --error-exitcode=1 --std=c11 --inline-suppr -I. -D_GNU_SOURCE \
	--enable=warning,performance,portability --suppress=missingIncludeSystem --suppress=memleak "${product[@]}"
check clang-tidy tidy
check "gcc -fanalyzer" analyzer
check mandoc mandoc -T lint -W warning man/*.[158]
check shellcheck shellcheck -x -e SC1091,SC2317,SC2154,SC2012,SC2016 "${scripts[@]}"
check "rules.md current (make rules)" rules
exit $failed
