#!/bin/bash
# What a monitor asks: the pages for operators, the places that lists are sent to, the probes.
. "$(dirname "$0")/lib.sh"
. tests/system/clock.sh
MONITOR=http://127.0.0.1:$((PORT + 2))
MIRROR=http://localhost:$((PORT + 3)) # by name: from the sandbox
SAFE=https://localhost:$((PORT + 4))

# A strict reader of Prometheus' text format, version 0.0.4, for what we write of it.
valid_metrics() {
	awk '
		function fail(why) { print FILENAME ":" NR ": " why ": " $0; bad = 1 }
		function series_end() {
			if (type == "histogram" && last != "" && (!inf || bucket != count))
				fail("the buckets do not end with the count")
			last = ""; bucket = 0; inf = 0
		}
		/^# HELP [a-z_]+ [A-Z].*[.]$/ {
			series_end(); name = $3
			if (name in helped) fail("a metric twice")
			helped[name] = 1; type = ""; next
		}
		/^# TYPE [a-z_]+ (counter|gauge|histogram)$/ {
			if ($3 != name || type != "") fail("TYPE does not follow its HELP")
			type = $4
			if ((type == "counter") != (name ~ /_total$/)) fail("_total is for counters")
			next
		}
		!/^[a-z_]+({[a-z_]+="([^"\\]|\\["\\n])*"(,[a-z_]+="([^"\\]|\\["\\n])*")*})? (-?[0-9]+([.][0-9]+)?)$/ {
			fail("not a sample"); next
		}
		{
			id = $0; sub(/ [^ ]*$/, "", id); value = $0; sub(/.* /, "", value)
			if (id in seen) fail("a series twice")
			seen[id] = 1; base = id; sub(/{.*/, "", base); suffix = substr(base, length(name) + 1)
			if (index(base, name) != 1 || type == "") fail("not of the metric above")
			if (type != "histogram" && suffix != "") fail("not of the metric above")
			if (type == "counter" && value < 0) fail("a negative counter")
			if (type != "histogram") next
			if (suffix == "_bucket") {
				if (value + 0 < bucket + 0) fail("a bucket smaller than the one before")
				bucket = value; last = id; if (id ~ /le="[+]Inf"/) inf = 1
			} else if (suffix == "_count") {
				count = value; series_end()
			} else if (suffix != "_sum") fail("not of a histogram")
		}
		END { exit bad }' "$1"
}
# metric NAME[{LABELS}]: its value now
metric() {
	curl -s "$MONITOR/metrics" >"$D/metrics"
	awk -v id="$1" 'index($0, id " ") == 1 { print substr($0, length(id) + 2); found = 1 } END { exit !found }' \
		"$D/metrics"
}
metric_is() { # metric_is OPERATOR VALUE NAME
	local got
	got=$(metric "$3") || { echo "no $3"; return 1; }
	echo "$3 is $got"
	test "$got" "$1" "$2"
}
health() { # health CODE [WORDS]
	local got
	got=$(curl -s -o "$D/health" -w '%{http_code}' "$MONITOR/health")
	echo "HTTP $got: $(cat "$D/health")"
	[ "$got" = "$1" ] && grep -qF -- "${2:-}" "$D/health"
}

mirror_up() {
	run_background "$D/run/nginx.log" nginx -p "$D/nginx/" -e stderr -c "$D/nginx/conf"
	echo $! >"$D/run/nginx.pid"
	sample_wait nginx curl -s -o "$D/says" "$MIRROR/"
}
mirror_down() {
	local pid
	pid=$(cat "$D/run/nginx.pid" 2>/dev/null) || return 0
	kill "$pid" 2>/dev/null
	rm -f "$D/run/nginx.pid"
	sample_wait "nginx's end" bash -c "! kill -0 $pid"
}
trap 'mirror_down; cleanup' EXIT

installation
mkdir -p "$D/nginx" "$D/mirror/a" "$D/mirror/b" "$D/mirror/false" "$D/run"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj /CN=localhost \
	-addext subjectAltName=DNS:localhost -keyout "$D/nginx/key.pem" -out "$D/nginx/cert.pem" 2>/dev/null
printf 'mirror:%s\n' "$(openssl passwd -apr1 secret)" >"$D/nginx/users"
(umask 077 && echo mirror:secret >"$D/credentials")
cat >"$D/nginx/conf" <<-CONF
	user $(id -un) $(id -gn);
	daemon off;
	worker_processes 1;
	pid $D/nginx/pid;
	events { worker_connections 64; }
	http {
		access_log $D/nginx/access.log;
		client_body_temp_path $D/nginx/body;
		proxy_temp_path $D/nginx/proxy;
		fastcgi_temp_path $D/nginx/fastcgi;
		uwsgi_temp_path $D/nginx/uwsgi;
		scgi_temp_path $D/nginx/scgi;
		client_max_body_size 64m;
		root $D/mirror;
		types { application/pkix-crl crl; }
		server {
			listen 127.0.0.1:$((PORT + 3));
			location /a/ { dav_methods PUT; create_full_put_path on; }
			location /false/ {
				dav_methods PUT; create_full_put_path on;
				if (-f $D/nginx/lie) { rewrite ^ /lie last; }
			}
			location /lie { if (\$request_method = GET) { return 200 "something else"; } return 204; }
		}
		server {
			listen 127.0.0.1:$((PORT + 4)) ssl;
			ssl_certificate $D/nginx/cert.pem;
			ssl_certificate_key $D/nginx/key.pem;
			auth_basic mirror;
			auth_basic_user_file $D/nginx/users;
			location /b/ { dav_methods PUT; create_full_put_path on; }
		}
	}
CONF
sed -i "s|^crl:.*|crl:\n  listen: \"127.0.0.1:$((PORT + 1))\"\n  monitor: \"127.0.0.1:$((PORT + 2))\"\n  put:\n    - $MIRROR/a\n    - { url: $SAFE/b, credentials: credentials, ca: nginx/cert.pem }\n    - $MIRROR/false|" \
	"$PKI_CONFIG"
# within SECONDS COMMAND...: it comes true
within() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.1
	done
}
mirrored() { # mirrored PLACE...: each has what is published
	local place file
	for place; do
		for file in ca.crl root.crl ca.crt root.crt; do
			cmp "$D/pub/$file" "$D/mirror/$place/$file" || return
		done
	done
}
log_says() { grep -F -- "$1" "$D/run/pki-crl.log"; }
crl_down() {
	local pid
	pid=$(cat "$D/run/pki-crl.pid")
	kill "$pid"
	sample_wait "pki-crl's end" bash -c "! kill -0 $pid"
}
revoked() { # revoked HOLDER: by an order, and on the published list
	local before
	before=$(metric 'pki_crl_number{list="ca"}')
	ra emma revoke "$1" --cause lost-phone >"$D/out" 2>&1 &&
		within 10 metric_is -gt "$before" 'pki_crl_number{list="ca"}'
}

# nobody at the places
services
enrolled alice Alice Martin 12AB34567 2035-05-01 >/dev/null 2>&1
alice=$holder
enrolled bruno Bruno Rossi 12AB34568 2035-05-01 >/dev/null 2>&1
bruno=$holder
enrolled carla Carla Bianchi 12AB34569 2035-05-01 >/dev/null 2>&1
carla=$holder
ok "with no place up the service works" pki-crl check
ok "... its health is 503 and names each place" health 503 "$MIRROR/a/: files do not arrive"
ok "... also that behind TLS" health 503 "$SAFE/b/: files do not arrive"
ok "... in JSON, if asked" bash -c "
	curl -s -H 'Accept: application/json' $MONITOR/health | jq -e '.ok == false and (.wrong | length) == 3'"
ok "... and so says the log" log_says "$MIRROR/a/ca.crl: $MIRROR/a/ does not answer"
no "... once a minute" bash -c "
	grep -cF 'a/ca.crl' $D/run/pki-crl.log | grep -vx '[12]'"
ok "a page without metrics is 404" bash -c "
	curl -s -o /dev/null -w '%{http_code}' $MONITOR/ | grep -qx 404"

ok "before a revocation: list 1" metric_is = 1 'pki_crl_number{list="ca"}'
ok "... without entries" metric_is = 0 'pki_crl_entries{list="ca"}'
ok "... and no backlog" metric_is = 0 pki_crl_backlog
ok "the page is as Prometheus wants it" valid_metrics "$D/metrics"
sed 's/_total counter/_total gauge/' "$D/metrics" >"$D/spoilt"
no "... and not in another way" valid_metrics "$D/spoilt"
ok "a revocation is published though no place is up" revoked "$alice"
ok "... list 2" metric_is = 2 'pki_crl_number{list="ca"}'
ok "... with both certificates" metric_is = 2 'pki_crl_entries{list="ca"}'
ok "... published once" metric_is = 1 'pki_crl_publications_total{list="ca",result="published"}'
ok "... no backlog" metric_is = 0 pki_crl_backlog
ok "... seconds old" metric_is -lt 60 'pki_crl_age_seconds{list="ca"}'
ok "... for a day and more" metric_is -gt 86400 'pki_crl_left_seconds{list="ca"}'
ok "... and missing at the place" metric_is = 4 "pki_crl_put_pending{place=\"$MIRROR/a/\"}"
exits 14 "once publishes, and says which place lacks it" pki-crl once

# they come up
mirror_up
ok "the places up, all is sent there" within 90 health 200 ok
ok "... to each, byte for byte" mirrored a b false
ok "... nothing is missing" metric_is = 0 "pki_crl_put_pending{place=\"$SAFE/b/\"}"
ok "... so are the counts" metric_is = 4 "pki_crl_puts_total{place=\"$SAFE/b/\",result=\"done\"}"
ok "the page is as Prometheus wants it" valid_metrics "$D/metrics"
ok "certificates and lists went with their media types" bash -c "
	curl -sI $MIRROR/a/ca.crl | grep -qi 'content-type: application/pkix-crl'"

# they lie, they hang, they forget
touch "$D/nginx/lie"
ok "a revocation while a place keeps something else" revoked "$bruno"
ok "what is fetched back is compared" within 60 health 503 "$MIRROR/false/: files do not arrive"
ok "... and reported" log_says "$MIRROR/false/ca.crl: GET does not return the bytes of PUT"
ok "... the others have it" within 60 mirrored a b
rm "$D/nginx/lie"
ok "... with the place mended all is well" within 90 health 200 ok
ok "... and there" mirrored false
nginx=$(cat "$D/run/nginx.pid")
workers=$(cat "/proc/$nginx/task/$nginx/children")
# shellcheck disable=SC2086 # several
kill -STOP $workers
ok "a revocation while the places hang is published as soon as ever" revoked "$carla"
sleep 1 # asked by now
ok "... and the service ends when it is told to" crl_down
# shellcheck disable=SC2086 # several
kill -CONT $workers
printf garbage >"$D/mirror/a/root.crl"
mkdir -p "$D/pub/crl" # partitions
cp "$D/pub/ca.crl" "$D/pub/crl/999.crl"
touch "$D/pub/crl/.7.crl" "$D/pub/crl/8.tmp"
sample_daemon "$D" pki-crl run
ok "after a start all is compared, and sent where it differs" within 90 mirrored a b false
ok "... partitions too, in their folder" within 90 cmp "$D/pub/crl/999.crl" "$D/mirror/b/crl/999.crl"
no "... and nothing else" ls "$D/mirror/b/crl/.7.crl" "$D/mirror/b/crl/8.tmp"
ok "... and well" within 90 health 200 ok
crl_down # it would send its own beside
mirror_down
exits 14 "once: a place that is down" pki-crl once
mirror_up
ok "once: all up" pki-crl once
ok "... and there" mirrored a b false
sample_daemon "$D" pki-crl run
sample_wait pki-crl curl -sf -o "$D/says" "$WEB_URL/ca.crl"

# whom a place trusts, whom we trust
sed 's/, ca: nginx.cert.pem//' "$PKI_CONFIG" >"$D/other.yaml"
exits 14 "a place whose certificate nobody vouches for" pki-crl once --config "$D/other.yaml"
ok "... is not sent anything" grep -F "$SAFE/b/ca.crl: $SAFE/b/ does not answer: SSL certificate problem" "$D/out"
(umask 077 && echo mirror:wrong >"$D/wrong")
sed 's/credentials: credentials/credentials: wrong/' "$PKI_CONFIG" >"$D/other.yaml"
exits 14 "credentials that a place does not take" pki-crl once --config "$D/other.yaml"
ok "... are named" grep -F "$SAFE/b/ca.crl: PUT is answered with HTTP 401" "$D/out"
no "... nobody's secret is told" grep -r -e secret -e wrong "$D/out" "$D/run"

# probes: line STATUS START COMMAND...: exit status, and how the one line begins
line() {
	local want=$1 start=$2 got
	shift 2
	"$@" >"$D/line" 2>&1
	got=$?
	cat "$D/line"
	[ "$got" = "$want" ] && [ "$(wc -l <"$D/line")" = 1 ] && grep -q "^$start" "$D/line"
}
data() { grep -qE "$1" "$D/line" || { cat "$D/line"; false; }; }
url=(--url "$WEB_URL/ca.crl" --issuer "$D/pub/ca.pem")
asked=(--monitor --issuer "$D/pub/ca.pem" --serial)
serial=$(serial_of "$D/holders/alice/auth.pem")
ok "pki-crl check --monitor" line 0 "PKI-CRL OK - CRL [0-9]*, 6 entries, 9[0-9]* s left, clock as ours | " \
	pki-crl check --monitor
ok "... with data" data \
	'\| left=9[0-9]{4}s;1800:;300: age=[0-9]+s offset=0[.]000s;-10:10;-300:300 number=[0-9]+ entries=6$'
ok "... warning" line 1 "PKI-CRL WARNING - CRL" pki-crl check --monitor --warning 30h
ok "... critical" line 2 "PKI-CRL CRITICAL - CRL" pki-crl check --monitor --warning 30h --critical 29h
ok "... with limits that count" line 0 "PKI-CRL OK" pki-crl check --monitor --warning 25h --critical 24h
ok "... without a configuration" line 0 "PKI-CRL OK" \
	env -u PKI_CONFIG pki-crl check --monitor "${url[@]}"
ok "... a mirror" line 0 "PKI-CRL OK" pki-crl check --monitor --url "$MIRROR/a/ca.crl"
ok "... nobody there" line 2 "PKI-CRL CRITICAL - http://127.0.0.1:9/ca.crl: " \
	pki-crl check --monitor --url http://127.0.0.1:9/ca.crl
ok "... something else there" line 2 "PKI-CRL CRITICAL - .*served as" \
	pki-crl check --monitor --url "$WEB_URL/ca.pem"
ok "... another issuer's" line 2 "PKI-CRL CRITICAL - " pki-crl check --monitor --url "$WEB_URL/root.crl"
ok "... no issuer" line 3 "PKI-CRL UNKNOWN - /nonexistent" pki-crl check --monitor --issuer /nonexistent
ok "... no configuration" line 3 "PKI-CRL UNKNOWN - " pki-crl check --monitor --config /nonexistent
ok "... wrong use" line 3 "UNKNOWN - " pki-crl check --monitor --warn
ok "pki-ocspd check --monitor" line 0 "PKI-OCSP OK - revoked, 8[0-9]* s left, clock as ours | left=8" \
	pki-ocspd check "${asked[@]}" "$serial"
ok "... warning" line 1 "PKI-OCSP WARNING - revoked" pki-ocspd check "${asked[@]}" "$serial" --warning 30h
ok "... a certificate that was never issued" line 2 "PKI-OCSP CRITICAL - not issued" \
	pki-ocspd check "${asked[@]}" 4711
ok "... nobody there" line 2 "PKI-OCSP CRITICAL - " \
	pki-ocspd check "${asked[@]}" "$serial" --url http://127.0.0.1:9
ok "... no serial" line 3 "PKI-OCSP UNKNOWN - check needs" pki-ocspd check "${asked[@]::3}"

# our clock is wrong: the servers' seems ahead of it, or behind
ok "a clock 20 s behind is a warning" line 1 \
	"PKI-CRL WARNING - CRL .* clock [0-9.]* s behind ours" \
	at_clock +20s pki-crl check --monitor
ok "... ten minutes: critical" line 2 "PKI-CRL CRITICAL - CRL .* s behind ours" \
	at_clock +10m pki-crl check --monitor
ok "... in JSON" bash -c "
	at_clock +20s pki-crl check --json | jq -e '.clock_offset < -15 and .clock_offset > -25'"
ok "... a right clock: 0" bash -c "pki-crl check --json | jq -e '.clock_offset == 0'"
ok "... in words" bash -c "pki-crl check | grep -qx 'clock        as ours'"
ok "... a list of the future is critical" line 2 "PKI-CRL CRITICAL - .*thisUpdate" \
	at_clock -1d pki-crl check --monitor
ok "... and how far it lies ahead" data ' \| .*offset=86[0-9]{3}[.][0-9]{3}s'
ok "OCSP: a clock 20 s behind is a warning" line 1 "PKI-OCSP WARNING - revoked.* s behind ours" \
	at_clock +20s pki-ocspd check "${asked[@]}" "$serial"
ok "... in JSON" bash -c "
	at_clock +20s pki-ocspd check --json --issuer $D/pub/ca.pem --serial $serial |
	jq -e '.clock_offset < -15 and .clock_offset > -25'"

# configurations that cannot be
exits 12 "an address that is taken" pki-crl run
chmod 644 "$D/credentials"
exits 5 "credentials that others can read" pki-crl once
finish
