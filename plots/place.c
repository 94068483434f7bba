/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Room for labels: see place.h. */
#include "plots/place.h"

#include <math.h>

static const double sample_apart_pt = 4;
static const double padding_pt = 2;

void place_init(struct place *place, struct frame inside)
{
    place->inside = inside;
    place->taken_count = 0;
    place->sample_count = 0;
}

static bool is_inside(struct frame frame, struct point at)
{
    return at.x >= frame.left && at.x <= frame.right && at.y >= frame.top &&
           at.y <= frame.bottom;
}

static void sample_segment(struct place *place, struct point from, struct point to)
{
    double length = hypot(to.x - from.x, to.y - from.y);
    int steps = (int)fmin(ceil(length / sample_apart_pt), 1000);
    for (int i = 1; i <= steps && place->sample_count < PLACE_SAMPLES; i++) {
        double share = (double)i / steps;
        struct point at = {from.x + share * (to.x - from.x),
                           from.y + share * (to.y - from.y)};
        if (is_inside(place->inside, at))
            place->samples[place->sample_count++] = at;
    }
}

void place_avoid(struct place *place, const struct point *points, size_t count,
                 bool corners)
{
    if (count == 0)
        return;
    struct point last = points[0];
    for (size_t i = 1; i < count; i++) {
        bool near = fabs(points[i].x - last.x) < sample_apart_pt &&
                    fabs(points[i].y - last.y) < sample_apart_pt;
        if (near && i + 1 < count)
            continue;
        struct point corner = {points[i].x, last.y};
        if (corners) {
            sample_segment(place, last, corner);
            last = corner;
        }
        sample_segment(place, last, points[i]);
        last = points[i];
    }
}

struct frame place_room(struct candidate candidate, double width_pt, double size_pt)
{
    double left = candidate.anchor == ANCHOR_START    ? candidate.at.x
                  : candidate.anchor == ANCHOR_MIDDLE ? candidate.at.x - width_pt / 2
                                                      : candidate.at.x - width_pt;
    return (struct frame){left - padding_pt, candidate.at.y - 0.8 * size_pt - 1,
                          left + width_pt + padding_pt, candidate.at.y + 0.25 * size_pt};
}

double place_covered(const struct place *place, struct frame room)
{
    size_t covered = 0;
    for (size_t i = 0; i < place->sample_count; i++)
        covered += is_inside(room, place->samples[i]);
    return (double)covered;
}

static double cost_of(const struct place *place, struct frame room)
{
    struct frame in = place->inside;
    if (room.left < in.left || room.right > in.right || room.top < in.top ||
        room.bottom > in.bottom)
        return INFINITY;
    for (size_t i = 0; i < place->taken_count; i++) {
        struct frame taken = place->taken[i];
        if (room.left < taken.right && room.right > taken.left &&
            room.top < taken.bottom && room.bottom > taken.top)
            return INFINITY;
    }
    return place_covered(place, room);
}

size_t place_label(struct place *place, double width_pt, double size_pt,
                   const struct candidate *candidates, size_t count)
{
    size_t best = count;
    double least = INFINITY;
    if (place->taken_count == PLACE_LABELS)
        return count;
    for (size_t i = 0; i < count; i++) {
        struct frame room = place_room(candidates[i], width_pt, size_pt);
        double cost = cost_of(place, room) + candidates[i].penalty;
        if (cost < least) {
            least = cost;
            best = i;
        }
    }
    if (best < count)
        place->taken[place->taken_count++] =
            place_room(candidates[best], width_pt, size_pt);
    return best;
}
