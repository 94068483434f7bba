/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shelves of endpoints that double in size and never move, and a hash table of numbers
 * for those who add. A thread that forks in the middle of another's add leaves the child
 * a register without that endpoint, nothing worse: every store that others look at is a
 * single one.
 */
#include "endpoint_register.h"

#include "wire/segment.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SHELVES 13u /* 16 + 32 + ... holds more than FMD__ENDPOINTS_MAX */
#define FIRST_SHELF 16u

static struct fmd__endpoint *_Atomic shelves[SHELVES];
static _Atomic uint32_t count;

/* Numbers by hash of the name, linear probing, at most half full. */
static uint32_t *table;
static uint32_t table_size;

static struct fmd__endpoint *slot_of(uint32_t number, uint32_t *shelf)
{
    uint32_t index = number - 1, first = 0, size = FIRST_SHELF;
    struct fmd__endpoint *endpoints;

    for (*shelf = 0; index - first >= size; size *= 2, ++*shelf)
        first += size;
    endpoints = atomic_load_explicit(&shelves[*shelf], memory_order_acquire);
    return endpoints ? endpoints + (index - first) : NULL;
}

static uint32_t shelf_size(uint32_t shelf)
{
    return FIRST_SHELF << shelf;
}

uint32_t fmd__endpoint_register_count(void)
{
    return atomic_load_explicit(&count, memory_order_acquire);
}

const struct fmd__endpoint *fmd__endpoint_register_get(uint32_t number)
{
    uint32_t shelf;

    if (number == 0 || number > fmd__endpoint_register_count())
        return NULL;
    return slot_of(number, &shelf);
}

static uint32_t hash_of(const char *bytes, size_t length)
{
    uint32_t hash = 2166136261u; /* FNV-1a: registering is rare and trusted */

    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * 16777619u;
    return hash;
}

static bool same(const char *known, uint32_t known_length, const char *asked,
                 uint32_t asked_length)
{
    if (!known || !asked)
        return !known && !asked;
    return known_length == asked_length && memcmp(known, asked, asked_length) == 0;
}

/* The number of such an endpoint in the table, else 0 and *place is where it goes. */
static uint32_t find(const struct fmd__endpoint *asked, uint32_t *place)
{
    uint32_t mask = table_size - 1, at = hash_of(asked->name, asked->name_length) & mask;

    for (; table[at]; at = (at + 1) & mask) {
        const struct fmd__endpoint *known = fmd__endpoint_register_get(table[at]);

        if (known &&
            same(known->name, known->name_length, asked->name, asked->name_length) &&
            same(known->application, known->application_length, asked->application,
                 asked->application_length) &&
            same(known->version, known->version_length, asked->version,
                 asked->version_length))
            return table[at];
    }
    *place = at;
    return 0;
}

static bool grow_table(void)
{
    uint32_t *old = table, old_size = table_size, size = old_size ? old_size * 2 : 64;
    uint32_t *wider = calloc(size, sizeof *wider), place = 0;

    if (!wider)
        return false;
    table = wider;
    table_size = size;
    for (uint32_t i = 1; i <= fmd__endpoint_register_count(); i++)
        if (!find(fmd__endpoint_register_get(i), &place))
            table[place] = i;
    free(old);
    return true;
}

static char *copy(const char *bytes, uint32_t length)
{
    char *own = bytes ? malloc(length + 1) : NULL;

    if (own) {
        memcpy(own, bytes, length);
        own[length] = '\0';
    }
    return own;
}

/* Keeps copies of asked under the next number; 0 when there is no memory. */
static uint32_t append(const struct fmd__endpoint *asked)
{
    uint32_t number = fmd__endpoint_register_count() + 1, shelf;
    struct fmd__endpoint *slot = slot_of(number, &shelf);
    struct fmd__endpoint own = *asked;

    if (!slot) {
        struct fmd__endpoint *made = calloc(shelf_size(shelf), sizeof *made);

        if (!made)
            return 0;
        atomic_store_explicit(&shelves[shelf], made, memory_order_release);
        slot = slot_of(number, &shelf);
    }
    own.name = copy(asked->name, asked->name_length);
    own.application = copy(asked->application, asked->application_length);
    own.version = copy(asked->version, asked->version_length);
    if (!own.name || (asked->application && !own.application) ||
        (asked->version && !own.version)) {
        free((char *)own.name);
        free((char *)own.application);
        free((char *)own.version);
        return 0;
    }
    *slot = own;
    atomic_store_explicit(&count, number, memory_order_release);
    return number;
}

static uint32_t cut(const char *string, size_t limit)
{
    return string ? (uint32_t)strnlen(string, limit) : 0;
}

uint32_t fmd__endpoint_register_add(const char *application, const char *version,
                                    const char *name, int *is_new)
{
    struct fmd__endpoint asked = {
        .name = name,
        .application = application,
        .version = version,
        .name_length = cut(name, FMD__STRING_BYTES_MAX),
        .application_length = cut(application, FMD__NAME_BYTES - 1),
        .version_length = cut(version, FMD__NAME_BYTES - 1),
    };
    uint32_t number, place = 0, known = fmd__endpoint_register_count();

    *is_new = 0;
    if (known * 2 >= table_size && !grow_table())
        return 0;
    number = find(&asked, &place);
    if (number || known >= FMD__ENDPOINTS_MAX)
        return number;
    number = append(&asked);
    if (number) {
        table[place] = number;
        *is_new = 1;
    }
    return number;
}

void fmd__endpoint_register_describe(uint32_t number, const char *application,
                                     const char *version,
                                     struct fmd__definition *definition)
{
    const struct fmd__endpoint *endpoint = fmd__endpoint_register_get(number);

    *definition = (struct fmd__definition){
        .kind = FMD__DEFINE_ENDPOINT,
        .id = number,
        .bytes = endpoint->name,
        .length = endpoint->name_length,
        .application = endpoint->application ? endpoint->application : application,
        .version = endpoint->version ? endpoint->version : version,
    };
    definition->application_length = (uint32_t)strlen(definition->application);
    definition->version_length = (uint32_t)strlen(definition->version);
}
