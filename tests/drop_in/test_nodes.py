"""Hostnames, replicas that are not announced, priorities, a master that reboots, INFO."""

from deployment import COUNT, GROUP, LONG_SECONDS, error_of
from harness import RespError, wait_for


LOOPBACK = {"127.0.0.1", "::1"}  # What localhost stands for is the machine's choice.


def announced_hosts(sentinel):
    return {sentinel.master_address()[0]} | {replica["ip"] for replica in sentinel.replica_maps()}


def test_hosts_by_name(running):
    running.restart_killed()
    for server in running.servers:
        server.call("CONFIG", "SET", "replica-announce-ip", "localhost")
    running.on_all("SENTINEL", "CONFIG", "SET", "resolve-hostnames", "yes")
    running.on_all("SENTINEL", "CONFIG", "SET", "announce-hostnames", "yes")
    addresses = [server.address for server in running.servers]
    try:
        for server in running.servers:
            server.address = ("localhost", server.port)
        running.initialise()
        for sentinel in running.sentinels:
            wait_for(lambda: announced_hosts(sentinel) == {"localhost"}, f"{sentinel} tells names", LONG_SECONDS)
        running.crash_and_failover()
        running.wait_all_follow()
        running.wait_failover_ended()
        for sentinel in running.sentinels:
            wait_for(lambda: announced_hosts(sentinel) == {"localhost"}, f"{sentinel} tells names", LONG_SECONDS)
        # The same nodes by their addresses: nothing else is told from now on.
        running.on_all("SENTINEL", "CONFIG", "SET", "announce-hostnames", "no")
        for sentinel in running.sentinels:
            wait_for(lambda: announced_hosts(sentinel) <= LOOPBACK, f"{sentinel} tells addresses", LONG_SECONDS)
        running.master.kill()
        for sentinel in running.alive:
            wait_for(lambda: sentinel.master_address()[1] != running.master.port, f"{sentinel} learns of the failover",
                     LONG_SECONDS)
            assert sentinel.master_address()[0] in LOOPBACK
    finally:
        for server, address in zip(running.servers, addresses):
            server.address = address
        running.restart_killed()
        for server in running.servers:
            server.call("CONFIG", "SET", "replica-announce-ip", "")
        running.on_all("SENTINEL", "CONFIG", "SET", "announce-hostnames", "no")
        running.on_all("SENTINEL", "REMOVE", GROUP)
        running.on_all("SENTINEL", "CONFIG", "SET", "resolve-hostnames", "no")
    assert error_of(running.sentinels[0], "SENTINEL", "MONITOR", "named", "localhost", "6379", "2") == \
        "ERR Invalid IP address or hostname specified"


def test_replicas_that_are_not_announced_are_not_told(running):
    running.initialise()
    for debug in (("info-period", "100"), ("default-down-after", "1000"), ("publish-period", "100")):
        running.on_all("SENTINEL", "DEBUG", *debug)

    def told(count):
        for sentinel in running.sentinels:
            wait_for(lambda: len(sentinel.replica_maps()) == count, f"{sentinel} tells of {count} replicas")
    told(COUNT - 1)
    for hidden in (2, 4):
        for replica in running.replicas[:hidden]:
            replica.call("CONFIG", "SET", "replica-announced", "no")
        told(COUNT - 1 - hidden)
    for replica in running.replicas:
        replica.call("CONFIG", "SET", "replica-announced", "yes")
    told(COUNT - 1)


def test_priorities_decide(running):
    for replica in running.replicas[1:]:
        replica.call("CONFIG", "SET", "replica-priority", "0")
    only = running.replicas[0]
    for sentinel in running.sentinels:
        wait_for(lambda: sorted(replica["slave-priority"] for replica in sentinel.replica_maps()) == ["0", "0", "0", "100"],
                 f"{sentinel} knows the priorities")
    others = running.replicas[1:]
    running.crash_and_failover()
    assert running.master is only
    running.wait_all_follow()
    for sentinel in running.sentinels:
        wait_for(lambda: "failover-state" not in sentinel.master_map(), f"{sentinel} is done", LONG_SECONDS)
    for replica in running.replicas:
        replica.call("CONFIG", "SET", "replica-priority", "0")
    for sentinel in running.sentinels:
        wait_for(lambda: {replica["slave-priority"] for replica in sentinel.replica_maps()} == {"0"},
                 f"{sentinel} knows the priorities")
    assert error_of(running.sentinels[0], "SENTINEL", "FAILOVER", GROUP).startswith("NOGOODSLAVE")
    for server in running.servers:
        server.call("CONFIG", "SET", "replica-priority", "100")
    assert len(others) == COUNT - 2


def test_a_master_that_reboots_and_loads_for_long_is_replaced(running):
    running.initialise()
    for debug in (("info-period", "500"), ("publish-period", "500"), ("ping-period", "500"), ("ask-period", "500")):
        running.on_all("SENTINEL", "DEBUG", *debug)
    master = running.master
    with master.client() as client:
        client.call("DEBUG", "POPULATE", "10000")
        idle = lambda: "rdb_bgsave_in_progress:0" in client.call("INFO", "persistence")  # noqa: E731
        wait_for(idle, "the replicas have their copies")
        client.call("BGSAVE")
        wait_for(idle, "the data is saved")
        client.call("CONFIG", "SET", "key-load-delay", "1500")
        client.call("CONFIG", "SET", "loading-process-events-interval-bytes", "1024")
        client.call("CONFIG", "REWRITE")
    running.on_all("SENTINEL", "SET", GROUP, "master-reboot-down-after-period", "5000")
    master.kill()
    master.start()
    running.wait_failover()

    def undelayed():
        try:
            return master.call("CONFIG", "SET", "key-load-delay", "0") == "OK"
        except RespError:
            return False
    wait_for(undelayed, "the old master can be told to load faster", LONG_SECONDS)
    running.wait_all_follow()
    with master.client() as client:
        client.call("CONFIG", "REWRITE")


def test_info(running):
    sentinel = running.sentinels[0]
    for arguments in ((), ("all",), ("default",), ("everything",)):
        text = sentinel.call("INFO", *arguments)
        for word in ("redis_version", "maxclients", "used_cpu_user", "sentinel_tilt"):
            assert word in text
        for word in ("used_memory", "rdb_last_bgsave", "master_repl_offset", "cluster_enabled"):
            assert word not in text
    cpu = sentinel.call("INFO", "cpu")
    assert "used_cpu_user" in cpu and "sentinel_tilt" not in cpu and "redis_version" not in cpu
    several = sentinel.call("INFO", "server", "sentinel", "replication")
    assert "redis_version" in several and "sentinel_tilt" in several
    assert "used_cpu_user" not in several and "master_repl_offset" not in several
    assert "sentinel_tilt" in sentinel.call("INFO", "cpu", "all")
