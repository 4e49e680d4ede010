# Perl's Redis (Debian's libredis-perl): `perl redis_perl.pl OPTIONS write|read`; see ../libraries.py.
use strict;
use warnings;
use JSON::PP;
use Redis;
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC usleep);

use constant TIMEOUT_S => 0.5;  # A stopped master answers nothing: only this ends the wait.

my ($json, $task) = @ARGV;
my $options = decode_json($json);
my @tls = $options->{tls} ? (ssl => 1) : ();
if ($options->{tls}) {
  require IO::Socket::SSL;
  IO::Socket::SSL::set_defaults(SSL_ca_file => $options->{tls}{ca});
}
my @timeouts = (cnx_timeout => TIMEOUT_S, read_timeout => TIMEOUT_S, write_timeout => TIMEOUT_S);
my @password = $options->{password} ? (password => $options->{password}) : ();
my @sentinels = map { "$_->[0]:$_->[1]" } @{ $options->{sentinels} };
$| = 1;

sub say_it { print encode_json({ @_, at => 1000 * clock_gettime(CLOCK_MONOTONIC) }), "\n" }

sub master {
  my @password_there = $options->{sentinel_password} ? (sentinels_password => $options->{sentinel_password}) : ();
  # Without no_sentinels_list_update it takes the names of sentinels for addresses, and loses time with them.
  return Redis->new(sentinels => \@sentinels, service => $options->{group}, no_sentinels_list_update => 1,
                    sentinels_ssl => $options->{tls} ? 1 : 0, @password_there, @password, @timeouts, @tls);
}

sub replica {  # Not the library's task: any replica that a sentinel sees up.
  my @password_there = $options->{sentinel_password} ? (password => $options->{sentinel_password}) : ();
  for my $address (@sentinels) {
    my $sentinel = eval { Redis::Sentinel->new(server => $address, @password_there, @timeouts, @tls) } or next;
    my @up = grep { $_->{flags} !~ /s_down|disconnected/ } map { +{@$_} } $sentinel->sentinel(replicas => $options->{group});
    my $one = $up[rand @up] or next;
    return Redis->new(server => "$one->{ip}:$one->{port}", @password, @timeouts, @tls);
  }
  die "no sentinel knows a replica\n";
}

my $redis;
for (my $n = 0;; $n++) {
  eval {
    $redis //= $task eq 'write' ? master() : replica();
    if ($task eq 'write') {
      $redis->set("$options->{prefix}:$n", $n);
      say_it(written => $n);
    } else {
      my ($role) = $redis->role;
      say_it(read => $redis->get("$options->{prefix}:0"), role => $role);
    }
    1;
  } or do {
    undef $redis;  # Also after READONLY: it is a replica now, ask the sentinels again.
    say_it(error => "$@");
  };
  usleep(1000 * $options->{pause_ms});
}
