# redis-rb (Debian's ruby-redis): `ruby redis_rb.rb OPTIONS write|read`; see ../libraries.py.
require "json"
require "redis"

TIMEOUT_S = 0.5 # A stopped master answers nothing: only this ends the wait.

options = JSON.parse(ARGV[0])
task = ARGV[1]
redis = Redis.new(
  url: "#{options["tls"] ? "rediss" : "redis"}://#{options["group"]}",
  sentinels: options["sentinels"].map { |host, port| { host: host, port: port, password: options["sentinel_password"] } },
  role: task == "write" ? :master : :slave,
  password: options["password"],
  ssl_params: options["tls"] ? { ca_file: options["tls"]["ca"] } : {},
  timeout: TIMEOUT_S,
  reconnect_attempts: 0 # The loop below is the retry, so that every failure is seen.
)

say = lambda do |what|
  at = Process.clock_gettime(Process::CLOCK_MONOTONIC, :float_millisecond)
  puts JSON.generate(what.merge(at: at))
  $stdout.flush
end

(0..).each do |n|
  begin
    if task == "write"
      redis.set("#{options["prefix"]}:#{n}", n)
      say.(written: n)
    else
      say.(read: redis.get("#{options["prefix"]}:0"), role: redis.call("ROLE")[0])
    end
  rescue Redis::BaseError => error
    redis.close # READONLY: it is a replica now, ask the sentinels again.
    say.(error: error.message)
  end
  sleep options["pause_ms"] / 1000.0
end
