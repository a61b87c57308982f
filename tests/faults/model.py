# SPDX-License-Identifier: Apache-2.0
"""What the writers were told, and whether a server still stands by it.

The idea: of every cell the model keeps the newest version that was answered (or shown to a reader) and
all attempts that were not answered. What stands after a crash must be that version with those bytes, or
a higher one with the bytes of such an attempt. And a version, once seen, has the same bytes for ever."""
import hashlib
import threading
import time

import grpc
import state_sync_pb2 as pb
import state_sync_pb2_grpc as rpc
import statesync_pb2 as ours
import statesync_pb2_grpc as ours_rpc

SUCCESS, CONFLICT, STALE, ERROR = 1, 2, 3, 4
VERIFIER = 999


def channel_to(address):
    return grpc.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)])


def digest(data):
    return hashlib.blake2b(data, digest_size=8).digest()


class Cell:
    def __init__(self):
        self.version, self.data = 0, b""  # the newest that was answered or shown
        self.how = ""                     # which of the two
        self.attempts = {}                # digest -> bytes: sent, and not answered
        self.seen = {}                    # version -> digest


class Findings:
    """What one comparison found. `lost`: answers that the server no longer stands by."""

    def __init__(self):
        self.cells = self.keys = self.conflicts = self.unanswered = 0
        self.lost, self.reused, self.wrong = [], [], []

    def faults(self):
        return self.lost + self.reused + self.wrong


class Model:
    def __init__(self):
        self.lock = threading.Lock()
        self.cells = {}       # (owner, category, key) -> Cell
        self.keyed = []       # (request, version): answered, with an idempotency key
        self.asked = []       # requests with such a key that were not answered
        self.batches = []     # lists of cells that only change together
        self.parked = {}      # conflict id -> bytes, open
        self.deciding = {}    # the same, somebody asked to decide it and was not answered
        self.decided = {}     # id -> when: a server remembers them for ten minutes
        self.answers = self.pushes = 0
        self.reused = []      # noticed while the server ran

    def cell(self, name):
        return self.cells.setdefault(name, Cell())

    def sending(self, name, data):
        with self.lock:
            self.cell(name).attempts[digest(data)] = data

    def refused(self, name, data):
        with self.lock:
            self.cell(name).attempts.pop(digest(data), None)

    def _see(self, name, version, data, how="answered"):
        cell = self.cell(name)
        if cell.seen.setdefault(version, digest(data)) != digest(data):
            self.reused.append(f"{name}: version {version} was given away twice")
        if version > cell.version:
            cell.version, cell.data, cell.how = version, data, how

    def answered(self, name, version, data):
        with self.lock:
            self.answers += 1
            cell = self.cell(name)
            if version in cell.seen and cell.seen[version] != digest(data):
                self.reused.append(f"{name}: version {version} was answered twice")
            self._see(name, version, data)
            cell.attempts.pop(digest(data), None)

    def shown(self, name, version, data):
        """A reader saw it: from then on it may not go away either."""
        with self.lock:
            self.pushes += 1
            self._see(name, version, data, "shown")

    def standing(self, name):
        with self.lock:
            cell = self.cell(name)
            return cell.version, cell.data

    # ---- the comparison ----------------------------------------------------------------------------

    def compare(self, address):
        """Asks the server for everything; afterwards the model knows what stands, so that the next
        round begins from there."""
        found = Findings()
        found.reused, self.reused = self.reused, []
        with channel_to(address) as channel:
            service, inspector = rpc.StateSyncServiceStub(channel), ours_rpc.StatesyncStub(channel)
            before = read_all(service, self)
            self._compare_cells(before, found)
            self._compare_keys(service, found)
            after = read_all(service, self)
            for name, cell in self.cells.items():  # repeated requests may have been applied only now
                version, data = after.get(name, (0, b""))
                if version > cell.version:
                    self._see(name, version, data)
                cell.attempts.clear()
            self._compare_batches(after, found)
            self._compare_conflicts(inspector, found)
        found.reused += self.reused
        self.reused = []
        return found

    def _compare_cells(self, standing, found):
        for name, cell in self.cells.items():
            version, data = standing.get(name, (0, b""))
            found.cells += 1
            if version < cell.version:
                found.lost.append(f"{name}: version {cell.version} was {cell.how}, {version} stands")
            elif version == cell.version and data != cell.data:
                found.wrong.append(f"{name}: version {version} has other bytes")
            elif version > cell.version:
                found.unanswered += 1
                if digest(data) not in cell.attempts:
                    found.wrong.append(f"{name}: nobody wrote what stands at version {version}")
                self._see(name, version, data)
            cell.version, cell.data = version, data

    def _compare_keys(self, service, found):
        for request, version in self.keyed[-200:]:
            answer = service.SyncState(request, timeout=10)
            found.keys += 1
            if not answer.replayed or answer.current_version != version:
                found.lost.append(f"key {request.idempotency_key.hex()}: answered version {version}, "
                                  f"now {answer.current_version}, replayed {answer.replayed}")
        self.keyed = self.keyed[-200:]
        for request in self.asked:
            first, again = (service.SyncState(request, timeout=10) for _ in range(2))
            if first.result != again.result or first.current_version != again.current_version \
                    or not again.replayed:
                found.wrong.append(f"key {request.idempotency_key.hex()}: two answers to one request")
            elif first.result == SUCCESS:
                name = (request.owner_id, request.category, request.key)
                if digest(request.state_data) not in self.cell(name).attempts:
                    found.wrong.append(f"key {request.idempotency_key.hex()}: applied twice")
        self.asked = []

    def _compare_batches(self, standing, found):
        for names in self.batches:
            tags = {standing.get(name, (0, b""))[1][:16] for name in names}
            if len(tags) != 1:
                found.wrong.append(f"half of an atomic batch stands in {names}")

    def _compare_conflicts(self, inspector, found):
        def ask(conflict_id):
            found.conflicts += 1
            try:
                return inspector.GetConflict(
                    ours.GetConflictRequest(conflict_id=conflict_id, player_id=VERIFIER), timeout=10)
            except grpc.RpcError as error:
                if error.code() != grpc.StatusCode.NOT_FOUND:
                    raise
                return None

        for conflict_id, data in list(self.parked.items()):
            answer = ask(conflict_id)
            if answer is None or answer.resolved or answer.conflict.new_state != data:
                what = "gone" if answer is None else "decided" if answer.resolved else "another one"
                found.lost.append(f"conflict {conflict_id} was parked and is {what}")
                del self.parked[conflict_id]
        for conflict_id, data in self.deciding.items():
            answer = ask(conflict_id)
            if answer is None:
                found.lost.append(f"conflict {conflict_id} is gone")
            elif answer.resolved:
                self.decided[conflict_id] = time.monotonic()
            else:
                self.parked[conflict_id] = data
        self.deciding = {}
        fresh = [i for i, at in self.decided.items() if time.monotonic() - at < 300][-50:]
        for conflict_id in fresh:
            answer = ask(conflict_id)
            if answer is None or not answer.resolved:
                found.lost.append(f"conflict {conflict_id} was decided and is "
                                  + ("open" if answer else "gone"))
                del self.decided[conflict_id]


def read_all(service, model):
    """Every live cell of the server: (owner, category, key) -> (version, bytes)."""
    owners = sorted({owner for owner, _, _ in model.cells} - {0})
    standing, token = {}, b""
    while True:
        page = service.GetStateSnapshot(
            pb.StateSnapshotRequest(player_id=VERIFIER, owners=owners or [VERIFIER],
                                    page_size_bytes=1 << 20, page_token=token), timeout=30)
        for entry in page.entries:
            standing[entry.owner_id, entry.category, entry.key] = (entry.version, entry.state_data)
        token = page.next_page_token
        if not token:
            return standing
