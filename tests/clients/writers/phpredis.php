<?php
// phpredis (Debian's php-redis): `php phpredis.php OPTIONS write|read`; see ../libraries.py.
// The extension asks sentinels, but leaves connecting and asking again to the application.
const TIMEOUT_S = 0.5;  // A stopped master answers nothing: only this ends the wait.

$options = json_decode($argv[1], true);
$task = $argv[2];
$scheme = isset($options['tls']) ? 'tls://' : '';  // Certificates: php -d openssl.cafile=FILE

function say(array $what): void {
    echo json_encode($what + ['at' => hrtime(true) / 1e6]), "\n";
}

function connect(array $options, string $task, string $scheme): Redis {
    foreach ($options['sentinels'] as [$host, $port]) {
        try {
            $password = isset($options['sentinel_password']) ? [$options['sentinel_password']] : [];
            $sentinel = new RedisSentinel($scheme . $host, $port, TIMEOUT_S, null, 0, TIMEOUT_S, ...$password);
            $address = $task === 'write' ? $sentinel->getMasterAddrByName($options['group'])
                                         : a_replica($sentinel->slaves($options['group']));
        } catch (RedisException $error) {
            continue;
        }
        if (!$address) continue;
        $redis = new Redis();
        $redis->connect($scheme . $address[0], (int) $address[1], TIMEOUT_S, null, 0, TIMEOUT_S);
        if (isset($options['password'])) $redis->auth($options['password']);
        return $redis;
    }
    throw new RedisException('no sentinel knows the address');
}

function a_replica(array $replicas): ?array {
    $up = array_filter($replicas, fn($replica) => !preg_match('/s_down|disconnected/', $replica['flags']));
    if (!$up) return null;
    $replica = $up[array_rand($up)];
    return [$replica['ip'], $replica['port']];
}

$redis = null;
for ($n = 0;; $n++) {
    try {
        $redis ??= connect($options, $task, $scheme);
        if ($task === 'write') {
            if (!$redis->set("{$options['prefix']}:$n", $n)) throw new RedisException($redis->getLastError());
            say(['written' => $n]);
        } else {
            say(['read' => $redis->get("{$options['prefix']}:0"), 'role' => $redis->rawCommand('ROLE')[0]]);
        }
    } catch (RedisException $error) {
        $redis = null;
        say(['error' => $error->getMessage()]);
    }
    usleep(1000 * $options['pause_ms']);
}
