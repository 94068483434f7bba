/* SPDX-License-Identifier: Apache-2.0 */
/* Property: whatever lies in memory, reading a stack from it ends, stays inside its
 * buffers, asks for a bounded number of pieces, and every frame that comes out names a
 * code object that can be looked up and whose texts are inside the registry. The first
 * byte chooses the version, the next two the place of the thread. */
#include "made_up_python.h"

#include <stdlib.h>

static void must_be(int truth)
{
    if (!truth)
        abort();
}

static bool inside(const struct fmd__code_registry *registry, const void *begin,
                   size_t size)
{
    const char *at = begin;

    return at >= registry->text && at + size <= registry->text + registry->text_used;
}

static void check_frame(const struct fmd__python_sampler *sampler,
                        const struct fmd__python_frame *frame)
{
    const struct fmd__python_code *code = fmd__python_code(sampler, frame->code);

    must_be(frame->offset >= -2 && frame->offset % 2 == 0);
    must_be((code != NULL) == (frame->code != 0));
    if (!code)
        return;
    must_be(inside(&sampler->registry, code->filename, code->filename_length));
    must_be(inside(&sampler->registry, code->qualname, code->qualname_length));
    must_be(inside(&sampler->registry, code->linetable, code->linetable_size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fmd__python_frame frames[FMD__PYTHON_DEPTH_MAX];
    static const unsigned long versions[] = {0x030b0000, 0x030c0000, 0x030d0000};
    unsigned flags;

    if (size < 3)
        return 0;
    struct made_up_memory memory = {data + 3, size - 3, 0};
    struct fmd__python_sampler *sampler = made_up_sampler(&memory, versions[data[0] % 3]);
    const struct fmd__python_thread thread = {
        .state = MADE_UP_BASE + (size_t)(data[1] | data[2] << 8),
        .chunk = data[0] & 0x40 ? MADE_UP_BASE : 0,
        .frame = data[0] & 0x80 ? MADE_UP_BASE + 512 : 0};
    must_be(sampler != NULL);
    for (int round = 0; round < 2; round++) {
        const int depth =
            fmd__python_sample(sampler, &thread, frames, FMD__PYTHON_DEPTH_MAX, &flags);
        must_be(depth <= FMD__PYTHON_DEPTH_MAX);
        for (int i = 0; i < depth; i++)
            check_frame(sampler, &frames[i]);
    }
    must_be(memory.reads < 200000);
    fmd__python_sampler_free(sampler);
    return 0;
}
