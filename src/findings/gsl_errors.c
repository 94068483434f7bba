/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gsl_errors.h"

#include <gsl/gsl_errno.h>

void gsl_errors_become_statuses(void)
{
    gsl_set_error_handler_off();
}
