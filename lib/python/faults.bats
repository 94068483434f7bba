#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real servers where something is missing: the application never notices, the trace says
# what was lost.

load tests/python

# In a mount namespace, so that small disks are seen by nobody else and go by themselves.
alone() {
    unshare --mount true 2>/dev/null || skip "only root may mount a small disk"
    cd "$BATS_TEST_DIRNAME/tests" && unshare --mount "$python" -B -m unittest "$@"
}

@test "disks that are full, read-only, removed, forbidden; no shared memory" { alone test_faults.Disks; }
@test "limits of file size, descriptors and threads; memory that must not be read" { alone test_faults.Limits; }
@test "a clock that is set back and forward" { tests test_faults.Clock; }
