#!/bin/bash
# run.sh SECONDS [NAME...]: libFuzzer over every target, or those named, for that long each; new
# finds stay in build/fuzz/.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-60}
shift || true
out=build/fuzz
flags=(-D_GNU_SOURCE '-DPKI_SUITE_VERSION="fuzz"' -I. -Ibuild/out/embed -std=c17 -O1 -g
	"-fsanitize=fuzzer-no-link,address,undefined" -fno-sanitize-recover=undefined)
# archive FOLDER: the objects of all its folders, without main
archive() {
	rm -rf "${out:?}/$1" "$out/$1.a"
	find "$1" -type d -exec mkdir -p "$out/{}" \;
	find "$1" -name '*.c' ! -path "$1/main.c" -print0 |
		xargs -0 -P2 -I{} clang "${flags[@]}" -c -o "$out/{}.o" {}
	find "$out/$1" -name '*.o' -print0 | xargs -0 ar rcs "$out/$1.a"
}
make -s embed
for folder in libpki ca ra crl ocsp witness tools/audit; do
	archive "$folder"
done
for src in tests/fuzz/fuzz_*.c; do
	name=$(basename "$src" .c)
	[ $# = 0 ] || [[ " $* " == *" $name "* ]] || continue
	corpus=tests/fuzz/corpus/${name#fuzz_}
	own=${name#fuzz_}
	own=${own%%_*} # fuzz_ra_NAME: with the RA's modules
	[ "$own" != audit ] || own=tools/audit
	own=$out/$own.a
	[ -e "$own" ] || own=
	echo "== $name, $seconds s"
	clang "${flags[@]}" -fsanitize=fuzzer -o "$out/$name" "$src" ${own:+"$own"} "$out/libpki.a" \
		-lssl -lcrypto -lsqlite3 -lcurl -lyaml -lmicrohttpd -ljansson -lseccomp
	mkdir -p "$out/$name.new"
	"$out/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
		-print_final_stats=1 -artifact_prefix="$out/$name-" "$out/$name.new" "$corpus" \
		2>&1 | tail -n 8
done
