#!/bin/bash
# make install into an empty root: what is installed runs, has its manual, its completion, its unit.
. "$(dirname "$0")/lib.sh"
root=$D/root
ok "make install DESTDIR" make -s install DESTDIR="$root" PREFIX=/usr ${SAN:+SAN=$SAN}
for program in pki-ra pki-audit pki-ca pki-crl pki-ocspd pki-witness; do
	file=$(find "$root/usr/bin" "$root/usr/sbin" -name "$program")
	ok "$program --help names its commands" bash -c "'$file' --help | grep -qi usage"
	ok "$program --version" bash -c "'$file' --version | grep -q '[0-9]'"
	ok "$program has a manual page" bash -c "find '$root/usr/share/man' -name '$program.[18]' | grep -q ."
	ok "$program completes in bash" bash -n "$root/usr/share/bash-completion/completions/$program"
done
for page in pki.yaml pki-witness.yaml profile order ledger log; do
	ok "$page(5)" test -s "$root/usr/share/man/man5/$page.5"
done
for unit in pki-ca pki-crl pki-ocspd pki-witness pki-witness-feed; do
	ok "$unit.service" grep -q '^NoNewPrivileges=' "$root/usr/lib/systemd/system/$unit.service"
done
ok "the policy is installed, all of it" diff -r policy "$root/usr/share/pki/policy"
every_command_helps() {
	local program command
	for program in pki-ra pki-audit pki-ca pki-crl pki-ocspd pki-witness; do
		for command in $("$program" --help | sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p'); do
			"$program" "$command" --help | grep -qi usage || {
				echo "$program $command --help"
				return 1
			}
		done
	done
}
ok "every command has --help" every_command_helps

# The manual says what the programs do, and no more.
programs="pki-ra pki-audit pki-ca pki-crl pki-ocspd pki-witness"
page() { ls man/"$1".[158]; }
# options_of PROGRAM: of all its commands
options_of() {
	local command
	for command in "" $("$1" --help | sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p'); do
		# shellcheck disable=SC2086 # "" stands for the program itself
		"$1" $command --help
	done | grep -oE '^  --[a-z][a-z-]*' | tr -d ' ' | sort -u
}
options_agree() {
	local program
	for program in $programs; do
		diff <(options_of "$program" | grep -vxE -- '--(help|version)') \
			<(grep -oE 'Fl -[a-z][a-z-]*' "$(page "$program")" | sed 's/Fl -/--/' | sort -u |
				grep -vxE -- '--(help|version)') || {
			echo "$program: --help (<) and the manual page (>) differ"
			return 1
		}
	done
}
ok "--help and manual pages have the same options" options_agree
# in the synopsis, or in the list of commands where there are too many for one
commands_agree() {
	local program
	for program in $programs; do
		diff <("$program" --help | sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p' | grep -vx completion | sort) \
			<(sed -n '/^.Sh SYNOPSIS/,/^.Sh DESC/s/^.Cm \([a-z][a-z-]*\).*/\1/p
				/^.Ss Commands/,/^.El/s/^.It Cm \([a-z][a-z-]*\).*/\1/p' "$(page "$program")" | grep -vx completion | sort -u) || {
			echo "$program: --help (<) and the manual page (>) differ"
			return 1
		}
	done
}
ok "... and the same commands" commands_agree
# Every status of a manual page is one of libpki/base/err.h and means the same: the text's last word.
statuses_agree() {
	local program code text line
	declare -A words
	while IFS=$'\t' read -r code text; do
		words[$code]=${text##* }
	done < <(sed -n 's/^\tX([A-Z]*, \([0-9]*\), "[a-z]*", *"\(.*\)").*/\1\t\2/p' libpki/base/err.h)
	[ ${#words[@]} -ge 20 ] || return 1
	for program in $programs; do
		while read -r code line; do
			[ "$code" = 0 ] && continue
			[[ -n ${words[$code]:-} && $line == *"${words[$code]}"* ]] || {
				echo "$program: status $code is \"$line\", not ... ${words[$code]:-in the table}"
				return 1
			}
		done < <(sed -n '/^.Sh EXIT STATUS/,/^.El/p' "$(page "$program")" |
			awk '/^.It/ { if (n) print n, text; n = $2; text = ""; next } n { text = text " " $0 } END { print n, text }')
		for code in 0 1 2 3 4 5 6 19; do
			grep -q "^.It $code$" "$(page "$program")" || {
				echo "$program: no status $code"
				return 1
			}
		done
	done
}
ok "exit statuses of the manual pages are those of err.h" statuses_agree
# named PAGE WORD...: each stands in the page as a word of its own
named() {
	local page=man/$1 word
	shift
	for word; do
		grep -qwE -- "$word" "$page" || {
			echo "$page does not say $word"
			return 1
		}
	done
	[ $# -gt 3 ]
}
words() { grep -ohE '"[a-z][a-z_-]*"' | tr -d '"' | sort -u; }
mapfile -t list < <(sed -n '/events\[\]/,/^};/p' libpki/state/event.c | words)
ok "log(5) has every event" named log.5 "${list[@]}"
mapfile -t list < <(sed -n '/^.Ss Entr/,/^.Ss Tree/s/^.It Cm //p' man/log.5 | tr -d ',' | tr ' ' '\n' | grep -- -)
no "... and no other" bash -c 'for e; do grep -q "\"$e\"" libpki/state/event.c || echo "$e"; done | grep .' - "${list[@]}"
mapfile -t list < <(grep -hE '^\s*\{ *"|MEMBER|"[a-z_]+",' libpki/cms/order_form.c | words)
ok "order(5) has every member" named order.5 "${list[@]}"
keys_read='pki_yaml_(get|need)|pki_conf_[a-z_]+\(|need_|load_'
mapfile -t list < <(grep -hE "$keys_read" libpki/host/conf*.c | words)
ok "pki.yaml(5) has every key" named pki.yaml.5 "${list[@]}"
mapfile -t list < <(grep -hE "$keys_read" witness/conf.c | words)
ok "pki-witness.yaml(5) has every key" named pki-witness.yaml.5 "${list[@]}"
mapfile -t list < <(grep -hE 'pki_yaml_(get|need)|^\s*\{ "' libpki/state/policy_profile.c libpki/state/policy_rules.c | words)
ok "profile(5) has every key" named profile.5 "${list[@]}"
mapfile -t list < <(grep -oE '^ [a-z_]+ (INTEGER|TEXT|BLOB)|CREATE TABLE [a-z]+|ADD COLUMN [a-z_]+' libpki/state/ledger_schema.sql |
	sed 's/CREATE TABLE//; s/ADD COLUMN//; s/INTEGER\|TEXT\|BLOB//' | tr -d ' ' | sort -u)
ok "ledger(5) has every table and column" named ledger.5 "${list[@]}"
finish
