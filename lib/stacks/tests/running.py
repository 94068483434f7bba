# SPDX-License-Identifier: Apache-2.0
"""Samples threads that run (workload.py) and judges every sample by the text of the code:
does the line of each frame call the next one? Code made at run time carries a tag that the
thread tells before and after. Fails when 1 in 1,000 is wrong; a crash fails by itself."""
import argparse
import ctypes
import os
import sys
import threading
import time

import probe
import workload

LINES = {workload.__file__: open(workload.__file__).read().split("\n")}
for executed_tag in range(1, workload.EXECUTED + 1):
    LINES[f"<executed {executed_tag}>"] = workload.source(executed_tag).split("\n")


def watched(work, *args):
    """Runs work in this thread under the sampler."""
    cell = ctypes.c_uint64(0)
    place = probe.with_gil.probe_add(ctypes.byref(cell))
    try:
        work(cell, *args)
    finally:
        probe.with_gil.probe_remove(place)


def short_life(cell, threads, stop):
    """Starts and joins threads that live for some milliseconds."""
    while not stop.is_set():
        until = threading.Event()
        thread = threading.Thread(target=watched, args=(workload.busy, until))
        thread.start()
        workload.contexts(5)
        time.sleep(0.005)
        until.set()
        thread.join()
        threads[0] += 1


class Judge:
    """Looks at each different stack once."""

    def __init__(self):
        self.verdicts = {}
        self.samples = self.wrong = self.bad = self.unknown = self.usable = 0
        self.examples = []
        self.seen = set()

    def wrong_pair(self, caller, callee):
        """Does the line of caller not name callee?"""
        text = LINES[caller[0]][caller[2] - 1]
        return callee[1].rpartition(".")[2] not in text

    def look(self, frames, tag_of=lambda name: int(name[10:-1])):
        """(what is wrong or None, tag of the code that was made at run time or 0)."""
        stack, tag = probe.resolve(frames), 0
        for at, frame in enumerate(stack):
            if frame[0] is None:
                return "unknown", tag
            if frame[0] not in LINES:
                continue
            self.seen.add(frame[1].rpartition(".")[2])
            if not frame[2] and at + 1 < len(stack):  # such instructions call nothing
                return f"no line: {frame}", tag
            if frame[0][0] == "<":
                if tag and tag != tag_of(frame[0]):
                    return f"two tags: {stack}", tag
                tag = tag_of(frame[0])
                if any(c.isdigit() for c in frame[1]) and not all(
                    part.rpartition("_")[2] == str(tag)
                    for part in frame[1].split(".") if "_" in part
                ):
                    return f"name of another: {frame}", tag
            if at + 1 < len(stack) and stack[at + 1][0] in LINES:
                if self.wrong_pair(frame, stack[at + 1]):
                    return f"no such call: {frame} {stack[at + 1]}", tag
        if stack and stack[0][1] not in ("Thread._bootstrap",):
            return f"no root: {stack[0]}", tag
        return None, tag

    def judge(self, sample):
        self.samples += 1
        if sample.depth <= 0 or sample.flags & (probe.TRUNCATED | probe.ELSEWHERE):
            self.bad += 1
            return
        key = ctypes.string_at(ctypes.addressof(sample.frames), 8 * sample.depth)
        verdict = self.verdicts.get(key)
        if verdict is None:
            if len(self.verdicts) > 200000:
                self.verdicts.clear()
            verdict = self.verdicts[key] = self.look(sample.frames[: sample.depth])
        wrong, tag = verdict
        if wrong == "unknown":
            self.unknown += 1
            return
        self.usable += 1
        if not wrong and sample.tag and tag and tag != sample.tag:
            wrong = f"runs {sample.tag}: {probe.resolve(sample.frames[: sample.depth])}"
        if wrong:
            self.wrong += 1
            if len(self.examples) < 5:
                self.examples.append(wrong)

    def drain(self):
        for sample in probe.take():
            self.judge(sample)


def run_threads(judge, seconds, hertz, forks):
    stop, threads = threading.Event(), [0]
    workers = [threading.Thread(target=watched, args=(workload.busy, stop)) for _ in range(3)]
    workers.append(threading.Thread(target=watched, args=(short_life, threads, stop)))
    children, failed = 0, 0
    until = time.monotonic() + seconds
    next_fork = time.monotonic() + 1
    probe.with_gil.probe_start(hertz)
    for worker in workers:
        worker.start()
    while time.monotonic() < until:
        time.sleep(0.05)
        judge.drain()
        if forks and time.monotonic() > next_fork:
            next_fork = time.monotonic() + 5
            children += 1
            failed += fork_and_sample(hertz)
    stop.set()
    for worker in workers:
        worker.join()
    probe.without_gil.probe_stop()
    judge.drain()
    return threads[0], children, failed


def fork_and_sample(hertz):
    """A child that samples itself for a moment; 1 when it does not say that all is well."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            probe.with_gil.probe_abandon()
            judge = Judge()
            probe.known.clear()
            run_threads(judge, 0.5, hertz, False)
            status = 0 if judge.usable > 20 and judge.wrong * 1000 <= judge.usable else 2
        finally:
            os._exit(status)
    return 0 if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0 else 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--hertz", type=int, default=2000)
    options = parser.parse_args()
    sys.setswitchinterval(0.002)
    answer, why = probe.attach()
    if answer:
        sys.exit(why)
    judge = Judge()
    began, cpu = time.monotonic(), time.process_time()
    threads, children, failed = run_threads(judge, options.seconds, options.hertz, True)
    counts = probe.counts()
    missing = sorted(set(workload.FUNCTIONS) - judge.seen)
    print(
        f"Python {sys.version.split()[0]}, {time.monotonic() - began:.0f} s at {options.hertz} Hz a "
        f"thread, {threads} threads came and went, {children} forks ({failed} failed)\n"
        f"samples {counts.samples}: usable {judge.usable}, wrong {judge.wrong} "
        f"({100 * judge.wrong / max(judge.usable, 1):.4f} %), torn {counts.torn}, "
        f"truncated {counts.truncated}, elsewhere {counts.elsewhere}, unreadable "
        f"{counts.unreadable}, unknown code {judge.unknown}, read again {counts.again}\n"
        f"code objects {counts.codes}, no room {counts.codes_full}, not taken in time "
        f"{probe.with_gil.probe_overrun()}, functions never seen: {' '.join(missing) or 'none'}"
    )
    for example in judge.examples:
        print("wrong:", example)
    # constructors run through a frame of the interpreter's own from 3.12 on
    enough = judge.usable >= 50 * options.seconds and {"__init__", "spin"} <= judge.seen
    sys.exit(not (enough and judge.wrong * 1000 < judge.usable and failed == 0))


if __name__ == "__main__":
    main()
