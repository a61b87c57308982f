#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every command of `statesync` against a server of its own on a free port.

usage: run.py PROGRAM SOURCE_ROOT [TEST ...]
"""
import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM, ROOT = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
TRACE = os.path.join(ROOT, "share", "match.stt.zst")
CONFIG = """
categories:
  trade:    { scope: shared, write: any, format: json, strategy: manual, resolve: writer }
  score:    { scope: shared, write: any, read: any, format: json, strategy: merge, fields: { /red: sum } }
  badge:    { scope: shared, write: any, format: opaque, strategy: keep_old }
  position: { scope: player, write: owner, read: any, format: opaque, strategy: last_write_wins }
  default:  { scope: player, write: owner, read: owner, format: opaque, strategy: last_write_wins }
"""
ENVIRONMENT = {"PATH": os.environ.get("PATH", ""), "TERM": "xterm", "TZ": "UTC"}
for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LD_LIBRARY_PATH"):
    if name in os.environ:
        ENVIRONMENT[name] = os.environ[name]


class Server:
    """`statesync serve` on a free port, with a configuration of its own."""

    def __init__(self, *flags, config=CONFIG, environment=None):
        self.folder = tempfile.mkdtemp(prefix="statesync-cli-")
        self.file = os.path.join(self.folder, "game.yaml")
        self.write(config)
        self.lines = []
        self.pending = b""
        self.process = subprocess.Popen(
            [PROGRAM, "serve", "--config", self.file, "--listen.grpc=127.0.0.1:0",
             "--listen.udp=none", "--listen.http=none", "--data=none", *flags],
            stderr=subprocess.PIPE, env={**ENVIRONMENT, **(environment or {})})
        self.address = re.search(r"grpc listens on ([0-9.:]+)", self.wait_for("listens on")).group(1)

    def write(self, config):
        with open(self.file, "w", encoding="utf-8") as out:
            out.write(config)

    def wait_for(self, text, seconds=10):
        """The next line of the log with that text in it."""
        end = time.monotonic() + seconds
        while True:
            while b"\n" in self.pending:
                line, self.pending = self.pending.split(b"\n", 1)
                self.lines.append(line.decode() + "\n")
                if text in self.lines[-1]:
                    return self.lines[-1]
            left = max(0, end - time.monotonic())
            if not select.select([self.process.stderr], [], [], left)[0]:
                break
            read = os.read(self.process.stderr.fileno(), 65536)
            if not read:
                break
            self.pending += read
        raise AssertionError(f"no {text!r} in the log:\n" + "".join(self.lines))

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stderr.close()
        shutil.rmtree(self.folder)
        return self.process.returncode


class Base(unittest.TestCase):
    def call(self, *words, code=0, stdin=None, environment=None):
        """Runs the program; its stdout. Its stderr is left in self.said."""
        settings = {**ENVIRONMENT, **(environment or {})}
        done = subprocess.run([PROGRAM, *words], input=stdin, env=settings, timeout=30,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.said = done.stderr.decode()
        out = done.stdout.decode()
        self.assertEqual(done.returncode, code, f"{words}\n{out}\n{self.said}")
        return out


class Remote(Base):
    """One server for all tests of a class; each test uses cells of its own."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        assert cls.server.stop() == 0, "the server did not end well"

    def run_remote(self, *words, **more):
        return self.call(words[0], *words[1:], "--server", self.server.address, **more)


class Cells(Remote):
    def test_set_and_get(self):
        out = self.run_remote("set", "profile", "name", '{"name":"Ann"}')
        self.assertEqual(out, "profile/name is at version 1\n")
        self.assertEqual(self.run_remote("get", "profile", "name"), '{"name":"Ann"}\n')
        self.assertIn("version 1, by player 1", self.said)
        self.assertEqual(self.run_remote("get", "1/profile/name"), '{"name":"Ann"}\n')

    def test_get_as_json(self):
        self.run_remote("set", "profile/j", '{"a":[1,2]}')
        entry = json.loads(self.run_remote("get", "profile/j", "--json"))
        self.assertEqual(entry["state_data"], {"a": [1, 2]})
        self.assertEqual(entry["version"], 1)
        packed = json.loads(self.run_remote("get", "profile/j", "--json", "--base64"))
        self.assertEqual(packed["state_data"], "eyJhIjpbMSwyXX0=")

    def test_server_from_the_environment(self):
        self.call("set", "profile/env", "x", environment={"STATESYNC_SERVER": self.server.address})
        self.assertEqual(self.run_remote("get", "profile/env"), "x\n")

    def test_a_file_and_stdin(self):
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"from a file")
            file.flush()
            self.run_remote("set", "profile", "f", "@" + file.name)
        self.assertEqual(self.run_remote("get", "profile", "f", "--raw"), "from a file")
        self.run_remote("set", "profile", "f", "-", stdin=b"from stdin")
        self.assertEqual(self.run_remote("get", "profile", "f", "--raw"), "from stdin")
        self.run_remote("set", "profile", "f", "@/nonexistent", code=1)
        self.assertIn("/nonexistent", self.said)

    def test_a_delta(self):
        self.run_remote("set", "position", "delta", "0123456789" * 20)
        self.run_remote("set", "position", "delta", "0123456789" * 20 + "more", "--delta")
        self.assertRegex(self.said, r"a delta of \d bytes instead of 204, on version 1")
        self.assertEqual(self.run_remote("get", "position/delta", "--raw"), "0123456789" * 20 + "more")
        self.run_remote("set", "position", "fresh", "new", "--delta")
        self.assertEqual(self.said, "")

    def test_bytes(self):
        self.run_remote("set", "profile", "b", "0x00ff1b", "--hex")
        self.assertEqual(self.run_remote("get", "profile", "b"), "0x00ff1b\n")
        self.run_remote("set", "profile", "b", "0x0", "--hex", code=2)
        self.assertIn("hex digits", self.said)

    def test_a_value_that_looks_like_a_flag(self):
        self.run_remote("set", "profile", "n", "-5")
        self.assertEqual(self.run_remote("get", "profile", "n"), "-5\n")
        self.call("set", "--server", self.server.address, "--", "profile", "n", "--5")
        self.assertEqual(self.run_remote("get", "profile", "n"), "--5\n")

    def test_owner_and_player(self):
        self.run_remote("set", "profile", "o", "seven", "--player", "7")
        self.assertEqual(self.run_remote("get", "profile", "o", "--owner", "7"), "seven\n")
        self.assertEqual(self.run_remote("get", "0x7/profile/o"), "seven\n")
        self.run_remote("get", "profile", "o", code=4)
        self.assertIn("nothing is known of profile/o", self.said)

    def test_delete_and_history(self):
        for value in ("one", "two"):
            self.run_remote("set", "profile", "h", value)
        self.assertIn("is deleted, version 3", self.run_remote("delete", "profile", "h"))
        self.run_remote("get", "profile", "h", code=4)
        self.assertIn("was deleted (version 3)", self.said)
        rows = self.run_remote("history", "profile", "h").splitlines()
        self.assertEqual(rows[0].split(), ["VERSION", "WHEN", "TICK", "WRITER", "NODE", "STATE"])
        self.assertIn("(deleted)", rows[1])
        self.assertTrue(rows[2].endswith("two") and rows[3].endswith("one"))
        newest = self.run_remote("history", "profile/h", "--limit", "1", "--json").splitlines()
        self.assertEqual([json.loads(line)["version"] for line in newest], [3])
        self.run_remote("history", "profile", "nothing", code=4)

    def test_stale(self):
        out = self.run_remote("set", "profile", "stale", "x", "--expect", "9", code=4)
        self.assertIn("stale", out)
        self.assertIn("there is no such cell", out)
        self.assertIn("statesync get profile/stale", out)

    def test_a_refusal_of_the_server(self):
        self.run_remote("set", "score", "bad", "no json", code=4)
        self.run_remote("set", "c" * 200, "k", "v", code=4)
        self.assertIn("INVALID_ARGUMENT", self.said)


class Conflicts(Remote):
    def park(self, key, player="7"):
        """A cell whose version 1 two wrote upon; the id of the parked one."""
        self.run_remote("set", "trade", key, '{"a":1}')
        self.run_remote("set", "trade", key, '{"a":2}', "--expect", "1")
        self.told = self.run_remote("set", "trade", key, '{"a":3}', "--expect", "1", "--player",
                                    player, code=4)
        return re.search(r"statesync resolve ([0-9a-f-]{36})", self.told).group(1)

    def test_a_conflict_is_explained_and_its_command_works(self):
        self.park("told")
        for text in ("conflict: version mismatch on trade/told", "The write of player 7",
                     '{"a":2}', '{"a":3}', "last-write-wins --player 7 --server"):
            self.assertIn(text, self.told)
        paste = re.search(r"statesync (resolve .*)", self.told).group(1).split()
        self.assertIn("version 3 stands", self.call(*paste))
        self.assertEqual(self.run_remote("get", "trade", "told"), '{"a":3}\n')

    def test_listing_and_looking(self):
        which = self.park("listed")
        rows = self.run_remote("conflicts", "--category", "trade")
        self.assertRegex(rows, which + r" +version mismatch +trade/listed +7")
        told = self.run_remote("conflicts", which)
        for text in ("both from", '{"a":1}', '{"a":2}', '{"a":3}', "nobody decides", which):
            self.assertIn(text, told)
        parked = json.loads(self.run_remote("conflicts", which, "--json"))
        self.assertEqual(parked["conflict"]["conflict_id"], which)
        self.assertEqual(parked["base_state"], {"a": 1})
        self.run_remote("resolve", which, "keep-old", "--player", "7")
        self.assertNotIn(which, self.run_remote("conflicts"))
        self.assertIn("decided", self.run_remote("conflicts", which))

    def test_an_answer_of_ones_own(self):
        which = self.park("manual")
        self.run_remote("resolve", which, "manual", "--player", "7", code=2)
        self.assertIn("manual wants the state", self.said)
        self.run_remote("resolve", which, "manual", '{"a":9}', "--player", "7")
        self.assertEqual(self.run_remote("get", "trade/manual"), '{"a":9}\n')

    def test_a_cell_that_moved_on_asks_twice(self):
        which = self.park("moved")
        self.run_remote("set", "trade", "moved", '{"a":5}', "--expect", "2")
        out = self.run_remote("resolve", which, "last-write-wins", "--player", "7", code=4)
        self.assertIn("not resolved", out)
        self.assertIn('standing now: {"a":5}', out)
        self.run_remote("resolve", which, "last-write-wins", "--player", "7")
        self.assertEqual(self.run_remote("get", "trade/moved"), '{"a":3}\n')

    def test_what_cannot_be_resolved(self):
        self.run_remote("resolve", "nonsense", "merge", code=4)
        self.run_remote("resolve", "x", "merg", code=2)
        self.assertIn("did you mean merge", self.said)
        self.run_remote("resolve", "x", code=2)
        self.run_remote("conflicts", "01234567-89ab-cdef-0123-456789abcdef", code=4)
        self.assertIn("NOT_FOUND", self.said)

    def test_a_merge_is_told(self):
        self.run_remote("set", "score", "m", '{"red":1}')
        self.run_remote("set", "score", "m", '{"red":3}', "--expect", "1")
        out = self.run_remote("set", "score", "m", '{"red":2}', "--expect", "1")
        self.assertIn("after a conflict (version mismatch, merged)", out)
        self.assertIn('now: {"red":4}', out)
        answer = json.loads(self.run_remote("set", "score", "m", '{"red":2}', "--expect", "1", "--json"))
        self.assertEqual(answer["conflict"]["strategy"], "RESOLUTION_STRATEGY_MERGE")

    def test_a_blind_write_is_told_how_to_see(self):
        self.run_remote("set", "badge", "b", "one")
        out = self.run_remote("set", "badge", "b", "two", code=4)
        self.assertIn("Nothing was written", out)
        self.assertIn("--expect 1", out)
        out = self.run_remote("set", "badge", "b", "two", "--must-not-exist", code=4)
        self.assertIn("conflict", out)


class Reading(Remote):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for key in range(20):
            subprocess.run([PROGRAM, "set", "profile", f"k{key}", "v" * 200, "--server",
                            cls.server.address], check=True, stdout=subprocess.DEVNULL,
                           env=ENVIRONMENT)

    def test_snapshot(self):
        rows = self.run_remote("snapshot", "profile").splitlines()
        self.assertEqual(len(rows), 21)
        self.assertEqual(rows[0].split(), ["CELL", "VERSION", "WRITER", "UPDATED", "BYTES", "STATE"])
        self.assertIn("20 cells", self.said)

    def test_snapshot_as_json(self):
        plain = sorted(self.run_remote("snapshot", "--json", "profile").splitlines())
        keys = {json.loads(line)["key"] for line in plain}
        self.assertEqual(keys, {f"k{key}" for key in range(20)})
        for method in ("gzip", "lz4", "zstd"):
            packed = self.run_remote("snapshot", "--json", "--compress", method, "profile")
            self.assertEqual(sorted(packed.splitlines()), plain)
        paged = self.run_remote("snapshot", "--json", "--page-size", "1000", "profile")
        self.assertEqual(sorted(paged.splitlines()), plain)

    def test_packing_and_pages_are_told(self):
        self.run_remote("snapshot", "--compress", "zstd", "profile")
        self.assertRegex(self.said, r"packed \d+ -> \d+ bytes")
        self.run_remote("snapshot", "--page-size", "1000", "profile")
        self.assertRegex(self.said, r"in \d+ pages")
        self.run_remote("snapshot", "--compress", "rar", code=2)

    def test_watch_begins_with_what_stands(self):
        rows = self.run_remote("watch", "profile", "--count", "20").splitlines()
        self.assertEqual(len(rows), 20)
        self.assertRegex(rows[0], r"^\d\d:\d\d:\d\d\.\d{3}  1/profile/k\d+  v1 by 1  v+")

    def test_watch_is_live(self):
        watch = subprocess.Popen([PROGRAM, "watch", "position", "--owner", "55", "--server",
                                  self.server.address], stdout=subprocess.PIPE, text=True,
                                 env=ENVIRONMENT)
        self.assertIn("from here on it is live", watch.stdout.readline())
        self.run_remote("set", "position", "p", "here", "--player", "55")
        self.assertRegex(watch.stdout.readline(), r"55/position/p  v1 by 55  here")
        self.run_remote("delete", "position", "p", "--player", "55")
        self.assertIn("deleted", watch.stdout.readline())
        watch.send_signal(signal.SIGINT)
        self.assertEqual(watch.wait(5), 0)
        watch.stdout.close()

    def test_watch_as_json(self):
        lines = self.run_remote("watch", "profile", "--json", "--count", "1").splitlines()
        self.assertEqual(json.loads(lines[0])["update"]["category"], "profile")

    def test_watch_with_deltas(self):
        state = "x" * 300
        whole = []
        for flags in ([], ["--no-deltas"]):
            watch = subprocess.Popen([PROGRAM, "watch", "position", "--owner", "56", "--json", "--stats", "--server",
                                      self.server.address, *flags], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                     text=True, env=ENVIRONMENT)
            while "caught_up" not in watch.stdout.readline():
                pass
            told = []
            for i in range(5):
                self.run_remote("set", "position", "p", f"{state}{i}", "--player", "56")
                told.append(json.loads(watch.stdout.readline())["update"])
            self.assertEqual([t["state"] for t in told], [f"{state}{i}" for i in range(5)])
            self.assertFalse(any("delta" in t for t in told))
            whole.append([sorted(t) for t in told])
            watch.send_signal(signal.SIGINT)
            self.assertEqual(watch.wait(5), 0)
            self.assertRegex(watch.stderr.read(), r"as deltas: \d+ B instead of 1.\d kB|, 0 of them as deltas")
            watch.stdout.close()
            watch.stderr.close()
        self.assertEqual(*whole)

    def test_snapshot_since(self):
        state = "y" * 400
        for key in ("a", "b%2F/c".replace("/", "-"), "d"):
            self.run_remote("set", "position", key, state, "--player", "57")
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "world")
            self.run_remote("snapshot", "position", "--player", "57", "--save", file)
            self.run_remote("set", "position", "a", state + "!", "--player", "57")
            self.run_remote("set", "position", "e", "new", "--player", "57")
            self.run_remote("delete", "position", "d", "--player", "57")
            rows = self.run_remote("snapshot", "position", "--player", "57", "--json", "--since", file, "--save", file)
            told = {row["key"]: row for row in map(json.loads, rows.splitlines())}
            self.assertEqual(set(told), {"a", "d", "e"})
            self.assertEqual(told["a"]["state_data"], state + "!")
            self.assertTrue(told["d"]["deleted"])
            rows = self.run_remote("snapshot", "position", "--player", "57", "--since", file)
            self.assertEqual(len(rows.splitlines()), 1)
            self.run_remote("set", "position", "a", state + "!!", "--player", "57")
            self.run_remote("snapshot", "position", "--player", "57", "--since", file)
            self.assertRegex(self.said, r"1 as deltas: 402 -> \d+ bytes")
            self.assertIn("--save", (self.run_remote("snapshot", "--since", PROGRAM, code=1), self.said)[1])

    def test_top(self):
        out = self.run_remote("top", "--once")
        for text in ("world default", "updates applied", "success", "version mismatch"):
            self.assertIn(text, out)
        stats = json.loads(self.run_remote("top", "--once", "--json"))
        self.assertGreaterEqual(int(stats["updates"]), 20)

    def test_replay(self):
        out = self.run_remote("replay", TRACE, "--seconds", "1", "--speed", "2")
        for text in ("Replayed", "clients", "success", "p99", "B an update"):
            self.assertIn(text, out)

    def test_replay_at_full_speed(self):
        result = json.loads(self.run_remote("replay", TRACE, "--speed", "max", "--clients", "4",
                                            "--seconds", "0.5", "--json"))
        self.assertEqual(result["sent"], result["answered"])
        self.assertGreater(result["sent"], 100)
        self.assertEqual(result["clients"], 4)
        self.assertGreater(result["latency_us"]["p99"], 0)


class Usage(Base):
    def test_help(self):
        names = re.findall(r"^  (\w+)  ", self.call("help"), re.M)
        self.assertEqual(len(names), 20)
        for name in names:
            page = self.call("help", name)
            self.assertRegex(page, f"^usage: statesync[ -]{name}")
            if name not in ("help", "version"):
                self.assertEqual(self.call(name, "--help"), page)
                self.assertGreaterEqual(page.count(f"  statesync {name}"), 1)
        self.assertEqual(self.call("--help"), self.call("help"))
        self.assertIn("--listen.grpc=127.0.0.1:7350", self.call("help", "serve"))

    def test_version(self):
        self.assertRegex(self.call("version"), r"^statesync \d+\.\d+\.\d+")
        self.assertEqual(self.call("--version"), self.call("version"))

    def test_mistakes_are_met_with_a_suggestion(self):
        for words, text in ((("snapshoot",), "did you mean snapshot"),
                            (("get", "a", "b", "--onwer", "3"), "did you mean --owner"),
                            (("get", "a", "b", "--sever", "x"), "did you mean --server"),
                            (("serve", "--listen.grcp=x"), "did you mean --listen.grpc"),
                            (("serve", "game.yaml"), "--config game.yaml"),
                            (("get", "lonely"), "lonely/KEY"),
                            (("get", "a", "b", "c"), "one word too many"),
                            (("set", "a", "b"), "VALUE"),
                            (("get", "a", "b", "--player", "me"), "wants a number"),
                            (("get", "a", "b", "--player"), "wants a value"),
                            (("get", "a", "b", "--json=1"), "takes no value"),
                            (("watch", "--area", "1,2"), "X,Y,Z,RADIUS"),
                            (("replay",), "which trace"),
                            (("replay", "x", "--speed", "0"), "--speed"),
                            (("get", "a", "b", "--server", "nonsense"), "nonsense"),
                            (("demo", "--players", "99"), "2 to 8"),
                            (("nothing-like-it",), "there is no command")):
            self.call(*words, code=2)
            self.assertIn(text, self.said, words)
        self.call(code=2)
        self.assertIn("usage:", self.said)

    def test_nobody_there(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{free.getsockname()[1]}"
        for words in (("get", "a", "b"), ("set", "a", "b", "c"), ("snapshot",), ("watch",),
                      ("conflicts",), ("top", "--once"), ("replay", TRACE)):
            self.call(*words, "--server", address, code=3)
            self.assertIn("statesync serve", self.said, words)

    def test_somebody_else_there(self):
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            address = f"127.0.0.1:{silent.getsockname()[1]}"
            self.call("get", "a", "b", "--server", address, "--timeout", "0.3", code=3)
            self.assertIn("DEADLINE_EXCEEDED", self.said)

    def test_config_check(self):
        with tempfile.TemporaryDirectory() as folder:
            good, bad = os.path.join(folder, "good.yaml"), os.path.join(folder, "bad.yaml")
            for file, text in ((good, CONFIG), (bad, "worlds: { tick_hertz: 60 }\n")):
                with open(file, "w", encoding="utf-8") as out:
                    out.write(text)
            self.assertIn("is good", self.call("config", "check", good))
            self.call("config", "check", bad, code=1)
            self.assertIn("bad.yaml:1", self.said)
            self.call("config", "check", os.path.join(folder, "none.yaml"), code=1)
            self.call("serve", "--config", bad, code=2)
            self.assertIn("bad.yaml:1", self.said)

    def test_colour_only_where_it_is_wanted(self):
        def page(environment):
            pid, terminal = pty.fork()
            if pid == 0:
                os.execve(PROGRAM, [PROGRAM, "get", "a", "b", "--server", server.address],
                          {**ENVIRONMENT, **environment})
            out = b""
            try:
                while chunk := os.read(terminal, 4096):
                    out += chunk
            except OSError:
                pass
            os.waitpid(pid, 0)
            os.close(terminal)
            return out

        server = Server()
        self.call("set", "a", "b", "c", "--server", server.address)
        self.assertIn(b"\x1b[", page({}))
        self.assertNotIn(b"\x1b[", page({"NO_COLOR": "1"}))
        self.assertNotIn(b"\x1b[", page({"TERM": "dumb"}))
        server.stop()


class Schemas(Base):
    GAME = os.path.join(ROOT, "examples", "game.proto")
    MISTAKES = os.path.join(ROOT, "src", "schema", "samples", "mistakes.proto")

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="statesync-cli-")
        self.addCleanup(shutil.rmtree, self.folder)

    def changed(self, *changes):
        """A copy of the game's schema in which each (old, new) was replaced."""
        with open(self.GAME, encoding="utf-8") as file:
            text = file.read()
        for old, new in changes:
            self.assertIn(old, text)
            text = text.replace(old, new)
        path = os.path.join(self.folder, "game.proto")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def test_check(self):
        self.assertIn("game.proto is good: 5 messages", self.call("schema", "check", self.GAME))
        self.call("schema", "check", self.MISTAKES, code=1)
        self.assertIn("mistakes.proto:16: sample.Sizes.quantum: quantum must be > 0, not -1", self.said)
        self.call("schema", "check", os.path.join(self.folder, "nothing.proto"), code=1)
        self.call("schema", "check", TRACE, code=1)
        self.assertIn("is no descriptor set", self.said)

    def test_describe(self):
        out = self.call("schema", "describe", self.GAME, "game.Position")
        self.assertRegex(out, r"1\.1 +/at/x +float +20 +0\.01 +-4096\.\.4096 +lww +hermite")
        self.assertIn("148 bits (18.5 bytes)", out)
        self.call("schema", "describe", self.GAME, "game.Nobody", code=1)
        self.assertIn("there is no message game.Nobody", self.said)

    def test_diff(self):
        def diff(*changes, code=0, flags=()):
            return self.call("schema", "diff", self.GAME, self.changed(*changes), *flags, code=code)
        self.assertIn("all in all: the same", diff(("player", "player")))
        self.assertIn("game.Inventory/title (5) is merged by keep, not lww",
                      diff(("string title = 5;", "string title = 5 [(statesync.field).merge = MERGE_KEEP];")))
        self.assertIn("compatible  game.Inventory/rank (9) is new", diff(("string title = 5;", "string title = 5; int32 rank = 9;")))
        renamed = (("string title = 5;", "string name = 5;"),)
        self.assertIn("needs care  game.Inventory/name (5) was called title", diff(*renamed))
        diff(*renamed, code=4, flags=["--strict"])
        self.assertIn("BREAKS      game.Position/pitch (4) float becomes double", diff(("float pitch", "double pitch"), code=4))
        self.assertIn("BREAKS      game.Inventory/bag (2) repeated becomes singular",
                      diff(("repeated string bag = 2 [(statesync.field).merge = MERGE_UNION];", "string bag = 2;"), code=4))

    def test_generate(self):
        out = self.call("schema", "generate", self.GAME, "game.Position")
        self.assertIn("static inline size_t game_Position_put(const game_Position *from, void *out, size_t room)", out)
        self.assertNotIn("game_Inventory", out)
        self.call("schema", "generate", "--lang", "perl", self.GAME, code=2)
        target = os.path.join(self.folder, "game.hpp")
        self.assertEqual(self.call("schema", "generate", "--lang", "cpp", "--out", target, self.GAME), "")
        with open(target, encoding="utf-8") as file:
            self.assertIn("struct Inventory {", file.read())

    def test_train(self):
        table = os.path.join(self.folder, "position.table")
        out = self.call("schema", "train", "--out", table, self.GAME, "game.Position", TRACE)
        untrained, trained = map(float, re.search(r"([0-9.]+) bytes an update untrained, ([0-9.]+) trained", out).groups())
        self.assertTrue(0 < trained < untrained < 15, out)
        self.assertIn("/pose: nothing of that name in a trace", self.said)
        with open(table, "rb") as file:
            self.assertEqual(file.read(4), b"SSLT")
        self.call("schema", "train", self.GAME, "game.Inventory", TRACE, code=1)
        self.assertIn("game.Inventory.title: a string has no lane", self.said)
        self.call("schema", "train", "--mode", "loud", self.GAME, "game.Position", TRACE, code=2)
        self.call("schema", "train", self.GAME, "game.Position", self.GAME, code=1)

    HERO = """syntax = "proto3";
import "statesync/options.proto";
message Hero {
  option (statesync.message) = { category: "hero" };
  string name = 1OPTIONS;
}
"""

    def hero(self, options):
        """game.desc with a hero whose name has these options."""
        with open(os.path.join(self.folder, "hero.proto"), "w", encoding="utf-8") as file:
            file.write(self.HERO.replace("OPTIONS", options))
        subprocess.run(["protoc", "-I", self.folder, "-I", os.path.join(ROOT, "proto"), "--include_imports",
                        f"--descriptor_set_out={self.folder}/game.desc", "hero.proto"], check=True)

    @unittest.skipUnless(shutil.which("protoc"), "needs protoc")
    def test_values_that_stand_once(self):
        once, twice = " [(statesync.field).unique = true]", "category hero: /name is unique, but cells have one value: "
        config = f"schema: {self.folder}/game.desc\n"
        flags = (f"--data={self.folder}/data",)
        self.hero("")
        server = Server(*flags, config=config)
        for key in "ab":
            self.call("set", "hero", key, "\n\x03ann", "--server", server.address)
        self.hero(once)
        server.process.send_signal(signal.SIGHUP)
        self.assertIn(twice + "player 1, key a and player 1, key b", server.wait_for("reload refused"))
        server.process.terminate()
        server.process.wait(10)
        self.call("serve", "--config", server.file, "--listen.grpc=127.0.0.1:0", "--listen.udp=none",
                  "--listen.http=none", *flags, code=2)
        self.assertIn(twice, self.said)
        server.stop()
        self.hero("")
        server = Server(*flags, config=config)
        self.call("delete", "hero", "b", "--server", server.address)
        self.hero(once)
        server.process.send_signal(signal.SIGHUP)
        server.wait_for("reloaded")
        out = self.call("set", "hero", "b", "\n\x03ann", "--server", server.address, code=4)
        self.assertEqual(server.stop(), 0)
        self.assertIn("/name is unique, and another cell has this value: player 1, key a", out)

    def test_usage(self):
        self.call("schema", code=2)
        self.call("schema", "diff", self.GAME, code=2)
        self.assertIn("say check FILE", self.said)


class Deltas(Base):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="statesync-cli-")
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def bytes_in(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def test_there_and_back(self):
        for mode in ("acked", "stream"):
            self.call("delta", "pack", "--mode", mode, TRACE, self.path("pack"))
            self.call("delta", "unpack", self.path("pack"), self.path("once.stt"))
            self.call("delta", "pack", "--mode", mode, self.path("once.stt"), self.path("again"))
            self.call("delta", "unpack", self.path("again"), self.path("twice.stt"))
            once, twice = self.bytes_in("once.stt"), self.bytes_in("twice.stt")
            self.assertEqual(once, twice)  # what was quantized once stays as it is
            self.assertGreater(len(once), 5 * os.path.getsize(self.path("pack")))

    def test_what_is_no_pack(self):
        self.call("delta", "unpack", TRACE, self.path("out.stt"), code=1)
        self.assertIn("is no pack of `statesync delta pack`", self.said)
        self.call("delta", "pack", TRACE, self.path("pack"))
        whole = bytearray(self.bytes_in("pack"))
        whole[7] -= 1
        with open(self.path("old"), "wb") as file:
            file.write(whole)
        self.call("delta", "unpack", self.path("old"), self.path("out.stt"), code=1)
        self.assertIn("comes from another build", self.said)
        self.assertFalse(os.path.exists(self.path("out.stt")))


class Serving(Base):
    def test_it_ends_in_peace(self):
        server = Server()
        self.call("set", "a", "b", "c", "--server", server.address)
        self.assertEqual(server.stop(), 0)

    def test_reload(self):
        server = Server()
        server.write(CONFIG + "limits: { updates_per_second: 7 }\n")
        server.process.send_signal(signal.SIGHUP)
        server.wait_for("reloaded")
        server.write("nonsense: 1\n")
        server.process.send_signal(signal.SIGHUP)
        self.assertIn("nonsense", server.wait_for("reload refused"))
        self.call("set", "a", "b", "c", "--server", server.address)
        self.assertEqual(server.stop(), 0)

    def test_log_as_json(self):
        server = Server("--log-json")
        line = json.loads(server.lines[-1])
        self.assertEqual(line["level"], "info")
        self.assertIn(server.address, line["message"])
        self.assertEqual(server.stop(), 0)

    def test_the_service_manager_is_told(self):
        with tempfile.TemporaryDirectory() as folder:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
                manager.bind(os.path.join(folder, "notify"))
                manager.settimeout(5)
                server = Server(environment={"NOTIFY_SOCKET": os.path.join(folder, "notify")})
                self.assertEqual(manager.recv(100), b"READY=1")
                server.process.terminate()
                self.assertEqual(manager.recv(100), b"STOPPING=1")
                self.assertEqual(server.stop(), 0)

    def test_a_port_in_use(self):
        server = Server()
        self.call("serve", f"--listen.grpc={server.address}", "--listen.http=none",
                  "--listen.udp=none", "--data=none", code=1)
        self.assertIn(server.address, self.said)
        server.stop()

    @unittest.skipUnless(shutil.which("openssl"), "needs the program openssl")
    def test_tls(self):
        with tempfile.TemporaryDirectory() as folder:
            cert, key = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                            "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", cert,
                            "-days", "1", "-subj", "/CN=localhost", "-addext",
                            "subjectAltName=DNS:localhost,IP:127.0.0.1"],
                           check=True, stderr=subprocess.DEVNULL)
            server = Server(f"--tls.cert={cert}", f"--tls.key={key}", f"--tls.client_ca={cert}")
            where = ("--server", server.address)
            trusted = ("--ca", cert, "--cert", cert, "--key", key, *where)
            self.call("set", "a", "b", "safe", *trusted)
            self.assertEqual(self.call("get", "a", "b", *trusted), "safe\n")
            self.call("get", "a", "b", "--ca", cert, *where, code=4)  # who are you?
            self.assertIn("--token", self.said)
            self.call("get", "a", "b", "--tls", *where, code=3)  # who are they?
            self.assertIn("certificate", self.said)
            self.call("get", "a", "b", *where, "--timeout", "1", code=3)  # not in plain text
            self.assertEqual(server.stop(), 0)


class Demo(Base):
    def test_it_is_healthy(self):
        out = self.call("demo", "--seconds", "4", "--plain", "--players", "4", "--trace", TRACE)
        self.assertIn("Everything agrees", out)
        self.assertRegex(out, r"conflicts +\d+ version mismatch")
        self.assertRegex(out, r"by watcher +\d+")
        self.assertIn("the same at the subscriber", out)
        self.assertRegex(out, r"(?m)^ +1 s +\d+ versions/s")

    def test_a_server_that_dies_is_told(self):
        demo = subprocess.Popen([PROGRAM, "demo", "--plain", "--players", "2", "--trace", TRACE],
                                stdout=subprocess.PIPE, text=True, env=ENVIRONMENT)
        demo.stdout.readline()
        with open(f"/proc/{demo.pid}/task/{demo.pid}/children", encoding="ascii") as children:
            os.kill(int(children.read()), signal.SIGKILL)
        out = demo.communicate(timeout=20)[0]
        self.assertEqual(demo.returncode, 1, out)
        self.assertIn("the server ended", out)

    def test_ctrl_c_ends_with_a_summary(self):
        demo = subprocess.Popen([PROGRAM, "demo", "--plain", "--players", "2", "--trace", TRACE],
                                stdout=subprocess.PIPE, text=True, env=ENVIRONMENT)
        demo.stdout.readline()
        demo.send_signal(signal.SIGINT)
        out = demo.communicate(timeout=20)[0]
        self.assertEqual(demo.returncode, 0, out)
        self.assertIn("Everything agrees", out)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
