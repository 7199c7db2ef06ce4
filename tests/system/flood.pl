#!/usr/bin/perl
# flood.pl SOCKET STOP CONNECTIONS SECONDS NAME:PATH:FILE...: so many connections at once, each with one
# request, in turn of the list; a connection that ends is followed by one with the same request, until the file STOP is
# there or the seconds are over. An empty PATH says nothing on its connection. Prints "NAME CODE COUNT" for each code of a
# whole answer; "cut" is a request whose connection ended before.
use strict;
use warnings;
use IO::Poll qw(POLLIN POLLOUT POLLHUP POLLERR);
use Socket qw(AF_UNIX SOCK_STREAM pack_sockaddr_un);
use Time::HiRes qw(time);
use Errno qw(EAGAIN EINTR);

$SIG{PIPE} = 'IGNORE';
my ($socket, $stop, $connections, $seconds, @list) = @ARGV;
my @kinds = map {
	my ($name, $path, $file) = split /:/, $_, 3;
	my $body = '';
	if ($file) {
		open my $f, '<:raw', $file or die "$file: $!";
		local $/ = undef;
		$body = <$f>;
	}
	my $method = $file ? 'POST' : 'GET';
	my $request = $path ? "$method $path HTTP/1.1\r\nHost: ca\r\nContent-Length: " . length($body) . "\r\n\r\n$body" : '';
	{ name => $name, request => $request }
} @list;
my (%count, %open);
my $poll = IO::Poll->new;
my $end = time + $seconds;

sub begin {
	my ($kind) = @_;
	socket(my $fd, AF_UNIX, SOCK_STREAM, 0) or die "socket: $!";
	until (connect($fd, pack_sockaddr_un($socket))) { die "connect: $!" unless $!{EINTR} }
	$fd->blocking(0);
	$open{ fileno $fd } = { fd => $fd, kind => $kind, out => $kind->{request}, in => '' };
	$poll->mask($fd => $kind->{request} ne '' ? POLLIN | POLLOUT : POLLIN);
}

# the code of a whole answer
sub code {
	my ($in) = @_;
	return unless $in =~ /^HTTP\/1\.1 (\d+).*?\r\n\r\n(.*)/s;
	my ($code, $body) = ($1, $2);
	return unless $in =~ /^Content-Length: (\d+)\r$/mi && length $body >= $1;
	return $code;
}

sub done {
	my ($c, $code) = @_;
	$count{"$c->{kind}{name} $code"}++;
	$poll->remove($c->{fd});
	delete $open{ fileno $c->{fd} };
	close $c->{fd};
	begin($c->{kind}) if time < $end && !-e $stop;
}

begin($kinds[$_ % @kinds]) for 1 .. $connections;
while (%open) {
	$poll->poll(1);
	my $over = time >= $end || -e $stop;
	for my $c (values %open) {
		my $events = $poll->events($c->{fd});
		if ($events & POLLOUT && $c->{out} ne '') {
			my $n = syswrite $c->{fd}, $c->{out};
			substr($c->{out}, 0, $n) = '' if defined $n;
			$poll->mask($c->{fd} => POLLIN) if $c->{out} eq '' || (!defined $n && !$!{EAGAIN});
		}
		if ($events & (POLLIN | POLLHUP | POLLERR)) {
			my $n = sysread $c->{fd}, $c->{in}, 65536, length $c->{in};
			next if !defined $n && ($!{EAGAIN} || $!{EINTR});
			my $code = code($c->{in});
			done($c, $code || ($c->{kind}{request} eq '' ? 'silent' : 'cut')) if $code || !$n;
		} elsif ($over && $c->{kind}{request} eq '') {
			done($c, 'silent');
		}
	}
}
print "$_ $count{$_}\n" for sort keys %count;
