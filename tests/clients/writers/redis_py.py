"""redis-py (Debian's python3-redis): `python3 redis_py.py OPTIONS write|read`; see ../libraries.py."""

import json
import sys
import time

from redis.exceptions import RedisError
from redis.sentinel import Sentinel

TIMEOUT_S = 0.5  # A stopped master answers nothing: only this ends the wait.

options, task = json.loads(sys.argv[1]), sys.argv[2]
tls = {"ssl": True, "ssl_ca_certs": options["tls"]["ca"]} if "tls" in options else {}
sentinel = Sentinel(options["sentinels"], socket_timeout=TIMEOUT_S,
                    sentinel_kwargs={"socket_timeout": TIMEOUT_S, "password": options.get("sentinel_password"), **tls})
connect = sentinel.master_for if task == "write" else sentinel.slave_for
client = connect(options["group"], socket_timeout=TIMEOUT_S, password=options.get("password"), decode_responses=True, **tls)


def say(**what):
    print(json.dumps({**what, "at": time.monotonic() * 1000}), flush=True)


n = 0
while True:
    try:
        if task == "write":
            client.set(f"{options['prefix']}:{n}", n)
            say(written=n)
        else:
            say(read=client.get(f"{options['prefix']}:0"), role=client.role()[0])
    except RedisError as error:
        say(error=str(error))
    n += 1
    time.sleep(options["pause_ms"] / 1000)
