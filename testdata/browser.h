/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * For tests: opens a file in headless Chromium, with a profile of its own and no network.
 * Include after cmocka_tests.h. A page takes one to three seconds; after 90 it is given
 * up.
 */
#ifndef TESTDATA_BROWSER_H
#define TESTDATA_BROWSER_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child: becomes Chromium. */
static inline void browser_exec(const char *profile, const char *what, const char *size,
                                const char *url, int out)
{
    char data[512];
    snprintf(data, sizeof(data), "--user-data-dir=%s", profile);
    dup2(out, 1);
    dup2(open("/dev/null", O_WRONLY), 2);
    setenv("HOME", profile, 1); /* it keeps crash reports there */
    execlp("timeout", "timeout", "-k", "5", "90", "chromium", "--headless",
           "--no-sandbox", "--disable-gpu", "--no-first-run", "--no-proxy-server",
           "--host-resolver-rules=MAP * ~NOTFOUND", "--disable-background-networking",
           "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
           "--hide-scrollbars", "--force-device-scale-factor=1", data, size, what, url,
           (char *)NULL);
    _exit(127);
}

/* Runs Chromium on an absolute path (with #fragment); its output goes to the file out. */
static inline void browser_run(const char *path, const char *what, const char *size,
                               const char *out)
{
    char profile[] = "/tmp/fmd-browser-XXXXXX", url[1200], remove[64];
    assert_non_null(mkdtemp(profile));
    snprintf(url, sizeof(url), "file://%s", path);
    int file = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0600), status = -1;
    assert_true(file >= 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        browser_exec(profile, what, size, url, file);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    close(file);
    snprintf(remove, sizeof(remove), "rm -rf %s", profile);
    if (system(remove) != 0)
        fail_msg("%s could not be removed", profile);
    if (status != 0)
        fail_msg("chromium failed on %s (scripts/install-deps installs it): status %d",
                 path, status);
}

/* A screenshot of the page, width × height pixels, into the PNG file out. */
static inline void browser_screenshot(const char *path, int width, int height,
                                      const char *out)
{
    char size[64], what[512];
    snprintf(size, sizeof(size), "--window-size=%d,%d", width, height);
    snprintf(what, sizeof(what), "--screenshot=%s", out);
    browser_run(path, what, size, "/dev/null");
}

/* The document as it is after its scripts ran. The caller frees. */
static inline char *browser_dom(const char *path)
{
    char out[] = "/tmp/fmd-dom-XXXXXX";
    int file = mkstemp(out);
    assert_true(file >= 0);
    close(file);
    browser_run(path, "--dump-dom", "--window-size=1200,1000", out);
    FILE *dom = fopen(out, "r");
    assert_non_null(dom);
    fseek(dom, 0, SEEK_END);
    long size = ftell(dom);
    rewind(dom);
    char *text = calloc(1, (size_t)size + 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, (size_t)size, dom), size);
    fclose(dom);
    unlink(out);
    return text;
}

#endif
