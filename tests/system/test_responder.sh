#!/bin/bash
# The responder in its rarer forms: a base path, requests of every kind, conditional GET, health; and a
# clock that goes on while it runs: ready answers and its own certificate are renewed in time.
. "$(dirname "$0")/lib.sh"
. tests/system/clock.sh
MONITOR=127.0.0.1:$((PORT + 2))
ROOT_URL=$OCSP_URL
OCSP_URL=$ROOT_URL/status/ocsp
configured() {
	sed -i "s|^  ocsp: http://.*|  ocsp: $OCSP_URL|; s|threads: 2,|threads: 2, monitor: \"$MONITOR\",|" "$PKI_CONFIG"
}
installation
services
enrolled alice Alice Martin 12AB34567 2035-05-01 >/dev/null 2>&1
alice=$holder
A=$D/holders/alice/auth.pem
question() { # question FILE OPTION...
	local file=$1
	shift
	openssl ocsp -issuer "$D/pub/ca.pem" "$@" -reqout "$file" 2>/dev/null
}
post() { # post FILE ANSWER [URL]
	curl -sf -H 'Content-Type: application/ocsp-request' --data-binary "@$1" -o "$2" "${3:-$OCSP_URL}"
}
answer() { # answer FILE [OPTION...]: as text, verified
	local file=$1
	shift
	openssl ocsp -respin "$file" -issuer "$D/pub/ca.pem" -no_nonce -CAfile "$D/pub/root.pem" \
		-verify_other "$D/pub/ca.pem" -resp_text "$@" 2>&1
}
says() { answer "$2" -cert "$3" | tee "$D/says" | grep ": $1"; } # says WORD FILE CERTIFICATE
error_is() { # error_is NAME FILE
	openssl ocsp -respin "$2" -noverify >"$D/says" 2>&1
	grep -i "$1" "$D/says"
}

# A base path, as certificates name it
question "$D/q" -no_nonce -cert "$A"
get=$(base64 -w0 "$D/q" | jq -sRr @uri)
ok "certificates name the base path" bash -c "openssl x509 -in $A -noout -ocsp_uri | grep -qx $OCSP_URL"
ok "GET below the base path" curl -sf -o "$D/a" "$OCSP_URL/$get"
ok "... is good" says good "$D/a" "$A"
for url in "$OCSP_URL" "$OCSP_URL/"; do
	post "$D/q" "$D/b" "$url"
	ok "POST to $(basename "$url")${url##*ocsp} is the same answer" cmp "$D/a" "$D/b"
done
type=(-H 'Content-Type: application/ocsp-request' --data-binary "@$D/q")
for url in "$ROOT_URL" "$ROOT_URL/status" "$ROOT_URL/status/ocspx" "$ROOT_URL/statusocsp"; do
	ok "GET beside it, at ${url#"$ROOT_URL"}/, is 404" http_code 404 "$url/$get"
	ok "... POST too" http_code 404 "${type[@]}" "$url"
done

# Requests
for ((i = 0; i < 2000; i++)); do
	question "$D/n" -nonce -cert "$A"
	raw=$(base64 -w0 "$D/n")
	[[ $raw == *+* && $raw == */* ]] && break
done
ok "there is a request whose base64 has + and /" test "$i" -lt 2000
curl -sf --path-as-is -o "$D/n.a" "$OCSP_URL/$raw"
ok "... GET of it as it is, not percent-encoded" says good "$D/n.a" "$A"
ok "... has its nonce" bash -c "
	nonce() { openssl ocsp \"\$@\" 2>/dev/null | grep -A1 'OCSP Nonce' | tail -n 1; }
	a=\$(nonce -reqin $D/n -req_text) b=\$(nonce -respin $D/n.a -resp_text -noverify)
	[ -n \"\$a\" ] && [ \"\$a\" = \"\$b\" ]"
serials() { # serials COUNT: that many options
	local i
	for ((i = 1; i <= $1; i++)); do echo "-serial 0x40$(printf %038x "$i")"; done
}
# shellcheck disable=SC2046 # many options
question "$D/q16" -no_nonce $(serials 16)
# shellcheck disable=SC2046
question "$D/q17" -no_nonce $(serials 17)
post "$D/q16" "$D/b"
ok "rule 67: sixteen certificates in a request, an answer for each" \
	test "$(answer "$D/b" | grep -c 'Cert Status')" = 16
post "$D/q17" "$D/b"
ok "... seventeen are malformedRequest" error_is malformed "$D/b"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 2 -subj /CN=Asker \
	-keyout "$D/asker.key" -out "$D/asker.pem" 2>/dev/null
question "$D/signed" -nonce -cert "$A" -signer "$D/asker.pem" -signkey "$D/asker.key"
ok "rule 63: a signed request" bash -c "openssl ocsp -reqin $D/signed -req_text 2>&1 | grep -q 'Signature Algorithm'"
post "$D/signed" "$D/b"
ok "... is answered" says good "$D/b" "$A"

# Caches
curl -sf -D "$D/headers" -o "$D/a" "$OCSP_URL/$get"
header() { sed -n "s/^$1: //Ip" "$D/headers" | tr -d '\r'; }
seconds() { date -d "$1" +%s; }
field() { answer "$D/a" | sed -n "s/^ *$1: //p" | head -n 1; }
ok "rule 68: Expires is nextUpdate" test "$(seconds "$(header expires)")" = "$(seconds "$(field 'Next Update')")"
ok "... Last-Modified is thisUpdate" \
	test "$(seconds "$(header last-modified)")" = "$(seconds "$(field 'This Update')")"
etag=$(header etag)
for tags in "$etag" "\"x\", $etag" "$etag, \"x\"" "W/$etag" '*'; do
	ok "If-None-Match: ${tags//$etag/ETAG} is 304" http_code 304 -H "If-None-Match: $tags" "$OCSP_URL/$get"
done
for tags in '"x"' "\"${etag:2:20}\""; do
	ok "If-None-Match: another tag is 200" http_code 200 -H "If-None-Match: $tags" "$OCSP_URL/$get"
done
ok "HEAD is 200" http_code 200 -I "$OCSP_URL/$get"
ok "... and has the ETag" test "$(curl -sI "$OCSP_URL/$get" | sed -n 's/^etag: //Ip' | tr -d '\r')" = "$etag"

# More slow clients than it has room for: each sends an octet of its question every half second, or asks and
# reads nothing
slow() { # slow FILE: says there when all have come
	exec perl -MIO::Socket::INET -e '$SIG{PIPE} = "IGNORE";
		my ($where, $path, $file) = @ARGV;
		my @c;
		for (1 .. 700) {
			my $s = IO::Socket::INET->new($where) or next;
			$s->autoflush(1);
			$s->blocking(0);
			syswrite $s, $_ % 2 ? "GET /" : "GET /$path HTTP/1.1\r\nHost: x\r\n\r\n" x 400;
			push @c, $s;
		}
		open my $said, ">", $file; print $said scalar(@c); close $said;
		for (1 .. 120) {
			select undef, undef, undef, 0.5;
			for (0 .. $#c) { syswrite $c[$_], "a" unless $_ % 2 }
		}' "127.0.0.1:$PORT" "$get" "$1"
}
slow "$D/slow.1" &
slowly=($!)
slow "$D/slow.2" &
slowly+=($!)
ok "1,400 slow clients come" sample_wait "slow clients" bash -c "grep -qx 700 $D/slow.1 && grep -qx 700 $D/slow.2"
ok "... and keep nobody else waiting" bash -c "for n in {1..50}; do
	curl -sf -m 20 -H 'Content-Type: application/ocsp-request' --data-binary @$D/q -o $D/b $OCSP_URL || exit; done"
ok "... for the answer" says good "$D/b" "$A"
kill "${slowly[@]}" 2>/dev/null
wait "${slowly[@]}" 2>/dev/null

# The page for operators
value() { curl -s "http://$MONITOR/metrics" | awk -v id="$1" 'index($0, id " ") == 1 { print $2 }'; }
counted() { # counted ANSWER COMMAND...: counts one more such answer
	local id="pki_ocsp_requests_total{method=\"post\",answer=\"$1\"}" before
	shift
	before=$(value "$id")
	"$@"
	echo "$id was ${before:-nothing}, is $(value "$id")"
	[ "$(value "$id")" = "$((before + 1))" ]
}
openssl ocsp -issuer "$D/asker.pem" -serial 0x4001 -no_nonce -reqout "$D/foreign" 2>/dev/null
ok "its metrics count what is malformed" counted malformedRequest post "$D/q17" "$D/b"
ok "... and what it is not the authority of" counted unauthorized post "$D/foreign" "$D/b"
ok "... which says so" error_is unauthorized "$D/b"
ok "it is healthy" http_code 200 "http://$MONITOR/health"
mkdir "$D/away"
mv "$D"/state/ledger.db* "$D/away/"
ok "without a ledger: tryLater, which is counted" counted tryLater post "$D/q" "$D/b"
ok "... said" error_is trylater "$D/b"
ok "... and not healthy" sample_wait health http_code 503 "http://$MONITOR/health"
mv "$D"/away/* "$D/state/"
ok "... until it is there again" sample_wait health http_code 200 "http://$MONITOR/health"
post "$D/q" "$D/b"
ok "... and answers" says good "$D/b" "$A"
ra emma revoke "$alice" --cause lost-phone >"$D/out" 2>&1
ok "after a revocation the old ETag is worth nothing" http_code 200 -H "If-None-Match: $etag" "$OCSP_URL/$get"
ok "... the answer says it" says revoked "$D/body" "$A"

# A clock that goes on while it runs
needs_clock "time goes on"
end_of() { date -d "$(openssl x509 -in "$1" -noout -enddate | cut -d= -f2)" +%s; }
begin_of() { date -d "$(openssl x509 -in "$1" -noout -startdate | cut -d= -f2)" +%s; }
run_background() {
	local log=$1
	shift
	"${clock[@]}" "$@" >>"$log" 2>&1 & # the daemons alone
}
text() { openssl ocsp -respin "$1" -noverify -resp_text 2>&1; }
update() { date -d "$(text "$2" | sed -n "s/^ *$1 Update: //p")" +%s; } # update This|Next FILE
responder() { text "$1" | sed -n '/Serial Number:$/{n;s/^ *//p}'; } # the serial of its certificate
within() { # within SECONDS COMMAND...
	local i
	for ((i = 0; i < $1; i++)); do
		"${@:2}" && return
		sleep 1
	done
	return 1
}
sample_stop "$D"

clock_of "+0 x1200" # twenty minutes in a second
ocspd_up
post "$D/q" "$D/b"
made=$(update This "$D/b")
newer() { post "$D/q" "$D/b" && [ "$(update This "$D/b")" -gt $((made + 3000)) ]; }
ok "a ready answer is made anew within the hour, though nothing is committed" within 30 newer
daemon_down pki-ocspd

first=$D/first.pem
cp "$D/pub/ocsp.pem" "$first"
end=$(end_of "$first")
due=$((end - (end - $(begin_of "$first")) / 3))
clock_of "+$((due - $(date +%s) - 30))" # renewal is due in thirty seconds
ca_up
ocspd_up
post "$D/q" "$D/b"
ok "before its certificate is due it has the first one" cmp "$first" "$D/pub/ocsp.pem"
old=$(responder "$D/b")
renewed() { post "$D/q" "$D/b" && [ -n "$(responder "$D/b")" ] && [ "$(responder "$D/b")" != "$old" ]; }
ok "rule 71: when a third of its life is left it is renewed, while the responder runs" within 90 renewed
no "... and published" cmp "$first" "$D/pub/ocsp.pem"
ok "... the old one is valid still: they overlap" test "$(update This "$D/b")" -lt "$end"
daemon_down pki-ocspd
daemon_down pki-ca

end=$(end_of "$D/pub/ocsp.pem")
clock_of "+$((end - $(date +%s) - 25))" # it ends in twenty-five seconds
ocspd_up
post "$D/q" "$D/b"
ok "with pki-ca away, in its certificate's last seconds: an answer" \
	test "$(text "$D/b" | sed -n 's/^ *Cert Status: //p')" = revoked
ok "rule 72: ... until the certificate's end, no longer" test "$(update Next "$D/b")" -le "$end"
old=$(responder "$D/b")
too_late() { post "$D/q" "$D/b" && error_is trylater "$D/b"; }
ok "... after it tryLater, nothing else" within 45 too_late
ok "... and not healthy" http_code 503 "http://$MONITOR/health"
ca_up
ok "... with pki-ca back it takes a new certificate, while it runs" within 90 renewed
ok "... and is healthy" sample_wait health http_code 200 "http://$MONITOR/health"
finish
