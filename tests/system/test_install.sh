#!/bin/bash
# make install into an empty root: what is installed runs, has its manual, its completion, its unit.
. "$(dirname "$0")/lib.sh"
root=$D/root
ok "make install DESTDIR" make -s install DESTDIR="$root" PREFIX=/usr ${SAN:+SAN=$SAN}
for program in pki-ra pki-audit pki-ca pki-crl pki-ocspd; do
	file=$(find "$root/usr/bin" "$root/usr/sbin" -name "$program")
	ok "$program --help names its commands" bash -c "'$file' --help | grep -qi usage"
	ok "$program --version" bash -c "'$file' --version | grep -q '[0-9]'"
	ok "$program has a manual page" bash -c "find '$root/usr/share/man' -name '$program.[18]' | grep -q ."
	ok "$program completes in bash" bash -n "$root/usr/share/bash-completion/completions/$program"
done
for page in pki.yaml profile order ledger log; do
	ok "$page(5)" test -s "$root/usr/share/man/man5/$page.5"
done
for unit in pki-ca pki-crl pki-ocspd; do
	ok "$unit.service" grep -q '^NoNewPrivileges=' "$root/usr/lib/systemd/system/$unit.service"
done
ok "the profiles are installed" test -s "$root/usr/share/pki/policy/holder-signature.yaml"
every_command_helps() {
	local program command
	for program in pki-ra pki-audit pki-ca pki-crl pki-ocspd; do
		for command in $("$program" --help | sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p'); do
			"$program" "$command" --help | grep -qi usage || {
				echo "$program $command --help"
				return 1
			}
		done
	done
}
ok "every command has --help" every_command_helps
finish
