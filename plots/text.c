/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cleaning, measuring, shortening: see text.h. */
#include "plots/text.h"

#include <string.h>

/* A longer text is seen as its first and last SEEN_BYTES with an ellipsis between. */
enum { SEEN_BYTES = 1024, RUNES = 2 * SEEN_BYTES + 1, MARKS_IN_A_ROW = 4 };

#define ELLIPSIS 0x2026u
#define REPLACEMENT 0xfffdu
#define JOINER 0x200du

/* Advance widths of U+0020 to U+007E in Noto Sans, hundredths of an em. */
static const unsigned char advance[2][95] = {
    {26, 27, 41, 65, 57, 83, 73, 23, 30, 30, 55, 57, 27, 32, 27, 37, 57, 57, 57,
     57, 57, 57, 57, 57, 57, 57, 27, 27, 57, 57, 57, 43, 90, 64, 65, 63, 73, 56,
     52, 73, 74, 34, 27, 62, 52, 91, 76, 78, 61, 78, 62, 55, 56, 73, 60, 93, 59,
     57, 57, 33, 37, 33, 57, 44, 28, 56, 62, 48, 62, 56, 34, 62, 62, 26, 26, 53,
     26, 94, 62, 61, 62, 62, 41, 48, 36, 62, 51, 79, 53, 51, 47, 38, 55, 38, 57},
    {26, 29, 47, 65, 57, 90, 75, 27, 34, 34, 55, 57, 29, 32, 29, 41, 57, 57, 57,
     57, 57, 57, 57, 57, 57, 57, 29, 29, 57, 57, 57, 48, 90, 69, 67, 64, 74, 56,
     55, 72, 77, 39, 33, 66, 57, 94, 81, 80, 63, 80, 66, 55, 58, 76, 65, 97, 67,
     62, 58, 33, 41, 33, 57, 41, 36, 60, 63, 51, 63, 59, 39, 63, 66, 31, 31, 62,
     31, 98, 66, 62, 63, 63, 45, 50, 43, 66, 57, 86, 58, 57, 49, 39, 55, 39, 57},
};

struct range {
    uint32_t first, last;
};

/* Marks that sit on the character before them and take no room of their own. */
static const struct range marks[] = {
    {0x300, 0x36f},   {0x483, 0x489},   {0x591, 0x5bd},     {0x610, 0x61a},
    {0x64b, 0x65f},   {0x670, 0x670},   {0x6d6, 0x6dc},     {0x93c, 0x93c},
    {0x941, 0x94d},   {0xe31, 0xe31},   {0xe34, 0xe3a},     {0xe47, 0xe4e},
    {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x200c, 0x200d},   {0x20d0, 0x20ff},
    {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0x1f3fb, 0x1f3ff}, {0xe0020, 0xe007f},
};

/* Characters that would turn, hide or reorder what stands beside them in the picture. */
static const struct range unwanted[] = {
    {0x61c, 0x61c},   {0x200b, 0x200b}, {0x200e, 0x200f}, {0x202a, 0x202e},
    {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb},
};

static const struct range wide[] = {
    {0x1100, 0x115f}, {0x2e80, 0xa4cf}, {0xac00, 0xd7a3}, {0xf900, 0xfaff},
    {0xfe30, 0xfe4f}, {0xff00, 0xff60}, {0xffe0, 0xffe6}, {0x20000, 0x3fffd},
};

static bool in(uint32_t rune, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (rune >= ranges[i].first && rune <= ranges[i].last)
            return true;
    return false;
}
#define IN(rune, ranges) in(rune, ranges, sizeof(ranges) / sizeof((ranges)[0]))

/* A character of the text; marks and joined characters go with the one before. */
struct rune {
    uint32_t code;
    bool joined; /* a cut in front of it would tear a character apart */
    double em;
};

struct runes {
    struct rune at[RUNES];
    size_t count;
};

/* One character; REPLACEMENT for a byte that is not UTF-8. Returns the bytes taken. */
static size_t decode(const unsigned char *bytes, size_t length, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t need = bytes[0] < 0x80           ? 1
                  : (bytes[0] >> 5) == 0x6  ? 2
                  : (bytes[0] >> 4) == 0xe  ? 3
                  : (bytes[0] >> 3) == 0x1e ? 4
                                            : 0;
    *code = REPLACEMENT;
    if (need == 0 || need > length)
        return 1;
    uint32_t value = need == 1 ? bytes[0] : bytes[0] & (0x7fu >> need);
    for (size_t i = 1; i < need; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 1;
        value = value << 6 | (bytes[i] & 0x3fu);
    }
    if (value < least[need] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return 1;
    *code = value;
    return need;
}

static size_t encode(uint32_t code, char *out)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t bytes = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = bytes - 1; i > 0; i--, code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)((0xf00u >> bytes & 0xf0u) | code);
    return bytes;
}

static double em_width(uint32_t code, bool bold)
{
    if (code >= 0x20 && code <= 0x7e)
        return advance[bold][code - 0x20] / 100.0;
    if (IN(code, marks))
        return 0;
    if (code >= 0x1f000 && code <= 0x1ffff)
        return 1.25;
    if (IN(code, wide) || code == REPLACEMENT)
        return 1;
    if (code == ELLIPSIS)
        return 0.86;
    if (code == 0xb7)
        return 0.29;
    if (code == 0x202f)
        return 0.17;
    return bold ? 0.74 : 0.68;
}

/* What stands in the picture for a character, or 0 for nothing. */
static uint32_t presentable(uint32_t code)
{
    if (code == '\t' || code == '\n' || code == '\r' || code == 0x85 || code == 0xa0 ||
        code == 0x2028 || code == 0x2029)
        return ' ';
    if (code < 0x20 || (code >= 0x7f && code < 0xa0) || (code & 0xfffe) == 0xfffe)
        return REPLACEMENT;
    return IN(code, unwanted) ? 0 : code;
}

static bool is_joined(uint32_t code, const struct runes *runes)
{
    if (runes->count == 0)
        return false;
    uint32_t before = runes->at[runes->count - 1].code;
    bool flags = code >= 0x1f1e6 && code <= 0x1f1ff && before >= 0x1f1e6 &&
                 before <= 0x1f1ff && !runes->at[runes->count - 1].joined;
    return em_width(code, false) <= 0 || before == JOINER || flags;
}

static void add_rune(struct runes *runes, uint32_t code, bool bold)
{
    code = presentable(code);
    bool after_space = runes->count == 0 || runes->at[runes->count - 1].code == ' ';
    if (code == 0 || (code == ' ' && after_space) || runes->count == RUNES)
        return;
    double em = em_width(code, bold);
    if (em <= 0 && runes->count >= MARKS_IN_A_ROW) {
        bool all_marks = true;
        for (size_t i = 1; i <= MARKS_IN_A_ROW; i++)
            all_marks = all_marks && runes->at[runes->count - i].em <= 0;
        if (all_marks)
            return;
    }
    runes->at[runes->count] = (struct rune){code, is_joined(code, runes), em};
    runes->count++;
}

static void decode_all(struct runes *runes, const char *text, size_t length, bool bold)
{
    for (size_t i = 0; i < length;) {
        uint32_t code;
        i += decode((const unsigned char *)text + i, length - i, &code);
        add_rune(runes, code, bold);
    }
}

static void read_runes(struct runes *runes, const char *raw, bool bold)
{
    runes->count = 0;
    size_t length = raw ? strlen(raw) : 0;
    if (length <= 2 * SEEN_BYTES) {
        decode_all(runes, raw, length, bold);
    } else {
        size_t head = SEEN_BYTES, tail = length - SEEN_BYTES;
        while (head > SEEN_BYTES - 4 && (raw[head] & 0xc0) == 0x80)
            head--;
        while (tail < length - SEEN_BYTES + 4 && (raw[tail] & 0xc0) == 0x80)
            tail++;
        decode_all(runes, raw, head, bold);
        add_rune(runes, ELLIPSIS, bold);
        decode_all(runes, raw + tail, length - tail, bold);
    }
    if (runes->count > 0 && runes->at[runes->count - 1].code == ' ')
        runes->count--;
}

static double em_of(const struct runes *runes, size_t from, size_t to)
{
    double em = 0;
    for (size_t i = from; i < to; i++)
        em += runes->at[i].em;
    return em;
}

/* Grows [0, from) from the front while it fits, by whole characters. */
static size_t take_front(const struct runes *runes, double *room)
{
    size_t taken = 0;
    while (taken < runes->count) {
        size_t end = taken + 1;
        while (end < runes->count && runes->at[end].joined)
            end++;
        double em = em_of(runes, taken, end);
        if (em > *room)
            break;
        *room -= em;
        taken = end;
    }
    return taken;
}

static size_t take_back(const struct runes *runes, size_t least, double *room)
{
    size_t from = runes->count;
    while (from > least) {
        size_t start = from - 1;
        while (start > least && runes->at[start].joined)
            start--;
        double em = em_of(runes, start, from);
        if (em > *room || runes->at[start].joined)
            break;
        *room -= em;
        from = start;
    }
    return from;
}

/* Appends what fits into the buffer; LABEL_BYTES is more than any line of a picture
 * needs, except for endless marks. */
static size_t put(struct label *label, size_t used, const struct runes *runes,
                  size_t from, size_t to)
{
    for (size_t i = from; i < to && used + 8 < LABEL_BYTES; i++)
        used += encode(runes->at[i].code, label->text + used);
    return used;
}

static void shorten(struct label *label, const struct runes *runes,
                    struct text_style style, double max_em)
{
    double dots = em_width(ELLIPSIS, style.bold);
    double room = max_em - dots;
    if (room < 0)
        room = 0;
    double front_room = style.cut == CUT_END ? room : room / 2;
    double left_over = room - front_room;
    size_t front = take_front(runes, &front_room);
    double back_room = left_over + front_room;
    size_t back =
        style.cut == CUT_END ? runes->count : take_back(runes, front, &back_room);
    while (front > 0 && runes->at[front - 1].code == ' ')
        front--;
    size_t used = put(label, 0, runes, 0, front);
    used += encode(ELLIPSIS, label->text + used);
    size_t room_back = 0;
    for (size_t i = back; i < runes->count; i++)
        room_back += 4;
    if (used + room_back + 8 > LABEL_BYTES)
        back = runes->count;
    used = put(label, used, runes, back, runes->count);
    label->text[used] = '\0';
    label->width_pt = (em_of(runes, 0, front) + dots + em_of(runes, back, runes->count)) *
                      style.size_pt;
}

static void fit_runes(struct label *label, const struct runes *runes,
                      struct text_style style, double max_pt)
{
    double em = em_of(runes, 0, runes->count);
    if (em * style.size_pt > max_pt || runes->count * 4 + 8 > LABEL_BYTES) {
        shorten(label, runes, style, max_pt / style.size_pt);
        return;
    }
    label->text[put(label, 0, runes, 0, runes->count)] = '\0';
    label->width_pt = em * style.size_pt;
}

void label_fit(struct label *label, const char *raw, struct text_style style,
               double max_pt)
{
    struct runes runes;
    read_runes(&runes, raw, style.bold);
    fit_runes(label, &runes, style, max_pt);
}

void label_name(struct label *label, const char *raw, struct text_style style,
                double max_pt)
{
    struct runes runes;
    read_runes(&runes, raw, style.bold);
    if (em_of(&runes, 0, runes.count) <= 0)
        read_runes(&runes, "(no name)", style.bold);
    fit_runes(label, &runes, style, max_pt);
}

static bool may_run_right_to_left(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text >= 0xd6) /* U+0590 and everything later */
            return true;
    return false;
}

void label_name_with(struct label *label, const char *raw, const char *rest,
                     struct text_style style, double max_pt)
{
    double rest_pt = text_width(rest, style);
    label_name(label, raw, style, max_pt - rest_pt);
    char name[LABEL_BYTES];
    memcpy(name, label->text, sizeof(name));
    bool isolate = may_run_right_to_left(name);
    size_t room = sizeof(label->text) - strlen(rest) - 8;
    name[room < sizeof(name) ? room : sizeof(name) - 1] = '\0';
    char *at = stpcpy(label->text, isolate ? "\u2068" : "");
    at = stpcpy(at, name);
    at = stpcpy(at, isolate ? "\u2069" : "");
    stpcpy(at, rest);
    label->width_pt += rest_pt;
}

double text_width(const char *text, struct text_style style)
{
    struct label label;
    label_fit(&label, text, style, 1e9);
    return label.width_pt;
}

/* The last place to break [0, count) so that it fits into max_em: behind a space, or,
 * where no space is near, in front of any whole character. */
static size_t line_end(const struct runes *runes, double max_em)
{
    double room = max_em;
    size_t end = take_front(runes, &room);
    if (end == runes->count)
        return end;
    for (size_t i = end; i > end / 2; i--)
        if (runes->at[i].code == ' ')
            return i;
    return end > 0 ? end : 1;
}

size_t label_wrap(struct label lines[TITLE_LINES], const char *raw,
                  struct text_style style, double max_pt)
{
    struct runes rest;
    read_runes(&rest, raw, style.bold);
    size_t count = 0;
    while (rest.count > 0 && count < TITLE_LINES) {
        size_t end = count + 1 == TITLE_LINES ? rest.count
                                              : line_end(&rest, max_pt / style.size_pt);
        struct runes line = {.count = end};
        memcpy(line.at, rest.at, end * sizeof(line.at[0]));
        fit_runes(&lines[count++], &line, style, max_pt);
        while (end < rest.count && rest.at[end].code == ' ')
            end++;
        rest.count -= end;
        memmove(rest.at, rest.at + end, rest.count * sizeof(rest.at[0]));
    }
    return count;
}
