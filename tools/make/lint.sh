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
flags=(-D_GNU_SOURCE '-DPKI_SUITE_VERSION="lint"' -I. -Ibuild/out/embed -std=c17)

# A long function or file may hold two topics: a question to its author, not a law.
sizes() {
	awk 'FNR == 1 { start = 0 }
		FNR == 701 { print FILENAME ": more than 700 lines: is this two topics?" }
		/^{/ { start = FNR }
		/^}/ { if (start && FNR - start > 60) {
			print FILENAME ":" start ": a function of " FNR - start " lines: is this two topics?" }
			start = 0 }' "${sources[@]}" "${headers[@]}"
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
	cppcheck --quiet --error-exitcode=1 --std=c11 -I. -Ibuild/out/embed -D_GNU_SOURCE --include=tools/make/cppcheck.h \
		--enable=warning,performance,portability --suppress=missingIncludeSystem \
		--suppress=memleak "${sources[@]}"
}
# SC2317: check() calls by name; SC2016: a child shell expands; SC2012: names that the suite made
shells() { shellcheck -x -P SCRIPTDIR -e SC2317,SC2016,SC2012 "${scripts[@]}"; }
# Files and folders that documents name are there.
documents() {
	local path missing=0
	while read -r path; do
		compgen -G "$path" >/dev/null || {
			echo "$path: a document names it, and it is not there"
			missing=1
		}
	done < <(git ls-files '*.md' | xargs grep -ohE '`(libpki|ca|ra|crl|ocsp|witness|policy|tools|man|doc|tests)/[A-Za-z0-9_*./-]+`' |
		tr -d '`' | sort -u)
	return "$missing"
}
rules() { tools/make/rules.sh | diff -u tests/rules.md -; }

make -s -j"$(nproc)" all || exit
check format clang-format --dry-run --Werror "${sources[@]}" "${headers[@]}"
check "layers, folders and circles" tools/make/layers.sh . build/out
check cppcheck cpp
check clang-tidy tidy
check "gcc -fanalyzer" analyzer
check mandoc mandoc -T lint -W warning man/*.[158]
check shellcheck shells
check "rules.md current (make rules)" rules
check "files that documents name" documents
sizes | sed 's/^/warn /'
exit $failed
