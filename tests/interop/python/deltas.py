# SPDX-License-Identifier: Apache-2.0
"""Deltas from a stock Python client: protoc's output and the thirty lines of PROTOCOL.md, section 19."""
import json
import os
import queue
import random
import struct
import subprocess
import sys
import tempfile
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
SUCCESS, CONFLICT, STALE, ERROR = 1, 2, 3, 4
NONE, PATCH, ZSTD = 0, 1, 2
draw = random.Random(4)


def apply(base, patch):
    out, cursor, at = bytearray(), 0, 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = patch[at]
            at, value, shift = at + 1, value | (byte & 127) << shift, shift + 7
            if byte < 128:
                return value
    while at < len(patch):
        op = varint()
        n, kind = op >> 2, op & 3
        if kind == 0:
            out += patch[at:at + n]
            at, cursor = at + n, cursor + n
        elif kind < 3:
            if kind == 2:
                z = varint()
                cursor += (z >> 1) ^ -(z & 1)
            out += base[cursor:cursor + n]
            cursor += n
        else:
            codes, at = patch[at:at + (n + 3) // 4], at + (n + 3) // 4
            for i in range(n):
                size = (0, 2, 3, 4)[codes[i // 4] >> i % 4 * 2 & 3]
                d = int.from_bytes(patch[at:at + size], "little")
                word = int.from_bytes(base[cursor:cursor + 4], "little") + ((d >> 1) ^ -(d & 1))
                out += (word & 0xffffffff).to_bytes(4, "little")
                at, cursor = at + size, cursor + 4
    return bytes(out)


def stock_zstd(base, frame):
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, name) for name in ("base", "frame.zst")]
        for path, content in zip(paths, (base, frame)):
            with open(path, "wb") as file:
                file.write(content)
        return subprocess.run(["zstd", "-d", "-c", "-q", "-D", *paths], check=True, stdout=subprocess.PIPE).stdout


def restore(format, base, delta):
    assert base is not None, "a delta against a version that this client does not hold"
    return apply(base, delta) if format == PATCH else stock_zstd(base, delta)


def varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out + bytes([value]))


def insert(data):
    return varint(len(data) << 2) + data


def copy(size):
    return varint(size << 2 | 1)


def name(prefix):
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def sync(player, category, key, state=b"", **fields):
    return service.SyncState(pb.StateSyncRequest(
        player_id=player, category=category, key=key, state_data=state, **fields), timeout=10)


def refused(code, call):
    try:
        answer = call()
    except grpc.RpcError as error:
        assert error.code() == code, (error.code(), error.details())
        return error.details()
    raise AssertionError(f"expected {code}, got {answer}")


class Reader:
    """A subscription that keeps what it was pushed, and counts how it came."""

    def __init__(self, player, held=None, **fields):
        self.held = dict(held or {})  # (owner, category, key) -> (version, state)
        self.whole = self.deltas = self.whole_bytes = self.delta_bytes = 0
        self.formats = set()
        self.caught_up = False
        self.requests = queue.Queue()
        self.call = service.StreamStateUpdates(iter(self.requests.get, None))
        self.requests.put(pb.StateSyncRequest(player_id=player, subscribe=pb.Subscribe(**fields)))
        self.error = None
        self.lock = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            for push in self.call:
                with self.lock:
                    self.caught_up |= push.caught_up
                    if push.HasField("update"):
                        self.take(push.update)
                    self.lock.notify_all()
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.CANCELLED:
                self.error = error
        except AssertionError as error:
            self.error = error

    def take(self, update):
        cell = (update.owner_id, update.category, update.key)
        if update.deleted or update.left:
            self.held.pop(cell, None)
            return
        state = update.state
        self.formats.add(update.delta_format)
        if update.delta_format != NONE:
            version, base = self.held.get(cell, (0, None))
            assert version == update.base_version and not state, update
            state = restore(update.delta_format, base, update.delta)
            assert len(update.delta) < len(state), update
            self.deltas += 1
            self.delta_bytes += len(update.delta)
        else:
            assert not update.delta and not update.base_version, update
            self.whole += 1
        self.whole_bytes += len(state)
        self.held[cell] = (update.version, state)

    def until(self, wanted, timeout=10):
        with self.lock:
            assert self.lock.wait_for(lambda: self.error or wanted(self), timeout), (wanted, self.held.keys())
        if self.error:
            raise self.error

    def close(self):
        self.requests.put(None)
        self.call.cancel()


def body(key, tick):
    """48 bytes as games have them: position, velocity, rotation, a few bytes."""
    angle = tick * 0.05 + key
    return struct.pack("<10f8B", 100 + key + tick * 0.1, 1.5, -40 + tick * 0.05, 3.1, 0, 1.5,
                       0, angle % 1, 0, 1 - angle % 1, 100, 0, 3, 0, 0, 0, 0, 0)


def features():
    stub = ours_rpc.StatesyncStub(channel)
    assert "deltas" in stub.Capabilities(ours.CapabilitiesRequest()).features
    print("ok: a server that knows deltas says so")


def pushed_bodies():
    writer = 7001
    reader = Reader(7002, categories=["position"], owners=[writer], accept_deltas=[PATCH])
    plain = Reader(7003, categories=["position"], owners=[writer])
    for one in (reader, plain):
        one.until(lambda r: r.caught_up)
    keys = [name("body") for _ in range(4)]
    wanted = {}
    for tick in range(60):
        for i, key in enumerate(keys):
            state = body(i, tick)
            answer = sync(writer, "position", key, state)
            wanted[(writer, "position", key)] = (answer.current_version, state)
        time.sleep(0.01)
    for one in (reader, plain):
        one.until(lambda r: r.held == wanted)
    assert plain.deltas == 0 and plain.formats == {NONE}
    assert reader.deltas > reader.whole, (reader.deltas, reader.whole)
    assert reader.delta_bytes < reader.deltas * 32
    print(f"ok: {reader.deltas} of {reader.deltas + reader.whole} pushes as deltas of "
          f"{reader.delta_bytes / reader.deltas:.1f} bytes; a client that offers nothing gets none")
    for one in (reader, plain):
        one.close()


def pushed_blobs():
    writer, key = 7011, name("blob")
    readers = {PATCH: Reader(7012, owners=[writer], accept_deltas=[PATCH, ZSTD]),
               ZSTD: Reader(7013, owners=[writer], accept_deltas=[ZSTD, PATCH])}
    for one in readers.values():
        one.until(lambda r: r.caught_up)
    state = draw.randbytes(8000)
    for step in range(12):
        at = draw.randrange(len(state))
        state = state[:at] + draw.randbytes(20) + state[at + draw.randrange(30):]
        version = sync(writer, "position", key, state).current_version
        for one in readers.values():
            one.until(lambda r: r.held.get((writer, "position", key)) == (version, state))
    for format, one in readers.items():
        assert one.formats == {NONE, format} and one.whole == 1, (format, one.formats, one.whole)
        one.close()
    print("ok: blobs as patches, and as frames that the stock zstd opens with the base as dictionary")


def resumed():
    """The first push is a delta against what the client named; what it names wrongly comes whole."""
    player, key, other = 7021, name("kept"), name("kept")
    states = [json.dumps({"name": "Ann", "gold": gold, "bag": ["bow", "axe", "key"] * 4}).encode() for gold in (5, 70, 800)]
    for state in states:
        sync(player, "vital", key, state)
        sync(player, "vital", other, state)
    cell = (player, "vital", key)
    reader = Reader(player, {cell: (1, states[0])}, categories=["vital"], accept_deltas=[PATCH],
                    last_versions={f"vital/{key}": 1, f"vital/{other}": 77})
    reader.until(lambda r: r.caught_up)
    assert reader.held == {cell: (3, states[2]), (player, "vital", other): (3, states[2])}, reader.held
    assert reader.deltas == 1 and reader.whole == 1
    reader.close()
    print("ok: a subscription goes on from last_versions with deltas")


def area():
    owner, key, server = 7031, name("walker"), 1

    def place(x):
        state = json.dumps({"x": x, "y": 0, "z": 0, "note": "n" * 60}).encode()
        return sync(server, "placed", key, state, owner_id=owner).current_version, state
    place(1)
    reader = Reader(7032, categories=["placed"], owners=[owner], area=pb.Area(radius=10), accept_deltas=[PATCH])
    reader.until(lambda r: r.caught_up)
    cell = (owner, "placed", key)
    for x in (2, 3, 50, 4, 5):
        told = place(x)
        reader.until(lambda r: r.held.get(cell) == (None if x == 50 else told))
    assert (reader.deltas, reader.whole) == (3, 2), (reader.deltas, reader.whole)
    reader.close()
    print("ok: what comes back into an area comes whole")


def own_writes():
    """A cell that this stream wrote comes whole when somebody else changes it."""
    key = name("shared")
    state = b"s" * 100
    sync(7041, "loot", key, state)
    reader = Reader(7041, categories=["loot"], accept_deltas=[PATCH])
    reader.until(lambda r: r.caught_up)
    cell = (0, "loot", key)
    sync(7042, "loot", key, state + b"2", expected_version=1)
    reader.until(lambda r: r.held.get(cell) == (2, state + b"2"))
    assert reader.deltas == 1
    reader.requests.put(pb.StateSyncRequest(player_id=7041, category="loot", key=key, state_data=state + b"3",
                                            expected_version=2, omit_state=True))
    deadline = time.time() + 5
    while sync(7042, "loot", key, state + b"4", expected_version=3).result != SUCCESS:
        assert time.time() < deadline
    reader.until(lambda r: r.held.get(cell) == (4, state + b"4"))
    assert reader.deltas == 1
    reader.close()
    print("ok: after a write of its own a reader gets the state whole")


def writes():
    key, state = name("doc"), b"0123456789abcdef" * 4
    sync(7051, "position", key, state)
    delta = copy(20) + insert(b"new") + copy(10)
    answer = sync(7051, "position", key, expected_version=1, state_delta=delta, delta_format=PATCH)
    wanted = apply(state, delta)
    assert answer.result == SUCCESS and answer.state_data == wanted and answer.current_version == 2, answer
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, name) for name in ("base", "next")]
        for path, content in zip(paths, (wanted, wanted * 9 + b"!")):
            with open(path, "wb") as file:
                file.write(content)
        frame = subprocess.run(["zstd", "-c", "-q", f"--patch-from={paths[0]}", paths[1]], check=True, stdout=subprocess.PIPE).stdout
    answer = sync(7051, "position", key, expected_version=2, state_delta=frame, delta_format=ZSTD)
    assert answer.result == SUCCESS and answer.state_data == wanted * 9 + b"!", answer
    answer = sync(7051, "position", key, expected_version=3, state_delta=b"", delta_format=PATCH)
    assert answer.result == SUCCESS and answer.state_data == b"", answer
    # What comes out is judged like any state: the format, the invariants, the merge.
    key = name("doc")
    one = sync(7051, "gear", key, b'{"gold":10,"hp":9}')
    sync(7051, "gear", key, b'{"gold":15,"hp":9}', expected_version=1)
    delta = copy(8) + insert(b"7") + varint(6 << 2 | 2) + varint(2) + insert(b"8}")
    assert apply(b'{"gold":10,"hp":9}', delta) == b'{"gold":7,"hp":8}'
    answer = sync(7051, "gear", key, expected_version=one.current_version, delta_format=PATCH, state_delta=delta)
    assert answer.conflict.strategy == 2 and json.loads(answer.state_data) == {"gold": 12, "hp": 8}, answer
    assert "JSON" in refused(grpc.StatusCode.INVALID_ARGUMENT, lambda: sync(
        7051, "gear", key, expected_version=1, delta_format=PATCH, state_delta=copy(3)))
    key = name("doc")
    sync(7051, "vital", key, b'{"hp":50}')
    answer = sync(7051, "vital", key, expected_version=1, delta_format=PATCH,
                  state_delta=copy(6) + insert(b"500}"))
    assert answer.result == CONFLICT and answer.conflict.type == 4, answer
    print("ok: writes as deltas are judged like whole states")


def bad_writes():
    key, state = name("doc"), b"state" * 20
    sync(7061, "position", key, state)

    def wrong(text, **fields):
        fields = {"expected_version": 1, "delta_format": PATCH, "state_delta": copy(5), **fields}
        said = refused(grpc.StatusCode.INVALID_ARGUMENT, lambda: sync(7061, "position", key, **fields))
        assert text in said, said
    wrong("does not apply", state_delta=copy(101))
    wrong("does not apply", state_delta=b"\xff\xff")
    wrong("does not apply", state_delta=b"no frame", delta_format=ZSTD)
    wrong("larger", state_delta=copy(100) + (varint(100 << 2 | 2) + varint(199)) * 700)
    wrong("larger", state_delta=varint(1 << 40))
    wrong("delta_format", delta_format=NONE)
    wrong("none that", delta_format=9)
    wrong("one of them", state=b"whole")
    wrong("expected_version", expected_version=0)
    # In a stream the same is an ERROR in its place, and the stream goes on.
    requests = [pb.StateSyncRequest(player_id=7061, category="position", key=key, expected_version=1,
                                    delta_format=PATCH, state_delta=delta) for delta in (copy(101), copy(99))]
    answers = list(service.StreamStateUpdates(iter(requests), timeout=10))
    assert [a.result for a in answers] == [ERROR, SUCCESS] and answers[0].error_code == 3, answers
    assert sync(7061, "position", key, omit_state=False, delete=True, expected_version=2).result == SUCCESS
    print("ok: deltas that do not apply are errors that say why")


def missing_bases():
    key = name("doc")
    absent = sync(7071, "position", key, expected_version=1, delta_format=PATCH, state_delta=copy(1))
    assert absent.result == STALE and absent.deleted, absent
    for i in range(80):
        sync(7071, "position", key, b"state %d" % i)
    for version in (1, 81, 4000000000):
        answer = sync(7071, "position", key, expected_version=version, delta_format=PATCH, state_delta=copy(1))
        assert answer.result == STALE and answer.state_data == b"state 79" and answer.current_version == 80, answer
    sync(7071, "position", key, delete=True)
    answer = sync(7071, "position", key, expected_version=80, delta_format=PATCH, state_delta=copy(1))
    assert answer.result == STALE and answer.deleted, answer
    print("ok: a base that is not there is STALE, never a guess")


def repeats():
    key, again = name("doc"), name("key").encode()
    sync(7081, "position", key, b"base")
    fields = dict(expected_version=1, delta_format=PATCH, state_delta=copy(4) + insert(b"!"), idempotency_key=again)
    first = sync(7081, "position", key, **fields)
    assert first.result == SUCCESS and first.state_data == b"base!", first
    # The same content however it comes, also when the base is gone by then; other content is refused.
    whole = sync(7081, "position", key, b"base!", expected_version=1, idempotency_key=again)
    assert whole.replayed and whole.current_version == 2, whole
    said = refused(grpc.StatusCode.INVALID_ARGUMENT, lambda: sync(7081, "position", key, **{**fields, "state_delta": copy(4)}))
    assert "other content" in said, said
    for i in range(80):
        sync(7081, "position", key, b"state %d" % i)
    answer = sync(7081, "position", key, **fields)
    assert answer.replayed and answer.result == SUCCESS and answer.current_version == 2, answer
    # A STALE for want of a base is an answer like any other.
    fields["idempotency_key"] = name("key").encode()
    stale = sync(7081, "position", key, **fields)
    sync(7081, "position", key, b"one more")
    answer = sync(7081, "position", key, **fields)
    assert answer.result == STALE and answer.replayed and answer.current_version == stale.current_version, answer
    print("ok: idempotency keys are about the state, not about how it came")


def batches():
    keys = [name("doc") for _ in range(3)]
    for key in keys:
        sync(7091, "position", key, b"base")

    def update(key, version, delta):
        return pb.StateSyncRequest(category="position", key=key, expected_version=version, delta_format=PATCH, state_delta=delta)

    def send(updates, atomic):
        return service.SyncState(pb.StateSyncRequest(player_id=7091, batch=pb.Batch(updates=updates, atomic=atomic)), timeout=10)
    plus = copy(4) + insert(b"+")
    answer = send([update(keys[0], 1, plus), update(keys[1], 9, plus)], True)
    assert answer.result == STALE and [r.result for r in answer.results] == [CONFLICT, STALE], answer
    answer = send([update(keys[0], 1, plus), update(keys[1], 1, copy(9))], True)
    assert answer.result == ERROR and [r.result for r in answer.results] == [CONFLICT, ERROR], answer
    answer = send([update(keys[0], 1, plus), update(keys[1], 1, plus)], True)
    assert answer.result == SUCCESS and [r.state_data for r in answer.results] == [b"base+"] * 2, answer
    # One after the other: the second builds on what the first made.
    answer = send([update(keys[2], 1, plus), update(keys[2], 2, copy(5) + insert(b"+"))], False)
    assert [r.state_data for r in answer.results] == [b"base+", b"base++"], answer
    print("ok: batches of deltas")


def snapshots():
    player, held = 7101, {}
    for i in range(20):
        key = name("cell")
        state = json.dumps({"name": key, "gold": i, "bag": list(range(20))}).encode()
        held[key] = (sync(player, "vital", key, state).current_version, state)
    for key in list(held)[:10]:
        sync(player, "vital", key, held[key][1].replace(b'"gold": ', b'"gold": 1'))
    request = dict(player_id=player, categories=["vital"], last_versions={f"vital/{k}": v for k, (v, _) in held.items()})
    whole = service.GetStateSnapshot(pb.StateSnapshotRequest(**request), timeout=10)
    small = service.GetStateSnapshot(pb.StateSnapshotRequest(**request, accept_deltas=[PATCH]), timeout=10)
    assert len(whole.entries) == 10 and all(e.delta_format == NONE for e in whole.entries)
    assert len(small.entries) == 10 and all(e.delta_format == PATCH for e in small.entries), small
    for a, b in zip(whole.entries, small.entries):
        version, base = held[a.key]
        assert b.base_version == version and not b.state_data
        assert restore(b.delta_format, base, b.delta) == a.state_data
    assert small.ByteSize() < whole.ByteSize() * 0.7, (small.ByteSize(), whole.ByteSize())
    packed = service.GetStateSnapshot(pb.StateSnapshotRequest(
        **request, accept_deltas=[PATCH], accept_compression=[pb.COMPRESSION_TYPE_ZSTD], page_size_bytes=400), timeout=10)
    assert packed.next_page_token
    print(f"ok: a snapshot since last_versions in {small.ByteSize()} instead of {whole.ByteSize()} bytes")


def corrections():
    def stats(kills, title):
        return b"\x08" + bytes([kills]) + b"\x12" + bytes([len(title)]) + title
    key, title = name("stats"), b"a" * 60
    sync(7111, "stats", key, stats(5, title))
    sync(7111, "stats", key, stats(7, title), expected_version=1)
    sent = stats(8, title)
    answer = sync(7111, "stats", key, sent, expected_version=1, accept_deltas=[PATCH])
    told = answer.compensation
    assert told.prediction_corrected and told.correction_format == PATCH, answer
    assert apply(sent, told.correction_delta) == answer.state_data == stats(10, title), answer
    answer = sync(7111, "stats", key, sent, expected_version=1)
    assert answer.compensation.prediction_corrected and not answer.compensation.correction_delta, answer
    answer = sync(7111, "gear", key, b'{"gold":1}', accept_deltas=[PATCH])
    answer = sync(7111, "gear", key, b'{"gold":2}', expected_version=1, accept_deltas=[PATCH])
    answer = sync(7111, "gear", key, b'{"gold":3}', expected_version=1, accept_deltas=[PATCH])
    assert json.loads(answer.compensation.correction_delta) == {"gold": 4} and answer.compensation.correction_format == NONE, answer
    print("ok: corrections as patches where no merge patch can say them")


for check in (features, pushed_bodies, pushed_blobs, resumed, area, own_writes, writes, bad_writes, missing_bases,
              repeats, batches, snapshots, corrections):
    check()
