#!/bin/bash
# Octets changed at random in a lived-in installation, many of them. SEED and COUNT say which.
. "$(dirname "$0")/../system/lib.sh"
. tests/system/lived_in.sh
. tests/system/flips.sh
lived_in
flips "${COUNT:-3000}" "${SEED:-$RANDOM}"
finish
