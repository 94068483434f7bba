# SPDX-License-Identifier: Apache-2.0
"""Code to be sampled while it runs. Its own text is the truth: a line that calls a function
of this file, directly or through C, names it, or names it behind `# ->`."""
import asyncio
import contextlib
import functools
import random


def fibonacci(n):
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


def descend(n):
    if n:
        return descend(n - 1) + 1
    return spin(20)


def spin(n):
    total = 0
    for i in range(n):
        total += i * i
    return total


def numbers(n):
    for i in range(n):
        yield spin(i)


def delegating(n):
    yield from numbers(n)
    return n


def generators(n):
    total = 0
    for value in delegating(n):
        total += value
    return total + sum(spin(i) for i in range(n))  # -> <genexpr> spin


def comprehensions(n):
    a = [spin(i) for i in range(n)]  # -> <listcomp> spin
    b = {i: spin(i) for i in a}  # -> <dictcomp> spin
    return len(a) + len(b)


def by_key(pair):
    return spin(pair % 7)


def callbacks(n):
    ordered = sorted(range(n), key=by_key)
    return sum(map(lambda i: spin(i), ordered))  # -> <lambda> spin


def decorator(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args)  # -> wrapper decorated

    return wrapper


@decorator
@decorator
def decorated(n):
    return spin(n)


class Base:
    def __init__(self, n):
        self.n = spin(n)

    @property
    def value(self):
        return spin(self.n % 9)

    def __call__(self):
        return self.value


class View(Base):
    def __init__(self, n):
        super().__init__(n)
        self.more = self.get(n)

    @classmethod
    def get(cls, n):
        return spin(n)

    def __lt__(self, other):
        return self.value < other.value


def classes(n):
    views = [View(i) for i in range(n)]  # -> <listcomp> __init__
    views.sort()  # -> __lt__
    return sum(view() for view in views)  # -> <genexpr> __call__


def class_bodies(n):
    class Body:
        value = spin(n)

    return Body.value


def raising(n):
    if n == 0:
        raise ValueError(spin(5))
    try:
        raising(n - 1)
    finally:
        spin(3)


def exceptions(n):
    try:
        raising(n)
    except ValueError:
        return spin(n)


@contextlib.contextmanager
def managed(n):
    spin(n)
    yield n
    spin(n)


def contexts(n):
    with managed(n) as value:
        return spin(value)


async def awaited(n):
    await asyncio.sleep(0)
    return spin(n)


async def tasks(n):
    return await asyncio.gather(*[awaited(i) for i in range(n)])  # -> <listcomp>


def asynchronous(n):
    return asyncio.run(tasks(n))


EXECUTED = 400  # different sources


def source(tag):
    """What is compiled at run time under that tag; every name and the file name carry it."""
    rest = tag % 5
    return f"""{chr(10) * (tag % 11)}
def third_{tag}(n{''.join(f', a{i}=0' for i in range(tag % 6))}):
    {'t = ' * rest}n = n * n
    return n
def second_{tag}(n):
    total = 0
    for i in range(40):
        total += third_{tag}(i)
    return total
class Class_{tag}:
    def method_{tag}(self, n):
        return second_{tag}(n) + {'sum(second_%d(i) for i in range(2)) # <genexpr>' % tag if rest > 2 else 1}
result = Class_{tag}().method_{tag}(3) # __init__
"""


SOURCES = [source(tag) for tag in range(EXECUTED + 1)]


def executed(cell, n):
    tag = random.randrange(EXECUTED) + 1
    text = SOURCES[tag]
    for _ in range(n % 3 + 1):
        code = compile(text, f"<executed {tag}>", "exec")
        cell.value = tag
        exec(code, {"__name__": f"m{tag}"})  # -> <module>
        cell.value = 0
        del code


KINDS = [
    lambda n: fibonacci(n % 14), lambda n: descend(n % 60), generators, comprehensions, callbacks,
    decorated, classes, class_bodies, exceptions, contexts, asynchronous,
]
FUNCTIONS = (
    "fibonacci descend spin numbers delegating generators comprehensions by_key callbacks "
    "wrapper decorated __init__ __lt__ classes class_bodies raising exceptions contexts awaited "
    "asynchronous executed <genexpr> <lambda>"
).split()


def busy(cell, stop):
    """One of everything, again and again."""
    step = 0
    while not stop.is_set():
        step += 1
        kind = KINDS[step % len(KINDS)]
        kind(step % 37)  # -> <lambda> generators comprehensions callbacks wrapper classes class_bodies exceptions contexts asynchronous
        executed(cell, step)
