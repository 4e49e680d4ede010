// ioredis and iovalkey, one interface: `node ioredis.js OPTIONS write|read`; see ../libraries.py.
'use strict';
const options = JSON.parse(process.argv[2]);
const task = process.argv[3];
const { Redis } = require(options.library);

const tls = options.tls && { ca: require('fs').readFileSync(options.tls.ca) };
const client = new Redis({
  sentinels: options.sentinels.map(([host, port]) => ({ host, port })),
  name: options.group,
  role: task === 'write' ? 'master' : 'slave',
  password: options.password,
  sentinelPassword: options.sentinel_password,
  tls,
  sentinelTLS: tls,
  enableTLSForSentinelMode: Boolean(tls),
  connectTimeout: 500,
  failoverDetector: Boolean(options.failover_detector),
  socketTimeout: options.failover_detector ? undefined : 500, // Without either, a stopped master holds it for ever.
  sentinelCommandTimeout: 500,
  sentinelRetryStrategy: () => 50,
  retryStrategy: () => 50,
  maxRetriesPerRequest: null,
});
client.on('error', () => {}); // It retries by itself.

function say(what) {
  const at = Number(process.hrtime.bigint() / 1000n) / 1000;
  process.stdout.write(JSON.stringify({ ...what, at }) + '\n');
}

async function run() {
  for (let n = 0; ; n++) {
    try {
      if (task === 'write') {
        await client.set(`${options.prefix}:${n}`, n);
        say({ written: n });
      } else {
        const read = await client.get(`${options.prefix}:0`);
        say({ read, role: (await client.role())[0] });
      }
    } catch (error) {
      say({ error: String(error.message) });
    }
    await new Promise((resolve) => setTimeout(resolve, options.pause_ms));
  }
}
run();
