#!/bin/bash
# pki-audit report: its figures against independent SQL, the page as XML, in a browser, on paper;
# hostile text stays text.
. "$(dirname "$0")/lib.sh"
. tests/system/clock.sh
hostile='TEST <script>alert(1)</script> & "Digital" CA'
configured() {
	sed -i "s|common_name: TEST Digital Services CA|common_name: '${hostile/&/\\&}'|" "$D/pki.yaml"
}
sample_keys() { # none of them is RSA: faster
	local k s=${2:-}
	for k in auth sign; do
		run openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj "/CN=applicant" \
			-keyout "$1/$k$s.key" -out "$1/$k$s.csr"
	done
}
accepted() { # accepted NAME
	local home=$D/holders/$1
	pki-ra accept "$application" --print >"$home/statement" &&
		openssl cms -sign -binary -nodetach -outform DER -signer "$home/sign.pem" -inkey "$home/sign.key" \
			-in "$home/statement" -out "$home/statement.p7s" &&
		pki-ra accept "$application" --statement "$home/statement.p7s"
}
published() { # what was revoked is on a list that is out
	sqlite3 -readonly "$D/state/ledger.db" "SELECT 'yes' FROM crl JOIN publication USING (issuer, number) WHERE issuer = 2
		AND revocations = (SELECT count(*) FROM revocation WHERE issuer = 2)" | grep -q yes
}

installation
services
ok "enrol Alice" enrolled alice Alice Martin 12AB34567 2035-05-01
alice=$holder
ok "... who activates" accepted alice
ok "enrol Bruno" enrolled bruno Bruno Conti 34CD56789 2034-03-01
bruno=$holder
sample_person "$D" chiara Chiara Rossi 77CC88990 2034-03-01
invited_application chiara
ok "reject Chiara" ra claire reject "$application" --reason "no match"
ok "revoke Alice" ra emma revoke "$alice" --cause lost-phone
no "an auditor cannot revoke" ra victor revoke "$bruno" --cause lost-phone
sample_person "$D" other Alice Martin 12AB34567 2035-05-01
invited_application other 2>/dev/null && four_eyes >/dev/null
no "nor get somebody else a name" pki-ra issue "$application"
sample_wait "publication" published
if have_clock; then
	later 100
	services
fi
ok "enrol Dora" enrolled dora Dora Blanc 98ZZ00001 "$(date -u -d '+14 months' +%F)"
sample_keys "$D/holders/bruno" 2
renewed() {
	pki-ra renew --holder "$bruno" --auth-csr "$D/holders/bruno/auth2.csr" \
		--sign-csr "$D/holders/bruno/sign2.csr" --json >"$D/submit.json" &&
		application=$(jq -er .application "$D/submit.json") && four_eyes && pki-ra issue "$application"
}
ok "renew Bruno's" renewed
copied=00:$(serial_of "$D/holders/dora/auth.pem" | tr a-f A-F | sed 's/../&:/g; s/:$//')
ok "Dora wants hers no longer; the serial number is as a browser shows it" ra emma revoke "$copied" --cause no-longer-wanted
sample_wait "publication" published
sample_stop "$D"
from_now_on
export LC_ALL=C.UTF-8

R=$D/report.html
# nobody made CRLs in the hundred days, and some entries are of a time to come
late=$(have_clock && echo 1 || echo 0)
findings=$(pki-audit verify --json | jq .finding_count)
exits $((18 * late)) "the report is made" pki-audit report --out "$R" --population 10 --target 50
exits $((18 * late)) "... its figures as JSON too" pki-audit report --json
cp "$D/stdout" "$D/report.json"
ok "its findings are those of verify" bash -c "
	pki-audit verify --json | jq -S .findings | cmp - <(jq -S .findings $D/report.json) &&
	jq -e '.finding_count == $findings and $findings >= $late' $D/report.json"

# figures TITLE FILTER SQL: what the report says, and what SQL says
figures() {
	jq -r "$2" "$D/report.json" >"$D/is"
	sqlite3 -separator ' ' "$D/state/ledger.db" "$3" >"$D/want"
	diff "$D/is" "$D/want" >"$D/out" && [ -s "$D/want" ]
	result $? "$1"
}
detail="CAST(e.entry AS TEXT)"
figures "issued, at first" '[.issuance[].first] | add' \
	"SELECT count(*) FROM certificate c JOIN orders o ON o.id = c.order_id WHERE c.holder <> '' AND o.action = 0"
figures "... and renewed" '[.issuance[].renewed] | add' \
	"SELECT count(*) FROM certificate c JOIN orders o ON o.id = c.order_id WHERE c.holder <> '' AND o.action = 1"
figures "officers' and services'" '[.issuance[].services] | add' \
	"SELECT count(*) FROM certificate WHERE issuer = 2 AND holder = ''"
figures "revoked, by reason" '[.revocations[]] | map(.keyCompromise, .cessationOfOperation) | length as $n |
	[.[range(0; $n; 2)]], [.[range(1; $n; 2)]] | add' \
	"SELECT count(*) FROM revocation WHERE reason = 1 UNION ALL SELECT count(*) FROM revocation WHERE reason = 5"
figures "by what was reported" '.causes[] | "\(.label) \(.orders)"' \
	"SELECT CASE instr(o.cms, CAST('lost-phone' AS BLOB)) WHEN 0 THEN 'no-longer-wanted' ELSE 'lost-phone' END, count(*)
	 FROM orders o WHERE o.action = 2 GROUP BY 1 ORDER BY 2 DESC, 1"
live="issuer = 2 AND NOT EXISTS (SELECT 1 FROM revocation r WHERE r.certificate = c.id)
	AND not_after >= (SELECT max(at) / 1000 FROM entry)"
figures "valid at the end" '.totals | "\(.live_holder_certificates) \(.live_service_certificates) \(.live_holders)"' \
	"SELECT sum(holder <> ''), sum(holder = ''), count(DISTINCT nullif(holder, '')) FROM certificate c WHERE $live"
figures "the forecast, month by month" '.forecast[] | select(.holders + .services > 0) | "\(.label) \(.holders + .services)"' \
	"SELECT strftime('%Y-%m', not_after, 'unixepoch'), count(*) FROM certificate c WHERE $live GROUP BY 1"
figures "holders: applied, issued, activated" '.totals | "\(.applied) \(.issued) \(.activated)"' \
	"SELECT (SELECT count(DISTINCT json_extract($detail, '\$.detail.holder')) FROM entry e WHERE
		json_extract($detail, '\$.type') = 'application-submitted' AND json_extract($detail, '\$.detail.kind') = 'new'),
	 (SELECT count(DISTINCT holder) FROM certificate WHERE holder <> ''),
	 (SELECT count(*) FROM entry e WHERE json_extract($detail, '\$.type') = 'certificate-accepted')"
figures "... the last point of the line" '.adoption[-1] | "\(.applied) \(.issued)"' \
	"SELECT 5, count(DISTINCT holder) FROM certificate WHERE holder <> ''"
orders="SELECT r.order_id, min(r.reported) AS reported, max(r.committed) AS committed,
	max((SELECT min(p.published) FROM crl c JOIN publication p USING (issuer, number)
		WHERE c.issuer = r.issuer AND c.partition = 0 AND c.revocations >= r.position)) AS published
	FROM revocation r GROUP BY 1"
figures "from report to OCSP: how many, median, worst" '.ocsp_delay | "\(.count) \(.p50) \(.worst)"' \
	"WITH o AS ($orders), d AS (SELECT max(committed - reported, 0) AS ms FROM o)
	 SELECT count(*), (SELECT ms FROM d ORDER BY ms LIMIT 1 OFFSET ((SELECT count(*) FROM d) * 50 + 99) / 100 - 1), max(ms) FROM d"
figures "... to the CRL" '.crl_delay | "\(.count) \(.p50) \(.p99) \(.over_60min) \(.waiting)"' \
	"WITH o AS ($orders), d AS (SELECT published - reported AS ms FROM o)
	 SELECT count(ms), min(ms), max(ms), 0, count(*) - count(ms) FROM d"
for officer in claire david emma; do
	serial=$(serial_of "$D/officers/$officer/cert.pem")
	figures "orders that $officer signed" ".officers[] | select(.note | startswith(\"$serial\")) | .issue + .renew + .revoke" \
		"SELECT count(*) FROM entry e, json_each($detail, '\$.detail.officers') s
		 WHERE s.value = '$serial' AND json_extract($detail, '\$.type') LIKE 'certificate-%'"
done
figures "four eyes" '[.pairs[] | select(.label == "registration 1 + registration 2").orders] | add' \
	"SELECT count(*) FROM entry e WHERE json_extract($detail, '\$.type') IN ('certificate-issued', 'certificate-renewed')
	 AND json_array_length($detail, '\$.detail.officers') = 2"
figures "refusals by rule" '[.refusals[] | .label |= sub("^[0-9]* "; "")] | sort_by(.label)[] | "\(.label) \(.orders)"' \
	"SELECT json_extract($detail, '\$.detail.rule'), count(*) FROM entry e
	 WHERE json_extract($detail, '\$.type') = 'order-refused' GROUP BY 1 ORDER BY 1"
figures "what the log recorded" '[.events[]] | sort_by(.label)[] | "\(.label) \(.count)"' \
	"SELECT json_extract($detail, '\$.type'), count(*) FROM entry e GROUP BY 1 ORDER BY 1"

# a part of the time
if have_clock; then
	day=$(date -u -d '+50 days' +%F)
	pki-audit report --no-verify --json --from "$day" >"$D/report.json"
	figures "from a day on" '[.issuance[] | .first + .renewed] | add' \
		"SELECT count(*) FROM certificate WHERE holder <> '' AND issued >= unixepoch('$day') * 1000"
	pki-audit report --no-verify --json --to "$day" >"$D/report.json"
	figures "up to a day" '"\([.issuance[] | .first] | add) \(.totals.live_holders) \(.crl_delay.count)"' \
		"SELECT count(*), 1, 1 FROM certificate WHERE holder <> '' AND issued < unixepoch('$day') * 1000"
	pki-audit report --json >"$D/report.json"
fi

# the page
xpath() { xmllint --xpath "$1" "$R"; }
ok "the page is well-formed XML" xmllint --noout "$R"
export -f xpath
export R
for key in issuance revocations causes delays forecast officers pairs refusals registration events; do
	ok "the table $key has the figures" bash -c "
		test \"\$(xpath 'sum(//*[@id=\"$key\"]/*[local-name()=\"tbody\"]//*[local-name()=\"td\"])')\" = \
			\"\$(jq '[.${key}[] | to_entries[].value | numbers] | add' $D/report.json)\""
done
ok "the tiles say findings, issued, target" bash -c "
	test \"\$(xpath 'string(//*[@id=\"t-findings\"])')\" = $findings &&
	test \"\$(xpath 'string(//*[@id=\"t-issued\"])')\" = 8 && xpath 'string(//*[@id=\"target\"])' |
	grep -q '3 of a population of 10 have certificates: 30.0 %. The target of 50 % is 5 people; still to come: 2.'"
no "hostile text adds no element" grep -q '<script' "$R"
ok "... but stands there" bash -c "test \"\$(xpath 'string(//*[@class=\"ca\"])')\" = '$hostile'"
no "nothing is loaded from anywhere" grep -qE '(src|href|action)=|@import|url\([^#]' "$R"
ok "... and nothing may be" bash -c "xpath 'string(//@content)' | grep -q \"default-src 'none'; style-src 'sha256-\""
no "no holder's name is in it" grep -qE 'Martin|Conti|Rossi|Blanc|12AB34567' "$R"
ok "... but officers have their names" bash -c "
	xpath 'string(//*[@id=\"officers\"])' | grep -q 'TEST Claire Officer' && ! xpath 'string(//*[@id=\"officers\"])' | grep -qE '[0-9a-f]{40}'"
no "nothing is told of reminders, which nobody sends" grep -qi reminder "$R"
tables=$(xpath 'count(//*[local-name()="table"])')
ok "each table can be reached by keyboard, and has a name" test "$(xpath 'count(//*[local-name()="div"][@tabindex="0"]
	[@role="region"][string-length(@aria-label) > 0]/*[local-name()="table"])')" = "$tables"

# in a browser
browse() { # now and then it hangs
	local try
	for try in 1 2 3; do
		HOME=$D timeout 60 chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
			--disable-background-networking --disable-component-update --disable-sync --hide-scrollbars \
			--disable-dev-shm-usage --user-data-dir="$(mktemp -d "$D/chromium.XXXXXX")" "$@" 2>>"$D/chromium.log" && return
		echo "try $try: $?" >>"$D/chromium.log"
	done
}
# picture FILE BACKGROUND WIDTH: a PNG of that width whose first pixel has that colour, of many colours
picture() {
	node -e '
		const b = require("fs").readFileSync(process.argv[1]), parts = [];
		for (let at = 8; at < b.length; at += 12 + b.readUInt32BE(at))
			if (b.toString("latin1", at + 4, at + 8) === "IDAT")
				parts.push(b.subarray(at + 8, at + 8 + b.readUInt32BE(at)));
		const raw = require("zlib").inflateSync(Buffer.concat(parts));
		const is = `${raw.toString("hex", 1, 4)} ${b.readUInt32BE(16)}`, many = new Set(raw).size;
		console.log(is, many);
		process.exit(is === `${process.argv[2]} ${process.argv[3]}` && many > 100 ? 0 : 1)' "$@"
}
browse --window-size=1280,5000 --screenshot="$D/light.png" "file://$R"
ok "it shows on a screen" picture "$D/light.png" ffffff 1280
browse --blink-settings=preferredColorScheme=0 --window-size=1280,5000 --screenshot="$D/dark.png" "file://$R"
ok "... in the dark" picture "$D/dark.png" 14181e 1280
# its own rules forbid scripts: measured in a copy without them
sed -e 's/<meta http-equiv[^>]*>//' -e 's|</body>|<script>document.documentElement.lang = "w" + (document.documentElement.scrollWidth - innerWidth)</script></body>|' "$R" >"$D/measured.html"
for width in 1280 500; do
	ok "nothing sticks out at a width of $width" bash -c "
		$(declare -f browse); browse --window-size=$width,900 --dump-dom file://$D/measured.html | grep -qE 'lang=\"w(0|-[0-9]+)\"'"
done
sed 's|</body>|<script>document.documentElement.lang = "ran"</script></body>|' "$R" >"$D/scripted.html"
browse --dump-dom "file://$D/scripted.html" >"$D/dom"
ok "a script in it would not run" bash -c "grep -q 'Adoption' $D/dom && ! grep -q 'lang=\"ran\"' $D/dom"
browse --no-pdf-header-footer --print-to-pdf="$D/report.pdf" "file://$R"
pdftotext -layout "$D/report.pdf" "$D/report.txt"
ok "it prints on A4" bash -c "pdfinfo $D/report.pdf | grep -q 'Page size.*A4'"
missing=
while read -r heading; do
	grep -qF "$heading" "$D/report.txt" || missing="$missing; $heading"
done < <(xpath '//*[local-name()="h2" or local-name()="h3"]/text()')
ok "each heading is on paper$missing" test -z "$missing"
pdftoppm -r 30 -gray -f 1 -l 3 "$D/report.pdf" "$D/paper"
ok "... in more than one shade" bash -c "
	for f in $D/paper*.pgm; do test \$(tail -c +16 \$f | od -An -v -tu1 -w1 | sort -u | wc -l) -gt 20 || exit; done"

# findings, refusals
sqlite3 "$D/state/ledger.db" "VACUUM INTO '$D/c.db'"
triggers=$(sqlite3 "$D/c.db" "SELECT 'DROP TRIGGER ' || name || ';' FROM sqlite_schema WHERE type = 'trigger'")
sqlite3 "$D/c.db" "$triggers UPDATE certificate SET profile = '<script>x</script>' WHERE serial =
	x'$(serial_of "$D/holders/bruno/auth.pem")'"
exits 18 "a row was changed: the report is made and the exit status says so" \
	pki-audit report --ledger "$D/c.db" --out "$R"
ok "... well-formed" xmllint --noout "$R"
ok "... naming it, with what to do" bash -c "
	xpath 'string(//*[@id=\"finding-list\"])' | grep -q '$(serial_of "$D/holders/bruno/auth.pem")' &&
	xpath 'string(//*[@class=\"remedy\"])' | grep -q evidence"
no "... and nothing that it holds is an element" grep -q '<script' "$R"
ok "--no-verify says that nothing was verified" bash -c "
	pki-audit report --no-verify --ledger $D/c.db --out $R && xpath 'string(//*[@id=\"t-findings\"]/..)' | grep -q 'not verified'"
exits 2 "--out is asked for" pki-audit report
exits 2 "a target is a share of something" pki-audit report --out "$R" --target 60
exits 2 "a target is a percentage" pki-audit report --out "$R" --population 10 --target 101
exits 2 "a population is a number" pki-audit report --out "$R" --population many
exits 3 "a date is a date" pki-audit report --out "$R" --from yesterday
exits 2 "a period of which the ledger tells nothing" pki-audit report --out "$R" --from 2100-01-01
exits 6 "a folder that is not there" pki-audit report --out "$D/nowhere/report.html"
finish
