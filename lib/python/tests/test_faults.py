# SPDX-License-Identifier: Apache-2.0
"""Real servers on disks that are full, gone or not allowed, without threads, descriptors,
memory to read, or a steady clock: every answer is the same as without the recorder, and
what was lost is told. Needs a mount namespace of its own (see faults.bats)."""
import glob
import os
import shutil
import struct
import subprocess
import tempfile
import time
import unittest

import deep
import limits
from load import Load
from server_tests import Recorded, raw
from servers import Gunicorn
from test_models import LEVELS
from traces import BUILD, Traces, report

TARGETS = [f"/quick/{number}" for number in range(4)] + ["/quicker", "/hangs?ms=30", "/nowhere"]
FEW_RINGS = {"FMD_RINGS": "2", "FMD_RING_BYTES": "4096", "FMD_BLOCK_MS": "20"}
MORE_THAN_RINGS = 900  # of 4 kB, of which there are soon 66


def serve(folder, prepare=None, **environment):
    # gunicorn's own timeout goes by the wall clock, which a test sets
    options = ("--threads", "2", "--timeout", "0")
    return Gunicorn("models_app:app", folder, *options, prepare=prepare, **environment)


def mount_small(folder, size):
    command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=1777", "none", folder]
    subprocess.run(command, check=True)


def remount(folder, how):
    subprocess.run(["mount", "-o", f"remount,{how}", folder], check=True)


def fill_up(folder):
    path = os.path.join(folder, "filler")
    with open(path, "wb", buffering=0) as filler:
        try:
            while True:
                filler.write(bytes(4096))
        except OSError:
            return path


class Faults(Recorded):
    LEVELS = LEVELS

    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory(prefix="fmd-server-") as folder:
            with serve(folder, FMD_ENABLED="no") as server:
                cls.plain = {target: raw(server.port, target) for target in TARGETS}

    def serve(self, prepare=None, **environment):
        return serve(self.folder, prepare, **self.environment(**environment))

    def use(self, server, rounds=3):
        """Every answer is as it is without the recorder."""
        for _ in range(rounds):
            for target, answer in self.plain.items():
                self.assertEqual(raw(server.port, target), answer)
        return rounds * len(TARGETS)

    def flood(self, server, requests):
        """With names that take some room in the rings and on the disk."""
        targets = [f"/quick/1?who={os.urandom(120).hex()}" for _ in range(requests)]
        result = Load(server.port, targets, 4, requests).start().join()
        self.assertEqual((result["answered"], result["failed"]), (requests, 0))
        self.assertEqual({str(statuses) for statuses in result["answers"].values()}, {"{200: 1}"})
        return requests

    def wait_until_said(self, server, words):
        for _ in range(200):
            if words in server.said():
                return
            time.sleep(0.05)
        self.fail(f"not said: {words}")

    def assert_recorded(self, sent):
        traces = Traces(self.traces)
        self.assert_whole(traces, sent)
        self.assert_levels()

    def assert_lost(self, cause):
        """Some requests, for this cause alone, and the report says so."""
        recorder = report(self.traces)["input"]["recorder"]
        dropped = {name: count for name, count in recorder["dropped"].items() if count}
        self.assertEqual(list(dropped), [cause])
        self.assertEqual(recorder["issued"], recorder["recorded"] + dropped[cause])
        return recorder["issued"]


class Disks(Faults):
    def setUp(self):
        super().setUp()
        os.makedirs(self.traces)

    def small_disk(self, folder, size):
        mount_small(folder, size)
        self.addCleanup(subprocess.run, ["umount", "--lazy", folder], check=True)

    def test_full_and_then_not(self):
        self.small_disk(self.traces, "128k")
        with self.serve(**FEW_RINGS) as server:
            sent = self.use(server, 1)
            filler = fill_up(self.traces)
            sent += self.use(server, 1) + self.flood(server, MORE_THAN_RINGS) + self.use(server, 1)
            os.unlink(filler)
            self.assertEqual(self.ask(server, "/snapshot"), (200, b"True"))
            sent += self.use(server, 1) + 1
        self.assertEqual(self.assert_lost("write_failed"), sent)
        said = [line for line in server.said().splitlines() if line.startswith("fmd")]
        self.assertEqual(len(said), 1, said)

    def test_read_only_and_then_not(self):
        self.small_disk(self.traces, "1m")
        environment = {**FEW_RINGS, "FMD_BLOCK_MS": "1000"}
        with self.serve(**environment) as server:
            sent = self.use(server, 1)
            remount(self.traces, "ro")  # before a file is open, else it cannot be
            sent += self.use(server, 1)
            self.wait_until_said(server, "fmd")  # from now on it is known why
            sent += self.flood(server, MORE_THAN_RINGS) + self.use(server, 1)
            remount(self.traces, "rw")
            self.assertEqual(self.ask(server, "/snapshot"), (200, b"True"))
            sent += self.use(server, 1) + 1
        self.assertEqual(self.assert_lost("write_failed"), sent)

    def test_no_shared_memory(self):
        self.small_disk("/dev/shm", "64k")
        with self.serve() as server:
            sent = self.use(server)
            (ring,) = glob.glob(os.path.join(self.traces, "*.ring"))
            self.assertFalse(os.path.islink(ring))
        self.assert_recorded(sent)

    def test_removed_while_it_is_recorded_into(self):
        with self.serve() as server:
            self.use(server, 1)
            self.ask(server, "/snapshot")
            shutil.rmtree(self.traces)
            sent = self.use(server, 1)
        self.assertEqual(report(self.traces)["total"]["requests"], sent + 1)

    def test_not_writable_at_all(self):
        shutil.rmtree(self.traces)
        open(self.traces, "w").close()
        with self.serve() as server:
            self.use(server)
        self.assertIn("goes on unrecorded", server.said())


class Limits(Faults):
    def test_size_of_files(self):
        with self.serve(limits.file_size(32768), FMD_BLOCK_MS="20") as server:
            sent = self.use(server, 1)
            sent += self.flood(server, 500)
            sent += self.use(server, 1)
        files = Traces(self.traces).files
        self.assertGreater(len(files), 1)
        self.assertLessEqual(max(map(os.path.getsize, files)), 32768)
        self.assert_recorded(sent)

    def test_no_descriptor_is_left(self):
        environment = {**FEW_RINGS, "FMD_BLOCK_MS": "1000"}
        with self.serve(limits.descriptors(64), **environment) as server:
            # before the writer has opened its file; one is for the next connection
            self.assertEqual(self.ask(server, "/hoard?but=1"), (200, b"hoarded"))
            sent = self.use(server, 12)
            self.assertEqual(self.ask(server, "/release"), (200, b"released"))
            sent += self.use(server, 1) + 2
        recorder = report(self.traces)["input"]["recorder"]
        dropped = recorder["dropped"]["write_failed"]
        self.assertEqual((recorder["issued"], recorder["recorded"] + dropped), (sent, sent))

    def test_no_thread_can_be_made(self):
        os.chmod(self.folder, 0o777)
        os.makedirs(self.traces)
        os.chmod(self.traces, 0o777)
        options, prepare = ("--worker-class", "sync"), limits.no_threads(2)
        server = Gunicorn("models_app:app", self.folder, *options, prepare=prepare,
                          **self.environment(PYTHONDONTWRITEBYTECODE="1"))  # fmt: skip
        with server:
            sent = self.use(server)
            (worker,) = server.workers()
            self.assertEqual(len(os.listdir(f"/proc/{worker}/task")), 1)
        self.assert_recorded(sent)

    @unittest.skipUnless(limits.READ_OTHERS_MEMORY, "the number of the system call is not known")
    def test_memory_must_not_be_read(self):
        with self.serve(limits.cannot_read_memory) as server:
            sent = self.use(server)
        self.assert_recorded(sent)
        self.assertTrue([stack for stack in deep.stacks(self.traces) if stack[-1:] == ["hangs"]])


class Clock(Faults):
    def test_set_back_an_hour_and_forward_a_day(self):
        step = os.path.join(self.folder, "step")

        def set_clock(seconds):
            with open(step, "r+b" if os.path.exists(step) else "wb") as file:
                file.write(struct.pack("q", seconds))

        set_clock(0)
        probe = os.path.join(BUILD, "lib/stepped_clock_probe.so")
        environment = {"LD_PRELOAD": probe, "CLOCK_STEP": step, "FMD_BLOCK_MS": "20"}
        with self.serve(**environment) as server:
            for seconds in 0, -3600, 86400:
                set_clock(seconds)
                sent = self.use(server, 1)
                self.assertEqual(self.ask(server, "/snapshot"), (200, b"True"))
        traces = Traces(self.traces)
        self.assert_whole(traces, 3 * (sent + 1))
        for request in traces.requests:
            self.assertLess(request["duration_ns"], 10_000_000_000)
        times = [request["utc_ns"] // 1_000_000_000 for request in traces.requests]
        self.assertLess(min(times), times[0] - 3000)
        self.assertGreater(max(times), times[0] + 80000)
        told = " ".join(note["sentence"] for note in report(self.traces)["input"]["notes"])
        self.assertIn("set back", told)
        self.assertIn("set forward", told)


if __name__ == "__main__":
    unittest.main()
