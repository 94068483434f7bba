# SPDX-License-Identifier: Apache-2.0
"""Real servers on the loopback, each in a process group of its own and ended by its id."""
import os
import signal
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
WAIT_S = 30


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """command: of the server, that listens on port. Use as a context; ends gracefully.
    prepare is called in its process before the command."""

    def __init__(self, command, port, log, environment, prepare=None):
        self.port, self.log = port, log
        environment = {**os.environ, "PYTHONPATH": HERE, **environment}
        with open(log, "wb") as output:
            self.process = subprocess.Popen(
                command, cwd=HERE, env=environment, stdin=subprocess.DEVNULL,
                stdout=output, stderr=subprocess.STDOUT, preexec_fn=prepare,
            )  # fmt: skip

    def __enter__(self):
        self.wait_until_it_listens()
        return self

    def wait_until_it_listens(self, lives=True):
        """lives: its process, which a daemon's does not."""
        limit = time.monotonic() + WAIT_S
        while time.monotonic() < limit and not (lives and self.process.poll() is not None):
            try:
                return socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.02)
        self.__exit__()
        raise RuntimeError(f"{self.process.args[0]} does not listen:\n{self.said()}")

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()
        try:
            self.process.wait(WAIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise RuntimeError(f"{self.process.args[0]} does not end:\n{self.said()}")

    def said(self):
        with open(self.log, errors="replace") as log:
            return log.read()

    def workers(self):
        """Process ids of the children, once there are some: a master listens before."""
        limit = time.monotonic() + WAIT_S
        while time.monotonic() < limit:
            if found := children(self.process.pid):
                return found
            time.sleep(0.02)
        raise RuntimeError(f"{self.process.args[0]} has no workers:\n{self.said()}")

    def worker(self):
        """Of a server that has one."""
        (worker,) = self.workers()
        return worker


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(child) for child in file.read().split()]


class Gunicorn(Server):
    def __init__(self, module, folder, *options, prepare=None, **environment):
        port = free_port()
        super().__init__(
            [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}",
             "--graceful-timeout", "10", "--keep-alive", "30", *options, module],
            port, os.path.join(folder, "gunicorn.log"), environment, prepare,
        )  # fmt: skip

    def stop(self):
        self.process.send_signal(signal.SIGTERM)


class Uvicorn(Server):
    def __init__(self, folder, *module, **environment):
        port = free_port()
        super().__init__(
            [sys.executable, "-m", "uvicorn", "--port", str(port), "--log-level", "warning",
             *module],
            port, os.path.join(folder, "uvicorn.log"), environment,
        )  # fmt: skip

    def stop(self):
        self.process.send_signal(signal.SIGTERM)


class Uwsgi(Server):
    def __init__(self, module, folder, *options, **environment):
        port = free_port()
        self.orders = os.path.join(folder, "orders")
        super().__init__(
            ["uwsgi", "--plugin", "python3", "--virtualenv", sys.prefix,
             "--http-socket", f"127.0.0.1:{port}", "--master", "--need-app",
             "--master-fifo", self.orders, "--module", module, *options],
            port, os.path.join(folder, "uwsgi.log"), environment,
        )  # fmt: skip

    def stop(self):
        """By its fifo: a signal would end workers between the last byte of an answer, which
        the client has, and the close of its body."""
        with open(self.orders, "wb", buffering=0) as fifo:
            fifo.write(b"q")


class Program(Server):
    """One that serves itself on PORT, with werkzeug's reloader or another one's."""

    def __init__(self, program, folder, *arguments, **environment):
        port = free_port()
        command = [sys.executable, "-B", program, *arguments]
        log = os.path.join(folder, "program.log")
        super().__init__(command, port, log, {"PORT": str(port), **environment})

    def stop(self):
        for pid in children(self.process.pid) or [self.process.pid]:
            os.kill(pid, signal.SIGTERM)

    def worker(self):
        return self.process.pid


def listening_ports(pids):
    """TCP ports on which the processes listen."""
    inodes = set()
    for pid in pids:
        for descriptor in os.listdir(f"/proc/{pid}/fd"):
            try:
                inodes.add(os.readlink(f"/proc/{pid}/fd/{descriptor}"))
            except OSError:
                pass
    ports = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(table) as rows:
            for row in list(rows)[1:]:
                field = row.split()
                if field[3] == "0A" and f"socket:[{field[9]}]" in inodes:
                    ports.add(int(field[1].rpartition(":")[2], 16))
    return ports


def reads(pid):
    """System calls that read, of a process so far."""
    with open(f"/proc/{pid}/io") as counts:
        return int(dict(line.split(": ") for line in counts)["syscr"])
