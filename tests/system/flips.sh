# shellcheck shell=bash
# Octets changed at random, uniformly over all files of a copy: each must be found, or be without meaning
# and shown to be. Sourced after lived_in.sh.

# what a database says, and by which rules
said_by() {
	rm -rf "$D/said" && mkdir "$D/said" && cp "$1"* "$D/said" 2>/dev/null
	timeout 60 sqlite3 "$D/said/ledger.db" "PRAGMA user_version; PRAGMA application_id" .dump 2>&1
}
# meaningless FILE: it says what it said before
meaningless() {
	case $1 in
	*/ledger.db*) said_by "$D/c/${1%-wal}" | cmp -s - "$D/said.${1%%/*}" ;;
	*.pem) cmp -s <(openssl x509 -in "$D/c/$1" -outform DER) <(openssl x509 -in "$D/base/$1" -outform DER) ;;
	*) false ;;
	esac
}
# flips COUNT SEED: in the ledger as it is handed over, and as it stands beside its WAL
flips() {
	local count=$1 seed=$2 file at value status bad=0 found=0 nothing=0 ledger
	fresh
	mkdir "$D/c/copy"
	mv "$D/c/ledger.db" "$D/c/copy"
	cp -r "$D/live" "$D/c"
	rm -rf "$D/c/ra"
	for ledger in copy live; do said_by "$D/c/$ledger/ledger.db" >"$D/said.$ledger"; done
	(cd "$D/c" && find . -type f -printf '%s %P\n' | sort -k 2) >"$D/sizes"
	perl -e 'srand shift; my ($n, $total, @files) = (shift, 0);
		while (<STDIN>) { /^(\d+) (.*)/ and push @files, [$1, $2] and $total += $1 }
		for (1 .. $n) {
			my $at = int rand $total;
			for (@files) { if ($at < $_->[0]) { printf "%s %d %d\n", $_->[1], $at, 1 + int rand 255; last } $at -= $_->[0] }
		}' "$seed" "$count" <"$D/sizes" >"$D/flips"
	while read -r file at value; do
		flip "$D/c/$file" "$at" "$value"
		ledger=copy
		[ "${file%%/*}" != live ] || ledger=live
		timeout 60 pki-audit verify --ledger "$D/c/$ledger/ledger.db" --publish "$D/c/pub" --policy "$D/c/policy" \
			>"$D/flipped" 2>&1
		status=$?
		if [ $status = 0 ] && meaningless "$file"; then
			nothing=$((nothing + 1))
		elif [ $status -gt 0 ] && [ $status -lt 20 ] && [ -s "$D/flipped" ]; then
			found=$((found + 1))
		else
			bad=$((bad + 1))
			echo "# $file, octet $at, xor $value: exit $status: $(tail -n 1 "$D/flipped")"
		fi
		rm -f "$D/c/live/ledger.db-shm"
		flip "$D/c/$file" "$at" "$value"
	done <"$D/flips"
	echo "# seed $seed: $found found, $nothing without meaning, $bad neither"
	ok "of $count changed octets each is found, or means nothing" test $bad = 0
	ok "... and many are found" test $found -gt $((count / 5))
}
