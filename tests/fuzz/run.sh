#!/bin/bash
# run.sh SECONDS: libFuzzer over every target for that long each; new finds stay in build/fuzz/.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-60}
out=build/fuzz
mkdir -p "$out"
for src in tests/fuzz/fuzz_*.c; do
	name=$(basename "$src" .c)
	corpus=tests/fuzz/corpus/${name#fuzz_}
	echo "== $name, $seconds s"
	clang -D_GNU_SOURCE -DPKI_SUITE_VERSION='"fuzz"' -I. -std=c17 -O1 -g \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
		-o "$out/$name" "$src" libpki/*.c \
		-lssl -lcrypto -lsqlite3 -lcurl -lyaml -lmicrohttpd -ljansson -lseccomp
	mkdir -p "$out/$name.new"
	"$out/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
		-print_final_stats=1 -artifact_prefix="$out/$name-" "$out/$name.new" "$corpus" \
		2>&1 | tail -n 8
done
