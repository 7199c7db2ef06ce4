# shellcheck shell=bash disable=SC2154 # lib.sh sets them
# What the golden files are made of, for test_goldens.sh, after lib.sh: texts without times, ids, keys and
# ports, so that they are the same each time.
G=$D/golden
J=$D/json
mkdir -p "$G" "$J"
PROGRAMS="pki-ca pki-ra pki-crl pki-ocspd pki-audit pki-witness"

# members: of a JSON value, each one's path and type
MEMBERS='def members: . as $value | [], [paths][] | . as $path | [.[] | if type == "number" then "[]" else "." + . end] |
	(if . == [] then "." else join("") end) + " " + ($value | getpath($path) | type);'
sorted() { LC_ALL=C sort -u; }
# shape: of the JSON documents on standard input
shape() { jq -r "$MEMBERS members" | sorted; }
# shapes FILE...: each line behind the file's name, without the folder and what follows #
shapes() { jq -r "$MEMBERS (input_filename | sub(\".*/\"; \"\") | sub(\"#.*\"; \"\")) + \" \" + members" "$@" | sorted; }
# json NAME COMMAND...: the command with --json; its output is one more example of NAME, and $D/last
json() {
	local name=$1 count
	shift
	"$@" --json >"$D/last" || return
	count=$(find "$J" -name "$name#*" | wc -l)
	cp "$D/last" "$J/$name#$count"
}
# error NAME COMMAND...: its exit status, and what the JSON says of it
error() {
	local name=$1 status
	shift
	"$@" --json >"$D/last" 2>/dev/null
	status=$?
	echo "$name: exit $status, $(jq -r '.error | "\(.status)\(if .rule then ", rule \(.rule)" else "" end)"' "$D/last")"
	cp "$D/last" "$J/error#$name"
}
last() { jq -er "$1" "$D/last"; }

# syntax: commands with their operands, options with their arguments; not the prose
commands_of() { "$1" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z].*\)/\1/p' | sed 's/   *.*//'; }
syntax() {
	local program command
	for program in $PROGRAMS; do
		commands_of "$program" | while read -r command; do
			"$program" "${command%% *}" --help | awk -v name="$program ${command%% *}" '
				/^usage: / { print; next }
				/^  --/ {
					line = substr($0, 3); option = line; sub(/   *.*/, "", option); more = ""
					if (match(line, /\(up to [0-9]+ times\)/)) more = " " substr(line, RSTART, RLENGTH)
					if (match(line, /\(-[a-z]\)/)) more = more " " substr(line, RSTART, RLENGTH)
					print name " " option more
				}'
		done
	done
}
# completions: what bash offers behind each command; "=" behind an option that takes a value
completions() {
	local program command word words valued
	for program in $PROGRAMS; do
		# shellcheck disable=SC1090
		. <("$program" completion bash)
		offered() {
			COMP_WORDS=("$program" "$@")
			COMP_CWORD=$#
			"_${program//-/_}"
		}
		offered ""
		echo "$program: ${COMPREPLY[*]}"
		for command in $(commands_of "$program" | sed 's/ .*//'); do
			offered "$command" ""
			words="${COMPREPLY[*]} "
			offered "$command" --
			for word in "${COMPREPLY[@]}"; do
				offered "$command" "$word" --
				valued=${#COMPREPLY[@]}
				words+="$word$([ "$valued" != 0 ] || echo "=") "
			done
			echo "$program $command: $words" | sed 's/ *$//'
		done
	done
}
exit_statuses() {
	local page
	for page in man/pki-*.[18]; do
		awk -v name="$(basename "$page")" '/^\.Sh/ { on = /EXIT STATUS/ } on && /^\.It [0-9]/ { list = list " " $2 }
			END { print name ":" list }' "$page"
	done
}
schema_of_file() {
	sqlite3 -readonly "$1" "SELECT 'application_id ' || application_id FROM pragma_application_id;
		SELECT 'user_version ' || user_version FROM pragma_user_version;
		SELECT type || ' ' || name || char(10) || coalesce(sql, '-') FROM sqlite_schema ORDER BY type, name"
}

# der_shape FILE [OPTION...]: its tags, object identifiers and booleans, by depth
der_shape() {
	openssl asn1parse -inform DER -in "$@" | sed -E 's/^ *[0-9]+:d=([0-9]+) +hl= *[0-9]+ +l= *[0-9]+ +(prim|cons): /\1 /
		/^[0-9]+ (OBJECT|BOOLEAN|NULL)/!s/ *:.*$//; s/ *\[HEX DUMP\].*//; s/ +$//'
}
content_of() { openssl cms -verify -noverify -inform DER -in "$1" 2>/dev/null; }
# orders: of the ledger, and the invitations, which the applications store keeps; behind each one's action
orders() {
	local file
	sqlite3 -readonly "$D/state/ledger.db" "SELECT writefile('$D/cms.o' || id, cms) FROM orders" >/dev/null
	sqlite3 -readonly "$D/ra/applications.db" "SELECT writefile('$D/cms.' || id, cms) FROM invitation" >/dev/null
	for file in "$D"/cms.*; do
		content_of "$file"
		echo
	done | jq -r "$MEMBERS"' ([.action, .certificates[]?.profile] | join(" ")) + ": " + members' | sorted
}
statements() {
	content_of "$D/receipt.p7s" | shape | sed 's/^/receipt: /'
	shape <"$D/statement" | sed 's/^/acceptance: /'
	shape <"$D/zoe.json" | sed "s/^/the CA's answer to an order: /"
}
# entry_shapes FILE: of the log entries in it, what all have and what each type has
entry_shapes() {
	jq -r "$MEMBERS"' (del(.detail) | "every entry: " + members), "\(.type): from \(.source)",
		(.type as $type | .detail | "\($type): detail " + members)' "$1" | sorted
}
# files FOLDER...: below $D, with their modes
files() {
	(cd "$D" && find "$@" -printf '%M %p\n') | sed -E 's/[0-9a-f]{32}/ID/g; s|\.p/[0-9]+$|.p/N|;
		/^d.* answers\/./d; s|answers/.*|answers/REQUEST|
		s|witness/[0-9a-f]{8}$|witness/KEY|; s|tile/(.*)/[0-9]{3}|tile/\1/NNN|' | LC_ALL=C sort -u -k 2
}
# metrics_of ADDRESS [CURL-OPTION...]: names, types and labels
metrics_of() {
	curl -sf "${@:2}" "http://$1/metrics" | sed -nE 's/^# TYPE /TYPE /p; s/^([a-z_]+(\{[^}]*\})?) .*/\1/p' |
		sed -E 's|127\.0\.0\.1:[0-9]+|HOST|; s|log="[^"]*"|log="LOG"|' | sorted
}
health_of() {
	curl -sf "http://$1/health"
	curl -sf -H 'Accept: application/json' "http://$1/health" | shape
}
# headers_of CURL-ARGUMENT...: of the answer, without dates and sizes
headers_of() {
	curl -s -o /dev/null -D - "$@" | tr -d '\r' | sed -E 's/^([A-Za-z-]+): /\L\1\E: /' |
		sed -E '/^(date|last-modified|etag|expires|content-length):/s/:.*//; s/max-age=[0-9]+/max-age=N/; /^$/d' | LC_ALL=C sort
}
# performance NAME: of a monitor's line, the labels of its figures
performance() { sed 's/^[^|]*//; s/[-0-9.]\+/N/g' | sed "s/^/$1 /"; }
# words: rules and types of log entries that `pki-audit tail` knows by name, of those that rules.md and log(5) name
words() {
	local word number known=()
	while read -r number word; do
		known+=(--rule "$word")
		echo "rule $number $word"
	done < <(sed -n 's/^| \([0-9]*\) | \([a-z0-9-]*\) |.*/\1 \2/p' tests/rules.md)
	printf '%s\0' "${known[@]}" | xargs -0 -n 32 pki-audit tail --lines 0 >/dev/null 2>&1 || echo "not all of these are known"
	grep -ohE '\b[a-z]+(-[a-z]+)+\b' man/log.5 | sorted | while read -r word; do
		pki-audit tail --lines 0 --type "$word" >/dev/null 2>&1 && echo "type $word"
	done
}
