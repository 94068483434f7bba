/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "screen.h"

#include <errno.h>
#include <inttypes.h>
#include <langinfo.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "src/base/err.h"

enum { WIDTH_DEFAULT = 80, WIDTH_MAX = 10000 };
#define FIRST_DRAWN_AFTER_NS UINT64_C(1000000000)

unsigned screen_width_columns(FILE *to)
{
    struct winsize size;
    if (isatty(fileno(to)) && ioctl(fileno(to), TIOCGWINSZ, &size) == 0 && size.ws_col)
        return size.ws_col;
    const char *columns = getenv("COLUMNS");
    long wide = columns ? strtol(columns, NULL, 10) : 0;
    return wide > 0 && wide <= WIDTH_MAX ? (unsigned)wide : WIDTH_DEFAULT;
}

static bool is_set(const char *name)
{
    const char *value = getenv(name);
    return value && value[0] != '\0';
}

bool screen_colour(FILE *to, const char *when)
{
    const char *term = getenv("TERM");
    if (strcmp(when, "auto") != 0)
        return strcmp(when, "always") == 0;
    return isatty(fileno(to)) && !is_set("NO_COLOR") && term && strcmp(term, "dumb") != 0;
}

bool screen_unicode(void)
{
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

void screen_survive_closed_pipes(void)
{
    signal(SIGPIPE, SIG_IGN);
}

int screen_close(FILE *to, const char *name, struct err *err)
{
    bool failed_before = ferror(to);
    errno = 0;
    if (fclose(to) == 0 && !failed_before)
        return 0;
    if (errno == EPIPE)
        return err_set(err, ERR_OUTPUT,
                       "whoever read %s closed it before the end; write to a file or "
                       "with -o DIR to keep the whole report",
                       name);
    return err_set(err, ERR_OUTPUT,
                   "%s could not be written whole (%s); make room or write elsewhere",
                   name, errno ? strerror(errno) : "an earlier write failed");
}

/* --- progress -------------------------------------------------------------------- */

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void progress_init(struct progress *progress, FILE *to, bool quiet)
{
    *progress = (struct progress){to, !quiet && isatty(fileno(to)), false, now_ns()};
}

/* "1.2 G" of 1.2e9, ready for a unit behind it. */
static void spell_amount(double amount, char *text, size_t size)
{
    static const char *const prefixes[] = {"", "k", "M", "G", "T", "P"};
    size_t prefix = 0;
    for (; amount >= 1000 && prefix < 5; prefix++)
        amount /= 1000;
    snprintf(text, size, "%.*f %s", amount < 10 && prefix ? 1 : 0, amount,
             prefixes[prefix]);
}

void progress_draw(void *to, uint64_t bytes_done, uint64_t bytes_total, uint64_t requests)
{
    struct progress *progress = to;
    char done[24], total[24];
    if (!progress->wanted || now_ns() - progress->begin_ns < FIRST_DRAWN_AFTER_NS)
        return;
    spell_amount((double)bytes_done, done, sizeof(done));
    spell_amount((double)bytes_total, total, sizeof(total));
    fprintf(progress->to, "\r\033[K%sB", done);
    if (bytes_total > 0)
        fprintf(progress->to, " of %sB (%.0f %%)", total,
                100 * (double)bytes_done / (double)bytes_total);
    fprintf(progress->to, ", %" PRIu64 " requests", requests);
    fflush(progress->to);
    progress->drawn = true;
}

void progress_release(struct progress *progress)
{
    if (!progress->drawn)
        return;
    fputs("\r\033[K", progress->to);
    fflush(progress->to);
    progress->drawn = false;
}
