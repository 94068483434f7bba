#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Process models with their real servers, at levels 1, 2 and 3: workers that are recycled,
# killed by a timeout, that fork, execute themselves, reload, or are daemons.

load tests/python

@test "recycled workers: every answer is recorded, and the directory stays within its limit" {
    tests test_models.Recycling
}
@test "a worker killed by its timeout leaves its requests and the stack that it hung in" {
    timed_out=test_models.TimedOut.test
    tests_at_once ${timed_out}_gunicorn_kills_at_level_2 ${timed_out}_uwsgi_kills_at_level_3 \
        ${timed_out}_gunicorn_aborts_and_the_worker_still_writes
}
@test "a view that forks: the request is the parent's, and children have their own" {
    tests_at_once test_models.Forking.test_in_a_sync_worker test_models.Forking.test_in_uwsgi_with_threads
}
@test "werkzeug, its reloader, and a thousand threads; a server that executes itself; a daemon; two applications in one process" {
    tests_at_once test_models.Reloaded test_models.Executing test_models.Daemonised test_models.Together
}
@test "answers are the same bytes with the recorder and without" {
    untouched=test_models.Untouched.test
    tests_at_once ${untouched}_gunicorn ${untouched}_uwsgi ${untouched}_werkzeug
}
