#!/bin/bash
# layers.sh [ROOT [OBJECTS]]: refuse an include that climbs or looks into another process's folder, and a
# circle between modules. ROOT is a tree like this one; OBJECTS is the folder of its objects (build/out):
# circles are found by the symbols that objects define and use. Without OBJECTS only paths are checked.
set -euo pipefail
here=$(realpath "$(dirname "$0")/../..")
cd "${1:-$here}"

# Folders of libpki, lowest first. A file includes its own folder and those before it.
layers="base asn1 x509 cms ocsp tlog state host"
# Folders of a program with several: the folders and single headers that each may include besides itself and
# libpki. The program's own folder holds what its folders share; its main.c alone may include all of them.
rules="
ca/signer: ca
ca/front: ca
ca/ceremony: ca
ca:
ra/commands: ra ra/store
ra/store:
ra: ra/store
tools/audit/verify: tools/audit
tools/audit/report: tools/audit tools/audit/verify/verify.h
tools/audit/trail: tools/audit tools/audit/verify/certificates.h tools/audit/verify/issuers.h tools/audit/verify/orders.h
tools/audit/export: tools/audit
tools/audit:
crl:
ocsp:
witness:
"

sources() { # sources ENDING
	local folder
	for folder in libpki ca ra crl ocsp witness tools; do
		[ ! -d "$folder" ] || find "$folder" -name "*.$1"
	done | sort
}

paths() {
	sources '[ch]' | xargs awk -v layers="$layers" -v rules="$rules" '
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
			if ((mine, theirs) in may || (mine, path) in may) next
			if (FILENAME == mine "/main.c" && index(theirs, mine "/") == 1) next
			refuse("which " mine " may not know")
		}
		END { exit bad }'
}
# Files that reach each other, when they are not of one module. In libpki the files of a module begin with
# its name and an underscore (crl.c, crl_build.c); in a program each file is a module.
circles() {
	local objects=$1 source
	sources c | while read -r source; do
		echo "$objects/${source%.c}.o"
	done | xargs nm -A | awk -v prefix="$objects/" '
		function program(file, part) { split(file, part, "/"); return part[1] }
		function module(file, name) {
			if (file !~ /^libpki\//) return file
			name = file
			sub(/.*\//, "", name)
			sub(/[._].*/, "", name)
			return substr(file, 1, match(file, /[^\/]*$/) - 1) name
		}
		function reach(from, to, i, list, n) {
			if ((from, to) in reached) return
			reached[from, to] = 1
			n = split(uses[to], list, " ")
			for (i = 1; i <= n; i++) reach(from, list[i])
		}
		{
			file = $1
			sub(/:.*/, "", file)
			sub(prefix, "", file)
			sub(/\.o$/, "", file)
			if ($NF == "main") next
			if ($(NF - 1) == "U") wanted[file, $NF] = 1
			else if ($(NF - 1) ~ /[TDBRVW]/) defined[program(file), $NF] = file
		}
		END {
			for (key in wanted) {
				split(key, want, SUBSEP)
				from = want[1]
				to = defined[program(from), want[2]]
				if (to == "") to = defined["libpki", want[2]]
				if (to == "" || to == from || ((from, to) in edge)) continue
				edge[from, to] = 1
				uses[from] = uses[from] " " to
			}
			for (from in uses) reach(from, from)
			for (key in reached) {
				split(key, pair, SUBSEP)
				if (pair[1] < pair[2] && ((pair[2], pair[1]) in reached) &&
					module(pair[1]) != module(pair[2])) {
					print pair[1] ".c and " pair[2] ".c need each other"
					bad = 1
				}
			}
			exit bad
		}'
}
paths
[ $# -lt 2 ] || circles "$2"
