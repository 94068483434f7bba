/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TEST(name_that_is_a_sentence) { ... } defines a cmocka test and registers it; the list
 * of tests is found by the linker, never kept by hand. Include this once in a *_test.c
 * file: it brings main(). One translation unit a test program, a few dozen tests each.
 *
 * Tests print TAP when CMOCKA_MESSAGE_OUTPUT=TAP (make check sets it).
 */
#ifndef TESTDATA_CMOCKA_TESTS_H
#define TESTDATA_CMOCKA_TESTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Filled by constructors, in the order of the file. */
static struct CMUnitTest registered_tests[256];
static size_t registered_count;

/* The linter's analyzer does not know that a failed assertion ends the test. */
#ifdef __clang_analyzer__
#undef assert_non_null
#undef assert_true
#undef assert_int_equal
#define assert_true(condition) ((condition) ? (void)0 : abort())
#define assert_non_null(pointer) assert_true((pointer) != NULL)
#define assert_int_equal(a, b) assert_true((a) == (b))
#endif

/* Leaves a test that cannot run here, saying why. (cmocka's own skip() prints "not ok".)
 */
#define SKIP_TEST(why)                                                                   \
    do {                                                                                 \
        print_message("# skipped: %s\n", why);                                           \
        return;                                                                          \
    } while (0)

#define TEST(name)                                                                       \
    static void name(void **state);                                                      \
    __attribute__((constructor)) static void register_##name(void)                       \
    {                                                                                    \
        if (registered_count == sizeof(registered_tests) / sizeof(registered_tests[0]))  \
            abort();                                                                     \
        registered_tests[registered_count++] =                                           \
            (struct CMUnitTest){#name, name, NULL, NULL, NULL};                          \
    }                                                                                    \
    static void name(void **state __attribute__((unused)))

int main(void)
{
    return _cmocka_run_group_tests(__FILE__, registered_tests, registered_count, NULL,
                                   NULL) != 0;
}

#endif
