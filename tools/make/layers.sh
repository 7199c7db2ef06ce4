#!/bin/bash
# layers.sh [ROOT [OBJECTS]]: refuse an include that climbs or looks into another process's folder, and a
# circle between modules. ROOT is a tree like this one; OBJECTS is the folder of its objects (build/out):
# circles are found by the symbols that objects define and use. Without OBJECTS only paths are checked.
set -euo pipefail
here=$(realpath "$(dirname "$0")/../..")
cd "${1:-$here}"

# Folders of libpki, lowest first. A file includes its own folder and those before it.
layers="base asn1 x509 cms ocsp tlog state host"
# Folders of a program with several: what each may include besides itself and libpki. The program's own
# folder holds what its folders share; its main.c alone may include all of them.
rules="
ca/signer: ca
ca/front: ca ca/signer
ca/ceremony: ca
ca:
ra/commands: ra ra/store
ra/store: ra
ra: ra/store
tools/audit/verify: tools/audit
tools/audit/report: tools/audit tools/audit/verify
tools/audit/trail: tools/audit tools/audit/verify
tools/audit/export: tools/audit
tools/audit:
crl:
ocsp:
witness:
"

paths() {
	find libpki ca ra crl ocsp witness tools -name '*.[ch]' | sort | xargs awk -v layers="$layers" -v rules="$rules" '
		BEGIN {
			n = split(layers, l, " ")
			for (i = 1; i <= n; i++) level["libpki/" l[i]] = i
			n = split(rules, line, "\n")
			for (i = 1; i <= n; i++) {
				if (split(line[i], part, ":") < 2) continue
				known[part[1]] = 1
				m = split(part[2], to, " ")
				for (k = 1; k <= m; k++) may[part[1], to[k]] = 1
			}
		}
		function folder(path) { sub(/\/[^\/]*$/, "", path); return path }
		function refuse(why) { print FILENAME ":" FNR ": includes " path ", " why; bad = 1 }
		FNR == 1 {
			mine = folder(FILENAME)
			if (!(mine in level) && !(mine in known) && mine != "tools/make") {
				print FILENAME ": its folder is not in tools/make/layers.sh"; bad = 1 }
		}
		/^#include "/ {
			split($2, q, "\""); path = q[2]; theirs = folder(path)
			if (theirs == mine) next
			if (path ~ /_priv\.h$/) { refuse("private to another folder"); next }
			if (theirs in level) {
				if ((mine in level) && level[theirs] > level[mine]) refuse("a layer above")
				next
			}
			if (mine in level) { refuse("outside libpki"); next }
			if ((mine, theirs) in may) next
			if (FILENAME == mine "/main.c" && index(theirs, mine "/") == 1) next
			refuse("which " mine " may not know")
		}
		END { exit bad }'
}
paths
