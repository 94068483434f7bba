#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Flask under real gunicorn and uWSGI: what the clients saw is what is recorded.

load tests/python

@test "gunicorn, 3 workers, sync and threads, preloaded or not: every answer is recorded" { tests test_gunicorn.EveryAnswer; }
@test "gunicorn: times, exceptions, customers and addresses of single requests" { tests test_gunicorn.OneByOne; }
@test "gunicorn: clients that leave, files sent by the kernel, workers that time out" { tests test_gunicorn.Ends; }
@test "gunicorn: answers are the same bytes with the recorder and without" { tests test_gunicorn.Untouched; }
@test "uWSGI, processes and threads: every answer is recorded" { tests test_uwsgi; }
@test "httpbin: every answer of an application that does not know us is recorded" { tests test_httpbin; }
