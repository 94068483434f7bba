/* SPDX-License-Identifier: Apache-2.0 */
/* What is taken out of text and what stays. */
#include "testdata/cmocka_tests.h"

#include "scrub.h"

#include <stdio.h>

#define TEXT_BYTES 4096
static const char browser[] =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/120.0.0.0 Safari/537.36";

struct example {
    const char *before, *after;
};

static void check(const struct example *examples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char text[TEXT_BYTES];
        size_t length = strlen(examples[i].before);

        memcpy(text, examples[i].before, length);
        length = fmd__scrub(text, length);
        assert_true(length < sizeof text);
        text[length] = '\0';
        assert_string_equal(text, examples[i].after);
    }
}

#define CHECK(examples) check(examples, sizeof(examples) / sizeof *(examples))

TEST(secrets_become_asterisks_where_they_stand)
{
    static const struct example examples[] = {
        /* addresses */
        {"mail to alice@shop.example failed", "mail to *** failed"},
        {"/unsubscribe/alice.b+news%40shop.example/now", "/unsubscribe/***/now"},
        {"<alice@shop.example>, root@localhost", "<***>, ***"},
        {"postgres://shop:s3cr3t@db.internal:5432/shop", "postgres://***:5432/shop"},
        {"m\xc3\xbcller@b\xc3\xbc"
         "cher.example",
         "***"},
        /* queries */
        {"http://shop.example/cart?id=7&coupon=SPRING", "http://shop.example/cart?***"},
        {"no route for '/a/b?x=1' here", "no route for '/a/b?***' here"},
        /* named values */
        {"password=hunter2&page=3", "password=***&page=3"},
        {"login failed: password = 'hunter 2', user 7",
         "login failed: password = '***', user 7"},
        {"{\"api_key\": \"abc\", \"n\": 1}", "{\"api_key\": \"***\", \"n\": 1}"},
        {"{'accessToken': b'abc'}", "{'accessToken': b'***'}"},
        {"{\\\"secret\\\": \\\"abc\\\"}", "{\\\"secret\\\": \\\"***\\\"}"},
        {"X-Api-Key: abc", "X-Api-Key: ***"},
        {"Authorization: Custom a b c\nHost: x", "Authorization: ***\nHost: x"},
        {"Cookie: a=b; c=d", "Cookie: ***"},
        {"wrong password 'hunter2' given", "wrong password '***' given"},
        {"/page;jsessionid=0A1B2C", "/page;jsessionid=***"},
        {"pin: 1234", "pin: ***"},
        {"/reset-password/abc/confirm", "/reset-password/***/confirm"},
        {"token=x", "token=*"},
        /* schemes */
        {"got 'Bearer abc.def' instead", "got 'Bearer ***' instead"},
        {"tried Basic dXNlcjpwYXNz today", "tried Basic *** today"},
        /* tokens */
        {"/verify/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln/x", "/verify/***/x"},
        {"/files/9f86d081884c7d659a2feaa0c55ad015/meta", "/files/***/meta"},
        {"/orders/3f2504e0-4f89-11d3-9a0c-0305e82c3301", "/orders/***"},
        {"/share/4eC39HqLyjWDarjtT1zdp7dc", "/share/***"},
        {"/share/sk_live_4eC39HqLyjWDarjtT1zdp7dc.png", "/share/***"},
        {"key id AKIAIOSFODNN7EXAMPLE is unknown", "key id *** is unknown"},
        {"with wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY now", "with *** now"},
        {"seed JBSWY3DPEHPK3PXP", "seed ***"},
        /* cards */
        {"card 4111 1111 1111 1111 declined", "card *** declined"},
        {"/pay/378282246310005", "/pay/***"},
        {"5555-5555-5555-4444", "***"},
    };

    CHECK(examples);
}

TEST(what_is_no_secret_stays)
{
    static const char *const kept[] = {
        "",
        "/",
        "/cart/17/items/4711",
        "/customers/Acme%20Corp/invoices/2026-11-23.pdf",
        "/static/js/vendor-2.3.1.min.js",
        "division by zero",
        "'NoneType' object has no attribute 'items'",
        "invalid literal for int() with base 10: 'abc'",
        "[Errno 111] Connection refused",
        "no such table: customers",
        "author: Smith, monkey=3",
        "INSERT INTO t VALUES (?, ?, ?)",
        "really? no",
        "@app.route",
        "Basic settings are missing",
        "at 2026-11-23T12:30:55.123456Z, 1795437055123456789 ns",
        "HttpServerHandler2Factory",
        "customer_export_job_2026_11_23_weekly",
        "order 4111111111111112", /* no check digit */
        browser,
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "application/json; charset=utf-8",
        "de-DE,de;q=0.9,en;q=0.8",
    };

    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        check(&(struct example){kept[i], kept[i]}, 1);
}

TEST(names_that_tell_a_secret_are_known)
{
    static const char *const secret[] = {"Authorization",
                                         "Proxy-Authorization",
                                         "Cookie",
                                         "Set-Cookie",
                                         "X-Api-Key",
                                         "X-Auth-Token",
                                         "X-CSRFToken",
                                         "db_password",
                                         "PASSWD",
                                         "apiKey",
                                         "key",
                                         "session_id",
                                         "X-Amz-Signature",
                                         "pin",
                                         "jwt"};
    static const char *const open[] = {"User-Agent", "Content-Type", "author",
                                       "monkey",     "Accept",       "pinned",
                                       "",           "keyboard"};

    for (size_t i = 0; i < sizeof secret / sizeof *secret; i++)
        assert_true(fmd__scrub_is_secret_name(secret[i], strlen(secret[i])));
    for (size_t i = 0; i < sizeof open / sizeof *open; i++)
        assert_false(fmd__scrub_is_secret_name(open[i], strlen(open[i])));
}

/* A cut may go anywhere through a secret: no part of it is kept. */
TEST(a_cut_leaves_no_half_of_a_secret)
{
    static const char path[] = "/reset/4eC39HqLyjWDarjtT1zdp7dc/alice@shop.example/end";

    for (size_t room = 0; room < sizeof path; room++) {
        char text[sizeof path + 1];
        size_t length = fmd__scrub_copy(text, room, path, sizeof path - 1);

        assert_true(length <= room);
        text[length] = '\0';
        assert_null(strstr(text, "4eC3"));
        assert_null(strstr(text, "ali"));
        assert_true(room < 7 || strncmp(text, "/reset/", 7) == 0);
    }
}

static char random_char(uint64_t *seed)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return alphabet[*seed >> 58];
}

/* 10,000 tokens as Python's secrets.token_urlsafe() makes them. */
TEST(nearly_every_random_token_is_found)
{
    static const struct {
        unsigned length, missed_max;
    } kinds[] = {{43, 10}, {32, 50}, {22, 500}};
    uint64_t seed = 20261123;

    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        unsigned missed = 0;

        for (unsigned i = 0; i < 10000; i++) {
            char text[64] = "/share/";

            for (unsigned at = 0; at < kinds[k].length; at++)
                text[7 + at] = random_char(&seed);
            missed += fmd__scrub(text, 7 + kinds[k].length) > 10;
        }
        print_message("# %u of 10000 tokens of %u characters missed\n", missed,
                      kinds[k].length);
        assert_true(missed <= kinds[k].missed_max);
    }
}
