# SPDX-License-Identifier: Apache-2.0
"""Cells of a declared message from a stock client with protoc's output only: written, read, merged, hidden.
Starts its own servers. usage: schema.py STATESYNC CLIENTS"""
import os
import queue
import shutil
import signal
import sys
import tempfile
import threading
import time

program, clients = sys.argv[1:3]
here = os.path.dirname(os.path.abspath(__file__))
if not os.path.exists(os.path.join(clients, "python", "game.desc")):
    print("skipped: tests/interop/prepare.sh was not run")
    sys.exit(77)
sys.path[:0] = [os.path.join(clients, "python", "extended"), os.path.dirname(here)]
import grpc  # noqa: E402
import game_pb2 as game  # noqa: E402
import state_sync_pb2 as pb  # noqa: E402
import state_sync_pb2_grpc as rpc  # noqa: E402
import statesync_pb2 as ours  # noqa: E402
import statesync_pb2_grpc as ours_rpc  # noqa: E402
from harness import Server  # noqa: E402
from tokens import Signer, bearer  # noqa: E402

SUCCESS, CONFLICT = 1, 2
folder = tempfile.mkdtemp(prefix="statesync-schema-")


def path(name):
    return os.path.join(folder, name)


signer = Signer(folder)
shutil.copy(os.path.join(clients, "python", "game.desc"), path("game.desc"))
with open(path("statesync.yaml"), "w") as out:
    out.write(f"""listen: {{ grpc: "127.0.0.1:0", http: "127.0.0.1:0" }}
data: none
schema: {path("game.desc")}
auth: {{ jwt_keys: {path("jwks.json")}, anonymous: never }}
categories:
  inventory: {{ locking: optional }}
  health: {{ write: server, read: any, format: json, follows: position }}
""")
server = Server(program, path("statesync.yaml"))
channel = grpc.insecure_channel(server.grpc)
service, inspector = rpc.StateSyncServiceStub(channel), ours_rpc.StatesyncStub(channel)
alice, bob, host = bearer(signer.token(101)), bearer(signer.token(102)), bearer(signer.token(1, role="server"))


def sync(who, player, category, key, message=None, **fields):
    state = message.SerializeToString() if message is not None else b""
    return service.SyncState(pb.StateSyncRequest(player_id=player, category=category, key=key, state_data=state, **fields),
                             metadata=who, timeout=5)


def inventory(gold, bag, level=0, **fields):
    return game.Inventory(gold=gold, bag=bag, level=level, **fields)


def merges():
    base = inventory(100, ["bow"], 3, ammunition={"arrow": 10}, title="novice")
    first = sync(alice, 101, "inventory", "bag", base)
    assert first.result == SUCCESS, first
    mine = inventory(70, ["bow", "axe"], 3, ammunition={"arrow": 7, "bolt": 5}, title="novice", weapon="axe")
    assert sync(alice, 101, "inventory", "bag", mine, expected_version=first.current_version).result == SUCCESS
    late = inventory(80, ["key"], 4, ammunition={"arrow": 9}, title="knight", weapon="bow")
    answer = sync(alice, 101, "inventory", "bag", late, expected_version=first.current_version)
    assert answer.result == SUCCESS and answer.conflict.strategy == 2, answer
    stands = game.Inventory.FromString(answer.state_data)
    assert stands == inventory(50, ["axe", "key"], 4, ammunition={"arrow": 6, "bolt": 5}, title="knight", weapon="bow"), stands
    assert list(answer.conflict.overwritten) == ["/weapon"], answer.conflict
    assert stands.SerializeToString(deterministic=True) == answer.state_data
    print("ok: merges field by field")


def refusals():
    def refused(type, text, who, player, category, message):
        answer = sync(who, player, category, "bag", message)
        assert answer.result == CONFLICT and answer.conflict.type == type and text in answer.conflict.reason, answer
    refused(4, "/gold is -1, allowed is 0 to 1e+09", alice, 101, "inventory", inventory(-1, [], 9))
    refused(4, "/level fell from 4 to 1", alice, 101, "inventory", inventory(1, [], 1))
    at = game.Position(at=game.Vec3(x=1, y=2, z=3))
    assert sync(host, 101, "position", "bag", at).result == SUCCESS
    at.at.x = 100
    refused(4, "max_speed is 40 m/s", host, 101, "position", at)
    try:
        service.SyncState(pb.StateSyncRequest(player_id=101, category="inventory", key="bag", state_data=b"\x0a\x01\xff"), metadata=alice)
        raise AssertionError("a state of another type was taken")
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.INVALID_ARGUMENT and "/gold is of another type" in error.details(), error
    print("ok: invariants and types are held")


def unknown_fields():
    """A newer client writes a field that the server's schema lacks; it stays."""
    newer = inventory(5, ["x"]).SerializeToString() + b"\xfa\x3e\x05later"
    answer = service.SyncState(pb.StateSyncRequest(player_id=101, category="inventory", key="new", state_data=newer), metadata=alice)
    assert answer.result == SUCCESS and answer.state_data == newer, answer
    print("ok: a newer client's fields are kept")


class Pushes:
    def __init__(self, who, player, categories=("inventory",), **subscribe):
        self.requests, self.answers = queue.Queue(), queue.Queue()
        self.call = service.StreamStateUpdates(iter(self.requests.get, None), metadata=who)
        threading.Thread(target=self.read, daemon=True).start()
        self.requests.put(pb.StateSyncRequest(player_id=player, subscribe=pb.Subscribe(categories=categories, **subscribe)))

    def read(self):
        try:
            for answer in self.call:
                self.answers.put(answer)
        except grpc.RpcError as error:
            self.answers.put(error)

    def until(self, key):
        while True:
            answer = self.answers.get(timeout=5)
            assert not isinstance(answer, grpc.RpcError), answer
            if answer.HasField("update") and answer.update.key == key:
                return answer.update

    def close(self):
        self.requests.put(None)
        self.call.cancel()


def hidden_fields():
    """Everybody may read inventories, but gold is for the owner."""
    watching, own = Pushes(bob, 102, owners=[101]), Pushes(alice, 101)
    shown, full = inventory(0, ["ring"]), inventory(77, ["ring"])
    answer = sync(alice, 101, "inventory", "rich", full)
    assert game.Inventory.FromString(answer.state_data) == full
    update = watching.until("rich")
    assert game.Inventory.FromString(update.state) == shown, update
    assert game.Inventory.FromString(own.until("rich").state) == full
    for who, player, want in ((bob, 102, shown), (alice, 101, full), (host, 102, full)):
        history = inspector.GetHistory(ours.GetHistoryRequest(player_id=player, owner_id=101, category="inventory", key="rich"), metadata=who)
        assert [game.Inventory.FromString(v.state_data) for v in history.versions] == [want], history
    for who, player, want in ((alice, 101, full), (host, 101, full)):
        entries = service.GetStateSnapshot(pb.StateSnapshotRequest(player_id=player), metadata=who).entries
        assert [game.Inventory.FromString(e.state_data) for e in entries if e.key == "rich"] == [want], entries
    watching.close()
    own.close()
    sync(host, 1, "match", "m", game.Match(phase=1, seed=99))
    for who, player, seed in ((bob, 102, 0), (host, 1, 99)):
        entries = service.GetStateSnapshot(pb.StateSnapshotRequest(player_id=player), metadata=who).entries
        assert [game.Match.FromString(e.state_data).seed for e in entries if e.category == "match"] == [seed], entries
    print("ok: fields that are not for everybody")


def areas():
    """The schema says where the position is."""
    for key, x in (("near", 1), ("far", 500)):
        assert sync(host, 101, "position", key, game.Position(at=game.Vec3(x=x))).result == SUCCESS
    requests = queue.Queue()
    call = service.StreamStateUpdates(iter(requests.get, None), metadata=bob)
    area = pb.Area(x=0, y=0, z=0, radius=10)
    requests.put(pb.StateSyncRequest(player_id=102, subscribe=pb.Subscribe(categories=["position"], owners=[101], area=area)))
    keys = set()
    for answer in call:
        if answer.caught_up:
            break
        keys.add(answer.update.key)
    requests.put(None)
    call.cancel()
    assert "near" in keys and "far" not in keys, keys
    print("ok: an area of interest by the schema's position")


def followers():
    """Health has no coordinates: it is told while the position of the same name is in the area."""
    def stand(x):
        assert sync(host, 101, "position", "hero", game.Position(at=game.Vec3(x=x))).result == SUCCESS

    def vanish():
        assert sync(host, 101, "position", "hero", delete=True).result == SUCCESS

    def health(key, points):
        return service.SyncState(pb.StateSyncRequest(player_id=101, category="health", key=key, state_data=b"%d" % points), metadata=host)
    stand(500)
    for key in ("hero", "ghost"):
        assert health(key, 100).result == SUCCESS
    watching = Pushes(bob, 102, categories=["health"], area=pb.Area(radius=10))
    first = watching.answers.get(timeout=5)
    assert first.caught_up, first
    assert health("hero", 90).result == SUCCESS
    vanish()
    stand(1)
    update = watching.until("hero")
    assert update.state == b"90" and not update.left, update
    assert health("ghost", 50).result == SUCCESS
    assert health("hero", 80).result == SUCCESS
    assert watching.until("hero").state == b"80"
    vanish()
    update = watching.until("hero")
    assert update.left and not update.deleted, update
    watching.close()
    print("ok: a category that follows another is told where that one is")


def reloads():
    """A reload that breaks standing states changes nothing."""
    with open(path("statesync.yaml")) as source:
        text = source.read()
    with open(path("statesync.yaml"), "w") as out:
        out.write(text.replace("locking: optional", "message: game.Match, format: protobuf"))
    server.process.send_signal(signal.SIGHUP)
    deadline = time.time() + 5
    while "reload refused" not in server.output() and time.time() < deadline:
        time.sleep(0.02)
    assert "reload refused" in server.output(), server.output()
    with open(path("statesync.yaml"), "w") as out:
        out.write(text.replace("locking: optional", "locking: optional, bounds: { gold: [0, 500] }"))
    server.process.send_signal(signal.SIGHUP)
    while "configuration reloaded" not in server.output() and time.time() < deadline:
        time.sleep(0.02)
    answer = sync(alice, 101, "inventory", "rich", inventory(600, []))
    assert answer.result == CONFLICT and "allowed is 0 to 500" in answer.conflict.reason, answer
    print("ok: reloads")


for test in (merges, refusals, unknown_fields, hidden_fields, areas, followers, reloads):
    test()
ended = server.stop()
assert ended == 0, (ended, server.output())
shutil.rmtree(folder)
