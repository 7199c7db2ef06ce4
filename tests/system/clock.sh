# shellcheck shell=bash disable=SC2154 # variables are lib.sh's
# For tests in which it is another time, after lib.sh. By libfaketime's library; see own_clock.c.
FAKED=$(find /usr/lib -name libfaketimeMT.so.1 2>/dev/null | head -n 1)
preload() { # preload NAME: $BIN/NAME.so, of tests/system/NAME.c
	[ "$BIN/$1.so" -nt "tests/system/$1.c" ] || {
		cc -D_GNU_SOURCE -shared -fPIC -o "$BIN/$1.$$" "tests/system/$1.c" && mv "$BIN/$1.$$" "$BIN/$1.so"
	}
}
if [ -n "$FAKED" ]; then
	preload own_clock || exit
	FAKED=$BIN/own_clock.so:$FAKED
fi
export FAKED
# have_clock: for daemons; a sanitizer beside it cannot do it
have_clock() { [ -n "$FAKED" ] && [ -z "${SAN:-}" ]; }
# needs_clock TITLE: else that is all of the test
needs_clock() {
	have_clock && return
	echo "ok $((++tests)) - $1 # SKIP no libfaketime here, or a sanitizer beside it"
	finish
}
# clock_of OFFSET: sets `clock`, which stands before a command; "+20s", "-5d", "+0 x60": a minute in a second
clock_of() {
	# with such a clock the leak checker's threads cannot wait for each other
	clock=(env "LD_PRELOAD=$FAKED" FAKETIME_DONT_FAKE_MONOTONIC=1 LSAN_OPTIONS=detect_leaks=0 "FAKETIME=$1")
}
at_clock() { # at_clock OFFSET COMMAND...
	local clock
	clock_of "$1"
	"${clock[@]}" "${@:2}"
}
export -f clock_of at_clock
# from_now_on OFFSET: for all that follows; from_now_on: it is now again
from_now_on() {
	local clock
	unset LD_PRELOAD FAKETIME_DONT_FAKE_MONOTONIC FAKETIME LSAN_OPTIONS
	[ $# = 0 ] || { clock_of "$1" && export "${clock[@]:1}"; }
}
# later DAYS: everything from now on happens that many days after the ceremony
later() {
	sample_stop "$D"
	from_now_on "+$1d"
}
# movable_clock: from here on clock_moved moves the clocks of all programs while they run; see moved_clock.c
movable_clock() {
	preload moved_clock || exit
	export MOVED_CLOCK=$D/moved-clock
	clock_moved 0
	export LD_PRELOAD=$BIN/moved_clock.so
}
clock_moved() { # clock_moved SECONDS [SUSPENDED]: from the machine's clock; suspended for so long
	perl -e 'open my $f, "+>>", $ARGV[0] or die; truncate $f, 0 if -s $f != 16; close $f;
		open $f, "+<", $ARGV[0] or die; syswrite $f, pack("q2", $ARGV[1], $ARGV[2] // 0)' "$MOVED_CLOCK" "$@"
}
