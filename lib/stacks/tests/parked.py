# SPDX-License-Identifier: Apache-2.0
"""Threads parked at known places: what is read without the GIL must be, frame by frame,
what the interpreter itself says. Prints TAP."""
import asyncio
import contextlib
import ctypes
import errno
import functools
import sys
import threading
import types

import probe

number = 0


def check(truth_value, name, *details):
    global number
    number += 1
    print(f"{'ok' if truth_value else 'not ok'} {number} - {name}", flush=True)
    if not truth_value:
        for detail in details:
            print(f"#   {detail}")


class Parked:
    """Runs place(park) in a thread until park() is reached there, then stands still."""

    def __init__(self, place):
        self.there, self.leave = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self.run, args=(place,))

    def park(self, *_):
        self.where = probe.here()
        self.there.set()
        self.leave.wait()
        return 0

    def run(self, place):
        self.begun = probe.here()
        place(self.park)

    def __enter__(self):
        self.thread.start()
        assert self.there.wait(20)
        return self

    def __exit__(self, *_):
        self.leave.set()
        self.thread.join()


def stands_still(parked):
    """The thread may still be on its way from Event.set to wait: until it says so twice."""
    before = None
    while (now := probe.truth(parked.thread.ident)) != before:
        before = now
        threading.Event().wait(0.02)
    return now


# --- places to park in ------------------------------------------------------------------


def plain(park):
    park()


def recursion(park, depth=40):
    if depth:
        recursion(park, depth - 1)
    else:
        park()


def deep_recursion(park):
    recursion(park, 800)


def inner_generator(park):
    yield park()


def generator(park):
    yield from inner_generator(park)


def generators(park):
    for _ in generator(park):
        pass


def comprehension(park):
    return [park() for _ in range(1)]


def generator_expression(park):
    return sum(park() for _ in range(1))


def sort_key(park):
    return sorted([1], key=lambda _: park())


def c_callbacks(park):
    return list(map(functools.partial(lambda f, _: max([f], key=lambda g: g()), park), [1]))


def decorator(function):
    @functools.wraps(function)
    def wrapper(*args, **keywords):
        return function(*args, **keywords)

    return wrapper


@decorator
@decorator
def decorated(park):
    park()


class View:
    def __init__(self, park):
        self.park = park

    @property
    def attribute(self):
        return self.park()

    def __call__(self):
        return self.attribute

    class Nested:
        @staticmethod
        def method(park):
            View(park)()

    @classmethod
    def of_class(cls, park):
        cls.Nested.method(park)


class Parking:
    def __init__(self, park):
        park()


def class_body(park):
    class Body:
        parked = park()


def exception(park):
    try:
        raise ValueError("x")
    except ValueError:
        try:
            park()
        finally:
            pass


@contextlib.contextmanager
def context(park):
    park()
    yield


def context_manager(park):
    with context(park):
        pass


def executed(park):
    exec(compile("def f(g):\n\n    h = g()\nf(park)", "<made at run time>", "exec"), {"park": park})


async def leaf(park):
    park()


async def coroutine(park):
    await leaf(park)


def asynchronous(park):
    asyncio.run(coroutine(park))


async def ticks(park):
    yield park()


async def async_generator_user(park):
    async for _ in ticks(park):
        pass


def async_generator(park):
    asyncio.run(async_generator_user(park))


def names_of_all_widths(park):
    spaces = [
        ("latin_é", "/tmp/été/ñ.py"),
        ("greek_λ", "/tmp/λ/ж.py"),
        ("wide_𐌰", "/tmp/😀/x.py"),
        ("ascii", "/tmp/" + "long/" * 150),
    ]
    code = "\n".join(
        [f"def {name}(rest, park):\n    (rest[0](rest[1:], park) if rest else park())" for name, _ in spaces]
    )
    scope = {}
    exec(code, scope)
    functions = []
    for name, path in spaces:
        function = scope[name]
        functions.append(
            types.FunctionType(function.__code__.replace(co_filename=path), scope, name)
        )
    functions[0](functions[1:], park)


def locals_of_all_sizes(park):
    names = ", ".join(f"v{i}" for i in range(3000))
    scope = {}
    exec(f"def wide(park, {names}):\n    return park()\n", scope)
    scope["wide"](park, *range(3000))


class Descriptor:
    def __get__(self, instance, owner):
        return instance.park()


class Holder:
    descriptor = Descriptor()

    def __init__(self, park):
        self.park = park

    def __getattr__(self, name):
        return self.descriptor

    def __iter__(self):
        yield self.missing


def python_called_by_c(park):
    return list(Holder(park))


PLACES = [
    plain, recursion, generators, comprehension, generator_expression, sort_key, c_callbacks,
    decorated, View.of_class, Parking, class_body, exception, context_manager, executed,
    asynchronous, async_generator, names_of_all_widths, locals_of_all_sizes, python_called_by_c,
]


def same_as_the_interpreter(place):
    with Parked(place) as parked:
        truth = stands_still(parked)
        depth, flags, stack = probe.sample(parked.where)
        check(stack == truth and flags == 0, place.__qualname__, f"flags {flags}", depth,
              *[f"{a} {b}" for a, b in zip(stack, truth) if a != b])


def deeper_than_the_room():
    with Parked(deep_recursion) as parked:
        truth = stands_still(parked)
        depth, flags, stack = probe.sample(parked.where, 64)
        check(stack == truth[-64:] and flags == probe.TRUNCATED,
              "of a stack that is too deep the innermost frames are kept", depth, flags)
        depth, flags, stack = probe.sample(parked.where, 512)
        check(stack == truth[-512:] and flags == probe.TRUNCATED, "at most 512 frames", depth)


def other_threads():
    depth, flags, _ = probe.sample(probe.Thread(state=4096))
    check(depth == -errno.EFAULT, "a thread that is not there is told", depth)
    torn = probe.counts().torn
    depth, flags, _ = probe.sample(probe.Thread(state=id(object())))
    check(depth <= 0, "memory that is no thread gives no stack", depth)
    check(torn == 0, "no sample of a thread that stands still is torn", torn)
    with Parked(plain) as parked, Parked(plain) as other:
        stands_still(other)
        mixed = probe.Thread(other.where.state, parked.where.chunk)
        depth, flags, stack = probe.sample(mixed)
        check((depth, flags) == (0, probe.ELSEWHERE), "another stack's memory is not ours")


def without_the_gil():
    thread = probe.Thread()
    probe.without_gil.probe_here(ctypes.byref(thread))
    check(thread.state == probe.here().state and thread.frame == 0,
          "without the GIL the thread's own state is found")


class Turns:
    """Two tasks on one event loop: the one that is not running has no frames there."""

    async def one(self, park):
        self.first = probe.here()
        await asyncio.sleep(0.05)

    async def two(self, park):
        await asyncio.sleep(0.01)
        self.second = probe.here()
        park()

    def __call__(self, park):
        async def both():
            await asyncio.gather(self.one(park), self.two(park))

        asyncio.run(both())


def event_loop():
    turns = Turns()
    with Parked(turns) as parked:
        truth = stands_still(parked)
        depth, flags, stack = probe.sample(turns.second)
        check(stack == truth, "the task that runs is read")
        depth, flags, stack = probe.sample(turns.first)
        check((depth, flags) == (0, probe.ELSEWHERE), "a task that waits is elsewhere", stack)


def greenlets():
    try:
        import greenlet
    except ImportError:
        check(True, "greenlets # SKIP this interpreter has no greenlet")
        return
    begun = {}

    def waiting():
        begun["waiting"] = probe.here()
        greenlet.getcurrent().parent.switch()

    def running(park):
        begun["running"] = probe.here()
        park()

    def both(park):
        begun["main"] = probe.here()
        first = greenlet.greenlet(waiting)
        first.switch()
        second = greenlet.greenlet(running)
        second.switch(park)
        first.switch()

    with Parked(both) as parked:
        truth = stands_still(parked)
        depth, flags, stack = probe.sample(begun["running"])
        check(stack == truth, "the greenlet that runs is read", depth, flags, stack, truth)
        for name in ("waiting", "main"):
            depth, flags, stack = probe.sample(begun[name])
            check((depth, flags) == (0, probe.ELSEWHERE), f"greenlet {name} is elsewhere", stack)


def own_frames():
    scope = {}
    exec(compile("def ours(park):\n    park()", "/x/fmd_record/__init__.py", "exec"), scope)

    def place(park):
        scope["ours"](park)

    with Parked(place) as parked:
        truth = stands_still(parked)
        _, _, stack = probe.sample(parked.where)
        check(stack == [f for f in truth if f[1] != "ours"] and len(stack) == len(truth) - 1,
              "frames of the recorder itself are left out")


def numbers_by_content():
    """The same source compiled again and again is one code object in the trace."""
    probe.sample(probe.here())
    before = probe.counts().codes
    numbers = set()
    for _ in range(20):
        with Parked(executed) as parked:
            stands_still(parked)
            frames = (probe.Frame * 64)()
            flags = ctypes.c_uint()
            depth = probe.without_gil.probe_sample(
                ctypes.byref(parked.where), frames, 64, ctypes.byref(flags))
            numbers.add(tuple(frame.code for frame in frames[:depth]))
    check(len(numbers) == 1 and probe.counts().codes - before < 10,
          "code compiled anew with equal content has one number", numbers)


def main():
    answer, why = probe.attach()
    check(answer == 0, f"attached to {sys.version.split()[0]}", why)
    for place in PLACES:
        same_as_the_interpreter(place)
    deeper_than_the_room()
    without_the_gil()
    event_loop()
    greenlets()
    own_frames()
    numbers_by_content()
    other_threads()
    print(f"1..{number}")


main()
