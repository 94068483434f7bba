/* SPDX-License-Identifier: GPL-3.0-or-later */
/* GSL ends the program at an error unless told otherwise; here it returns a status. */
#ifndef FINDINGS_GSL_ERRORS_H
#define FINDINGS_GSL_ERRORS_H

/* Once in main(), before any finding. */
void gsl_errors_become_statuses(void);

#endif
