/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which functions explain that an endpoint takes longer, or shorter, in a version. */
#ifndef FINDINGS_PROFILE_CHANGES_H
#define FINDINGS_PROFILE_CHANGES_H

#include "profile.h"

/* Compares the newest version that has a profile with baseline, or with the one before it
 * that has one. Leaves compared false where there are no two. */
void profile_compare(struct profile_endpoint *endpoint, const char *baseline);

#endif
