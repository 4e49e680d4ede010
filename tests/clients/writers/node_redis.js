// node-redis (npm `redis`), createSentinel: `node node_redis.js OPTIONS write|read`; see ../libraries.py.
'use strict';
const { createSentinel } = require('redis');

const options = JSON.parse(process.argv[2]);
const task = process.argv[3];

// No socketTimeout: the sentinel's events free it from a stopped master.
const socket = {
  connectTimeout: 500,
  reconnectStrategy: 50,
  ...(options.tls && { tls: true, ca: require('fs').readFileSync(options.tls.ca) }),
};
const sentinel = createSentinel({
  name: options.group,
  sentinelRootNodes: options.sentinels.map(([host, port]) => ({ host, port })),
  nodeClientOptions: { password: options.password, socket },
  sentinelClientOptions: { password: options.sentinel_password, socket },
  replicaPoolSize: task === 'read' ? 1 : 0,
  scanInterval: 2000, // Should the connection with the events hang.
  maxCommandRediscovers: 1000,
});
sentinel.on('error', () => {}); // It retries by itself.

function say(what) {
  const at = Number(process.hrtime.bigint() / 1000n) / 1000;
  process.stdout.write(JSON.stringify({ ...what, at }) + '\n');
}

async function run() {
  await sentinel.connect();
  for (let n = 0; ; n++) {
    try {
      if (task === 'write') {
        await sentinel.set(`${options.prefix}:${n}`, String(n));
        say({ written: n });
      } else {
        const read = await sentinel.get(`${options.prefix}:0`);
        say({ read, role: (await sentinel.sendCommand(true, ['ROLE']))[0] });
      }
    } catch (error) {
      say({ error: String(error.message) });
    }
    await new Promise((resolve) => setTimeout(resolve, options.pause_ms));
  }
}
run();
