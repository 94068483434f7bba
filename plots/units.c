/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers to text: see units.h. printf's %f follows the locale, so digits are ours. */
#include "plots/units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* value >= 0 with decimals digits after the point, idle zeros dropped unless kept,
 * thousands parted by narrow spaces. Needs value * 10^decimals < 10^18. Returns the end.
 */
static char *plain(double value, int decimals, bool keep_zeros, char *out)
{
    long long scaled = llround(value * pow(10, decimals)), one = 1;
    for (int i = 0; i < decimals; i++)
        one *= 10;
    long long whole = scaled / one, rest = scaled % one;
    char digits[24];
    int length = snprintf(digits, sizeof(digits), "%lld", whole);
    char *at = out;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            at = stpcpy(at, "\u202f");
        *at++ = digits[i];
    }
    *at = '\0';
    for (; decimals > 0 && !keep_zeros && rest % 10 == 0; rest /= 10)
        decimals--;
    if (decimals == 0)
        return at;
    return at + snprintf(at, 12, ".%0*lld", decimals, rest);
}

/* 3 significant digits below 1000, whole numbers above; 9.995 is 10.0 then. */
static int decimals_for(double value)
{
    if (value < 1e-6)
        return 0;
    int decimals = 2 - (int)floor(log10(value * (10 / 9.995)));
    return decimals < 0 ? 0 : decimals > 8 ? 8 : decimals;
}

bool latency_is_known(double ns)
{
    return ns >= 1e-3 && ns <= 1e18;
}

static void write_latency(double ns, bool keep_zeros, char out[NUMBER_BYTES])
{
    static const struct {
        double ns;
        const char *name;
    } units[] = {{1e9, " s"}, {1e6, " ms"}, {1e3, " µs"}, {1, " ns"}};
    if (!isfinite(ns)) {
        stpcpy(out, "no value");
        return;
    }
    size_t unit = 0;
    /* 999.7 µs is 1 ms when three digits are shown */
    while (unit < 3 && ns < units[unit].ns * 0.9995)
        unit++;
    double value = fmin(fmax(ns / units[unit].ns, 0), 1e15);
    stpcpy(plain(value, ns > 0 ? decimals_for(value) : 0, keep_zeros && unit < 3, out),
           units[unit].name);
}

void latency_text(double ns, char out[NUMBER_BYTES])
{
    write_latency(ns, true, out);
}

void latency_tick_text(double ns, char out[NUMBER_BYTES])
{
    write_latency(ns, false, out);
}

void count_text(double value, char out[NUMBER_BYTES])
{
    static const struct {
        double size;
        const char *name;
    } units[] = {{1e18, " E"}, {1e15, " P"}, {1e12, " T"},
                 {1e9, " G"},  {1e6, " M"},  {1, ""}};
    if (!isfinite(value)) {
        stpcpy(out, "no value");
        return;
    }
    double size = fmin(fabs(value), 1e21);
    size_t unit = 0;
    while (unit < 5 && size < units[unit].size * 0.9995)
        unit++;
    size /= units[unit].size;
    char digits[NUMBER_BYTES];
    plain(size, decimals_for(size), false, digits);
    stpcpy(stpcpy(stpcpy(out, value < 0 ? "−" : ""), digits), units[unit].name);
}

void percent_text(double share, char out[NUMBER_BYTES])
{
    double percent = isfinite(share) ? fmin(fmax(share * 100, 0), 100) : 0;
    stpcpy(plain(percent, 7, false, out), " %");
}

void share_text(double share, char out[NUMBER_BYTES])
{
    double percent = isfinite(share) ? fmin(fmax(share * 100, 0), 100) : 0;
    int decimals = percent == 0 || percent == 100 ? 0 : percent >= 9.995 ? 1 : 2;
    if (percent > 0 && percent < 0.005)
        stpcpy(out, "<0.01 %");
    else
        stpcpy(plain(percent, decimals, true, out), " %");
}

void change_text(double ratio, char out[NUMBER_BYTES])
{
    if (!isfinite(ratio) || ratio < 0) {
        stpcpy(out, "no value");
        return;
    }
    double percent = fmin(fabs(ratio - 1) * 100, 1e15);
    int decimals = percent < 9.95 ? 1 : 0;
    if (ratio >= 2.995) {
        char *at = stpcpy(out, "×");
        plain(fmin(ratio, 1e15), decimals_for(ratio), false, at);
    } else if (percent < 0.05) {
        stpcpy(out, "0 %");
    } else {
        char *at = stpcpy(out, ratio < 1 ? "−" : "+");
        stpcpy(plain(percent, ratio < 0.01 ? 2 : decimals, false, at), " %");
    }
}
