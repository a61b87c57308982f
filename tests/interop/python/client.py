# SPDX-License-Identifier: Apache-2.0
"""Every extension of the protocol from a stock Python client (protoc output only)."""
import gzip
import hashlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
import uuid

address, clients = sys.argv[1:3]
sys.path.insert(0, os.path.join(clients, "python", "extended"))
import grpc  # noqa: E402
import state_sync_pb2 as pb  # noqa: E402
import state_sync_pb2_grpc as rpc  # noqa: E402
import statesync_pb2 as ours  # noqa: E402
import statesync_pb2_grpc as ours_rpc  # noqa: E402

channel = grpc.insecure_channel(address)
service = rpc.StateSyncServiceStub(channel)
inspector = ours_rpc.StatesyncStub(channel)
SUCCESS, CONFLICT, STALE, ERROR, LIMITED = 1, 2, 3, 4, 5
LWW, MERGE, KEEP, MANUAL = 1, 2, 3, 4


def name(prefix):
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def sync(player, category, key, state=b"", metadata=None, **fields):
    request = pb.StateSyncRequest(player_id=player, category=category, key=key, state_data=state, **fields)
    return service.SyncState(request, timeout=10, metadata=metadata)


def refused(code, call):
    try:
        answer = call()
    except grpc.RpcError as error:
        assert error.code() == code, (error.code(), error.details())
        return error.details()
    raise AssertionError(f"expected {code}, got {answer}")


class Stream:
    """A StreamStateUpdates call with a queue on either side."""

    def __init__(self, metadata=None):
        self.requests = queue.Queue()
        self.call = service.StreamStateUpdates(iter(self.requests.get, None), metadata=metadata)
        self.answers = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            for answer in self.call:
                self.answers.put(answer)
        except grpc.RpcError as error:
            self.answers.put(error)

    def send(self, **fields):
        self.requests.put(pb.StateSyncRequest(**fields))

    def next(self, timeout=5):
        answer = self.answers.get(timeout=timeout)
        if isinstance(answer, grpc.RpcError):
            raise answer
        return answer

    def until(self, wanted, timeout=5):
        deadline = time.time() + timeout
        while True:
            answer = self.next(max(0.01, deadline - time.time()))
            if wanted(answer):
                return answer

    def close(self):
        self.requests.put(None)
        self.call.cancel()


def preconditions():
    key = name("pre")
    assert sync(31, "position", key, b"a", must_not_exist=True).result == SUCCESS
    answer = sync(31, "position", key, b"b", must_not_exist=True)
    assert answer.result == CONFLICT and answer.state_data == b"a", answer
    assert sync(31, "position", name("absent"), b"b", expected_version=1).result == STALE
    digest = hashlib.sha256(b"a").digest()[:8]
    assert sync(31, "position", key, b"b", expected_version=1, base_digest=digest).result == SUCCESS
    answer = sync(31, "position", key, b"c", expected_version=2, base_digest=digest)
    assert answer.result == CONFLICT and answer.conflict.type == 4 and answer.state_data == b"b", answer
    answer = sync(31, "position", key, b"d", omit_state=True)
    assert answer.result == SUCCESS and answer.state_data == b"", answer
    answer = sync(31, "vital", key, b'{"hp":150}')
    assert answer.result == CONFLICT and answer.conflict.type == 4 and answer.conflict.reason, answer
    print("ok: must_not_exist, from the future, digests, omit_state, invariants")


def versions_are_never_reused():
    key = name("grave")
    sync(32, "position", key, b"1")
    sync(32, "position", key, b"2")
    answer = sync(32, "position", key, delete=True)
    assert answer.result == SUCCESS and answer.current_version == 3 and answer.deleted, answer
    answer = sync(32, "position", key, b"3")
    assert answer.result == SUCCESS and answer.current_version == 4, answer
    versions = inspector.GetHistory(ours.GetHistoryRequest(player_id=32, category="position", key=key)).versions
    assert [(v.version, v.deleted) for v in versions] == [(4, False), (3, True), (2, False), (1, False)], versions
    print("ok: deletion is a version like any other")


def merges():
    key = name("merge")
    one = sync(33, "gear", key, b'{"gold":10,"bag":["bow"],"hp":9}')
    sync(33, "gear", key, b'{"gold":15,"bag":["bow","axe"],"hp":8}', expected_version=one.current_version)
    answer = sync(33, "gear", key, b'{"gold":7,"bag":["bow","key"],"hp":7}', expected_version=one.current_version)
    assert answer.result == SUCCESS and answer.conflict.strategy == MERGE, answer
    assert json.loads(answer.state_data) == {"gold": 12, "bag": ["bow", "axe", "key"], "hp": 7}, answer
    assert list(answer.conflict.overwritten) == ["/hp"], answer
    assert answer.compensation.prediction_corrected and json.loads(answer.compensation.correction_delta), answer
    # Protobuf without a schema: field 1 is summed, field 2 is a leaf of bytes.
    def stats(kills, title):
        return b"\x08" + bytes([kills]) + b"\x12" + bytes([len(title)]) + title
    sync(33, "stats", key, stats(5, b"a"))
    sync(33, "stats", key, stats(7, b"a"), expected_version=1)
    answer = sync(33, "stats", key, stats(8, b"b"), expected_version=1)
    assert answer.result == SUCCESS and answer.state_data == stats(10, b"b"), answer
    print("ok: three-way merges of JSON and protobuf")


def manual():
    key = name("deal")
    sync(34, "trade", key, b'{"offer":1}')
    sync(34, "trade", key, b'{"offer":2}', expected_version=1)
    late = sync(35, "trade", key, b'{"offer":3}', expected_version=1)
    assert late.conflict.requires_manual_resolution and late.conflict.conflict_id, late
    listed = inspector.ListConflicts(ours.ListConflictsRequest(player_id=35, category="trade", limit=1000))
    assert any(c.conflict.conflict_id == late.conflict.conflict_id and c.base_state == b'{"offer":1}' for c in listed.conflicts), listed
    # The cell moves on: the first attempt fails with the refreshed state, the second applies.
    sync(34, "trade", key, b'{"offer":4}', expected_version=2)
    resolve = pb.ConflictResolutionRequest(conflict_id=late.conflict.conflict_id, strategy=LWW, player_id=35)
    first = service.ResolveConflict(resolve)
    assert not first.success and first.conflict.old_state == b'{"offer":4}', first
    second = service.ResolveConflict(resolve)
    assert second.success and second.resolved_state == b'{"offer":3}' and second.version == 4, second
    assert service.ResolveConflict(resolve).success
    resolve.strategy = KEEP
    other = service.ResolveConflict(resolve)
    assert not other.success and other.error_message, other
    resolve.strategy = 0
    refused(grpc.StatusCode.INVALID_ARGUMENT, lambda: service.ResolveConflict(resolve))
    assert not service.ResolveConflict(pb.ConflictResolutionRequest(conflict_id=str(uuid.uuid4()), strategy=LWW)).success
    shown = inspector.GetConflict(ours.GetConflictRequest(conflict_id=late.conflict.conflict_id, player_id=35))
    assert shown.resolved and shown.version == 4, shown
    print("ok: parked conflicts: listed, refreshed, resolved, idempotent")


def batches():
    sword = name("sword")
    sync(36, "loot", sword, b"on the floor")
    def loot(player, bag):
        return pb.StateSyncRequest(player_id=player, batch=pb.Batch(atomic=True, updates=[
            pb.StateSyncRequest(category="loot", key=sword, state_data=b"taken by %d" % player, expected_version=1),
            pb.StateSyncRequest(category="loot", key=bag, state_data=b"sword")]))
    answers = [service.SyncState(loot(player, name("bag"))) for player in (36, 37)]
    assert sorted(a.result for a in answers) == [SUCCESS, CONFLICT], answers
    assert [r.result for r in answers[0].results] == [SUCCESS, SUCCESS], answers[0]
    assert len(answers[1].results) == 2 and answers[1].results[1].result != SUCCESS, answers[1]
    key = name("once")
    request = pb.StateSyncRequest(player_id=36, category="position", key=key, state_data=b"x", idempotency_key=b"k" + key.encode())
    first, again = service.SyncState(request), service.SyncState(request)
    assert first.current_version == again.current_version == 1 and again.replayed and again.request_id == first.request_id, (first, again)
    request.state_data = b"y"
    refused(grpc.StatusCode.INVALID_ARGUMENT, lambda: service.SyncState(request))
    many = service.SyncState(pb.StateSyncRequest(player_id=36, batch=pb.Batch(updates=[
        pb.StateSyncRequest(category="position", key=f"{key}-{i}", state_data=b"z") for i in range(500)])))
    assert len(many.results) == 500 and all(r.result == SUCCESS for r in many.results)
    print("ok: atomic batches (one sword, one owner), idempotency keys, plain batches")


def stock_open(kind, data):
    if kind == 1:
        return gzip.decompress(data)
    tool = ["lz4", "-d", "-c"] if kind == 2 else ["zstd", "-d", "-c", "-q"]
    return subprocess.run(tool, input=data, capture_output=True, check=True).stdout


def snapshots():
    player = 1 << 40 | int(time.time())
    for i in range(300):
        sync(player, "profile", f"k/{i:03}%", json.dumps({"n": i, "text": "statesync " * 8}).encode())
    def ask(**fields):
        return service.GetStateSnapshot(pb.StateSnapshotRequest(player_id=player, categories=["profile"], **fields))
    full = ask()
    assert len(full.entries) == 300 and full.compression == 0 and full.entries[0].vector_clock, len(full.entries)
    for kind in (1, 2, 3):
        packed = ask(accept_compression=[kind])
        assert packed.compression == kind and not packed.entries, packed.compression
        plain = stock_open(kind, packed.compressed_entries)
        assert len(plain) == packed.uncompressed_size
        assert list(pb.StateEntries.FromString(plain).entries) == list(full.entries)
    pages, token = [], b""
    while True:
        page = ask(page_size_bytes=4000, page_token=token)
        sync(player, "profile", "k/000%", b'{"moved":true}', expected_version=0)
        pages += list(page.entries)
        token = page.next_page_token
        if not token:
            break
    assert [e.key for e in pages] == [e.key for e in full.entries] and list(pages) == list(full.entries), "pages are one point"
    changed = ask(last_versions={f"profile/k%2F{i:03}%25": 1 for i in range(299)})
    assert [e.key for e in changed.entries] == ["k/299%"], [e.key for e in changed.entries]
    resume = ask().resume_token
    sync(player, "profile", "new", b"{}")
    sync(player, "profile", "k/007%", delete=True, expected_version=1)
    assert [(e.key, e.deleted) for e in ask(resume_token=resume).entries] == [("new", False)]
    assert {(e.key, e.deleted) for e in ask(resume_token=resume, tombstones=True).entries} == {("new", False), ("k/007%", True)}
    gone = ask(last_versions={"profile/k%2F007%25": 1, "profile/never": 3}, tombstones=True)
    assert {e.key for e in gone.entries if e.deleted} == {"k/007%", "never"}, gone
    print("ok: snapshots: compression for the stock tools, pages of one point, last_versions, resume, tombstones")


def subscriptions():
    key = name("seen")
    watcher, writer = Stream(), Stream()
    sync(41, "position", key, b"before")
    watcher.send(player_id=42, client_sequence=7, subscribe=pb.Subscribe(categories=["position"], owners=[41]))
    first = watcher.until(lambda a: a.update.key == key)
    assert first.request_id == 0 and first.update.state == b"before" and first.update.version == 1, first
    caught = watcher.until(lambda a: a.caught_up)
    assert caught.client_sequence == 7 and caught.resume_token
    writer.send(player_id=41, category="position", key=key, state_data=b"after", client_sequence=9)
    assert writer.next().client_sequence == 9
    push = watcher.until(lambda a: a.update.key == key)
    assert push.update.state == b"after" and push.update.writer == 41 and push.update.version == 2, push
    # The read rules hold: gear is the owner's alone.
    secret = Stream()
    secret.send(player_id=43, subscribe=pb.Subscribe(categories=["gear"]))
    secret.until(lambda a: a.caught_up)
    # Resuming tells what was missed, nothing else.
    watcher.close()
    sync(41, "position", key, b"missed")
    back = Stream()
    back.send(player_id=42, subscribe=pb.Subscribe(categories=["position"], owners=[41], resume_token=caught.resume_token))
    got = []
    back.until(lambda a: got.append((a.update.key, a.update.state)) or a.caught_up)
    assert (key, b"missed") in got, got
    # Somebody else's parked write is told to its writer.
    deal = name("told")
    sync(44, "trade", deal, b"{}")
    sync(44, "trade", deal, b'{"a":1}', expected_version=1)
    mine = Stream()
    mine.send(player_id=45, subscribe=pb.Subscribe(categories=["trade"]))
    mine.until(lambda a: a.caught_up)
    late = sync(45, "trade", deal, b'{"b":1}', expected_version=1)
    service.ResolveConflict(pb.ConflictResolutionRequest(conflict_id=late.conflict.conflict_id, strategy=MERGE, player_id=45))
    outcome = mine.until(lambda a: a.outcome.conflict_id == late.conflict.conflict_id).outcome
    assert outcome.strategy == MERGE and json.loads(outcome.resolved_state) == {"a": 1, "b": 1}, outcome
    for stream in (writer, secret, back, mine):
        stream.close()
    print("ok: subscriptions: start, pushes, read rules, resume, outcomes")


def lives():
    key = name("ghost")
    owner = Stream()
    owner.send(player_id=46, category="ghost", key=key, state_data=b"boo")
    owner.next()
    watcher = Stream()
    watcher.send(player_id=47, subscribe=pb.Subscribe(categories=["ghost", "brief"]))
    watcher.until(lambda a: a.caught_up)
    owner.close()
    assert watcher.until(lambda a: a.update.key == key).update.deleted
    sync(46, "brief", key, b"soon gone")
    assert watcher.until(lambda a: a.update.key == key and not a.update.deleted).update.state == b"soon gone"
    assert watcher.until(lambda a: a.update.key == key and a.update.deleted, timeout=3).update.version == 2
    watcher.close()
    print("ok: session cells leave with their owner, ttl cells in time")


def proposals():
    key = name("asked")
    answer = sync(48, "asked", key, b"may I")
    assert answer.result in (CONFLICT, SUCCESS, 0)
    listed = inspector.ListProposals(ours.ListProposalsRequest())
    mine = [p for p in listed.proposals if p.key == key]
    # Anonymous on loopback has the role server, so its own writes need no verdict.
    if answer.result == SUCCESS:
        assert not mine
        print("ok: a server's own write needs no verdict")
        return
    decided = inspector.DecideProposal(ours.DecideProposalRequest(id=mine[0].id, accept=True))
    assert decided.success, decided
    print("ok: proposals")


def worlds_and_capabilities():
    able = inspector.Capabilities(ours.CapabilitiesRequest())
    assert able.protocol == 1 and len(able.node_id) == 16 and "default" in able.worlds and able.limits.key_bytes == 256, able
    assert {c.name for c in able.categories} >= {"position", "gear", "trade"}
    key = name("here")
    arena = (("statesync-world", "arena"),)
    sync(49, "position", key, b"default world")
    answer = sync(49, "position", key, b"arena world", metadata=arena)
    assert answer.current_version == 1, answer
    opened = name("zone")
    refused(grpc.StatusCode.NOT_FOUND, lambda: sync(49, "position", key, b"x", metadata=(("statesync-world", opened),)))
    assert inspector.OpenWorld(ours.OpenWorldRequest(name=opened)).created
    assert sync(49, "position", key, b"x", metadata=(("statesync-world", opened),)).result == SUCCESS
    stats = inspector.GetStats(ours.GetStatsRequest(world=opened))
    assert stats.cells == 1 and stats.updates == 1 and stats.world == opened, stats
    print("ok: worlds, capabilities, stats")


def latency():
    stream = Stream()
    key = name("rtt")
    deadline = time.time() + 4
    while time.time() < deadline:
        stream.send(player_id=50, category="position", key=key, state_data=b"x", interpolation_delay_ms=100)
        answer = stream.next()
        time.sleep(0.1)
    assert answer.compensation.rewind_time_ms >= 100 and answer.compensation.compensation_factor == 1.0, answer
    stream.send(player_id=50, category="position", key=key, state_data=b"x", interpolation_delay_ms=400)
    capped = stream.next().compensation
    assert capped.rewind_time_ms == 250 and 0.5 < capped.compensation_factor < 0.7, capped
    stream.close()
    print("ok: latency compensation")


def rate_limit():
    player = 51
    batch = pb.StateSyncRequest(player_id=player, batch=pb.Batch(updates=[
        pb.StateSyncRequest(category="position", key="r", state_data=b"x")] * 4000))
    limited = None
    for _ in range(15):
        answer = service.SyncState(batch)
        if answer.result == LIMITED:
            limited = answer
            break
    assert limited and limited.request_id == 0 and limited.retry_after_ms > 0, limited
    time.sleep(limited.retry_after_ms / 1000 + 0.05)
    assert service.SyncState(batch).result == SUCCESS
    print("ok: rate limit with a hint that is true")


for test in (preconditions, versions_are_never_reused, merges, manual, batches, snapshots, subscriptions, lives,
             proposals, worlds_and_capabilities, latency, rate_limit):
    test()
