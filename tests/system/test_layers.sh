#!/bin/bash
# The lint's check of folders: an include that climbs or looks aside, a folder that nobody listed, and a
# circle between two files are refused, each in a small tree of its own.
. "$(dirname "$0")/lib.sh"

# tree FILE TEXT...: a tree of these files in $D/tree, compiled into $D/objects
tree() {
	rm -rf "$D/tree" "$D/objects"
	while [ $# -gt 0 ]; do
		mkdir -p "$(dirname "$D/tree/$1")" "$(dirname "$D/objects/$1")"
		printf '%s\n' "$2" >"$D/tree/$1"
		[[ $1 != *.c ]] || objects+=("$1")
		shift 2
	done
	local source
	for source in "${objects[@]}"; do
		cc -I"$D/tree" -c -o "$D/objects/${source%.c}.o" "$D/tree/$source" || return
	done
	objects=()
}
objects=()
layers() { tools/make/layers.sh "$D/tree" "$D/objects"; }
says() { layers >"$D/says" 2>&1; grep -qxF "$1" "$D/says"; }

tree libpki/base/low.h 'int low(void);' libpki/base/low.c 'int low(void) { return 1; }' \
	libpki/x509/high.h 'int high(void);' \
	libpki/x509/high.c $'#include "libpki/base/low.h"\nint low(void);\nint high(void) { return low(); }' \
	ca/front/front.c $'#include "libpki/x509/high.h"\nint front(void) { return high(); }'
ok "includes and calls that go down are right" layers

tree libpki/x509/high.h '' libpki/base/low.c '#include "libpki/x509/high.h"'
no "an upward include is refused" layers
ok "... and named" says "libpki/base/low.c:1: includes libpki/x509/high.h, a layer above"
tree ca/front/front.h '' libpki/host/api.c '#include "ca/front/front.h"'
ok "the library includes no program" says "libpki/host/api.c:1: includes ca/front/front.h, outside libpki"
tree ca/front/front.h '' ca/signer/signer.c '#include "ca/front/front.h"'
ok "the signer includes nothing of the front" \
	says "ca/signer/signer.c:1: includes ca/front/front.h, which ca/signer may not know"
tree ca/signer/signer.h '' ca/front/front.c '#include "ca/signer/signer.h"'
ok "the front includes nothing of the signer" \
	says "ca/front/front.c:1: includes ca/signer/signer.h, which ca/front may not know"
tree tools/audit/verify/verify.h '' tools/audit/report/a.c '#include "tools/audit/verify/verify.h"'
ok "a single header of another folder is allowed where the table names it" layers
tree tools/audit/verify/log.h '' tools/audit/report/a.c '#include "tools/audit/verify/log.h"'
ok "... and no other header of that folder" \
	says "tools/audit/report/a.c:1: includes tools/audit/verify/log.h, which tools/audit/report may not know"
tree ca/front/a.h '' ca/main.c '#include "ca/front/a.h"'
ok "a program's main.c includes all of its folders" layers
tree ocsp/a.h '' crl/b.c '#include "ocsp/a.h"'
ok "a program includes nothing of another" says "crl/b.c:1: includes ocsp/a.h, which crl may not know"
tree libpki/x509/cert_priv.h '' libpki/state/b.c '#include "libpki/x509/cert_priv.h"'
ok "a private header stays in its folder" \
	says "libpki/state/b.c:1: includes libpki/x509/cert_priv.h, private to another folder"
tree libpki/misc/a.c ''
ok "a folder that nobody listed is refused" \
	says "libpki/misc/a.c: its folder is not in tools/make/layers.sh"

tree crl/a.c 'int b(void); int a(void) { return b(); }' crl/b.c 'int c(void); int b(void) { return c(); }' \
	crl/c.c 'int a(void); int c(void) { return a(); }'
no "a circle of three files is refused" layers
ok "... and its files are named" says "crl/a.c and crl/c.c need each other"
tree libpki/x509/crl.c 'int b(void); int a(void) { return b(); }' \
	libpki/x509/crl_build.c 'int a(void); int b(void) { return a(); }'
ok "the files of one module of the library may need each other" layers
tree ca/a.c 'static int b(void) { return 1; } int a(void) { return b(); }' \
	ca/b.c 'int a(void); int b(void) { return a(); }'
ok "a static function makes no circle" layers
finish
