# SPDX-License-Identifier: Apache-2.0
"""Players with tokens: who may act as whom, who may write, read, propose and resolve, over plain TCP and
TLS. Starts its own servers. usage: auth.py STATESYNC CLIENTS"""
import os
import queue
import sys
import tempfile
import threading

program, clients = sys.argv[1:3]
here = os.path.dirname(os.path.abspath(__file__))
if not os.path.isdir(os.path.join(clients, "python", "extended")):
    print("skipped: tests/interop/prepare.sh was not run")
    sys.exit(77)
sys.path[:0] = [os.path.join(clients, "python", "extended"), os.path.dirname(here)]
import grpc  # noqa: E402
import state_sync_pb2 as pb  # noqa: E402
import state_sync_pb2_grpc as rpc  # noqa: E402
import statesync_pb2 as ours  # noqa: E402
import statesync_pb2_grpc as ours_rpc  # noqa: E402
from harness import Server  # noqa: E402
from tokens import Signer, bearer, openssl  # noqa: E402

Code = grpc.StatusCode
folder = tempfile.mkdtemp(prefix="statesync-auth-")


def path(name):
    return os.path.join(folder, name)


def make_certificate():
    """A certificate for localhost."""
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", path("tls.key"),
            "-out", path("tls.pem"), "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")


make_certificate()
token = Signer(folder).token
with open(os.path.join(os.path.dirname(here), "statesync.yaml")) as source:
    config = source.read()
with open(path("statesync.yaml"), "w") as out:
    out.write(config + f"auth: {{ jwt_keys: {path('jwks.json')}, audience: statesync, anonymous: never }}\n")
server = Server(program, path("statesync.yaml"))
channel = grpc.insecure_channel(server.grpc)
service, inspector = rpc.StateSyncServiceStub(channel), ours_rpc.StatesyncStub(channel)
alice, bob, game = bearer(token(101)), bearer(token(102)), bearer(token(1, role="server"))


def sync(who, player, category, key, state=b"x", **fields):
    return service.SyncState(pb.StateSyncRequest(player_id=player, category=category, key=key, state_data=state, **fields), metadata=who, timeout=5)


def refused(code, call):
    try:
        answer = call()
    except grpc.RpcError as error:
        assert error.code() == code, (error.code(), error.details())
        return
    raise AssertionError(f"expected {code}, got {answer}")


def identities():
    assert sync(alice, 101, "position", "here").result == 1
    refused(Code.PERMISSION_DENIED, lambda: sync(alice, 102, "position", "here"))
    refused(Code.INVALID_ARGUMENT, lambda: sync(alice, 0, "position", "here"))
    assert sync(game, 102, "position", "placed").result == 1
    bad = {
        "none": (),
        "rubbish": bearer("rubbish"),
        "expired": bearer(token(101, life=-60)),
        "other audience": bearer(token(101, aud="elsewhere")),
        "algorithm none": bearer(token(101, header={"alg": "none"})),
        "algorithm HS256": bearer(token(101, header={"alg": "HS256", "kid": "one"})),
        "unknown key": bearer(token(101, header={"alg": "ES256", "kid": "two"})),
        "changed": bearer(token(101)[:-6] + "AAAAAA"),
        "no player": bearer(token("alice")),
        "a life of a day": bearer(token(101, life=86400)),
    }
    for name, who in bad.items():
        try:
            sync(who, 101, "position", "here")
            raise AssertionError(name)
        except grpc.RpcError as error:
            assert error.code() == Code.UNAUTHENTICATED and error.details(), (name, error.code(), error.details())
    # Inside a stream one forged player_id is one ERROR, not the end.
    requests = [pb.StateSyncRequest(player_id=p, category="position", key="s", state_data=b"x") for p in (101, 102, 101)]
    answers = list(service.StreamStateUpdates(iter(requests), metadata=alice, timeout=5))
    assert [a.result for a in answers] == [1, 4, 1] and answers[1].error_code == 7, answers
    print("ok: tokens: whose they are, and ten that are not taken")


def rules():
    refused(Code.PERMISSION_DENIED, lambda: sync(alice, 101, "ruled", "k"))
    assert sync(game, 101, "ruled", "k").result == 1
    refused(Code.PERMISSION_DENIED, lambda: sync(alice, 101, "position", "k", owner_id=102))
    sync(bob, 102, "gear", "bag", b'{"gold":1}')
    refused(Code.PERMISSION_DENIED, lambda: inspector.GetHistory(
        ours.GetHistoryRequest(player_id=101, owner_id=102, category="gear", key="bag"), metadata=alice))
    seen = service.GetStateSnapshot(pb.StateSnapshotRequest(player_id=101, owners=[102]), metadata=alice)
    assert {e.category for e in seen.entries if e.owner_id == 102} == {"position"}, seen
    # Who may write but not read learns nothing by a delta that copies everything.
    sync(bob, 102, "drop", "box", b"secret")
    blind = dict(owner_id=102, expected_version=1, state_delta=b"\x19", delta_format=pb.DELTA_FORMAT_PATCH)
    refused(Code.PERMISSION_DENIED, lambda: sync(alice, 101, "drop", "box", b"", **blind))
    assert sync(bob, 102, "drop", "box", b"", **blind).state_data == b"secret"
    told = sync(alice, 101, "drop", "box", b"mine", owner_id=102, expected_version=1, accept_deltas=[pb.DELTA_FORMAT_PATCH])
    assert told.result == 1 and b"secret" not in told.SerializeToString(), told
    refused(Code.PERMISSION_DENIED, lambda: inspector.OpenWorld(ours.OpenWorldRequest(name="w"), metadata=alice))
    refused(Code.PERMISSION_DENIED, lambda: service.GetStateSnapshot(pb.StateSnapshotRequest(player_id=102), metadata=alice))
    print("ok: write and read rules")


def proposals():
    asked = sync(alice, 101, "asked", "door", b"open")
    assert asked.result == 2 and asked.conflict.requires_manual_resolution and asked.deleted, asked
    refused(Code.PERMISSION_DENIED, lambda: inspector.ListProposals(ours.ListProposalsRequest(player_id=101), metadata=alice))
    waiting = inspector.ListProposals(ours.ListProposalsRequest(), metadata=game).proposals
    assert [(p.writer, p.key, p.state_data) for p in waiting] == [(101, "door", b"open")], waiting
    seen = service.GetStateSnapshot(pb.StateSnapshotRequest(player_id=101, categories=["asked"]), metadata=alice)
    assert not seen.entries, seen
    done = inspector.DecideProposal(ours.DecideProposalRequest(id=waiting[0].id, accept=True, change=True, state_data=b"ajar"), metadata=game)
    assert done.success and done.version == 1, done
    seen = service.GetStateSnapshot(pb.StateSnapshotRequest(player_id=101, categories=["asked"]), metadata=alice)
    assert seen.entries[0].state_data == b"ajar" and seen.entries[0].writer == 101, seen
    assert not inspector.DecideProposal(ours.DecideProposalRequest(id=waiting[0].id, accept=True), metadata=game).success
    print("ok: a proposal waits unseen for the game's verdict")


def resolving():
    sync(alice, 101, "trade", "deal", b'{"a":1}')
    sync(alice, 101, "trade", "deal", b'{"a":2}', expected_version=1)
    late = sync(bob, 102, "trade", "deal", b'{"a":3}', expected_version=1)
    wanted = pb.ConflictResolutionRequest(conflict_id=late.conflict.conflict_id, strategy=1)
    refused(Code.PERMISSION_DENIED, lambda: service.ResolveConflict(wanted, metadata=alice))
    assert service.ResolveConflict(wanted, metadata=bob).success
    assert sync(alice, 101, "trade", "deal", b'{"a":4}', expected_version=3).result == 1
    print("ok: only the writer or a server resolves")


def watching():
    """A player's subscription obeys the read rules; an area tells who enters and who leaves."""
    requests, got = queue.Queue(), queue.Queue()
    call = service.StreamStateUpdates(iter(requests.get, None), metadata=alice)

    def read():
        try:
            for push in call:
                got.put(push)
        except grpc.RpcError:
            pass
    threading.Thread(target=read, daemon=True).start()
    requests.put(pb.StateSyncRequest(player_id=101, subscribe=pb.Subscribe(area=pb.Area(x=0, y=0, z=0, radius=10))))
    while not got.get(timeout=5).caught_up:
        pass

    def place(x):
        sync(game, 102, "placed", "me", b'{"x":%d,"y":0,"z":0}' % x)
    sync(bob, 102, "gear", "secret", b'{"gold":2}')
    place(5)
    push = got.get(timeout=5)
    assert push.update.category == "placed" and not push.update.left, push
    place(50)
    push = got.get(timeout=5)
    assert push.update.left and not push.update.deleted and push.update.key == "me", push
    place(60)
    place(6)
    push = got.get(timeout=5)
    assert not push.update.left and push.update.state.startswith(b'{"x":6'), push
    call.cancel()
    print("ok: read rules and areas in subscriptions")


def over_tls():
    with open(path("tls.yaml"), "w") as out:
        out.write(config + f"auth: {{ jwt_keys: {path('jwks.json')} }}\ntls: {{ cert: {path('tls.pem')}, key: {path('tls.key')} }}\n")
    secure = Server(program, path("tls.yaml"))
    with open(path("tls.pem"), "rb") as pem:
        credentials = grpc.ssl_channel_credentials(pem.read())
    with grpc.secure_channel("localhost:" + secure.grpc.rsplit(":", 1)[1], credentials) as over:
        stub = rpc.StateSyncServiceStub(over)
        request = pb.StateSyncRequest(player_id=101, category="position", key="k", state_data=b"x" * 50000)
        for _ in range(20):
            assert stub.SyncState(request, metadata=alice, timeout=5).result == 1
        refused(Code.UNAUTHENTICATED, lambda: stub.SyncState(request, timeout=5))
    with grpc.insecure_channel(secure.grpc) as plain:
        refused(Code.UNAVAILABLE, lambda: rpc.StateSyncServiceStub(plain).SyncState(request, timeout=3))
    assert secure.stop() == 0
    print("ok: TLS, where nobody is anonymous")


identities()
rules()
proposals()
resolving()
watching()
over_tls()
assert server.stop() == 0
