#!/bin/bash
# layers.sh: refuse an include in libpki that climbs, or one from libpki to a program.
set -euo pipefail
cd "$(dirname "$0")/.."
awk '
	FILENAME == "libpki/layers" {
		if (/^#/) next
		level++
		for (i = 2; i <= NF; i++) layer[$i] = level
		next
	}
	/^#include "/ {
		split($2, q, "\""); path = q[2]
		file = FILENAME; sub(/.*\//, "", file); sub(/\.[ch]$/, "", file)
		mod = file; if (!(mod in layer)) sub(/_.*/, "", mod)
		if (!(mod in layer)) { print FILENAME ": module " mod " is not in libpki/layers"; bad = 1; next }
		if (path !~ /^libpki\//) { print FILENAME ": includes " path ", outside libpki"; bad = 1; next }
		dep = path; sub(/.*\//, "", dep); sub(/\.h$/, "", dep)
		if (!(dep in layer)) sub(/_.*/, "", dep)
		if (layer[dep] > layer[mod]) { print FILENAME ": includes " path ", a layer above"; bad = 1 }
	}
	END { exit bad }
' libpki/layers libpki/*.[ch]
