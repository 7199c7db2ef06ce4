#!/bin/bash
# run.sh [TOPIC...]: each figure beside its peer and its limit, measured in the same run on the same
# machine. Topics: issuing, ocsp, latency, crl, audit, scale; all without one. Smoke-sized: about a minute. SIZE=full:
# the figures of the README. Servers run on the first half of the cores, clients on the others; "per core":
# divided by the processor time that the server took.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
BIN=$(realpath "${BIN:-build/out}")
PATH=$BIN:$BIN/bench:$PATH:/usr/sbin
export PATH
. tools/make/sample.sh
. tests/ports.sh
. tests/bench/lib.sh
. tests/bench/issue.sh
. tests/bench/ocsp.sh
. tests/bench/latency.sh
. tests/bench/crl.sh
. tests/bench/audit.sh
. tests/bench/scale.sh
trap uninstall EXIT
trap 'exit 1' INT TERM

echo "Machine: $(nproc) cores, $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1); $(openssl version | cut -d' ' -f1-2)"
limits=$(taskset -c "$FIRST" limits)
limit() { jq -r ".$1" <<<"$limits"; }
echo "Primitives, one core, per second: P-256 sign $(limit p256_sign), verify $(limit p256_verify); P-384 sign $(limit p384_sign); RSA-3072 sign $(limit rsa3072_sign), verify $(limit rsa3072_verify)"
[ $# != 0 ] || set -- issuing ocsp latency crl audit scale
for topic; do
	"topic_$topic"
done
[ "$failures" = 0 ] || echo "$failures measurements had wrong or lost answers" >&2
exit $((failures != 0))
