/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "testdata/cmocka_tests.h"

#include <fcntl.h>
#include <pty.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "screen.h"
#include "src/base/err.h"

/* A terminal of so many columns: *screen to print to; returns the other side. */
static int terminal_open(FILE **screen, unsigned short columns)
{
    int ours = -1, theirs = -1;
    struct winsize size = {24, columns, 0, 0};
    assert_int_equal(openpty(&ours, &theirs, NULL, NULL, &size), 0);
    *screen = fdopen(theirs, "w");
    assert_non_null(*screen);
    return ours;
}

TEST(width_is_the_terminals_then_columns_then_eighty)
{
    FILE *screen, *file = tmpfile();
    int other = terminal_open(&screen, 123);
    setenv("COLUMNS", "99", 1);
    assert_int_equal(screen_width_columns(screen), 123);
    assert_int_equal(screen_width_columns(file), 99);
    setenv("COLUMNS", "-3", 1);
    assert_int_equal(screen_width_columns(file), 80);
    unsetenv("COLUMNS");
    assert_int_equal(screen_width_columns(file), 80);
    fclose(screen);
    fclose(file);
    close(other);
}

TEST(colour_is_for_terminals_that_want_it)
{
    FILE *screen, *file = tmpfile();
    int other = terminal_open(&screen, 80);
    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
    assert_true(screen_colour(screen, "auto"));
    assert_false(screen_colour(screen, "never"));
    assert_false(screen_colour(file, "auto"));
    assert_true(screen_colour(file, "always"));
    setenv("NO_COLOR", "", 1);
    assert_true(screen_colour(screen, "auto"));
    setenv("NO_COLOR", "1", 1);
    assert_false(screen_colour(screen, "auto"));
    unsetenv("NO_COLOR");
    setenv("TERM", "dumb", 1);
    assert_false(screen_colour(screen, "auto"));
    fclose(screen);
    fclose(file);
    close(other);
}

TEST(a_full_disk_is_told_in_a_sentence)
{
    struct err err = ERR_INIT;
    FILE *full = fopen("/dev/full", "w");
    assert_non_null(full);
    fputs("report", full);
    assert_int_equal(screen_close(full, "standard output", &err), -1);
    assert_int_equal(err.code, ERR_OUTPUT);
    assert_non_null(strstr(err.message, "standard output could not be written whole (No "
                                        "space left on device)"));
}

TEST(a_closed_pipe_is_told_in_a_sentence)
{
    struct err err = ERR_INIT;
    int ends[2];
    screen_survive_closed_pipes();
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    FILE *to = fdopen(ends[1], "w");
    fputs("report", to);
    assert_int_equal(screen_close(to, "standard output", &err), -1);
    assert_int_equal(err.code, ERR_OUTPUT);
    assert_non_null(strstr(err.message, "closed it before the end"));
}

TEST(closing_what_was_written_whole_is_no_error)
{
    struct err err = ERR_INIT;
    FILE *file = tmpfile();
    fputs("report", file);
    assert_int_equal(screen_close(file, "a file", &err), 0);
    assert_int_equal(err.code, ERR_NONE);
}

/* What a terminal saw, or "" when nothing came. */
static const char *seen(int other)
{
    static char text[4096];
    fcntl(other, F_SETFL, O_NONBLOCK);
    ssize_t length = read(other, text, sizeof(text) - 1);
    text[length > 0 ? length : 0] = '\0';
    return text;
}

TEST(progress_waits_a_second_then_draws_one_line_and_erases_it)
{
    FILE *screen;
    struct progress progress;
    int other = terminal_open(&screen, 80);
    progress_init(&progress, screen, false);
    progress_draw(&progress, 1, 2, 3);
    assert_string_equal(seen(other), "");
    progress.begin_ns -= UINT64_C(2000000000);
    progress_draw(&progress, 1200000000, 3400000000, 12345678);
    assert_string_equal(seen(other),
                        "\r\033[K1.2 GB of 3.4 GB (35 %), 12345678 requests");
    progress_draw(&progress, 500, 0, 7);
    assert_string_equal(seen(other), "\r\033[K500 B, 7 requests");
    progress_release(&progress);
    assert_string_equal(seen(other), "\r\033[K");
    progress_release(&progress);
    assert_string_equal(seen(other), "");
    fclose(screen);
    close(other);
}

TEST(progress_is_silent_when_quiet_or_not_watched)
{
    FILE *screen, *file = tmpfile();
    struct progress progress;
    int other = terminal_open(&screen, 80);
    progress_init(&progress, screen, true);
    progress.begin_ns = 0;
    progress_draw(&progress, 1, 2, 3);
    progress_release(&progress);
    assert_string_equal(seen(other), "");
    progress_init(&progress, file, false);
    progress.begin_ns = 0;
    progress_draw(&progress, 1, 2, 3);
    assert_int_equal(ftell(file), 0);
    fclose(screen);
    fclose(file);
    close(other);
}
