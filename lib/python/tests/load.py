# SPDX-License-Identifier: Apache-2.0
"""Sends requests to a server and counts the answers: what a trace of it must hold."""
import collections
import http.client
import threading
import time


class Load:
    """Clients in threads against one server on the loopback.

    Each keeps one connection (keep=False, where the server closes without saying so: makes
    a new one each time) and takes its share of the requests, the targets in turn.
    """

    def __init__(self, port, targets, clients=4, requests=400, keep=True):
        self.port, self.targets, self.keep = port, targets, keep
        self.counts = collections.defaultdict(collections.Counter)
        self.failed = 0
        self._lock = threading.Lock()
        self._stopped = False
        self._numbers = iter(range(requests))
        self._threads = [threading.Thread(target=self._client) for _ in range(clients)]

    def start(self):
        for thread in self._threads:
            thread.start()
        return self

    def wait_for(self, answered, seconds=60):
        """Until so many answers came in all."""
        limit = time.monotonic() + seconds
        while self.result()["answered"] < answered:
            if time.monotonic() > limit:
                raise TimeoutError(f"{self.result()['answered']} of {answered} answers came")
            time.sleep(0.01)

    def stop(self):
        self._stopped = True
        return self

    def join(self):
        for thread in self._threads:
            thread.join()
        return self.result()

    def result(self):
        with self._lock:
            answers = {target: dict(statuses) for target, statuses in self.counts.items()}
            failed = self.failed
        answered = sum(sum(statuses.values()) for statuses in answers.values())
        sent = answered + failed
        return {"sent": sent, "answered": answered, "failed": failed, "answers": answers}

    def _next(self):
        with self._lock:
            return None if self._stopped else next(self._numbers, None)

    def _client(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        while (number := self._next()) is not None:
            target = self.targets[number % len(self.targets)]
            try:
                status = request(connection, target)
            except (OSError, http.client.HTTPException):
                connection.close()
                with self._lock:
                    self.failed += 1
                continue
            if not self.keep:
                connection.close()
            with self._lock:
                self.counts[target][status] += 1
        connection.close()


def request(connection, target):
    """Sends "/path" or "METHOD:/path" and reads the whole answer; its status."""
    method, _, path = target.rpartition(":/")
    connection.request(method or "GET", path if path.startswith("/") else "/" + path)
    answer = connection.getresponse()
    answer.read()
    return answer.status
