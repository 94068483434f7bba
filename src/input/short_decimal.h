/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Decimal numbers of up to 16 bytes, "1795338000.005", eight digits at a time in one
 * 64-bit word instead of digit by digit: nearly all times and durations of tables. What
 * is not of that form is for the caller's own reading.
 */
#ifndef INPUT_SHORT_DECIMAL_H
#define INPUT_SHORT_DECIMAL_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* digits / 10^fraction_digits; digits is below 10^16. */
struct short_decimal {
    uint64_t digits;
    unsigned fraction_digits;
};

#define EACH_BYTE UINT64_C(0x0101010101010101)

/* 8 bytes less '0' each; the first one is the lowest. */
static inline uint64_t eight_digits_at(const char *text)
{
    uint64_t word;
    memcpy(&word, text, sizeof(word));
    return le64toh(word) ^ EACH_BYTE * '0';
}

/* The same of 1 to 7 bytes, with zeros in front. No loop for the usual lengths: one that
 * ends here and there is guessed wrong. */
static inline uint64_t few_digits_at(const char *text, size_t length)
{
    uint32_t first, last;
    if (length >= 4) {
        memcpy(&first, text, sizeof(first));
        memcpy(&last, text + length - sizeof(last), sizeof(last));
        first = (uint32_t)((uint64_t)(le32toh(first) ^ (uint32_t)EACH_BYTE * '0')
                           << (8 * (8 - length)));
        return (uint64_t)(le32toh(last) ^ (uint32_t)EACH_BYTE * '0') << 32 | first;
    }
    uint64_t word = 0;
    for (size_t i = 0; i < length; i++)
        word |= (uint64_t)((unsigned char)text[i] ^ (unsigned)'0')
                << (8 * (8 - length + i));
    return word;
}

/* The number that 8 digits are: pairs, then fours, then all. */
static inline uint64_t number_of_eight(uint64_t digits)
{
    digits = digits * 10 + (digits >> 8);
    digits = (digits & UINT64_C(0x00ff00ff00ff00ff)) * 100 +
             ((digits >> 16) & UINT64_C(0x00ff00ff00ff00ff));
    return (digits & 0xffff) * 10000 + (digits >> 32 & 0xffff);
}

/* The place of the first point among 8 bytes less '0'; 8: there is none. */
static inline unsigned point_among(uint64_t digits)
{
    uint64_t zero = digits ^ EACH_BYTE * ('.' ^ '0');
    uint64_t found = (zero - EACH_BYTE) & ~zero & EACH_BYTE * 0x80;
    return found ? (unsigned)__builtin_ctzll(found) / 8 : 8;
}

/* What stands in front of the byte goes up by one place, over it; into the lowest place
 * comes `in`. */
static inline uint64_t without_byte(uint64_t word, unsigned byte, uint64_t in)
{
    uint64_t front = (UINT64_C(1) << (8 * byte)) - 1;
    uint64_t behind = ~front ^ UINT64_C(0xff) << (8 * byte);
    return (word & front) << 8 | (word & behind) | in;
}

/* False: it is of another form, or none. */
static inline bool read_short_decimal(const char *text, size_t length,
                                      struct short_decimal *decimal)
{
    if (length == 0 || length > 16)
        return false;
    uint64_t high =
        length >= 8 ? eight_digits_at(text + length - 8) : few_digits_at(text, length);
    uint64_t low = length > 8 ? eight_digits_at(text) << (8 * (16 - length)) : 0;
    unsigned in_high = point_among(high), in_low = low ? point_among(low) : 8;
    decimal->fraction_digits = 0;
    if (in_high < 8) {
        decimal->fraction_digits = 7 - in_high;
        high = without_byte(high, in_high, low >> 56);
        low <<= 8;
    } else if (in_low < 8) {
        decimal->fraction_digits = 15 - in_low;
        low = without_byte(low, in_low, 0);
    }
    /* a byte above 9 has a bit above the low seven, or gets one */
    if (((high + EACH_BYTE * 0x76) | high | (low + EACH_BYTE * 0x76) | low) &
        EACH_BYTE * 0x80)
        return false;
    decimal->digits = number_of_eight(high);
    if (low)
        decimal->digits += number_of_eight(low) * 100000000;
    return length > 1 || in_high == 8; /* a point alone is none */
}

#endif
