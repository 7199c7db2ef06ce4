# shellcheck shell=bash
# Eight ports of 127.0.0.1 for a test or a benchmark, from PORT on: below those that the kernel gives to
# connections, and nobody else's, however many run at once. Who has them holds a lock on a file, in a
# descriptor that everything it starts inherits: they are free again when the last of its daemons has ended.
claim_ports() {
	local locks=${TMPDIR:-/tmp}/pki-ports.$UID blocks=1500 first=$$ i
	mkdir -p "$locks" && [ -O "$locks" ] || return
	for ((i = 0; i < blocks; i++)); do
		PORT=$((20000 + (first + i) % blocks * 8))
		exec {ports_lock}>"$locks/$PORT" || return
		flock -n "$ports_lock" && ! port_taken && return
		exec {ports_lock}>&-
	done
	echo "all ports are taken" >&2
	return 1
}
port_taken() { # by somebody who knows nothing of the locks
	local p
	for ((p = PORT; p < PORT + 8; p++)); do (: <"/dev/tcp/127.0.0.1/$p") 2>/dev/null && return; done
	return 1
}
