"""Users everywhere: real redis-servers that let a user with few rights in, sentinels that tell peers, clients and
administrators apart, and all passwords changed while it runs."""

import os
import re

import pytest

from harness import EventLog, RespClient, RespError, never, wait_for
from harness.sentinel_node import REPOSITORY

ADMIN, PEER, NODE_USER, METRICS = "admin", "peer", "vigil", "metrics"
PASSWORDS = {name: f"{name}-password-1" for name in (ADMIN, PEER, NODE_USER, METRICS)}
MASTER_PASSWORD = "replication-password"
QUIET_SECONDS = 2.0


def node_rules():
    """The rights of configs/sentinel.yaml, so that what is documented is what is tested."""
    with open(os.path.join(REPOSITORY, "configs", "sentinel.yaml")) as file:
        text = re.search(r"With ACLs the user needs:\n((?:  # .*\n)+?)  #auth-user", file.read()).group(1)
    return " ".join(re.findall(r"[+&][a-z_:|]+", text))


def node_lines(rules=None):
    def lines(_index):
        return (("requirepass", MASTER_PASSWORD), ("masterauth", MASTER_PASSWORD),
                ("user", f"{NODE_USER} on >{PASSWORDS[NODE_USER]} resetchannels {rules or node_rules()}"))
    return lines


def users():
    return [
        # Whoever comes without a name may look, listen, and change how groups are watched, but is no peer.
        {"name": "default", "rules": "on nopass &* +@all -acl -shutdown -sentinel|is-master-down-by-addr"},
        {"name": ADMIN, "rules": "on &* +@all", "password": PASSWORDS[ADMIN]},
        {"name": PEER, "rules": "on &__sentinel__:hello +ping +publish +client|setname +sentinel|is-master-down-by-addr",
         "password": PASSWORDS[PEER]},
        {"name": METRICS, "rules": "on +ping +info +sentinel|masters", "password": PASSWORDS[METRICS]},
    ]


def sentinel_options(_index=0, **more):
    return {"users": users(), "peer-user": PEER, "peer-password": PASSWORDS[PEER], **more}


def admin(sentinel):
    client = RespClient(sentinel.address)
    client.call("AUTH", ADMIN, PASSWORDS[ADMIN])
    return client


def peers_up(cluster):
    return all(peer["flags"] == "sentinel" for sentinel in cluster.sentinels for peer in sentinel.sentinel_maps())


def test_a_group_with_users_everywhere_fails_over_and_survives_new_passwords(deploy):
    with deploy(node_config=node_lines(), auth_user=NODE_USER, auth_pass=PASSWORDS[NODE_USER],
                sentinel_options=sentinel_options, quorum=2) as cluster, EventLog(cluster.sentinels) as events:
        old = cluster.wait_settled()
        assert peers_up(cluster)
        check_users(cluster.sentinels[0])
        old.kill()
        new = cluster.wait_switched(away_from=old)
        old.restart()
        cluster.wait_follow(new)
        cluster.wait_settled()

        change_node_password(cluster)
        change_peer_password(cluster)
        never(lambda: events.of("+odown") and cluster.agreed_node() is not new, "a failover", QUIET_SECONDS)
        assert cluster.wait_settled() is new

        new.kill()
        third = cluster.wait_switched(away_from=new)
        new.restart()
        cluster.wait_follow(third)
        wait_for(lambda: peers_up(cluster), "all peers are connected with the new password")


def check_users(sentinel):
    with RespClient(sentinel.address) as client:
        for command in (("ACL", "LIST"), ("SHUTDOWN",), ("SENTINEL", "IS-MASTER-DOWN-BY-ADDR", "127.0.0.1", "1", "0", "*"),
                        ("SENTINEL", "PEER", "HELLO", "a" * 40, "127.0.0.1", "1", "0.1.0")):
            with pytest.raises(RespError, match="NOPERM this user has no permissions to run"):
                client.call(*command)
        with pytest.raises(RespError, match="WRONGPASS"):
            client.call("AUTH", METRICS, "guess")
        client.call("AUTH", METRICS, PASSWORDS[METRICS])
        assert client.call("SENTINEL", "MASTERS")
        with pytest.raises(RespError, match="'sentinel|set'"):
            client.call("SENTINEL", "SET", "mymaster", "quorum", "1")
        with pytest.raises(RespError, match="NOPERM"):
            client.call("SUBSCRIBE", "+switch-master")
        with admin(sentinel) as boss:
            refused = {(entry[3], entry[7], entry[9]) for entry in boss.call("ACL", "LOG", "128")}
            assert {("command", "acl|list", "default"), ("auth", "AUTH", METRICS),
                    ("command", "sentinel|set", METRICS)} <= refused
            assert boss.call("ACL", "DELUSER", METRICS) == 1
        assert "wrong password given, the last by client 127.0.0.1:" in sentinel.process.log_text()
        with pytest.raises(ConnectionError):
            client.call("PING")


def change_node_password(cluster):
    """The new one beside the old one, then the sentinels, then the old one goes, with every connection made by it."""
    for node in cluster.nodes:
        assert node.call("ACL", "SETUSER", NODE_USER, ">node-password-2") == "OK"
    for sentinel in cluster.sentinels:
        assert sentinel.call("SENTINEL", "SET", "mymaster", "auth-pass", "node-password-2") == "OK"
    for node in cluster.nodes:
        assert node.call("ACL", "SETUSER", NODE_USER, f"<{PASSWORDS[NODE_USER]}") == "OK"
        assert node.call("CONFIG", "REWRITE") == "OK"
        node.call("CLIENT", "KILL", "USER", NODE_USER)
    cluster.wait_settled()


def change_peer_password(cluster):
    for sentinel in cluster.sentinels:
        with admin(sentinel) as boss:
            assert boss.call("ACL", "SETUSER", PEER, ">peer-password-2") == "OK"
    for sentinel in cluster.sentinels:
        assert sentinel.call("SENTINEL", "CONFIG", "SET", "sentinel-pass", "peer-password-2") == "OK"
    for sentinel in cluster.sentinels:
        with admin(sentinel) as boss:
            assert boss.call("ACL", "SETUSER", PEER, f"<{PASSWORDS[PEER]}") == "OK"
    wait_for(lambda: peers_up(cluster), "all peers are connected")


def test_a_peer_with_a_wrong_password_is_none_and_becomes_one_with_the_right_one(deploy):
    def options(index):
        return sentinel_options(**({"peer-password": "wrong"} if index == 2 else {}))

    with deploy(node_config=node_lines(), auth_user=NODE_USER, auth_pass=PASSWORDS[NODE_USER],
                sentinel_options=options) as cluster:
        odd = cluster.sentinels[2]
        wait_for(lambda: "WRONGPASS" in odd.process.log_text(), "the refusal is in the log")
        assert "wrong" not in odd.process.log_text().replace("wrong password", "")
        assert odd.call("SENTINEL", "CONFIG", "SET", "sentinel-pass", PASSWORDS[PEER]) == "OK"
        cluster.wait_settled()
        wait_for(lambda: peers_up(cluster), "it is a peer")


def test_a_missing_right_on_all_replicas_is_named_and_the_old_master_stays(deploy):
    rules = node_rules().replace(" +slaveof", "").replace(" +replicaof", "")
    with deploy(node_config=node_lines(rules), auth_user=NODE_USER, auth_pass=PASSWORDS[NODE_USER]) as cluster, \
            EventLog(cluster.sentinels) as events:
        old = cluster.wait_settled()
        old.kill()
        aborted = wait_for(lambda: [said for said in list(events.announcements)
                                    if said.channel.startswith("-failover-abort")], "the failover is given up")
        told = " ".join(said.payload for said in aborted) + events.text() + aborted[0].sentinel.explain()
        assert "NOPERM" in told
        assert "slaveof" in told.lower()
        assert any(f"127.0.0.1:{node.port}" in told or f"127.0.0.1 {node.port}" in told for node in cluster.nodes[1:])
        assert not events.of("+switch-master")
        old.restart()
        assert cluster.wait_settled() is old


def test_an_acl_file_is_read_at_the_start_and_a_wrong_one_stops_it(deploy):
    with deploy(sentinels=1, replicas=0, quorum=1, start_sentinels=False) as cluster:
        sentinel = cluster.sentinels[0]
        path = os.path.join(cluster.folder, "users.acl")
        with open(sentinel.config_path, "a") as file:
            file.write(f'acl-file: "{path}"\n')
        with open(path, "w") as file:
            file.write("user default on nopass +@all &*\nuser broken on +nonsense\n")
        sentinel.start()
        wait_for(lambda: not sentinel.process.running, "it does not start")
        assert f"{path}:2: Error in applying operation '+nonsense'" in sentinel.process.log_text()
        with open(path, "w") as file:
            file.write("user default on nopass +@all &*\nuser late on >x +ping\n")
        sentinel.restart()
        assert "late" in sentinel.call("ACL", "USERS")
        assert sentinel.call("ACL", "SETUSER", "late", "+role") == "OK"
        assert sentinel.call("ACL", "SAVE") == "OK"
        sentinel.kill()
        sentinel.restart()
        with RespClient(sentinel.address) as client:
            client.call("AUTH", "late", "x")
            assert client.call("ROLE")[0] == "sentinel"
