# SPDX-License-Identifier: Apache-2.0
"""What every fault script shares: a server in a data folder of its own, a small disk that can be cut
off, and the words in which a script ends.

A script is called with the program and with the folder that tests/interop/prepare.sh filled, and exits
with 0 (held), 1 (did not), or 77 (could not be tried here)."""
import argparse
import ctypes
import fcntl
import importlib
import mmap
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

CATEGORIES = """
listen: {{ grpc: "127.0.0.1:0", http: "127.0.0.1:0" }}
worlds: {{ names: [default], tick_hz: 60 }}
limits: {{ updates_per_second: 1000000, burst: 1000000, parked: 65536, parked_per_player: 65536 }}
categories:
  chain: {{ scope: shared, write: any, read: any, format: opaque, strategy: keep_old, durability: {0} }}
  race:  {{ scope: shared, write: any, read: any, format: opaque, strategy: keep_old, durability: {0} }}
  keyed: {{ scope: player, write: any, read: any, format: opaque, strategy: keep_old, durability: {0} }}
  bag:   {{ scope: player, write: any, read: any, format: opaque, strategy: keep_old, durability: {0} }}
  flood: {{ scope: player, write: owner, read: any, format: opaque, strategy: last_write_wins, durability: {0} }}
  aim:   {{ scope: player, write: any, read: any, format: opaque, strategy: last_write_wins, durability: memory }}
  trade: {{ scope: shared, write: any, read: any, format: json, strategy: manual, resolve: writer, durability: {0} }}
"""


def skip(why):
    print("skipped: " + why)
    sys.exit(77)


def arguments(description, rounds=None, lives=False, disks=False, pauses=False):
    """The command line of a script; `rounds` is the default of --rounds, `lives`: a server dies in
    each round, `disks`: on a file system that can be chosen."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("program")
    parser.add_argument("clients", help="what tests/interop/prepare.sh made")
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "little"))
    if rounds is not None:
        parser.add_argument("--rounds", type=int, default=rounds)
    if lives:
        parser.add_argument("--life", type=float, default=1, help="seconds that a server lives, at most")
        parser.add_argument("--heavy", action="store_true", help="large states, so that checkpoints begin")
        parser.add_argument("--unsafe", action="store_true",
                            help="answers before the disk has it: then something must be lost, "
                                 "else the check is blind")
    if disks:
        parser.add_argument("--disk", choices=("ext4", "xfs"), default="xfs" if has_mkfs("xfs") else "ext4",
                            help="the file system that is cut off")
    if pauses:
        parser.add_argument("--long", action="store_true", help="one of 30 s too")
    chosen = parser.parse_args()
    chosen.program = os.path.abspath(chosen.program)
    stubs = os.path.join(chosen.clients, "python", "extended")
    if not os.path.exists(os.path.join(stubs, "state_sync_pb2_grpc.py")):
        skip("tests/interop/prepare.sh was not run")
    sys.path.insert(0, stubs)
    try:
        importlib.import_module("grpc")
    except ImportError:
        skip("this Python has no grpcio")
    random.seed(chosen.seed)
    return chosen


class Failed(Exception):
    """A promise was broken."""


def must(held, text):
    if not held:
        raise Failed(text)


def run(main):
    """Runs a script's main with a folder of its own, and turns what became of it into an exit."""
    folder = tempfile.mkdtemp(prefix="statesync-faults-")
    try:
        main(folder)
        code = 0
    except Failed as failure:
        print(f"FAILED: {failure}")
        code = 1
    finally:
        for server in Server.running:
            server.kill()
        for disk in Disk.mounted[:]:
            disk.close()
        shutil.rmtree(folder, ignore_errors=True)
    sys.stdout.flush()
    os._exit(code)  # threads may still wait for a server that is gone


class Server:
    """`statesync serve` in `folder`/data; `address` of its gRPC door once it listens."""

    running = []

    def __init__(self, program, folder, data=None, durability="sync", settings=(), seconds=60, shim=None):
        self.config = os.path.join(folder, "faults.yaml")
        with open(self.config, "w", encoding="utf-8") as out:
            out.write(CATEGORIES.format(durability))
        self.log = open(os.path.join(folder, "server.log"), "w+b")
        environment = {k: v for k, v in os.environ.items() if not k.startswith("STATESYNC_")}
        environment.update(shim.environment if shim else {})
        began = time.monotonic()
        self.process = subprocess.Popen(
            [program, "serve", "--config", self.config,
             "--data=" + (data or os.path.join(folder, "data")), *settings],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env=environment)
        Server.running.append(self)
        self.address = self.http = None
        while time.monotonic() - began < seconds and self.process.poll() is None:
            text = self.said()
            grpc = re.search(r"grpc listens on (\S+)", text)
            http = re.search(r"http listens on (\S+)", text)
            if grpc and http:
                self.address, self.http = grpc.group(1), http.group(1)
                break
            time.sleep(0.005)
        self.started_in = time.monotonic() - began

    def said(self):
        with open(self.log.name, errors="replace", encoding="utf-8") as log:
            return log.read()

    def must_listen(self):
        must(self.address, "the server did not start:\n" + self.said())
        return self

    def ended(self, seconds=15):
        """The exit status once it ends; None when it does not."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self in Server.running:
            Server.running.remove(self)
            self.log.close()

    def stop(self):
        """SIGTERM; the exit status."""
        self.signal(signal.SIGTERM)
        code = self.ended(20)
        self.kill()
        return code


def data_command(program, *words, shim=None):
    """`statesync data ...`: exit status, stdout, stderr."""
    done = subprocess.run([program, "data", *words], capture_output=True, text=True, timeout=120,
                          env={**os.environ, **(shim.environment if shim else {})})
    return done.returncode, done.stdout, done.stderr


class Shim:
    """shim.c between a program and its files under `folder`: the fields of its struct control are
    attributes, and may be changed while the program runs."""

    FIELDS = ("fault", "at", "stays", "room", "reads", "changes", "syncs", "writes", "bytes", "hits", "clock_us")
    NONE, IO, FULL, KILL = range(4)

    def __init__(self, program, folder):
        library = os.path.join(os.path.dirname(program), "tests", "faults", "shim.so")
        if not os.path.exists(library):
            skip(f"{library} was not built")
        path = folder.rstrip("/") + "-control"
        with open(path, "wb") as out:
            out.write(bytes(8 * len(self.FIELDS)))
        with open(path, "r+b") as both:
            object.__setattr__(self, "shared", mmap.mmap(both.fileno(), 0))
        object.__setattr__(self, "environment", {"LD_PRELOAD": library, "SHIM_CONTROL": path, "SHIM_FOLDER": folder})

    def __getattr__(self, name):
        return struct.unpack_from("=q", self.shared, 8 * self.FIELDS.index(name))[0]

    def __setattr__(self, name, value):
        struct.pack_into("=q", self.shared, 8 * self.FIELDS.index(name), value)

    def plan(self, fault, at, stays=False):
        """Call number `at` from now on meets the fault; `stays`: all that follow too."""
        self.fault, self.reads, self.changes, self.hits = self.NONE, 0, 0, 0
        self.at, self.stays, self.room, self.fault = at, int(stays), 0, fault


# ---- a disk ------------------------------------------------------------------------------------


SYSTEM_PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


def has_mkfs(kind):
    return shutil.which(f"mkfs.{kind}", path=SYSTEM_PATH) is not None


def as_root():
    if os.geteuid() != 0:
        skip("mounting needs root")


class Disk:
    """A file system in a file, mounted at `at`, or a tmpfs of that size."""

    mounted = []
    # _IOR('X', 125, __u32): the numbers of XFS_IOC_GOINGDOWN and EXT4_IOC_SHUTDOWN are the same.
    SHUTDOWN = 0x8004587D
    NO_LOG_FLUSH = 2

    def __init__(self, folder, megabytes, kind):
        as_root()
        self.at, self.image, self.kind = folder + "/disk", folder + "/disk.img", kind
        os.makedirs(self.at, exist_ok=True)
        if kind == "tmpfs":
            self._call("mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", self.at)
        else:
            if not has_mkfs(kind):
                skip(f"there is no mkfs.{kind}")
            with open(self.image, "wb") as image:
                image.truncate(megabytes << 20)
            quiet = ["-q", "-F"] if kind == "ext4" else ["-q"]
            self._call(f"mkfs.{kind}", *quiet, self.image)
            self.mount()
        Disk.mounted.append(self)

    def _call(self, *words):
        done = subprocess.run(words, capture_output=True, text=True,
                              env={**os.environ, "PATH": SYSTEM_PATH})
        if done.returncode != 0:
            skip(f"{' '.join(words)}: {done.stderr.strip()}")

    def mount(self):
        self._call("mount", "-o", "loop", self.image, self.at)

    def unmount(self):
        for _ in range(200):
            if subprocess.run(["umount", self.at], capture_output=True).returncode == 0:
                return
            time.sleep(0.05)
        raise Failed(f"{self.at} cannot be unmounted")

    def cut(self):
        """Power off: nothing that is not on the disk now will ever be. The log is not flushed."""
        handle = os.open(self.at, os.O_RDONLY)
        try:
            fcntl.ioctl(handle, self.SHUTDOWN, ctypes.c_uint32(self.NO_LOG_FLUSH))
        except OSError as error:
            skip(f"this file system cannot be shut down: {error}")
        finally:
            os.close(handle)

    def close(self):
        Disk.mounted.remove(self)
        subprocess.run(["umount", "-l", self.at], capture_output=True)
