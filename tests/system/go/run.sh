#!/bin/bash
# run.sh LOG [OLD...]: check a published log with golang.org/x/mod (Debian: golang-go,
# golang-golang-x-mod-dev); OLD: checkpoint files that it must be consistent with.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE=${GOCACHE:-${TMPDIR:-/tmp}/pki-go-cache}
exec go run "$here/verify.go" "$@"
