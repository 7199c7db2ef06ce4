#!/bin/bash
# lint.sh: everything that reads the code without running it. Nothing to say: exit 0.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
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
mapfile -t headers < <(git ls-files '*.h')
mapfile -t product < <(git ls-files '*.c' ':!tests')
mapfile -t scripts < <(git ls-files '*.sh' .ci/run)
flags=(-D_GNU_SOURCE '-DPKI_SUITE_VERSION="lint"' -I. -std=c17)

# A function fits a page and a file has one topic; tables of cases make tests somewhat longer.
sizes() {
	awk 'FNR == 1 { start = 0; test = FILENAME ~ /^tests/; most = test ? 75 : 60 }
		FNR == (test ? 701 : 501) { print FILENAME ": more than " FNR - 1 " lines"; bad = 1 }
		/^{/ { start = FNR }
		/^}/ { if (start && FNR - start > most) {
			print FILENAME ":" start ": a function of " FNR - start " lines"; bad = 1 }
			start = 0 }
		END { exit bad }' "${sources[@]}" "${headers[@]}"
}
analyzer() {
	printf '%s\n' "${product[@]}" | xargs -P "$(nproc)" -I{} gcc "${flags[@]}" -Wall -Wextra -O1 \
		-fanalyzer -Werror -c -o /dev/null {}
}
# One file at a time: its valist check mixes several up. Findings are on stdout; stderr counts.
tidy() {
	printf '%s\n' "${sources[@]}" | xargs -P "$(nproc)" -I{} clang-tidy --quiet \
		--warnings-as-errors='*' {} -- "${flags[@]}" 2>/dev/null | sed -n '/error:/,+2p'
}
# memleak: does not know scope cleanup; -fanalyzer and the leak sanitizer do
cpp() {
	cppcheck --quiet --error-exitcode=1 --std=c11 -I. -D_GNU_SOURCE --include=tools/make/cppcheck.h \
		--enable=warning,performance,portability --suppress=missingIncludeSystem \
		--suppress=memleak "${sources[@]}"
}
# SC2317: check() calls by name; SC2016: a child shell expands; SC2012: names that the suite made
shells() { shellcheck -x -P SCRIPTDIR -e SC2317,SC2016,SC2012 "${scripts[@]}"; }
rules() { tools/make/rules.sh | diff -u tests/rules.md -; }

check format clang-format --dry-run --Werror "${sources[@]}"
check layers tools/make/layers.sh
check "sizes of functions and files" sizes
check cppcheck cpp
check clang-tidy tidy
check "gcc -fanalyzer" analyzer
check mandoc mandoc -T lint -W warning man/*.[158]
check shellcheck shells
check "rules.md current (make rules)" rules
exit $failed
