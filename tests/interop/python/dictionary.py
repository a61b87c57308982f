# SPDX-License-Identifier: Apache-2.0
"""Snapshots with a trained dictionary: made, fetched and opened by the stock zstd. Starts its own servers.
usage: dictionary.py STATESYNC CLIENTS"""
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

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

folder = tempfile.mkdtemp(prefix="statesync-dictionary-")
draw = random.Random(2)


def path(name):
    return os.path.join(folder, name)


def profile(i):
    return json.dumps({"name": f"player {i}", "level": draw.randrange(90), "weapon": draw.choice(["railgun", "shotgun", "machinegun"]),
                       "position": {"x": draw.random() * 100, "y": 0, "z": draw.random() * 100}, "team": draw.choice(["red", "blue"])}).encode()


def train(name, number):
    samples = []
    for i in range(600):
        samples.append(path(f"{name}-{i}"))
        with open(samples[-1], "wb") as file:
            file.write(pb.StateEntry(category="profile", key=f"slot-{i}", state_data=profile(i), version=1).SerializeToString())
    subprocess.run(["zstd", "--train", "-q", "--maxdict=6000", f"--dictID={number}", "-o", path(name), *samples], check=True)


def configure(text):
    with open(path("statesync.yaml"), "w") as out:
        out.write('listen: { grpc: "127.0.0.1:0", http: "127.0.0.1:0" }\ndata: none\ncategories:\n' + text)


train("one.dict", 77001)
train("two.dict", 77002)
configure(f"""
  profile: {{ scope: player, write: any, read: any, format: json, dictionary: {path("one.dict")} }}
  friends: {{ scope: player, write: any, read: any, format: json, dictionary: {path("one.dict")} }}
  other: {{ scope: player, write: any, read: any, format: json, dictionary: {path("two.dict")} }}
  plain: {{ scope: player, write: any, read: any, format: json }}
""")
server = Server(program, path("statesync.yaml"))
channel = grpc.insecure_channel(server.grpc)
service, inspector = rpc.StateSyncServiceStub(channel), ours_rpc.StatesyncStub(channel)


def snapshot(*categories, dictionaries=(77001, 77002), compression=(pb.COMPRESSION_TYPE_ZSTD,), **fields):
    return service.GetStateSnapshot(pb.StateSnapshotRequest(
        player_id=5, categories=categories, accept_compression=compression, zstd_dictionaries=dictionaries, **fields), timeout=10)


def opened(answer, dictionary=None):
    with open(path("frame.zst"), "wb") as file:
        file.write(answer.compressed_entries)
    arguments = ["-D", path(dictionary)] if dictionary else []
    content = subprocess.run(["zstd", "-d", "-c", "-q", *arguments, path("frame.zst")], check=True, stdout=subprocess.PIPE).stdout
    assert len(content) == answer.uncompressed_size
    return {(e.category, e.key): e.state_data for e in pb.StateEntries.FromString(content).entries}


def check():
    infos = {c.name: c.zstd_dictionary for c in inspector.Capabilities(ours.CapabilitiesRequest()).categories}
    assert infos["profile"] == infos["friends"] == 77001 and infos["other"] == 77002 and infos["plain"] == 0, infos
    with open(path("one.dict"), "rb") as file:
        assert inspector.GetDictionary(ours.GetDictionaryRequest(id=77001)).dictionary == file.read()
    try:
        inspector.GetDictionary(ours.GetDictionaryRequest(id=1))
        raise AssertionError("an unknown dictionary was answered")
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.NOT_FOUND, error
    held = {}
    for category in infos:
        for i in range(3):
            held[(category, f"slot-{i}")] = state = profile(i)
            service.SyncState(pb.StateSyncRequest(player_id=5, category=category, key=f"slot-{i}", state_data=state))

    def part(*categories):
        return {cell: state for cell, state in held.items() if cell[0] in categories}
    plain, small = snapshot("profile", dictionaries=()), snapshot("profile")
    assert plain.zstd_dictionary == 0 and opened(plain) == part("profile")
    assert small.zstd_dictionary == 77001 and opened(small, "one.dict") == part("profile")
    assert len(small.compressed_entries) * 1.5 < len(plain.compressed_entries), (len(small.compressed_entries), len(plain.compressed_entries))
    assert opened(snapshot("profile", "friends"), "one.dict") == part("profile", "friends")
    for answer in (snapshot("profile", "other"), snapshot("profile", "plain"), snapshot("plain"),
                   snapshot("profile", dictionaries=(77002, 5)), snapshot("profile", compression=(pb.COMPRESSION_TYPE_GZIP,))):
        assert answer.zstd_dictionary == 0 and answer.compression != 0, answer
    assert opened(snapshot("profile", "other")) == part("profile", "other")
    page = snapshot("profile", page_size_bytes=300)
    assert page.next_page_token and page.zstd_dictionary == 77001 and opened(page, "one.dict").items() <= held.items()
    print(f"ok: three profiles in {len(small.compressed_entries)} bytes with a dictionary, {len(plain.compressed_entries)} without")


def reloads():
    configure(f"  profile: {{ scope: player, write: any, read: any, format: json, dictionary: {path('two.dict')} }}\n" + "".join(
        f"  {name}: {{ scope: player, write: any, read: any, format: json }}\n" for name in ("friends", "other", "plain")))
    server.process.send_signal(signal.SIGHUP)
    deadline = time.time() + 10
    while snapshot("profile").zstd_dictionary != 77002:
        assert time.time() < deadline, server.output()
        time.sleep(0.05)
    configure("  profile: { format: json, dictionary: /no/such/file }\n")
    server.process.send_signal(signal.SIGHUP)
    while "/no/such/file" not in server.output():
        assert time.time() < deadline, server.output()
        time.sleep(0.05)
    assert snapshot("profile").zstd_dictionary == 77002
    print("ok: a reload exchanges dictionaries, and a bad one changes nothing")


def refusals():
    for text, said in ((f"dictionary: {path('one.dict-1')}", "zstd --train"), ("dictionary: /no/such/file", "/no/such/file")):
        configure(f"  profile: {{ format: json, {text} }}\n")
        done = subprocess.run([program, "serve", "--config", path("statesync.yaml")], capture_output=True, text=True, timeout=20)
        assert done.returncode != 0 and said in done.stderr, done
    print("ok: a file that is no dictionary is refused at the start")


check()
reloads()
assert server.stop() == 0, server.output()
refusals()
