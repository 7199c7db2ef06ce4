# shellcheck shell=bash disable=SC2034 # variables are for the tests that source this
# For system tests: a throw-away installation of the real binaries, and TAP. A test script sources
# this, calls `ok`, `refused`, `exits`, and ends with `finish`.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
BIN=$(realpath "${BIN:-build/out}")
PATH=$BIN:$PATH
export PATH BIN
. tools/make/sample.sh
. tests/ports.sh
claim_ports || exit

tests=0
D=$(mktemp -d "${TMPDIR:-/tmp}/pki-test.XXXXXX")
export D PKI_CONFIG=$D/pki.yaml TZ=UTC
OCSP_URL=http://127.0.0.1:$PORT
WEB_URL=http://127.0.0.1:$((PORT + 1))
CA_SOCKET=$D/state/ca.sock

# A sanitizer's complaint must neither look like an ordinary refusal nor vanish with what a refused
# command prints: commands leave it in a file, daemons, which may open none, in their logs.
sanitizers() {
	local options=exitcode=99:print_stacktrace=1:verify_asan_link_order=0:$1
	export ASAN_OPTIONS=$options UBSAN_OPTIONS=$options TSAN_OPTIONS=$options
}
sanitizers "log_path=$D/sanitizer"
sanitizer_reports() { grep -lE 'Sanitizer|runtime error:' "$D"/sanitizer.* "$D"/run/*.log 2>/dev/null; }

run() { "$@" 2>>"$D/commands.log"; }
run_background() {
	local log=$1
	shift
	(sanitizers log_path=stderr && exec "$@") >>"$log" 2>&1 &
}
export -f run run_background sanitizers # for disk_full.sh

# result STATUS TITLE: one line of TAP, with the command's output as comment where it failed
result() {
	tests=$((tests + 1))
	if [ "$1" = 0 ]; then
		echo "ok $tests - $2"
	else
		echo "not ok $tests - $2"
		[ ! -s "$D/out" ] || tail -n 8 "$D/out" | sed 's/^/# /'
	fi
}
# said STATUS TITLE: the result; what the command printed is kept in $D/out, for later checks
said() {
	[ -s "$D/now" ] || [ "$1" = 0 ] || echo "it printed nothing" >"$D/now"
	[ ! -s "$D/now" ] || mv "$D/now" "$D/out"
	result "$1" "$2"
}
# ok TITLE COMMAND...: must succeed
ok() {
	local title=$1 status
	shift
	"$@" >"$D/now" 2>&1
	status=$?
	said $status "$title"
}
# no TITLE COMMAND...: must fail (for checks; for refusals use exits or refused)
no() {
	local title=$1 status
	shift
	"$@" >"$D/now" 2>&1
	status=$?
	said $((!status)) "$title"
}
# exits STATUS TITLE COMMAND...: must end with that very status and say something on stderr
exits() {
	local want=$1 title=$2 status
	shift 2
	"$@" >"$D/stdout" 2>"$D/out"
	status=$?
	[ -s "$D/out" ] || [ "$want" = 0 ] || [ -s "$D/stdout" ] || status="silent $status"
	[ "$status" = "$want" ] || echo "exit status $status, not $want" >>"$D/out"
	[ "$status" = "$want" ]
	result $? "$title (exit $want)"
}
# late_alone OPTION...: the auditor finds nothing but that CRLs came late, as the test had them
late_alone() {
	pki-audit verify --json "$@" >"$D/audit.json"
	[ $? = 17 ] && jq -e 'all(.findings[]; .rule == 53 and .severity == "minor")' "$D/audit.json"
}
# refused RULE-NAME TITLE COMMAND...: must fail and name the rule
refused() {
	local rule=$1 title=$2 status
	shift 2
	"$@" >"$D/out" 2>&1
	status=$?
	[ $status != 0 ] && [ $status != 99 ] && grep -qF "$rule" "$D/out"
	result $? "$title"
}
finish() {
	echo "1..$tests"
	exit 0
}
cleanup() {
	sample_stop "$D" || echo "not ok $((++tests)) - the daemons end at SIGTERM"
	local reports
	reports=$(sanitizer_reports)
	if [ -n "$reports" ]; then
		echo "not ok $((tests + 1)) - a sanitizer complained"
		# shellcheck disable=SC2086 # several files
		grep -hA 20 -E 'Sanitizer|runtime error:' $reports | head -n 60 | sed 's/^/# /'
	fi
	if [ -n "${KEEP:-}" ]; then
		echo "# kept: $D"
	else
		rm -rf "$D"
	fi
}
trap cleanup EXIT
# once: timeout(1) tells this shell, and then everybody, this shell too
trap 'trap "" TERM; exit 143' TERM

# configured: a test that wants another configuration at the ceremony defines this again
configured() { :; }
# installation: configured, with its officers, the ceremony done; `services` starts the daemons
installation() {
	sample_config "$D" "$PORT" "$((PORT + 1))"
	configured
	sample_officers "$D"
	sample_ceremony "$D" >"$D/out" 2>&1 || {
		echo "not ok 1 - ceremony"
		sed 's/^/# /' "$D/out" "$D/commands.log" | tail -n 20
		exit 1
	}
}
services() {
	sample_start "$D" >"$D/out" 2>&1 || {
		echo "not ok 1 - services"
		tail -n 10 "$D"/run/*.log "$D/out" | sed 's/^/# /'
		exit 1
	}
}

# soon COMMAND...: it comes to succeed
soon() { sample_wait "$1" "$@"; }
entries() { sed -n 2p "$D/pub/log/checkpoint"; }
log_published() { [ "$(entries)" = "$(sqlite3 "file:$D/state/ledger.db?mode=ro" "SELECT count(*) FROM entry")" ]; }
# settled: what was begun is in the published log, and nothing more comes
settled() {
	local last=
	until [ "$last" = "$(entries)" ] && log_published; do
		last=$(entries)
		sleep 1.5
	done
}

# one daemon by itself, up and down
custodians=(--custodian "file:$D/secrets/custodian-1" --custodian "file:$D/secrets/custodian-2")
ca_up() {
	sample_daemon "$D" pki-ca serve "${custodians[@]}"
	sample_wait pki-ca pki-ca status
}
ocspd_up() {
	sample_daemon "$D" pki-ocspd serve --passphrase "file:$D/officers/responder/passphrase"
	sample_wait pki-ocspd curl -s -o /dev/null "$OCSP_URL/"
}
daemon_down() { # daemon_down PROGRAM [SIGNAL]
	local pid
	pid=$(cat "$D/run/$1.pid")
	kill "${2:--TERM}" "$pid"
	sample_wait "$1's end" bash -c "! kill -0 $pid"
}
http_code() { # http_code CODE CURL-ARGUMENT...: the body is in $D/body
	local want=$1 got
	shift
	got=$(curl -s -o "$D/body" --path-as-is -w '%{http_code}' "$@")
	echo "HTTP $got"
	[ "$got" = "$want" ]
}

# another octet than the one that was there, whatever that was
flip() { # flip FILE OFFSET [BITS]: and again, to undo it
	perl -e 'open my $f, "+<", $ARGV[0] or die; seek $f, $ARGV[1], 0; read $f, my $octet, 1;
		seek $f, $ARGV[1], 0; print $f chr(ord($octet) ^ ($ARGV[2] // 1))' "$@"
}

# What opens the CA's key: ca/custody.c makes it of both custodians' passphrases.
custody_secret() {
	local part text
	for part in 1 2; do
		text=$(cat "$D/secrets/custodian-$part")
		# shellcheck disable=SC2059 # the format is the octet
		printf '\0\0\0\0\0\0\0' && printf "\\x$(printf %02x ${#text})" && printf %s "$text"
	done | sha256sum | cut -d' ' -f1
}

# lossy_up: a process between the clients of $D/lossy.yaml and the CA. It loses the next reply to a
# POST if $D/lose.post is there, each reply while $D/lose.all is there, and lists in $D/at-post the
# responder's files at the time of the last POST.
lossy() {
	exec perl -MIO::Socket::UNIX -e '
		$SIG{PIPE} = "IGNORE";
		my ($at, $ca, $lose) = @ARGV;
		sub message { # headers, and the body that they announce
			my ($s, $all) = ($_[0], "");
			until ($all =~ /\r\n\r\n/) { sysread($s, $all, 65536, length $all) or return $all }
			my ($len) = $all =~ /^Content-Length: *(\d+)/mi;
			my $end = index($all, "\r\n\r\n") + 4 + ($len // 0);
			while (length $all < $end) { sysread($s, $all, 65536, length $all) or last }
			return $all;
		}
		my $l = IO::Socket::UNIX->new(Local => $at, Listen => 5) or die;
		while (my $c = $l->accept) {
			while (length(my $asked = message($c))) {
				system("ls -A $ENV{D}/ocsp >$ENV{D}/at-post 2>&1") if $asked =~ /^POST/;
				my $s = IO::Socket::UNIX->new(Peer => $ca) or last;
				syswrite $s, $asked;
				my $said = message($s);
				if (-e "$lose.all" || ($asked =~ /^POST/ && unlink "$lose.post")) { last }
				syswrite $c, $said;
			}
		}' "$D/lossy.sock" "$CA_SOCKET" "$D/lose"
}
lossy_up() {
	mkdir -p "$D/run"
	lossy &
	echo $! >"$D/run/lossy.pid"
	sample_wait lossy test -S "$D/lossy.sock"
	{
		cat "$D/pki.yaml"
		echo "socket: $D/lossy.sock"
	} >"$D/lossy.yaml"
}
# receipt ORDER: $D/receipt.p7s, which says when its revocations were published
receipt() {
	pki-ra receipt "$1" --out "$D/receipt.p7s" && openssl cms -verify -inform DER -in "$D/receipt.p7s" \
		-CAfile "$D/pub/root.pem" -purpose any | jq -e '.published != null'
}

# ra OFFICER COMMAND...: pki-ra in the name of an officer
ra() {
	local officer=$1 command=$2
	shift 2
	pki-ra "$command" --officer "$D/officers/$officer" \
		--passphrase "file:$D/officers/$officer/passphrase" "$@"
}
# post FILE [PATH]: an order straight to the CA, past pki-ca's own clients
post() {
	curl -s --fail-with-body --unix-socket "$CA_SOCKET" -H "Content-Type: application/pkcs7-mime" \
		--data-binary "@$1" "http://ca${2:-/v1/orders}"
}
# invited_application NAME: sets $application and $holder; the person must have been made
invited_application() {
	local home=$D/holders/$1 code
	shift
	code=$(ra irene invite --department "TEST Welcome Office" --json | jq -r .code)
	pki-ra submit --invitation "$code" --application "$home/application.yaml" \
		--auth-csr "$home/auth.csr" --sign-csr "$home/sign.csr" \
		--evidence "$home/passport-page.txt" --json "$@" >"$D/submit.json" || return
	application=$(jq -er .application "$D/submit.json")
	holder=$(jq -er .holder "$D/submit.json")
}
four_eyes() {
	ra claire verify "$application" --method in-person && ra david approve "$application"
}
# enrolled NAME GIVEN SURNAME DOCUMENT EXPIRES: from the person to the certificates in one call
enrolled() {
	sample_person "$D" "$@" && invited_application "$1" && four_eyes &&
		pki-ra issue "$application" --out "$D/holders/$1"
}
serial_of() { openssl x509 -in "$1" -noout -serial | cut -d= -f2 | tr A-F a-f; }
ocsp_says() { # ocsp_says WORD CERTIFICATE [OPTION...]
	local word=$1 cert=$2
	shift 2
	# a digest option holds for the certificates after it
	openssl ocsp -issuer "$D/pub/ca.pem" "$@" -cert "$cert" -url "$OCSP_URL" -CAfile "$D/pub/root.pem" \
		-verify_other "$D/pub/ca.pem" >"$D/says" 2>&1
	cat "$D/says"
	grep -q ": $word" "$D/says"
}
