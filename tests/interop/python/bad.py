# SPDX-License-Identifier: Apache-2.0
"""Bytes that no honest client sends, through a stock gRPC channel without serializers: each gets the
status or result that the contract names, nothing else is harmed, and the server's memory stays flat."""
import os
import random
import socket
import sys
import threading
import time

address, clients = sys.argv[1:3]
sys.path.insert(0, os.path.join(clients, "python", "extended"))
import grpc  # noqa: E402
import state_sync_pb2 as pb  # noqa: E402

SERVICE = "/necp.realtime.statesync.v1.StateSyncService/"
channel = grpc.insecure_channel(address)
raw_sync = channel.unary_unary(SERVICE + "SyncState")
raw_stream = channel.stream_stream(SERVICE + "StreamStateUpdates")
raw_snapshot = channel.unary_unary(SERVICE + "GetStateSnapshot")
Code = grpc.StatusCode


def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number, kind, payload=b""):
    return varint(number << 3 | kind) + payload


def text(number, value):
    return field(number, 2, varint(len(value)) + value)


def code_of(call, request):
    try:
        call(request, timeout=10)
    except grpc.RpcError as error:
        return error.code()
    return Code.OK


GOOD = pb.StateSyncRequest(player_id=21, category="position", key="ok", state_data=b"x").SerializeToString()


def undecodable():
    """What cannot be decoded is INVALID_ARGUMENT everywhere, and ends a stream."""
    cases = {
        "truncated": GOOD[:-1],
        "length past the end": field(4, 2, varint(1 << 40)) + b"x",
        "endless varint": field(2, 0, b"\xff" * 30),
        "ten-byte varint over 64 bits": field(2, 0, b"\xff" * 9 + b"\x7f"),
        "group": field(200, 3) + field(200, 4),
        "field number 0": b"\x00\x00",
        "wire type 6": b"\x0e",
        "wrong wire type for category": field(4, 0, b"\x01"),
        "wrong wire type for player": field(1, 0, b"\x01"),
        "invalid UTF-8 category": text(4, b"\xff\xfe"),
        "invalid UTF-8 in a clock": text(8, text(1, b"\xc3") + field(2, 0, b"\x01")),
        "surrogate in key": text(5, b"\xed\xa0\x80"),
    }
    for name, request in cases.items():
        assert code_of(raw_sync, request) == Code.INVALID_ARGUMENT, (name, code_of(raw_sync, request))
        stream = raw_stream(iter([GOOD, request, GOOD]), timeout=10)
        answers, code = [], None
        try:
            for answer in stream:
                answers.append(answer)
        except grpc.RpcError as error:
            code = error.code()
        assert code == Code.INVALID_ARGUMENT and len(answers) <= 1, (name, code, len(answers))
    deep = b""
    for _ in range(40):
        deep = text(108, text(1, deep))
    assert code_of(raw_sync, deep) == Code.INVALID_ARGUMENT
    print("ok: undecodable messages")


def tolerated():
    """Unknown fields are skipped; of a duplicated scalar the last one stands."""
    for name, request in {
        "unknown fields": GOOD + text(9999, b"?" * 1000) + field(7777, 5, b"\0" * 4) + field(7778, 1, b"\0" * 8),
        "duplicated key": text(5, b"first") + GOOD,
    }.items():
        answer = pb.StateSyncResponse.FromString(raw_sync(request, timeout=10))
        assert answer.result == pb.SYNC_RESULT_SUCCESS, (name, answer)
    print("ok: unknown and duplicated fields")


def refusable():
    """A bad update is INVALID_ARGUMENT alone and ERROR inside a stream, which goes on."""
    def request(**fields):
        base = dict(player_id=22, category="position", key="k", state_data=b"x")
        base.update(fields)
        return pb.StateSyncRequest(**base)

    clock = {f"{i:016x}": 1 for i in range(65)}
    cases = {
        "player 0": request(player_id=0),
        "empty category": request(category=""),
        "empty key": request(key=""),
        "category of 65 bytes": request(category="c" * 65),
        "key of 70 kB": request(key="k" * 70000),
        "state over 64 KiB": request(state_data=b"x" * 65537),
        "65 clock entries": request(vector_clock=clock),
        "unknown category": request(category="unheard-of"),
        "10^5 deep JSON": request(category="gear", state_data=b"[" * 60000),
        "duplicate JSON names": request(category="gear", state_data=b'{"a":1,"\\u0061":2}'),
        "no JSON": request(category="gear", state_data=b"\xff\x00"),
        "empty JSON": request(category="gear", state_data=b""),
        "no protobuf": request(category="stats", state_data=b"\x0b"),
        "digest of 3 bytes": request(base_digest=b"abc"),
        "idempotency key of 65 bytes": request(idempotency_key=b"i" * 65),
        "another owner of a shared cell": request(category="loot", owner_id=9),
        "empty batch": request(batch=pb.Batch()),
        "nested batch": request(batch=pb.Batch(updates=[request(batch=pb.Batch(updates=[request()]))])),
        "257 atomic updates": request(batch=pb.Batch(updates=[request()] * 257, atomic=True)),
        "subscription with a forged token": request(subscribe=pb.Subscribe(resume_token=b"rubbish")),
        "subscription to an endless area": request(subscribe=pb.Subscribe(area=pb.Area(radius=float("inf")))),
    }
    for name, bad in cases.items():
        code = code_of(raw_sync, bad.SerializeToString())
        assert code == Code.INVALID_ARGUMENT, (name, code)
        answers = [pb.StateSyncResponse.FromString(a) for a in
                   raw_stream(iter([GOOD, bad.SerializeToString(), GOOD]), timeout=10)]
        results = [a.result for a in answers]
        assert results == [pb.SYNC_RESULT_SUCCESS, pb.SYNC_RESULT_ERROR, pb.SYNC_RESULT_SUCCESS], (name, answers)
        assert answers[1].request_id == 0 and answers[1].error_message and answers[1].error_code == 3, (name, answers[1])
    big = pb.StateSyncRequest(player_id=22, category="gear", key="big", state_data=b'{"n":9223372036854775808123}')
    answer = pb.StateSyncResponse.FromString(raw_sync(big.SerializeToString(), timeout=10))
    assert answer.state_data == big.state_data, answer
    assert code_of(raw_sync, b"\0" * 300000) == Code.RESOURCE_EXHAUSTED
    print("ok: refusable updates, each named")


def tokens():
    for token, code in ((b"x", Code.INVALID_ARGUMENT), (b"P" + b"\0" * 30, Code.ABORTED), (b"P" + os.urandom(30), Code.ABORTED)):
        got = code_of(raw_snapshot, pb.StateSnapshotRequest(player_id=1, page_token=token).SerializeToString())
        assert got == code, (token, got)
    for token, code in ((b"x", Code.INVALID_ARGUMENT), (b"R" + b"\0" * 22, Code.ABORTED)):
        got = code_of(raw_snapshot, pb.StateSnapshotRequest(player_id=1, resume_token=token).SerializeToString())
        assert got == code, (token, got)
    print("ok: forged tokens")


def random_messages():
    chance = random.Random(4)
    codes = {}
    for _ in range(1500):
        size = chance.randrange(1, 200)
        request = bytes(chance.randrange(256) for _ in range(size))
        if chance.random() < 0.5:
            damaged = bytearray(GOOD)
            for _ in range(chance.randrange(1, 4)):
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
            request = bytes(damaged)
        code = code_of(raw_sync, request)
        codes[code] = codes.get(code, 0) + 1
    # OK: still valid (or another player); INTERNAL would be ours.
    assert set(codes) <= {Code.OK, Code.INVALID_ARGUMENT}, codes
    print("ok: 1500 random messages:", {c.name: n for c, n in codes.items()})


def raw_sockets():
    """Rubbish, half-closed and silent connections."""
    host, port = address.rsplit(":", 1)
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    chance = random.Random(5)
    held = []
    for i in range(200):
        peer = socket.create_connection((host, int(port)), timeout=5)
        head = preface + b"\0\0\0\4\0\0\0\0\0" if i % 2 else b""
        peer.sendall(head + bytes(chance.randrange(256) for _ in range(chance.randrange(1, 400))))
        if i % 3 == 0:
            peer.shutdown(socket.SHUT_WR)
        if i % 3 == 1:
            peer.close()
        else:
            held.append(peer)
    assert code_of(raw_sync, GOOD) == Code.OK
    for peer in held:
        peer.close()
    print("ok: 200 connections of rubbish")


def never_reads():
    """A client that asks and never reads costs bounded memory, and others go on."""
    requests = threading.Event()

    def endless():
        big = pb.StateSyncRequest(player_id=23, category="position", key="big", state_data=b"y" * 60000).SerializeToString()
        for _ in range(2000):
            if requests.is_set():
                return
            yield big

    lazy = grpc.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)])
    call = lazy.stream_stream(SERVICE + "StreamStateUpdates")(endless())
    began = time.time()
    worst = 0.0
    while time.time() - began < 2:
        at = time.time()
        assert code_of(raw_sync, GOOD) == Code.OK
        worst = max(worst, time.time() - at)
    requests.set()
    call.cancel()
    lazy.close()
    assert worst < 1.0, worst
    print(f"ok: a client that never reads (worst honest call {worst * 1000:.1f} ms)")


undecodable()
tolerated()
refusable()
tokens()
random_messages()
raw_sockets()
never_reads()
