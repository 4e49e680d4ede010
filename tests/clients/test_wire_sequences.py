"""What client libraries that are not installed here send to a sentinel, word for word, and what they read of the answers.

A sequence is a list of (words, check of the reply), sent one by one over one connection, as the library does.
RESP3 maps arrive as dicts here and RESP2 ones as flat lists, so that a wrong type fails.
"""

import pytest

from harness import RespClient, RespError, wait_for

GROUP = "mymaster"
SOCKET_SECONDS = 5.0  # An answer that never comes is the failure these libraries fear most.

# Stock's order, which Predis reads by position; what follows them is ours.
MASTER_FIELDS = ["name", "ip", "port", "runid", "flags", "link-pending-commands", "link-refcount", "last-ping-sent",
                 "last-ok-ping-reply", "last-ping-reply", "down-after-milliseconds", "info-refresh", "role-reported",
                 "role-reported-time", "config-epoch", "num-slaves", "num-other-sentinels", "quorum",
                 "failover-timeout", "parallel-syncs"]
REPLICA_FIELDS = MASTER_FIELDS[:14] + ["master-link-down-time", "master-link-status", "master-host", "master-port",
                                       "slave-priority", "slave-repl-offset", "replica-announced"]
SENTINEL_FIELDS = MASTER_FIELDS[:11] + ["last-hello-message", "voted-leader", "voted-leader-epoch"]


@pytest.fixture(scope="module")
def cluster(deploy_module):
    with deploy_module() as cluster:
        cluster.wait_settled()
        yield cluster


@pytest.fixture
def link(cluster):
    with cluster.sentinels[0].client(timeout=SOCKET_SECONDS) as client:
        yield client


def master_words(cluster):
    host, port = cluster.nodes[0].address
    return [host, str(port)]


def ask(link, *words):
    """The reply; an error is a value."""
    link.send(*words)
    return link.read()


def hello3(link):
    reply = ask(link, "HELLO", "3")
    assert list(reply) == ["server", "version", "proto", "id", "mode", "modules"]  # No `role` on a sentinel.
    assert (reply["server"], reply["proto"], reply["mode"], reply["modules"]) == ("redis", 3, "sentinel", [])
    assert reply["version"].split(".")[0].isdigit()


def is_error(reply):
    return isinstance(reply, RespError)


def test_maintenance_notifications_are_refused_and_nothing_hangs(link):
    """redis-py 8, node-redis 6: pipelined behind HELLO 3."""
    replies = link.pipeline([("HELLO", "3"), ("CLIENT", "MAINT_NOTIFICATIONS", "ON", "moving-endpoint-type", "none"),
                             ("CLIENT", "SETINFO", "LIB-NAME", "redis-py"), ("CLIENT", "SETINFO", "LIB-VER", "8.0.0"),
                             ("SENTINEL", "MASTERS")])
    assert is_error(replies[1]) and replies[2:4] == ["OK", "OK"]
    assert isinstance(replies[4][0], dict) and replies[4][0]["name"] == GROUP


def test_redis_py_8_reads_maps_with_text_values(cluster, link):
    hello3(link)
    [master] = ask(link, "SENTINEL", "MASTERS")
    assert [master["ip"], master["port"]] == master_words(cluster) and master["flags"] == "master"
    assert all(isinstance(value, str) for value in master.values())  # Numbers too, as stock.
    replicas = ask(link, "SENTINEL", "SLAVES", GROUP)
    assert len(replicas) == 2 and all(replica["flags"] == "slave" for replica in replicas)


@pytest.mark.parametrize("protocol", ["2", "3"])
def test_fields_keep_stocks_order_and_none_comes_twice(link, protocol):
    """Predis reads positions; Lettuce counts keys."""
    ask(link, "HELLO", protocol)

    def names(entry):
        return list(entry) if protocol == "3" else entry[::2]
    for entries, fields in ((ask(link, "SENTINEL", "MASTERS"), MASTER_FIELDS),
                            (ask(link, "SENTINEL", "REPLICAS", GROUP), REPLICA_FIELDS),
                            (ask(link, "SENTINEL", "SENTINELS", GROUP), SENTINEL_FIELDS)):
        assert len(entries) == {20: 1, 21: 2, 14: 2}[len(fields)]
        for entry in entries:
            assert names(entry)[:len(fields)] == fields and len(set(names(entry))) == len(names(entry))


def test_predis_reads_positions(cluster, link):
    assert ask(link, "SENTINEL", "get-master-addr-by-name", GROUP) == master_words(cluster)
    for replica in ask(link, "SENTINEL", "slaves", GROUP):
        assert cluster.node_at((replica[3], int(replica[5]))) in cluster.nodes[1:]
        assert replica[9] == "slave" and replica[31] == "ok"
    ports = {str(sentinel.port) for sentinel in cluster.sentinels[1:]}
    assert {sentinel[5] for sentinel in ask(link, "SENTINEL", "sentinels", GROUP)} == ports


def test_rueidis_tracks_and_subscribes_on_one_connection(cluster, link):
    hello3(link)
    assert ask(link, "CLIENT", "TRACKING", "ON", "OPTIN") == "OK"
    assert ask(link, "CLIENT", "SETINFO", "LIB-NAME", "rueidis") == "OK"
    assert ask(link, "CLIENT", "SETINFO", "LIB-VER", "1.0.60") == "OK"
    channels = ("+sentinel", "+slave", "-sdown", "+sdown", "+switch-master", "+reboot")
    link.send("UNSUBSCRIBE", *channels)
    assert [link.read() for _ in channels] == [["unsubscribe", channel, 0] for channel in channels]
    assert ask(link, "PING") == "PONG"
    sentinels = ask(link, "SENTINEL", "SENTINELS", GROUP)
    assert all(isinstance(s, dict) and "s-down-time" not in s for s in sentinels)  # Its presence means down.
    assert ask(link, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", GROUP) == master_words(cluster)
    link.send("SUBSCRIBE", *channels)
    assert [link.read() for _ in channels] == [["subscribe", channel, n] for n, channel in enumerate(channels, 1)]
    assert ask(link, "SENTINEL", "REPLICAS", GROUP)  # RESP3: any command while subscribed.


def test_go_redis_pings_its_subscription(cluster, link):
    link.send("hello", "3")
    assert link.read()["mode"] == "sentinel"
    assert ask(link, "client", "setinfo", "LIB-NAME", "go-redis(,go1.23)") == "OK"
    assert ask(link, "sentinel", "get-master-addr-by-name", GROUP) == master_words(cluster)
    assert len(ask(link, "sentinel", "sentinels", GROUP)) == 2 and len(ask(link, "sentinel", "replicas", GROUP)) == 2
    link.send("subscribe", "+switch-master", "+replica-reconf-done")
    assert [link.read()[2] for _ in range(2)] == [1, 2]
    assert ask(link, "ping") == "PONG"


def test_a_subscription_in_resp2_answers_ping_in_its_own_way(link):
    """redigo, Jedis, go-redis before 9."""
    link.send("SUBSCRIBE", "+switch-master")
    assert link.read() == ["subscribe", "+switch-master", 1]
    assert ask(link, "PING") == ["pong", ""]
    assert "only (P|S)SUBSCRIBE" in str(ask(link, "SENTINEL", "MASTERS"))


def test_stackexchange_reads_info_and_role(cluster, link):
    hello3(link)
    assert ask(link, "CLIENT", "SETNAME", "app(SE.Redis-v2.8.0)") == "OK"
    assert len(ask(link, "SENTINEL", "MASTERS")) == 1
    assert isinstance(ask(link, "INFO", "replication"), str)  # A sentinel has no such section.
    server = dict(line.split(":", 1) for line in ask(link, "INFO", "server").splitlines() if ":" in line)
    assert server["redis_mode"] == "sentinel" and len(server["run_id"]) == 40 and server["redis_version"]
    for words in (("CONFIG", "GET", "timeout"), ("CLUSTER", "NODES"), ("ECHO", "x"), ("GET", "__Booksleeve_TieBreak")):
        assert is_error(ask(link, *words))  # Asked of every server, and forgiven.
    assert ask(link, "PING") == "PONG"
    assert len(ask(link, "SENTINEL", "REPLICAS", GROUP)) == 2


def test_redis_rs_asks_for_the_role(link):
    assert ask(link, "CLIENT", "SETINFO", "LIB-NAME", "redis-rs") == "OK"
    assert ask(link, "ROLE") == ["sentinel", [GROUP]]
    assert len(ask(link, "SENTINEL", "MASTERS")) == 1


def test_redisson_polls_and_reads_where_replicas_point(cluster, link):
    for _ in range(3):
        assert ask(link, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", GROUP) == master_words(cluster)
        for replica in ask(link, "SENTINEL", "SLAVES", GROUP):
            facts = dict(zip(replica[::2], replica[1::2]))
            assert [facts["master-host"], facts["master-port"]] == master_words(cluster)
            assert facts["master-link-status"] == "ok"
        assert len(ask(link, "SENTINEL", "SENTINELS", GROUP)) == 2


def test_unknown_groups_are_nil_and_no_error(link):
    assert ask(link, "SENTINEL", "get-master-addr-by-name", "no-such") is None
    assert str(ask(link, "SENTINEL", "SLAVES", "no-such")) == "ERR No such master with that name"


def test_redis_exporter_finds_what_it_exports(cluster, link):
    assert ask(link, "CLIENT", "SETNAME", "redis_exporter") == "OK"
    text = ask(link, "INFO", "ALL")
    lines = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    assert "# Sentinel" in text and lines["sentinel_masters"] == "1" and lines["sentinel_tilt"] == "0"
    for name in ("sentinel_running_scripts", "sentinel_scripts_queue_length", "sentinel_simulate_failure_flags"):
        assert lines[name] == "0"
    host, port = cluster.nodes[0].address
    assert lines["master0"] == f"name={GROUP},status=ok,address={host}:{port},slaves=2,sentinels=3"
    for words in (("CONFIG", "GET", "*"), ("LATENCY", "LATEST"), ("LATENCY", "HISTOGRAM"), ("SLOWLOG", "LEN"),
                  ("SLOWLOG", "GET", "1")):
        assert is_error(ask(link, *words))  # Logged and forgiven.
    [master] = [dict(zip(m[::2], m[1::2])) for m in ask(link, "SENTINEL", "MASTERS")]
    for name in ("quorum", "failover-timeout", "parallel-syncs", "down-after-milliseconds", "config-epoch",
                 "last-ok-ping-reply"):
        assert master[name].isdigit()
    assert ask(link, "SENTINEL", "CKQUORUM", GROUP).startswith("OK 3 usable Sentinels")
    assert len(ask(link, "SENTINEL", "SENTINELS", GROUP)) == len(ask(link, "SENTINEL", "SLAVES", GROUP)) == 2
    settings = ask(link, "SENTINEL", "CONFIG", "GET", "*")
    assert "resolve-hostnames" in settings[::2]


def test_kubernetes_operators_read_positions_and_counts(cluster, link):
    master = ask(link, "SENTINEL", "MASTER", GROUP)
    assert [master[3], master[5]] == master_words(cluster)
    assert ask(link, "SENTINEL", "CKQUORUM", GROUP).startswith("OK ")
    assert ask(link, "SENTINEL", "RESET", "no-such-*") == 0
    assert "NOGOODSLAVE" not in str(ask(link, "SENTINEL", "SET", GROUP, "quorum", "2"))


def test_events_reach_the_patterns_that_libraries_subscribe_to(deploy):
    """node-redis: glob classes, and `switch-master` without its plus, which never comes. Lettuce: everything."""
    patterns = {"node-redis": ["switch-master", "[-+]sdown", "+slave", "+sentinel", "[-+]odown", "+slave-reconf-done"],
                "lettuce": ["*"]}
    with deploy() as cluster:
        old = cluster.wait_settled()
        with cluster.sentinels[0].client(timeout=30.0) as node_redis, cluster.sentinels[0].client(timeout=30.0) as lettuce:
            for client, words in ((node_redis, patterns["node-redis"]), (lettuce, patterns["lettuce"])):
                hello3(client)
                client.send("PSUBSCRIBE", *words)
                assert [client.read() for _ in words] == [["psubscribe", word, n] for n, word in enumerate(words, 1)]
            old.kill()
            new = cluster.wait_switched(away_from=old)
            switch = ["pmessage", "*", "+switch-master",
                      f"{GROUP} {old.address[0]} {old.port} {new.address[0]} {new.port}"]
            assert switch in until(lettuce, lambda message: message[2] == "+switch-master")
            seen = until(node_redis, lambda message: message[2] == "+slave")
            channels = {(message[1], message[2]) for message in seen}
            assert {("[-+]sdown", "+sdown"), ("+slave", "+slave")} <= channels
            assert "+switch-master" not in {channel for _, channel in channels}
            wait_for(lambda: ask_past_events(lettuce, "SENTINEL", "MASTER", GROUP)["flags"] == "master",
                     "the new master is not flagged down")


def until(client, condition):
    """The messages up to the first that fulfils condition()."""
    messages = []
    while True:
        messages.append(client.read())
        if condition(messages[-1]):
            return messages


def ask_past_events(client, *words):
    """A reply among push messages."""
    client.send(*words)
    while isinstance(reply := client.read(), list) and reply[0] == "pmessage":
        pass
    return reply
