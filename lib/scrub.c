/* SPDX-License-Identifier: Apache-2.0 */
/* See scrub.h. A pass for each kind of secret; each finds the next one from a place on,
 * and looks back no further than that, so a pass is linear and works in place. */
#include "scrub.h"

#include <string.h>

#define NAME_BYTES_MAX 64u
#define RANDOM_MIN 16u /* shorter runs cannot be told from words and numbers */
#define BASE64_MIN 32u
#define CARD_MIN 13u
#define CARD_MAX 19u

struct span {
    size_t begin, end;
};

/* The next secret at or after from. */
typedef bool find_secret(const char *text, size_t from, size_t length, struct span *span);

/* --- characters ----------------------------------------------------------------------
 */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_alnum(char c)
{
    return is_digit(c) || is_lower(c) || is_upper(c);
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_quote(char c)
{
    return c == '\'' || c == '"' || c == '`';
}

static bool is_beyond_ascii(char c)
{
    return (unsigned char)c >= 0x80;
}

static char lowered(char c)
{
    return is_upper(c) ? (char)(c - 'A' + 'a') : c;
}

/* Of one token: its pieces between '/', quotes, blanks and what separates keys. */
static bool is_word(char c)
{
    return is_alnum(c) || is_one_of(c, "_-.+~");
}

/* --- names that tell a secret ---------------------------------------------------------
 */

static bool contains(const char *text, size_t length, const char *word)
{
    size_t word_length = strlen(word);

    for (size_t at = 0; at + word_length <= length; at++) {
        size_t same = 0;

        while (same < word_length && lowered(text[at + same]) == word[same])
            same++;
        if (same == word_length)
            return true;
    }
    return false;
}

/* "key", "api-key", "apiKey", but not "monkey". */
static bool ends_with_key(const char *name, size_t length)
{
    if (length < 3 || !contains(name + length - 3, 3, "key"))
        return false;
    return length == 3 || !is_lower(name[length - 4]) || is_upper(name[length - 3]);
}

static bool is_whole(const char *name, size_t length, const char *word)
{
    return length == strlen(word) && contains(name, length, word);
}

/* "auth", but not "author". */
static bool tells_authority(const char *name, size_t length)
{
    return contains(name, length, "authoriz") || contains(name, length, "authoris") ||
           (contains(name, length, "auth") && !contains(name, length, "author"));
}

bool fmd__scrub_is_secret_name(const char *name, size_t length)
{
    static const char *const parts[] = {"passw",  "passphrase", "passcode",   "pwd",
                                        "secret", "token",      "apikey",     "accesskey",
                                        "cookie", "session",    "credential", "signature",
                                        "jwt",    "csrf",       "xsrf",       "bearer"};
    static const char *const wholes[] = {"otp", "totp", "pin", "sid",
                                         "sig", "cvv",  "cvc"};

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (contains(name, length, parts[i]))
            return true;
    for (size_t i = 0; i < sizeof wholes / sizeof *wholes; i++)
        if (is_whole(name, length, wholes[i]))
            return true;
    return ends_with_key(name, length) || tells_authority(name, length);
}

/* The name that ends before end: its begin and length. */
static size_t name_before(const char *text, size_t from, size_t end, size_t *begin)
{
    *begin = end;
    while (*begin > from && end - *begin < NAME_BYTES_MAX &&
           (is_alnum(text[*begin - 1]) || is_one_of(text[*begin - 1], "_-.")))
        --*begin;
    return end - *begin;
}

/* --- name = value ---------------------------------------------------------------------
 */

static size_t skip(const char *text, size_t at, size_t length, const char *set)
{
    while (at < length && is_one_of(text[at], set))
        at++;
    return at;
}

static size_t find_char(const char *text, size_t at, size_t length, const char *set)
{
    while (at < length && !is_one_of(text[at], set))
        at++;
    return at;
}

/* Where what was opened at text[at] ends. */
static size_t find_close(const char *text, size_t at, size_t length)
{
    static const char open[] = "[({", close[] = "])}";
    const char *which = strchr(open, text[at]);
    char ends = which ? close[which - open] : text[at];

    for (at++; at < length && text[at] != ends; at++)
        if (text[at] == '\\' && at + 1 < length && text[at + 1] != ends)
            at++;
    return at > 0 && at < length && text[at - 1] == '\\' ? at - 1 : at;
}

/* b'..', u'..': to the quote. */
static size_t skip_string_prefix(const char *text, size_t at, size_t length)
{
    if (at + 1 < length && is_one_of(text[at], "bru") && is_quote(text[at + 1]))
        return at + 1;
    return at;
}

/* Goes to the end of the line: schemes and cookies have blanks in them. */
static bool is_long_value(const char *name, size_t length)
{
    return contains(name, length, "auth") || contains(name, length, "cookie");
}

/* What stands behind the separator at text[at]. */
static struct span value_behind(const char *text, size_t at, size_t length, bool is_long)
{
    struct span value;

    if (!is_quote(text[at]))
        at = skip(text, at, length, "=:>");
    at = skip(text, at, length, " \t\\");
    at = skip_string_prefix(text, at, length);
    if (at < length && is_one_of(text[at], "'\"`[({")) {
        value = (struct span){at + 1, find_close(text, at, length)};
    } else {
        value.begin = at;
        value.end =
            find_char(text, at, length, is_long ? "\r\n\"'" : " \t\r\n,;&\"'`)]}>");
    }
    if (value.end < value.begin)
        value.end = value.begin;
    return value;
}

/* Does a name that tells a secret stand before the separator at text[at]? A quote is one
 * when blanks are between. */
static bool is_behind_secret_name(const char *text, size_t from, size_t at, bool *is_long)
{
    size_t end = at, begin, length;

    while (end > from && at - end < 4 && is_one_of(text[end - 1], " \t'\"`])\\"))
        end--;
    if (is_quote(text[at]) && (end == at || !is_blank(text[at - 1])))
        return false;
    length = name_before(text, from, end, &begin);
    *is_long = is_long_value(text + begin, length);
    return fmd__scrub_is_secret_name(text + begin, length);
}

static bool find_named(const char *text, size_t from, size_t length, struct span *span)
{
    for (size_t at = from; at < length; at++) {
        bool is_long;

        if (!is_one_of(text[at], "=:'\"`") ||
            !is_behind_secret_name(text, from, at, &is_long))
            continue;
        *span = value_behind(text, at, length, is_long);
        if (span->end > span->begin)
            return true;
    }
    return false;
}

/* "/token/x", "/reset-password/x": the segment behind. */
static bool find_named_segment(const char *text, size_t from, size_t length,
                               struct span *span)
{
    for (size_t at = from; at < length; at++) {
        size_t begin, bytes;

        if (text[at] != '/')
            continue;
        bytes = name_before(text, from, at, &begin);
        if (!contains(text + begin, bytes, "token") &&
            !contains(text + begin, bytes, "secret") &&
            !contains(text + begin, bytes, "passw"))
            continue;
        *span =
            (struct span){at + 1, find_char(text, at + 1, length, "/ \t\r\n\"'`?#,;")};
        if (span->end > span->begin)
            return true;
    }
    return false;
}

/* --- Bearer and Basic -----------------------------------------------------------------
 */

/* "Basic" is also a word: what follows must not be one. */
static bool is_scheme_token(const char *token, size_t length)
{
    bool is_odd = false;

    for (size_t i = 0; i < length; i++)
        is_odd = is_odd || !(is_lower(token[i]) || (i == 0 && is_upper(token[i])));
    return is_odd && length >= 6;
}

static bool find_scheme(const char *text, size_t from, size_t length, struct span *span)
{
    for (size_t at = from; at < length; at++) {
        size_t word;

        if (!is_blank(text[at]) || at == from || !is_alnum(text[at - 1]))
            continue;
        word = at - from >= 6 && contains(text + at - 6, 6, "bearer") ? 6 : 5;
        if (word == 5 && !(at - from >= 5 && contains(text + at - 5, 5, "basic")))
            continue;
        span->begin = skip(text, at, length, " \t");
        span->end = find_char(text, span->begin, length, " \t\r\n,;\"'`)]}>");
        if (is_scheme_token(text + span->begin, span->end - span->begin))
            return true;
    }
    return false;
}

/* --- e-mail addresses, users of URLs, queries -----------------------------------------
 */

static bool is_mailbox(char c)
{
    return (is_alnum(c) || is_beyond_ascii(c) || is_one_of(c, "!#$%+-.:^_{}~")) &&
           c != '@';
}

static bool is_host(char c)
{
    return is_alnum(c) || is_beyond_ascii(c) || is_one_of(c, ".-_");
}

static size_t at_sign(const char *text, size_t at, size_t length)
{
    if (text[at] == '@')
        return 1;
    return at + 3 <= length && memcmp(text + at, "%40", 3) == 0 ? 3 : 0;
}

static bool find_mail(const char *text, size_t from, size_t length, struct span *span)
{
    for (size_t at = from; at < length; at++) {
        size_t sign = at_sign(text, at, length);

        if (sign == 0)
            continue;
        span->begin = at;
        while (span->begin > from && is_mailbox(text[span->begin - 1]))
            span->begin--;
        span->end = at + sign;
        while (span->end < length && is_host(text[span->end]))
            span->end++;
        if (span->begin < at && span->end > at + sign)
            return true;
    }
    return false;
}

static bool find_query(const char *text, size_t from, size_t length, struct span *span)
{
    for (size_t at = from + 1; at < length; at++) {
        if (text[at] != '?' || !(is_word(text[at - 1]) || is_one_of(text[at - 1], "/*%")))
            continue;
        *span = (struct span){at + 1, find_char(text, at + 1, length, " \t\r\n\"'`<>)")};
        if (span->end > span->begin)
            return true;
    }
    return false;
}

/* --- payment cards --------------------------------------------------------------------
 */

/* Luhn's formula (ISO/IEC 7812-1, annex B). */
static bool has_check_digit(const char *digits, size_t count)
{
    unsigned sum = 0;

    for (size_t i = 0; i < count; i++) {
        unsigned digit = (unsigned)(digits[count - 1 - i] - '0');

        if (i % 2 == 1)
            digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
        sum += digit;
    }
    return sum % 10 == 0;
}

/* Digits from at on, with single blanks or dashes between; more than CARD_MAX are no
 * card. Returns where they end. */
static size_t read_card(const char *text, size_t at, size_t length, char *digits,
                        size_t *count)
{
    for (*count = 0; at < length; at++) {
        bool is_gap = (text[at] == ' ' || text[at] == '-') && at + 1 < length &&
                      is_digit(text[at + 1]);

        if (is_gap)
            continue;
        if (!is_digit(text[at]))
            break;
        if (*count < CARD_MAX)
            digits[*count] = text[at];
        ++*count;
    }
    return at;
}

static bool find_card(const char *text, size_t from, size_t length, struct span *span)
{
    char digits[CARD_MAX];
    size_t count;

    for (size_t at = from; at<length; at = at> span->end ? at : span->end + 1) {
        *span = (struct span){at, at};
        if (!is_digit(text[at]))
            continue;
        span->end = read_card(text, at, length, digits, &count);
        if (count >= CARD_MIN && count <= CARD_MAX && digits[0] >= '2' &&
            digits[0] <= '6' && has_check_digit(digits, count))
            return true;
    }
    return false;
}

/* --- what looks drawn at random -------------------------------------------------------
 */

struct look {
    size_t length, digits, lowers, uppers, hexes;
    size_t digit_changes; /* between digit and letter */
    size_t case_changes;  /* between lower and upper case */
};

/* Of the characters that are letters or digits. */
static struct look look_at(const char *run, size_t length)
{
    struct look look = {0};
    char before = '\0';

    for (size_t i = 0; i < length; i++) {
        char c = run[i];

        if (!is_alnum(c))
            continue;
        look.length++;
        look.digits += is_digit(c);
        look.lowers += is_lower(c);
        look.uppers += is_upper(c);
        look.hexes += is_hex(c);
        if (before) {
            look.digit_changes += is_digit(c) != is_digit(before);
            look.case_changes +=
                (is_lower(c) && is_upper(before)) || (is_upper(c) && is_lower(before));
        }
        before = c;
    }
    return look;
}

/* CamelCase changes its case about every third letter, a random run every second. */
static bool is_random(const char *run, size_t length)
{
    struct look look = look_at(run, length);
    size_t changes = look.digit_changes + look.case_changes;

    if (look.length < RANDOM_MIN || look.digits == look.length)
        return false;
    if (look.length >= BASE64_MIN + 8 || (look.length >= BASE64_MIN && look.digits))
        return true;
    if (look.digits && (look.hexes == look.length || look.lowers == 0))
        return true;
    return look.digit_changes >= 3 || changes * 5 >= look.length * 2;
}

/* A UUID: hex digits and dashes, between what is neither. */
static bool is_dashed_hex(const char *word, size_t length)
{
    struct look look = look_at(word, length);

    for (size_t i = 0; i < length; i++)
        if (!is_hex(word[i]) && word[i] != '-')
            return false;
    return look.hexes >= RANDOM_MIN && look.digits && look.digits < look.hexes;
}

/* What has '-', '.' or '/' in it is words or a path, unless it has all three kinds of
 * characters and share (per cent) of them or more differ in kind from the one before. */
static bool is_mixed(const char *run, size_t length, size_t shortest, size_t share)
{
    struct look look = look_at(run, length);

    return look.length >= shortest && look.digits && look.lowers && look.uppers &&
           (look.digit_changes + look.case_changes) * 100 >= look.length * share;
}

static bool is_token(const char *word, size_t length)
{
    if (length >= RANDOM_MIN && memcmp(word, "eyJ", 3) == 0) /* base64 of '{"' */
        return true;
    if (is_dashed_hex(word, length) || is_mixed(word, length, RANDOM_MIN, 40))
        return true;
    for (size_t begin = 0, end; begin < length; begin = end + 1) {
        for (end = begin; end < length && is_alnum(word[end]);)
            end++;
        if (is_random(word + begin, end - begin))
            return true;
    }
    return false;
}

static bool find_token(const char *text, size_t from, size_t length, struct span *span)
{
    for (size_t begin = from, end; begin < length; begin = end + 1) {
        for (end = begin; end < length && is_word(text[end]);)
            end++;
        *span = (struct span){begin, end};
        if (is_token(text + begin, end - begin))
            return true;
    }
    return false;
}

/* Base64 with '/' in it. */
static bool find_base64(const char *text, size_t from, size_t length, struct span *span)
{
    for (size_t begin = from, end; begin < length; begin = end + 1) {
        for (end = begin; end < length &&
                          (is_alnum(text[end]) || text[end] == '/' || text[end] == '+');)
            end++;
        *span = (struct span){begin, end};
        if (is_mixed(text + begin, end - begin, BASE64_MIN, 33))
            return true;
    }
    return false;
}

/* --- all of it ------------------------------------------------------------------------
 */

static size_t replace_all(char *text, size_t length, find_secret *find)
{
    size_t at = 0, kept = 0;
    struct span secret;

    while (at < length && find(text, at, length, &secret)) {
        size_t stars = secret.end - secret.begin < 3 ? secret.end - secret.begin : 3;

        memmove(text + kept, text + at, secret.begin - at);
        kept += secret.begin - at;
        memset(text + kept, '*', stars);
        kept += stars;
        at = secret.end;
    }
    memmove(text + kept, text + at, length - at);
    return kept + length - at;
}

size_t fmd__scrub(char *text, size_t length)
{
    static find_secret *const passes[] = {find_mail,   find_query,         find_named,
                                          find_scheme, find_named_segment, find_card,
                                          find_token,  find_base64};

    for (size_t i = 0; i < sizeof passes / sizeof *passes; i++)
        length = replace_all(text, length, passes[i]);
    return length;
}

size_t fmd__scrub_copy(char *to, size_t room, const char *from, size_t length)
{
    size_t copied = length < room ? length : room;

    memcpy(to, from, copied);
    if (copied < length)
        while (copied > 0 &&
               (is_word(to[copied - 1]) || is_one_of(to[copied - 1], "@%=:")))
            copied--;
    return fmd__scrub(to, copied);
}
