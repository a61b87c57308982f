# SPDX-License-Identifier: Apache-2.0
"""curl against both doors: health, metrics, the page, and what is not there."""
import json
import subprocess
import sys

grpc, http = sys.argv[1:3]


def curl(url, *arguments):
    """(status, content type, body)"""
    done = subprocess.run(["curl", "-sS", "--max-time", "5", "-w", "\n%{http_code} %{content_type}", *arguments, url],
                          capture_output=True, text=True)
    assert done.returncode == 0, (url, arguments, done.stderr)
    body, _, last = done.stdout.rpartition("\n")
    code, _, kind = last.partition(" ")
    return int(code), kind, body


for door in (grpc, http):
    for version in ("--http1.1", "--http2-prior-knowledge"):
        assert curl(f"http://{door}/healthz", version)[0::2] == (200, "ok\n"), (door, version)
        code, kind, metrics = curl(f"http://{door}/metrics", version)
        assert code == 200 and kind.startswith("text/plain; version=0.0.4"), (code, kind)
        assert "# TYPE statesync_answers_total counter" in metrics, metrics
        assert 'statesync_cells{world="default"}' in metrics, metrics
        assert curl(f"http://{door}/nothing", version)[0] == 404
        assert curl(f"http://{door}/healthz", version, "--head")[0] == 200
    # A body with a GET is read and thrown away; another method is refused.
    assert curl(f"http://{door}/healthz", "--http2-prior-knowledge", "-X", "GET", "-d", "x" * 1000)[0] == 200
    assert curl(f"http://{door}/healthz", "--http1.1", "-X", "DELETE")[0] == 405
    # Two requests on one connection.
    twice = subprocess.run(["curl", "-sS", "--http1.1", f"http://{door}/healthz", f"http://{door}/healthz"],
                           capture_output=True, text=True)
    assert twice.stdout == "ok\nok\n", twice
print("ok: /healthz and /metrics over HTTP/1.1 and HTTP/2 on both doors")

code, kind, page = curl(f"http://{http}/")
assert code == 200 and kind.startswith("text/html") and "<title>statesync</title>" in page
stats = json.loads(curl(f"http://{http}/stats")[2])
assert stats["worlds"][0]["name"] == "default" and "p99" in stats["latency_us"], stats
assert curl(f"http://{grpc}/")[0] == 404
print("ok: the page and its numbers on the http door only")

# A gRPC call with a wrong content type is plain HTTP; rubbish is cut.
path = "necp.realtime.statesync.v1.StateSyncService/SyncState"
code, _, _ = curl(f"http://{grpc}/{path}", "--http2-prior-knowledge", "-X", "POST", "-H", "content-type: application/json", "-d", "{}")
assert code == 415, code
print("ok: wrong content types")
