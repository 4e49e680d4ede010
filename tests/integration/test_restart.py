"""What is decided stays decided: kill -9 at any moment, all at once, one after the other."""

import random
import time

from harness import EpochWatch, EventLog, RespError, Writer, wait_for

FAILOVERS = 20
RANDOM_KILLS = 25
SEED = 20240607


def test_everything_killed_and_restarted_answers_the_same_configuration(deploy):
    with deploy(persistence="aof") as cluster, EpochWatch(cluster):
        old = cluster.wait_settled()
        old.kill()
        new = cluster.wait_switched(away_from=old)
        old.restart()
        assert cluster.wait_settled() is new
        epochs = {sentinel.name: sentinel.config_epoch() for sentinel in cluster.sentinels}
        ids = {sentinel.name: sentinel.my_id() for sentinel in cluster.sentinels}

        for part in cluster.processes:
            part.kill()
        for part in cluster.processes:
            part.start()
        for part in cluster.processes:
            part.wait_ready()

        for sentinel in cluster.sentinels:
            assert sentinel.master_address() == new.address, "answered from its own disk, at once"
            assert sentinel.config_epoch() >= epochs[sentinel.name]
            assert sentinel.my_id() == ids[sentinel.name]
        assert cluster.wait_settled() is new


def test_twenty_failovers_with_a_sentinel_killed_in_each(deploy):
    dice = random.Random(SEED)
    with deploy(down_after_ms=300) as cluster, EpochWatch(cluster) as epochs:
        master = cluster.wait_settled()
        for number in range(FAILOVERS):
            victim = cluster.sentinels[number % 3]
            master.kill()
            time.sleep(dice.uniform(0, 0.6))  # Any moment of the failover.
            victim.kill()
            new = cluster.wait_switched(away_from=master)
            victim.restart()
            master.restart()
            cluster.wait_follow(new)
            wait_for(lambda node=new: cluster.agreed_node(cluster.sentinels) is node, "the victim has learnt it")
            master = new
        assert cluster.wait_settled() is master
        assert cluster.masters() == [master]
    assert len(epochs.masters) > FAILOVERS / 2, "the failovers went through epochs"


def test_epochs_only_grow_when_sentinels_are_killed_at_random(deploy):
    dice = random.Random(SEED)
    with deploy(down_after_ms=300) as cluster, EpochWatch(cluster), EventLog(cluster.sentinels) as events:
        cluster.wait_settled()
        for number in range(RANDOM_KILLS):
            victim = dice.choice(cluster.sentinels)
            if number % 3 == 0:  # Something to decide meanwhile.
                try:
                    dice.choice(cluster.live_sentinels).call("SENTINEL", "FAILOVER", "mymaster")
                except (RespError, OSError):
                    pass
            time.sleep(dice.uniform(0, 0.15))
            victim.kill()
            victim.restart()
        cluster.wait_settled()
        assert len(cluster.masters()) == 1
        assert events.of("+switch-master"), "no failover happened: this tested nothing"


def test_monitor_set_and_remove_survive_a_restart(deploy):
    with deploy() as cluster:
        master = cluster.wait_settled()
        sentinel = cluster.sentinels[0]
        assert sentinel.call("SENTINEL", "MONITOR", "second", "127.0.0.1", master.port, "2") == "OK"
        assert sentinel.call("SENTINEL", "MONITOR", "third", "127.0.0.1", master.port, "2") == "OK"
        assert sentinel.call("SENTINEL", "SET", "second", "down-after-milliseconds", "7654", "quorum", "3") == "OK"
        assert sentinel.call("SENTINEL", "REMOVE", "third") == "OK"
        sentinel.kill()
        sentinel.restart()
        names = {entry[1] for entry in sentinel.call("SENTINEL", "MASTERS")}
        assert names == {"mymaster", "second"}
        fields = sentinel.call("SENTINEL", "MASTER", "second")
        settings = dict(zip(fields[::2], fields[1::2]))
        assert settings["down-after-milliseconds"] == "7654" and settings["quorum"] == "3"
        assert settings["port"] == str(master.port)


def test_a_removed_group_of_the_file_stays_removed(deploy):
    with deploy() as cluster:
        cluster.wait_settled()
        sentinel = cluster.sentinels[0]
        assert sentinel.call("SENTINEL", "REMOVE", "mymaster") == "OK"
        sentinel.kill()
        sentinel.restart()
        assert sentinel.master_address() is None


def test_a_writer_survives_the_restart_of_all_sentinels(deploy):
    with deploy() as cluster:
        master = cluster.wait_settled()
        with Writer(cluster) as writer:
            for sentinel in cluster.sentinels:
                sentinel.kill()
            for sentinel in cluster.sentinels:
                sentinel.restart()
            cluster.wait_settled()
            count = len(writer.acknowledged)
            wait_for(lambda: len(writer.acknowledged) > count + 100, "the writer is at work")
        assert cluster.master is master
        assert not writer.lost(master)
