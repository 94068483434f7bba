#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Flask under real gunicorn: what the clients saw is what is recorded.

load tests/python

@test "3 workers, sync and threads, preloaded or not: every answer is recorded" { tests test_gunicorn.EveryAnswer; }
@test "times, exceptions, customers and addresses of single requests" { tests test_gunicorn.OneByOne; }
@test "clients that leave, bodies that break, files sent by the kernel, timeouts" { tests test_gunicorn.Ends; }
@test "answers are the same bytes with the recorder and without" { tests test_gunicorn.Untouched; }
@test "what killed workers had answered is recorded once" { tests test_gunicorn.Killed; }
@test "httpbin, which does not know us: every answer is recorded" { tests test_httpbin; }
@test "no planted secret is in traces or rings, and what is none is found there" { tests test_secrets; }
