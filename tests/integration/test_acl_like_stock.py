"""One script of ACL commands, sent to a stock redis-sentinel and to Vigil: the replies must be the same, types included.

What may differ is taken out first: the order of a set's members and of single commands in a description (stock's is a
hash table's), ages, addresses and versions, and what only Vigil has (docs/compatibility.md).
"""

import re
import shlex

import pytest

from harness import wait_for
from harness.ports import free_port
from harness.resp import encode
from harness.sentinel_node import StockSentinel

HASH = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"
OURS = {"client|no-touch", "client|setinfo", "sentinel|explain", "sentinel|get-primary-addr-by-name",
        "sentinel|is-primary-down-by-addr", "sentinel|peer", "sentinel|primaries", "sentinel|primary",
        "sentinel|switchover", "sentinel|timeline"}

# Commands of a line, separated by ";", are sent on the connection that its first word names.
SCRIPT = f"""
admin ACL LIST ; ACL USERS ; ACL WHOAMI ; ACL GETUSER default ; ACL GETUSER nope ; ACL CAT ; ACL CAT foo ; ACL CAT x y ; ACL HELP
admin ACL CAT dangerous ; ACL CAT slow ; ACL CAT fast ; ACL CAT admin ; ACL CAT connection ; ACL CAT pubsub ; ACL CAT Write
admin ACL ; ACL FOO ; ACL SETUSER ; ACL WHOAMI x ; ACL DRYRUN default ; ACL GETUSER ; ACL DELUSER ; ACL LIST x ; ACL SAVE x ; ACL LOAD x
admin ACL SAVE ; ACL LOAD ; ACL GENPASS ; ACL GENPASS 5 ; ACL GENPASS 4 ; ACL GENPASS 1 ; ACL GENPASS 4096 ; ACL GENPASS 4097
admin ACL GENPASS 0 ; ACL GENPASS -1 ; ACL GENPASS x ; ACL GENPASS 5 6
admin ACL SETUSER u ; ACL LIST ; ACL GETUSER u
admin ACL SETUSER u +@all -@dangerous +@admin ; ACL LIST ; ACL SETUSER u reset ; ACL SETUSER u +@pubsub +ping ; ACL LIST
admin ACL SETUSER u +sentinel ; ACL LIST
admin ACL SETUSER u reset +sentinel -sentinel|failover ; ACL LIST
admin ACL SETUSER u +sentinel|failover ; ACL LIST ; ACL SETUSER u -@all +@all ; ACL LIST ; ACL SETUSER u -@dangerous ; ACL LIST
admin ACL SETUSER u reset +auth +hello +ping ; ACL LIST ; ACL SETUSER u reset +@connection -client|kill ; ACL LIST
admin ACL SETUSER u reset +@slow ; ACL LIST ; ACL SETUSER u -@admin ; ACL LIST ; ACL SETUSER u +@fast -@pubsub ; ACL LIST
admin ACL SETUSER u reset +@all -sentinel ; ACL LIST ; ACL SETUSER u +sentinel|masters ; ACL LIST ; ACL SETUSER u +shutdown -acl
admin ACL LIST ; ACL SETUSER u reset +acl ; ACL LIST ; ACL SETUSER u reset +client +command ; ACL LIST
admin ACL SETUSER u reset +@all -@all +@keyspace +@write ; ACL LIST ; ACL SETUSER u +@all -@read -@list ; ACL LIST
admin ACL SETUSER u reset on >p1 #abc ; ACL SETUSER u reset on >p1 >p2 #{HASH} <p2 ; ACL LIST ; ACL GETUSER u
admin ACL SETUSER u <p2 ; ACL SETUSER u !0f1e ; ACL SETUSER u !{HASH[:-1]}1 ; ACL SETUSER u !{HASH} ; ACL LIST
admin ACL SETUSER u nopass ; ACL LIST ; ACL SETUSER u >x ; ACL LIST ; ACL SETUSER u resetpass skip-sanitize-payload ; ACL LIST
admin ACL SETUSER u ~* ~foo ; ACL SETUSER u allchannels &foo ; ACL SETUSER u ~a %R~b %RR~x ; ACL SETUSER u %~b
admin ACL SETUSER u resetkeys ~a %R~b %W~c %RW~d %WR~e %R~a2 %W~a2 ; ACL LIST ; ACL GETUSER u ; ACL SETUSER u %X~b
admin ACL SETUSER u %R ; ACL SETUSER u "~a b" ; ACL SETUSER u "&a b" ; ACL SETUSER u resetchannels &a &b &a ; ACL LIST
admin ACL SETUSER u foo ; ACL SETUSER u "" ; ACL SETUSER u + ; ACL SETUSER u - ; ACL SETUSER u +@ ; ACL SETUSER u -@foo
admin ACL SETUSER u +@ALL ; ACL SETUSER u ON +PING NOCOMMANDS ; ACL LIST ; ACL SETUSER u +SENTINEL|MASTERS ; ACL LIST
admin ACL SETUSER u +get ; ACL SETUSER u +foo ; ACL SETUSER u -sentinel|x ; ACL SETUSER u +config|get ; ACL SETUSER u +quit
admin ACL SETUSER u reset (+ping ~x &y) ; ACL SETUSER u ( +ping ~x &y ) ; ACL SETUSER u ( +info %R~x ) ; ACL LIST ; ACL GETUSER u
admin ACL SETUSER u (+ping ~x ; ACL SETUSER u on (+ping ~x ; ACL SETUSER u (+foo) ; ACL SETUSER u (+ping +foo)
admin ACL SETUSER u ( >x ) ; ACL SETUSER u () ; ACL SETUSER u ( ; ACL SETUSER u ) ; ACL LIST ; ACL SETUSER u clearselectors ; ACL LIST
admin ACL SETUSER "a b" ; ACL SETUSER u allkeys allchannels allcommands ; ACL LIST ; ACL SETUSER u resetkeys ; ACL LIST
admin ACL DELUSER default ; ACL DELUSER nope ; ACL DELUSER u nope ; ACL DELUSER u default ; ACL USERS
admin ACL SETUSER v on nopass ; ACL DRYRUN nope ping ; ACL DRYRUN default foo ; ACL DRYRUN default ping a b c
admin ACL DRYRUN v ping ; ACL DRYRUN v sentinel masters ; ACL DRYRUN v sentinel foo ; ACL DRYRUN v sentinel ; ACL DRYRUN v
admin ACL SETUSER v +subscribe +publish &ok ; ACL DRYRUN v subscribe ok ; ACL DRYRUN v subscribe ok x ; ACL DRYRUN v auth x
admin ACL DRYRUN v publish x y ; ACL DRYRUN v publish ok y ; ACL DRYRUN v hello ; ACL DRYRUN v unsubscribe
admin ACL LOG RESET ; ACL LOG ; ACL LOG x ; ACL LOG 1 2 ; ACL LOG -1 ; ACL LOG RESET x
admin ACL SETUSER w on >pw
one AUTH x ; AUTH default x ; AUTH nope x ; AUTH a b c ; AUTH ; HELLO 3 AUTH nope x ; AUTH w bad ; AUTH w bad ; auth w bad ; AUTH w pw
one ACL WHOAMI ; PING ; SENTINEL MASTERS ; SENTINEL ; SENTINEL FOO ; FOO ; SUBSCRIBE x ; PUBLISH __sentinel__:hello x ; CLIENT ID ; INFO
admin ACL LOG ; ACL LOG 1 ; ACL LOG 3
admin ACL SETUSER w +ping +acl|whoami +subscribe +psubscribe +unsubscribe +publish &ok* &lit
one ACL WHOAMI ; PING ; SUBSCRIBE nope ; SUBSCRIBE okx nope2 ; PSUBSCRIBE okx ; PSUBSCRIBE o* ; PUBLISH other x ; PUBLISH okay x
one SUBSCRIBE okx ; UNSUBSCRIBE okx ; PSUBSCRIBE ok* ; ACL LIST
admin ACL LOG ; ACL GETUSER w ; ACL SETUSER w resetchannels &lit
one PING
admin ACL SETUSER default off ; ACL LIST
two PING ; HELLO 3 ; HELLO 2 ; SENTINEL MASTERS ; FOO ; AUTH x ; AUTH default x ; AUTH w pw ; PING ; ACL WHOAMI ; HELLO 2 AUTH w wrong
admin ACL SETUSER default on >pass ; ACL LIST
three PING ; SENTINEL MYID ; AUTH pass ; ACL WHOAMI ; PING ; AUTH nope ; ACL WHOAMI
admin ACL DELUSER w
two PING
three ACL DELUSER v ; ACL LIST ; CLIENT KILL USER nope ; ACL LOG RESET ; ACL SETUSER default nopass ; ACL LIST
"""


class Connection:
    """Replies with their types: ("~", [...]) is a RESP3 set."""

    def __init__(self, client):
        self.client = client

    def ask(self, *words):
        try:
            self.client.socket.sendall(encode(*words))
            self.client.socket.settimeout(20.0)
            self.file = self.client.socket.makefile("rb")
            return self.read()
        except OSError:
            return "closed"

    def read(self):
        line = self.file.readline()
        if not line:
            return "closed"
        kind, rest = line[:1].decode(), line[1:-2].decode()
        if kind in "+-:,_#":
            return kind, rest
        if kind in "$=":
            return kind, None if rest == "-1" else self.file.read(int(rest) + 2)[:-2].decode()
        if rest == "-1":
            return kind, None
        return kind, [self.read() for _ in range(int(rest) * (2 if kind == "%" else 1))]


def sorted_rules(text):
    """Single commands of a description in alphabetical order, each run by itself: groups keep their place."""
    def sort(run):
        return " ".join(sorted(run.group(0).split(" ")))
    return re.sub(r"[-+][a-z][a-z|-]*(?: [-+][a-z][a-z|-]*)+", sort, text)


def canonical(reply, words):
    if isinstance(reply, str):
        return reply
    kind, value = reply
    command = " ".join(words[:2]).lower()
    if isinstance(value, list):
        items = [canonical(item, words) for item in value]
        for at, item in enumerate(items[:-1]):
            if item[1] in ("age-seconds", "client-info", "version", "id"):
                items[at + 1] = (items[at + 1][0], "#")
        if command == "acl help":  # As many lines, in our words.
            items = [(kind_of, line if not line.startswith("    ") else "") for kind_of, line in items]
        if command == "acl cat" and len(words) == 3:
            items = sorted(item for item in items if item[1] not in OURS)
        return kind, items
    if command == "acl genpass" and kind == "$":
        return kind, len(value)
    if kind == "$" and value:
        return kind, sorted_rules(value)
    return kind, value


@pytest.fixture
def pair(deploy):
    """(stock, vigil) watching the same master."""
    with deploy(sentinels=1, replicas=0, quorum=1) as cluster:
        vigil = cluster.sentinels[0]
        stock = StockSentinel(cluster.folder, "stock", ("127.0.0.1", free_port()), None, cluster.nodes[0].address,
                              cluster.group, {})
        stock.start()
        try:
            stock.wait_ready()
            wait_for(lambda: vigil.master_map()["flags"] == "master", "the master is seen")
            yield stock, vigil
        finally:
            stock.kill()


@pytest.mark.parametrize("protocol", [2, 3])
def test_a_script_of_acl_commands_is_answered_as_stock_answers_it(pair, protocol):
    links = {}
    asked = 0
    differences = []
    for line in SCRIPT.strip().splitlines():
        name, rest = line.split(" ", 1)
        if name not in links:
            links[name] = [Connection(sentinel.client()) for sentinel in pair]
            if protocol == 3 and name == "admin":
                for link in links[name]:
                    link.ask("HELLO", "3")
        for words in map(shlex.split, rest.split(";")):
            asked += 1
            stock, vigil = (canonical(link.ask(*words), words) for link in links[name])
            if stock != vigil:
                differences.append(f"{name}: {' '.join(words)}\n  stock {stock}\n  vigil {vigil}")
    print(f"{asked} commands")
    assert asked > 200
    assert not differences, "\n".join(differences)
