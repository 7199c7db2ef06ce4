#!/usr/bin/perl
# The tree over a changed log, as somebody who knows RFC 9162 computes it: entries in hex, a line each;
# writes SQL for the ledger's hashes, and the tiles that are there anew.
use strict;
use warnings;
use Digest::SHA qw(sha256);

my $tiles = $ARGV[0];
my @entries = map { chomp; pack 'H*', $_ } <STDIN>;
my @levels = ([map { sha256("\0" . $_) } @entries]);
while (@{ $levels[-1] } > 1) {
	my $below = $levels[-1];
	push @levels, [map { sha256("\1" . $below->[2 * $_] . $below->[2 * $_ + 1]) } 0 .. int(@$below / 2) - 1];
}
for my $level (0 .. $#levels) {
	printf "INSERT INTO hash VALUES (%d, %d, x'%s');\n", $level, $_, unpack 'H*', $levels[$level][$_]
		for 0 .. $#{ $levels[$level] };
}
for my $path (glob("$tiles/*/*"), glob("$tiles/*/*.p/*")) {
	next unless -f $path and $path =~ m{/(\w+)/(\d+)(?:\.p/(\d+))?$};
	my ($kind, $first, $width) = ($1, $2 * 256, $3 // 256);
	my @all = $kind eq 'entries' ? map { pack('n', length) . $_ } @entries : @{ $levels[8 * $kind] // [] };
	open my $file, '>', $path or die "$path: $!";
	print $file map { $all[$_] // '' } $first .. $first + $width - 1;
}
