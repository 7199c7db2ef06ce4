#!/bin/sh
# deps.sh PACKAGE...: install the Debian packages that are missing. Needs root, or sudo, for
# that alone; does nothing where all are there.
set -eu
missing=
for p in "$@"; do
	state=$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null || true)
	[ "$state" = installed ] || missing="$missing $p"
done
[ -n "$missing" ] || exit 0
as_root=
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null || {
		echo "Packages are missing, and there is no sudo. As root, then run make again:" >&2
		echo "  apt-get install --no-install-recommends$missing" >&2
		exit 1
	}
	as_root=sudo
fi
echo "Installing what is missing:$missing ..."
# A server is for a test to run: its package neither starts it now nor at the next boot.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
	trap '$as_root rm -f $policy' EXIT
	printf '#!/bin/sh\nexit 101\n' | $as_root tee $policy >/dev/null
	$as_root chmod 755 $policy
fi
# a mirror may hiccup, and another installation hold the lock
apt="$as_root env DEBIAN_FRONTEND=noninteractive apt-get -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300"
$apt update -qq
# shellcheck disable=SC2086 # a list of words
$apt install -y -qq --no-install-recommends $missing >/dev/null
case " $missing " in
*" nginx "*) $as_root update-rc.d nginx disable ;;
esac
