/* SPDX-License-Identifier: Apache-2.0 */
/* See python_layout.h. */
#include "python_layout.h"

#include <string.h>

static const struct {
    unsigned long version; /* without the two lowest bytes */
    struct fmd__python_layout layout;
} layouts[] = {
    {0x030b,
     {.thread_frame = 56,
      .link_frame = 8,
      .thread_id = 152,
      .thread_chunk = 296,
      .frame_code = 32,
      .frame_previous = 48,
      .frame_instruction = 56,
      .frame_owner = 69,
      .frame_locals = 72,
      .code_consts = 24,
      .code_names = 32,
      .code_exceptiontable = 40,
      .code_flags = 48,
      .code_stacksize = 68,
      .code_firstlineno = 72,
      .code_nlocalsplus = 76,
      .code_filename = 112,
      .code_name = 120,
      .code_qualname = 128,
      .code_linetable = 136,
      .code_firsttraceable = 168,
      .code_adaptive = 184,
      .string_ascii = 48,
      .string_compact = 72}},
    {0x030c,
     {.thread_frame = 56,
      .link_frame = 0,
      .thread_id = 136,
      .thread_chunk = 232,
      .frame_code = 0,
      .frame_previous = 8,
      .frame_instruction = 56,
      .frame_owner = 70,
      .frame_locals = 72,
      .code_consts = 24,
      .code_names = 32,
      .code_exceptiontable = 40,
      .code_flags = 48,
      .code_stacksize = 64,
      .code_firstlineno = 68,
      .code_nlocalsplus = 72,
      .code_filename = 112,
      .code_name = 120,
      .code_qualname = 128,
      .code_linetable = 136,
      .code_firsttraceable = 176,
      .code_adaptive = 192,
      .string_ascii = 40,
      .string_compact = 56}},
    {0x030d,
     {.thread_frame = 72,
      .link_frame = FMD__NO_LINK,
      .thread_id = 152,
      .thread_chunk = 232,
      .frame_code = 0,
      .frame_previous = 8,
      .frame_instruction = 56,
      .frame_owner = 70,
      .frame_locals = 72,
      .code_consts = 24,
      .code_names = 32,
      .code_exceptiontable = 40,
      .code_flags = 48,
      .code_stacksize = 64,
      .code_firstlineno = 68,
      .code_nlocalsplus = 72,
      .code_filename = 112,
      .code_name = 120,
      .code_qualname = 128,
      .code_linetable = 136,
      .code_firsttraceable = 184,
      .code_adaptive = 200,
      .string_ascii = 40,
      .string_compact = 56}},
};

const struct fmd__python_layout *fmd__python_layout(unsigned long version)
{
    for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++)
        if (layouts[i].version == version >> 16)
            return &layouts[i].layout;
    return NULL;
}

/* Which of the published 64-bit words is which. Word 2 tells of free threading. */
static const struct {
    uint8_t word;
    uint16_t field;
} published[] = {
    {23, offsetof(struct fmd__python_layout, thread_frame)},
    {24, offsetof(struct fmd__python_layout, thread_id)},
    {26, offsetof(struct fmd__python_layout, thread_chunk)},
    {29, offsetof(struct fmd__python_layout, frame_previous)},
    {30, offsetof(struct fmd__python_layout, frame_code)},
    {31, offsetof(struct fmd__python_layout, frame_instruction)},
    {32, offsetof(struct fmd__python_layout, frame_locals)},
    {33, offsetof(struct fmd__python_layout, frame_owner)},
    {35, offsetof(struct fmd__python_layout, code_filename)},
    {36, offsetof(struct fmd__python_layout, code_name)},
    {37, offsetof(struct fmd__python_layout, code_qualname)},
    {38, offsetof(struct fmd__python_layout, code_linetable)},
    {39, offsetof(struct fmd__python_layout, code_firstlineno)},
    {43, offsetof(struct fmd__python_layout, code_adaptive)},
    {70, offsetof(struct fmd__python_layout, string_ascii)},
};

bool fmd__python_layout_published(struct fmd__python_layout *layout,
                                  const uint8_t debug_offsets[FMD__DEBUG_OFFSETS_SIZE],
                                  bool *free_threaded)
{
    uint64_t words[FMD__DEBUG_OFFSETS_SIZE / sizeof(uint64_t)];

    memcpy(words, debug_offsets, sizeof words);
    *free_threaded = false;
    if (memcmp(debug_offsets, "xdebugpy", 8) != 0)
        return false;
    *free_threaded = words[2] != 0;
    if (*free_threaded)
        return false;
    for (size_t i = 0; i < sizeof published / sizeof published[0]; i++) {
        const uint64_t offset = words[published[i].word];
        const uint16_t narrow = (uint16_t)offset;

        if (offset >= 1024)
            return false;
        memcpy((uint8_t *)layout + published[i].field, &narrow, sizeof narrow);
    }
    return layout->code_adaptive <= FMD__CODE_HEADER_MAX && layout->frame_locals <= 256 &&
           layout->frame_owner < layout->frame_locals;
}
