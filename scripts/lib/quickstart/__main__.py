"""The demonstration: scripts/quickstart calls it with the build folder."""

import argparse
import os
import pathlib
import signal
import subprocess
import sys
import time

from quickstart.deployment import GROUP, HOST, Deployment, NotReached, call, wait_until
from quickstart.writer import Writer

COLOUR = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
LOAD_BEFORE_FAULT_S = 1.0
LOAD_AFTER_FAILOVER_S = 1.0


def bold(text):
    return f"\033[1m{text}\033[0m" if COLOUR else text


def step(text):
    print(f"\n{bold('==>')} {text}", flush=True)


def ctl(build, sentinel_port, *words):
    command = [str(pathlib.Path(build) / "vigilctl"), "--sentinel", f"{HOST}:{sentinel_port}", *words]
    print(f"$ {' '.join(command)}", flush=True)
    subprocess.run(command, check=False)


def start(deployment):
    master_port = deployment.redis_ports[0]
    step("start one master, two replicas and three sentinels")
    deployment.start_redis(master_port)
    for port in deployment.redis_ports[1:]:
        deployment.start_redis(port, master_port)
    for port in deployment.sentinel_ports:
        deployment.start_sentinel(port, master_port)
    print(f"redis-server on {', '.join(map(str, deployment.redis_ports))}; "
          f"vigil-sentinel on {', '.join(map(str, deployment.sentinel_ports))}; files in {deployment.folder}", flush=True)
    began = time.monotonic()
    deployment.wait_discovered()
    print(f"every sentinel knows both replicas and both other sentinels after {time.monotonic() - began:.1f} s")
    print("wait until they made the master refuse writes that no replica follows ...", flush=True)
    deployment.wait_writes_protected()


def fail_over(build, deployment):
    old = deployment.redis_ports[0]
    writer = Writer(deployment.sentinel_ports)
    writer.start()
    wait_until(lambda: writer.acknowledged, "the first write", 10)
    time.sleep(LOAD_BEFORE_FAULT_S)
    step(f"kill -9 the master (port {old}) under a client that writes every 2 ms")
    before = len(writer.acknowledged)
    deployment.kill(old)
    for port in deployment.sentinel_ports:
        wait_until(lambda port=port: deployment.master_port(port) != old, "the failover", 60)
    new = deployment.master_port(deployment.sentinel_ports[0])
    after_announcement = len(writer.acknowledged)
    wait_until(lambda: len(writer.acknowledged) > after_announcement, "a write to the new master", 30)
    time.sleep(LOAD_AFTER_FAILOVER_S)
    writer.stop()
    lost = writer.lost(new)
    print(f"new master: port {new}")
    print(bold(f"the client could not write for {writer.longest_gap() * 1000:.0f} ms; "
               f"{lost} of {len(writer.acknowledged)} acknowledged writes lost ({before} were before the kill)"))
    leader = deployment.wait_failover_done()
    step("what took how long, as the leader saw it")
    ctl(build, leader, "timeline", GROUP)
    return old, new


def bring_back(deployment, old, new):
    step(f"start the old master (port {old}) again")
    began = time.monotonic()
    deployment.start_redis(old)

    def follows():
        role = call(old, "ROLE")
        return role[0] == "slave" and int(role[2]) == new and role[3] == "connected"

    wait_until(follows, "the old master following the new one", 60)
    print(f"it is a replica of port {new}, in step, {(time.monotonic() - began) * 1000:.0f} ms after its start")


def main():
    parser = argparse.ArgumentParser(prog="quickstart")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("build")
    arguments = parser.parse_args()

    deployment = Deployment(arguments.build)
    ended_well = False
    try:
        start(deployment)
        ctl(arguments.build, deployment.sentinel_ports[0], "status")
        old, new = fail_over(arguments.build, deployment)
        bring_back(deployment, old, new)
        ended_well = True
    except NotReached as problem:
        print(f"\nerror: {problem}\nlogs: {deployment.folder}", file=sys.stderr)
        return 1
    finally:
        if not (arguments.keep and ended_well):
            deployment.stop()
        if ended_well and not arguments.keep:
            deployment.remove()
    if arguments.keep:
        stop_script = deployment.write_stop_script()
        step("everything runs on; look around:")
        sentinel = f"{HOST}:{deployment.sentinel_ports[0]}"
        print(f"  {arguments.build}/vigilctl --sentinel {sentinel} watch --status\n"
              f"  {arguments.build}/vigilctl --sentinel {sentinel} failover {GROUP}\n"
              f"  redis-cli -p {deployment.sentinel_ports[0]} sentinel master {GROUP}\n"
              f"stop and remove it all:\n  {stop_script}")
    else:
        step("done; all stopped and removed. scripts/quickstart --keep leaves it running to look around.")
    return 0


if __name__ == "__main__":
    # Both end the demonstration in order, also when a shell started it with SIGINT ignored.
    for stop_signal in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop_signal, signal.default_int_handler)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
