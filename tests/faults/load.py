# SPDX-License-Identifier: Apache-2.0
"""Writers of every kind against one server, each telling the model what it sent and what it was told."""
import json
import os
import queue
import random
import threading
import time
import uuid

import grpc
import state_sync_pb2 as pb
import state_sync_pb2_grpc as rpc

from model import CONFLICT, ERROR, SUCCESS, channel_to

KEEP_OLD = 3
WINDOW = 48
UNSURE = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.UNKNOWN,
          grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.INTERNAL)


class Writer(threading.Thread):
    """One kind of client. step() does one thing; a failed call ends it, or, when it is patient, is
    counted and tried again later."""

    def __init__(self, load, number):
        super().__init__(daemon=True)
        self.load, self.model, self.number = load, load.model, number
        self.player = 100 + number
        self.random = random.Random(random.random())

    def run(self):
        while not self.load.over:
            try:
                self.step()
            except grpc.RpcError as error:
                if error.code() not in UNSURE:
                    self.load.complaints.append(f"{type(self).__name__}: {error.code()} {error.details()}")
                    return
                self.load.failed_calls[error.code().name] = self.load.failed_calls.get(error.code().name, 0) + 1
                self.load.last_refusal = error.details() or self.load.last_refusal
                if not self.load.patient:
                    return
                time.sleep(0.05)

    def payload(self):
        size = self.random.choice((16, 100, 100, 400, 20000 if self.load.heavy else 400))
        return uuid.UUID(int=self.random.getrandbits(128)).bytes + self.random.randbytes(size)

    def call(self, **fields):
        return self.load.service.SyncState(
            pb.StateSyncRequest(player_id=self.player, **fields), timeout=self.load.timeout)

    def judge(self, name, data, answer):
        """True when it was written."""
        if answer.result == SUCCESS:
            self.model.answered(name, answer.current_version, data)
            return True
        self.model.refused(name, data)
        if answer.result == ERROR:
            self.load.refused(answer)
        return False


class Chain(Writer):
    """Compare-and-set upon its own answers."""

    def step(self):
        key = f"chain-{self.number}-{self.random.randrange(8)}"
        name, data = (0, "chain", key), self.payload()
        version, _ = self.model.standing(name)
        self.model.sending(name, data)
        answer = self.call(category="chain", key=key, state_data=data, expected_version=version,
                           must_not_exist=version == 0)
        if not self.judge(name, data, answer) and answer.result != ERROR:
            # An attempt that was not answered did arrive, and the patient writer goes on upon it.
            self.model.shown(name, answer.current_version, answer.state_data)


class Racer(Writer):
    """Compare-and-set against others on the same few cells: each version has one winner."""

    def step(self):
        key = f"race-{self.random.randrange(4)}"
        name, data = (0, "race", key), self.payload()
        version, _ = self.model.standing(name)
        self.model.sending(name, data)
        answer = self.call(category="race", key=key, state_data=data, expected_version=version,
                           must_not_exist=version == 0)
        if not self.judge(name, data, answer) and answer.result == CONFLICT:
            self.model.shown(name, answer.current_version, answer.state_data)


class Keyed(Writer):
    """Requests that may be repeated."""

    def step(self):
        key = f"keyed-{self.random.randrange(8)}"
        name, data = (self.player, "keyed", key), self.payload()
        version, _ = self.model.standing(name)
        request = pb.StateSyncRequest(
            player_id=self.player, owner_id=self.player, category="keyed", key=key, state_data=data,
            expected_version=version, must_not_exist=version == 0, idempotency_key=os.urandom(16))
        self.model.sending(name, data)
        with self.model.lock:
            self.model.asked.append(request)
        answer = self.load.service.SyncState(request, timeout=self.load.timeout)
        written = self.judge(name, data, answer)
        with self.model.lock:
            self.model.asked.remove(request)
            if written:
                self.model.keyed.append((request, answer.current_version))
        if answer.result == CONFLICT:
            self.model.shown(name, answer.current_version, answer.state_data)


class Batcher(Writer):
    """Three cells of three owners, all or none."""

    def __init__(self, load, number):
        super().__init__(load, number)
        self.names = [(owner, "bag", f"bag-{number}") for owner in (self.player, 5001, 5002)]
        if self.names not in self.model.batches:
            self.model.batches.append(self.names)

    def step(self):
        tag, updates, datas = os.urandom(16), [], []
        for name in self.names:
            version, _ = self.model.standing(name)
            datas.append(tag + self.payload())
            self.model.sending(name, datas[-1])
            updates.append(pb.StateSyncRequest(owner_id=name[0], category=name[1], key=name[2],
                                               state_data=datas[-1], expected_version=version,
                                               must_not_exist=version == 0))
        answer = self.call(batch=pb.Batch(updates=updates, atomic=True))
        if answer.result == ERROR and not answer.results:
            self.load.refused(answer)
        for name, data, result in zip(self.names, datas, answer.results):
            if not self.judge(name, data, result) and result.result == CONFLICT \
                    and result.current_version:
                self.model.shown(name, result.current_version, result.state_data)


class Trader(Writer):
    """Parks conflicts and decides three of four."""

    def step(self):
        key = f"trade-{self.number}"
        name = (0, "trade", key)
        version, _ = self.model.standing(name)
        if version < 2:
            data = json.dumps({"offer": self.random.getrandbits(60)}).encode()
            self.model.sending(name, data)
            self.judge(name, data, self.call(category="trade", key=key, state_data=data,
                                             expected_version=version, must_not_exist=version == 0))
            return
        data = json.dumps({"late": self.random.getrandbits(60)}).encode()
        answer = self.call(category="trade", key=key, state_data=data, expected_version=version - 1)
        if answer.result == ERROR:
            self.load.refused(answer)
        if not answer.conflict.conflict_id:
            return
        conflict_id = answer.conflict.conflict_id
        with self.model.lock:
            self.model.answers += 1
            self.model.parked[conflict_id] = data
        if self.random.random() < 0.25:
            time.sleep(0.02)
            return
        with self.model.lock:
            self.model.deciding[conflict_id] = self.model.parked.pop(conflict_id)
        decision = self.load.service.ResolveConflict(
            pb.ConflictResolutionRequest(conflict_id=conflict_id, strategy=KEEP_OLD,
                                         player_id=self.player), timeout=self.load.timeout)
        with self.model.lock:
            data = self.model.deciding.pop(conflict_id)
            if decision.success:
                self.model.answers += 1
                self.model.decided[conflict_id] = time.monotonic()
            else:
                self.load.complaints.append(f"a decision failed: {decision.error_message}")


class Flooder(Writer):
    """A stream with many updates under way, written blindly."""

    def step(self):
        requests, waiting = queue.Queue(), []
        call = self.load.service.StreamStateUpdates(iter(requests.get, None))
        self.load.calls.append(call)
        sequence = 0
        try:
            while not self.load.over:
                while len(waiting) < WINDOW:
                    sequence += 1
                    name = (self.player, "flood", f"flood-{sequence % 16}")
                    data = self.payload()
                    self.model.sending(name, data)
                    waiting.append((name, data))
                    requests.put(pb.StateSyncRequest(player_id=self.player, category=name[1], key=name[2],
                                                     state_data=data, client_sequence=sequence,
                                                     omit_state=True))
                answer = next(call)
                name, data = waiting.pop(0)
                if answer.result == ERROR:
                    time.sleep(0.01)
                self.judge(name, data, answer)
        except StopIteration:
            time.sleep(0.05)
        finally:
            requests.put(None)


class Watcher(Writer):
    """Hears everything: what it was shown may not go away."""

    def step(self):
        requests = queue.Queue()
        requests.put(pb.StateSyncRequest(player_id=998, subscribe=pb.Subscribe(
            categories=["chain", "race", "keyed", "bag", "flood"])))
        call = self.load.service.StreamStateUpdates(iter(requests.get, None))
        self.load.calls.append(call)
        try:
            for answer in call:
                if answer.HasField("update") and not answer.update.deleted and not answer.update.left:
                    update = answer.update
                    self.model.shown((update.owner_id, update.category, update.key), update.version,
                                     update.state)
                if self.load.over:
                    return
        finally:
            requests.put(None)


class Load:
    """All writers at once, until stop() or until the server is gone."""

    KINDS = (Chain, Chain, Racer, Racer, Racer, Keyed, Keyed, Batcher, Batcher, Trader, Flooder, Flooder,
             Watcher)

    def __init__(self, address, model, patient=False, heavy=False, timeout=10):
        self.model, self.patient, self.heavy, self.timeout = model, patient, heavy, timeout
        self.over = False
        self.failed_calls, self.refusals, self.complaints, self.calls = {}, {}, [], []
        self.last_refusal = ""
        self.channel = channel_to(address)
        self.service = rpc.StateSyncServiceStub(self.channel)
        self.writers = [kind(self, number) for number, kind in enumerate(self.KINDS)]
        for writer in self.writers:
            writer.start()

    def refused(self, answer):
        """An ERROR inside an answer: counted by code and text."""
        what = (answer.error_code, answer.error_message)
        self.refusals[what] = self.refusals.get(what, 0) + 1
        if not self.patient:
            self.complaints.append(f"refused: {what}")

    def stop(self):
        self.over = True
        for call in self.calls:
            call.cancel()
        for writer in self.writers:
            writer.join(self.timeout + 5)
        self.channel.close()
