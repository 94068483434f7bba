/* SPDX-License-Identifier: Apache-2.0 */
/* What the makers of a batch's blocks share: batch.c for requests, batch_events.c. */
#ifndef FMD_BATCH_INSIDE_H
#define FMD_BATCH_INSIDE_H

#include "batch.h"

/* Numbers and dates a block and appends it to what is to be written. */
void fmd__batch_add_block(struct fmd__batch *batch, struct fmd__block *block,
                          const uint8_t *raw, size_t raw_bytes);

/* Adds to the definitions of this batch, which go before the block that needs them. */
void fmd__batch_define(struct fmd__batch *batch,
                       const struct fmd__definition *definition);
void fmd__batch_add_definitions(struct fmd__batch *batch);

/* The endpoint's number in this segment, which is its number in the process; 0 when it is
 * not known. */
uint32_t fmd__batch_endpoint_id(struct fmd__batch *batch, uint32_t number);

/* Makes segments[number] exist; false without memory. */
bool fmd__batch_room_for(uint32_t **segments, uint32_t *room, uint32_t number);

#endif
