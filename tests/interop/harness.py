# SPDX-License-Identifier: Apache-2.0
"""Starts a server on free ports, runs one client against it, stops it, and judges both.

usage: harness.py STATESYNC CLIENTS {go|node|python|deltas|http|bad|lifecycle}
Exits with 77 (skipped) when the clients were not prepared.
"""
import atexit
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))


class Server:
    """A running `statesync serve`; `grpc` and `http` are the bound addresses."""

    def __init__(self, program, config=None, arguments=()):
        self.log = tempfile.NamedTemporaryFile(prefix="statesync-", suffix=".log", delete=False)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("STATESYNC_")}
        self.process = subprocess.Popen(
            [program, "serve", "--config", config or os.path.join(HERE, "statesync.yaml"), *arguments],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env=environment)
        atexit.register(self.process.kill)  # whatever ends the test
        self.grpc = self.http = None
        deadline = time.time() + 20
        while time.time() < deadline and self.process.poll() is None:
            text = self.output()
            grpc = re.search(r"grpc listens on (\S+)", text)
            http = re.search(r"http listens on (\S+)", text)
            if grpc and http:
                self.grpc, self.http = grpc.group(1), http.group(1)
                return
            time.sleep(0.02)
        self.process.kill()
        raise SystemExit("FAILED: the server did not start:\n" + self.output())

    def output(self):
        with open(self.log.name, errors="replace") as log:
            return log.read()

    def stop(self):
        """SIGTERM; the exit status, or None when it did not end within 15 s."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return None


def main():
    program, clients, which = sys.argv[1:4]
    go = os.path.join(clients, "go", "client")
    if which in ("go", "node", "python", "deltas", "bad") and not os.path.exists(go):
        print("skipped: tests/interop/prepare.sh was not run")
        return 77
    server = Server(program)
    command = {
        "go": [go, server.grpc],
        "node": ["node", os.path.join(HERE, "node", "client.js"), server.grpc, clients],
        "python": ["/usr/bin/python3", os.path.join(HERE, "python", "client.py"), server.grpc, clients],
        "deltas": ["/usr/bin/python3", os.path.join(HERE, "python", "deltas.py"), server.grpc, clients],
        "bad": ["/usr/bin/python3", os.path.join(HERE, "python", "bad.py"), server.grpc, clients],
        "http": ["/usr/bin/python3", os.path.join(HERE, "http.py"), server.grpc, server.http],
    }[which]
    status = subprocess.run(command, timeout=240).returncode
    ended = server.stop()
    if status != 0 or ended != 0:
        print(f"client exit {status}, server exit {ended}; the server said:\n{server.output()[-8000:]}")
        return 1
    os.unlink(server.log.name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
