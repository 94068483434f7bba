/* SPDX-License-Identifier: Apache-2.0 */
/* See thrown.h. */
#include "thrown.h"

#include "clocks.h"
#include "levels.h"
#include "lifecycle.h"

#include <errno.h>

/* Inside, in a child that was only armed too; false when nothing is recorded. */
static bool enter(void)
{
    int kept = errno;
    bool inside =
        fmd__lifecycle_visit() || (fmd__lifecycle_wake() != 0 && fmd__lifecycle_visit());

    errno = kept;
    return inside;
}

/* Made with the first exception of the process. */
static struct fmd__exceptions *exceptions_here(void)
{
    struct fmd__recorder *recorder = &fmd__recorder;
    struct fmd__exceptions *here = atomic_load(&recorder->exceptions), *made;

    if (here)
        return here;
    made = fmd__exceptions_new(&recorder->gate.key);
    if (atomic_compare_exchange_strong(&recorder->exceptions, &here, made))
        return made;
    fmd__exceptions_free(made);
    return here;
}

bool fmd__thrown_begin(struct fmd__thrown *thrown, const struct fmd_request *request,
                       struct fmd__text type, bool handled)
{
    struct fmd__request_key key = {0};
    unsigned level;

    if (!enter())
        return false;
    if (request)
        key = fmd__request_key(request);
    level = fmd__level_of(key.endpoint);
    thrown->exceptions = level >= 1 && level <= FMD__LEVEL_MAX ? exceptions_here() : NULL;
    if (!thrown->exceptions) {
        fmd__lifecycle_leave();
        return false;
    }
    thrown->exception = (struct fmd__exception){.time_ns = fmd__now_ns(),
                                                .request = key,
                                                .count = 1,
                                                .handled = handled,
                                                .type = type,
                                                .message = {"", 0},
                                                .frames = thrown->frames};
    return true;
}

void fmd__thrown_frame(struct fmd__thrown *thrown, uint32_t code, uint32_t offset)
{
    if (thrown->exception.frame_count < FMD__EXCEPTION_FRAMES_MAX)
        thrown->frames[thrown->exception.frame_count++] =
            (struct fmd__stack_frame){code, offset};
}

bool fmd__thrown_find_code(struct fmd__thrown *thrown,
                           const struct fmd__code_identity *identity, uint32_t *number)
{
    return fmd__exceptions_find_code(thrown->exceptions, identity, number);
}

uint32_t fmd__thrown_add_code(struct fmd__thrown *thrown,
                              const struct fmd__code_identity *identity,
                              const struct fmd__python_code *code)
{
    return fmd__exceptions_add_code(thrown->exceptions, fmd__recorder.pool.header,
                                    identity, code);
}

bool fmd__thrown_count(struct fmd__thrown *thrown)
{
    return fmd__exceptions_count(thrown->exceptions, fmd__recorder.pool.header,
                                 &thrown->exception);
}

void fmd__thrown_add(struct fmd__thrown *thrown, struct fmd__text message)
{
    thrown->exception.message = message;
    fmd__exceptions_add(thrown->exceptions, fmd__recorder.pool.header,
                        &thrown->exception);
}

void fmd__thrown_end(void)
{
    fmd__lifecycle_leave();
}
