// Writes through a failover with ioredis, as an application would, and says what happened: one JSON line each.
//   node ioredis_writer.js '{"sentinels": [{"host": "127.0.0.1", "port": 26379}], "name": "mymaster",
//                            "failoverDetector": true}'
'use strict';
const Redis = require('ioredis');

const options = JSON.parse(process.argv[2]);
const WRITE_EVERY_MS = 10;

function connect(role) {
  const client = new Redis({
    sentinels: options.sentinels,
    name: options.name,
    role,
    failoverDetector: options.failoverDetector && role === 'master',
    sentinelRetryStrategy: () => 50,
    retryStrategy: () => 50,
    connectTimeout: 500,
    maxRetriesPerRequest: null,
  });
  client.on('error', () => {}); // It retries by itself.
  return client;
}

function say(what) {
  process.stdout.write(JSON.stringify(what) + '\n');
}

const master = connect('master');
const replica = connect('slave');

async function writeForever() {
  for (let n = 0; ; n++) {
    try {
      await master.set(`ioredis:${n}`, n);
      say({ written: n, port: master.stream.remotePort });
    } catch (error) {
      say({ failed: n, error: String(error.message) });
    }
    await new Promise((resolve) => setTimeout(resolve, WRITE_EVERY_MS));
  }
}

async function readForever() {
  for (;;) {
    try {
      const value = await replica.get('ioredis:0');
      const [role] = await replica.role();
      say({ read: value, role, port: replica.stream.remotePort });
    } catch (error) {
      say({ unread: String(error.message) });
    }
    await new Promise((resolve) => setTimeout(resolve, 5 * WRITE_EVERY_MS));
  }
}

writeForever();
readForever();
