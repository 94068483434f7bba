# SPDX-License-Identifier: GPL-3.0-or-later
"""How the shop is served: three processes of four threads, on a free port of the loopback."""
bind = "127.0.0.1:0"
workers = 3
worker_class = "gthread"
threads = 4
keepalive = 30


def post_worker_init(worker):
    """Tells scripts/demo that this worker has loaded the application."""
    worker.log.info("Ready: worker %s", worker.pid)
