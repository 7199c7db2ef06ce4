# shellcheck shell=bash
# A sample installation, for the demo, the tests and the benchmarks: configuration, officers,
# people. Sourced; the caller defines `run`, which carries out a command (and may show it first).
# All names are invented and carry the prefix TEST.

SAMPLE_OFFICERS='claire:registration:TEST Claire Officer
david:registration:TEST David Officer
emma:revocation:TEST Emma Officer
sofia:security:TEST Sofia Officer
stella:security:TEST Stella Officer
victor:auditor:TEST Victor Officer
irene:department:TEST Irene Welcome Office
responder:responder:TEST OCSP Service'

# sample_config DIR OCSP_PORT REPOSITORY_PORT
sample_config() {
	local dir=$1
	mkdir -p "$dir"
	cp -r policy "$dir/policy"
	cat >"$dir/pki.yaml" <<-YAML
		# pki.yaml(5): one file configures the installation. Paths count from its folder.
		state: state
		policy: policy
		publish: pub
		names:
		  root: { country: MC, organization: TEST State, common_name: TEST Root CA }
		  ca: { country: MC, organization: TEST State, common_name: TEST Digital Services CA }
		  seal: { country: MC, organization: TEST State, common_name: TEST Records Seal }
		  ocsp: { country: MC, organization: TEST State, common_name: TEST OCSP Responder }
		authority: TEST Digital Services Registration Authority
		keys:
		  root: file:offline/root.key
		  ca: file:state/keys/ca.key
		  seal: file:state/keys/seal.key
		  log: file:state/keys/log.key
		urls:
		  repository: http://127.0.0.1:$3
		  ocsp: http://127.0.0.1:$2
		log: { origin: ca.example.test/log }
		crl: { listen: "127.0.0.1:$3" }
		ocsp: { listen: "127.0.0.1:$2", threads: 2, lifetime: 24h, identity: officers/responder, state: ocsp }
		ra: { store: ra }
	YAML
}

# sample_secret FILE: a passphrase in a file that only its owner can read
sample_secret() {
	(umask 077 && openssl rand -base64 18 >"$1")
}

# sample_officers DIR: each officer's own key (sealed) and request, and the ceremony's script
sample_officers() {
	local dir=$1 name role cn who
	mkdir -p "$dir/secrets"
	chmod 700 "$dir/secrets"
	sample_secret "$dir/secrets/custodian-1"
	sample_secret "$dir/secrets/custodian-2"
	{
		echo "title: TEST key ceremony"
		echo "place: TEST Monaco, room 1"
		echo "custodians: [TEST Anna Keeper, TEST Boris Keeper]"
		echo "witness: TEST Walter Witness"
		echo "officers:"
	} >"$dir/ceremony.yaml"
	while IFS=: read -r name role cn; do
		mkdir -p "$dir/officers/$name"
		sample_secret "$dir/officers/$name/passphrase"
		run openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj "/CN=$cn" \
			-passout "file:$dir/officers/$name/passphrase" \
			-keyout "$dir/officers/$name/key.pem" -out "$dir/officers/$name/csr.pem"
		who="identifier: \"OF:MC-${name^^}\", " # of a person, not of a service
		[ "$role" != responder ] || who=
		echo "  - { name: $name, role: $role, common_name: $cn, ${who}csr: officers/$name/csr.pem }" \
			>>"$dir/ceremony.yaml"
	done <<<"$SAMPLE_OFFICERS"
}

# sample_ceremony DIR
sample_ceremony() {
	local dir=$1 name
	run pki-ca init --ceremony "$dir/ceremony.yaml" --out "$dir/ceremony" \
		--custodian "file:$dir/secrets/custodian-1" \
		--custodian "file:$dir/secrets/custodian-2" || return
	while IFS=: read -r name _; do
		cp "$dir/ceremony/$name.pem" "$dir/officers/$name/cert.pem" || return
	done <<<"$SAMPLE_OFFICERS"
}

# sample_person DIR NAME GIVEN SURNAME DOCUMENT_NUMBER DOCUMENT_EXPIRES: an application form,
# evidence, two keys of the person's own and their requests
sample_person() {
	local dir=$1 name=$2 home=$1/holders/$2
	mkdir -p "$home"
	cat >"$home/application.yaml" <<-YAML
		given_name: TEST $3
		surname: $4
		country: FR
		birth_date: 1990-04-12
		birth_place: Nice
		nationality: FR
		email: $name@example.test
		phone: "+33600000000"
		document: { type: passport, country: FR, number: "$5", expires: $6 }
		terms: { version: "1.0", accepted: true }
		requested: $(date -u +%F)
	YAML
	printf 'P<FRA%s<<TEST<%s\n%s\n' "${4^^}" "${3^^}" "$5" >"$home/passport-page.txt"
	printf 'consent of %s, %s\n' "$3 $4" "$(date -u +%F)" >"$home/consent.txt"
	sample_keys "$home"
}

# sample_keys FOLDER [SUFFIX]: authentication P-256, signature RSA-3072, made by the holder
sample_keys() {
	local home=$1 s=${2:-}
	run openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj "/CN=applicant" \
		-keyout "$home/auth$s.key" -out "$home/auth$s.csr"
	run openssl req -new -newkey rsa:3072 -noenc -subj "/CN=applicant" \
		-keyout "$home/sign$s.key" -out "$home/sign$s.csr"
}

# sample_wait WHAT COMMAND...: until the command succeeds, 30 s at most
sample_wait() {
	local what=$1 i
	shift
	for ((i = 0; i < 600; i++)); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.05
	done
	echo "$what did not come up within 30 s" >&2
	return 1
}

# sample_start DIR: the three daemons in the background; sample_stop DIR ends them, 1 if by force
sample_start() {
	local dir=$1
	mkdir -p "$dir/run"
	sample_daemon "$dir" pki-ca serve --custodian "file:$dir/secrets/custodian-1" \
		--custodian "file:$dir/secrets/custodian-2"
	sample_wait pki-ca pki-ca status || return
	sample_daemon "$dir" pki-crl run
	sample_daemon "$dir" pki-ocspd serve --passphrase "file:$dir/officers/responder/passphrase"
	sample_wait pki-crl test -s "$dir/pub/ca.crl" || return
	sample_wait pki-ocspd test -s "$dir/pub/ocsp.pem" || return
	local port
	port=$(sed -n 's/^ocsp:.*listen: "127.0.0.1:\([0-9]*\)".*/\1/p' "$dir/pki.yaml")
	sample_wait pki-ocspd curl -s -o /dev/null "http://127.0.0.1:$port/"
}

# sample_daemon DIR PROGRAM ARGUMENT...
sample_daemon() {
	local dir=$1 program=$2
	shift
	run_background "$dir/run/$program.log" "$@"
	echo $! >"$dir/run/$program.pid"
}

# sample_pid DIR PROGRAM: its process id, if it is up; not another's that has the number now
sample_pid() {
	local pid
	pid=$(cat "$1/run/$2.pid" 2>/dev/null) && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$2" ] &&
		echo "$pid"
}

# sample_up DIR: are all three up?
sample_up() {
	local program
	for program in pki-ocspd pki-crl pki-ca; do
		sample_pid "$1" "$program" >/dev/null || return
	done
}

sample_stop() {
	local dir=$1 program pid i late=0
	for program in pki-ocspd pki-crl pki-ca; do
		if pid=$(sample_pid "$dir" "$program"); then
			kill "$pid" 2>/dev/null
			for ((i = 0; i < 600; i++)); do
				kill -0 "$pid" 2>/dev/null || break
				sleep 0.05
			done
			kill -9 "$pid" 2>/dev/null && echo "$program did not end within 30 s" >&2 && late=1
		fi
		rm -f "$dir/run/$program.pid"
	done
	return $late
}
