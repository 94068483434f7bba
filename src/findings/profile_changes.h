/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which functions explain that an endpoint takes longer, or shorter, in a version. */
#ifndef FINDINGS_PROFILE_CHANGES_H
#define FINDINGS_PROFILE_CHANGES_H

#include "profile.h"

/* Compares two versions that have a profile, chosen as profile_build() says. Leaves
 * compared false where there are no two. */
void profile_compare(struct profile_endpoint *endpoint,
                     const struct regression *regression);

#endif
