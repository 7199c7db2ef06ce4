#!/bin/bash
# README's tours, command by command, as they stand there: in an installation that lies in demo/ and has
# Alice, and Bruno who is revoked, as the demo leaves them. Only ports and placeholders are filled in.
. "$(dirname "$0")/lib.sh"
SUITE=$PWD
installation
services
ok "enrol Alice" enrolled alice Alice Martin 12AB34567 2035-05-01
ok "enrol Bruno" enrolled bruno Bruno Conti 34CD56789 2034-03-01
ok "revoke Bruno" ra emma revoke "$holder" --cause lost-phone
sample_wait "Bruno's CRL" bash -c "openssl crl -inform DER -in $D/pub/ca.crl -noout -text | grep -q 'Key Compromise'"

mkdir "$D/tour"
for name in tools man policy README.md; do ln -s "$SUITE/$name" "$D/tour/$name"; done
mkdir "$D/tour/build"
ln -s "$BIN" "$D/tour/build/out"
ln -s .. "$D/tour/demo"
mkdir -p "$D/receipts"

# The commands: the indented blocks of the section, a line each, what a backslash broke joined again.
tours() {
	sed -n '/^## Ten minutes as/,/^## /{/^    /p}' README.md | sed 's/^    //' |
		sed -e ':a' -e '/\\$/N; s/\\\n */ /; ta' |
		sed "s,127\.0\.0\.1:8880,127.0.0.1:$PORT,g; s,127\.0\.0\.1:8881,127.0.0.1:$((PORT + 1)),g"
}
mapfile -t commands < <(tours)
no "there are tours" test "${#commands[@]}" -lt 20

# What a reader copies from one command's output into the next one.
noted() {
	application=$(found '\bA-[0-9a-f]{32}\b' "$application")
	holder=$(found '\bH-[0-9a-f]{32}\b' "$holder")
	code=$(found '\b[A-Z0-9]{5}(-[A-Z0-9]{5})+\b' "$code")
}
found() { grep -oE "$1" "$D/out" | sed -n '1p;1q' | grep . || echo "$2"; }
code=none
cd "$D/tour" || exit
for line in "${commands[@]}"; do
	command=${line//A-.../$application}
	command=${command//H-.../$holder}
	command=${command//CODE/$code}
	case $command in
	*"tail -f"*) # until it is interrupted
		timeout -s INT 3 bash -c "$command" >"$D/now" 2>&1
		said $(($? != 0 && $? != 124)) "README: $line"
		;;
	"man "*) ok "README: $line" test -s "$(cut -d' ' -f2 <<<"$command")" ;;
	*)
		eval "$command" >"$D/now" 2>&1
		said $? "README: $line"
		;;
	esac
	[ ! -s "$D/out" ] || noted
done
cd "$SUITE" || exit
finish
