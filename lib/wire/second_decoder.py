#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A second decoder of the trace format, written from FORMAT.md alone.

    second_decoder.py facts FILE.fmd...      what the files hold, as sorted lines
    second_decoder.py ring FILE.ring FILE.fmd...
                                             what a killed process left in its rings that is
                                             not in its traces
    second_decoder.py compare RAW DIR        every request of DIR's traces against the plain
                                             arrays that gen-traces --raw wrote

It shares no code with the C one, so that a mistake in either shows. Simple before fast:
some 30,000 requests a second. Needs the zstd program for compressed payloads.
"""

import collections
import pathlib
import struct
import subprocess
import sys

SYNC = bytes.fromhex("f1666d64e5626c6b")
UNKNOWN = 2**64 - 1
SEGMENT, DEFINITIONS, REQUESTS, STATS, END, COUNTS, SAMPLES, JOURNAL = range(1, 9)

Request = collections.namedtuple(
    "Request", "endpoint group address start duration first_byte view status method flags utc"
)


Sample = collections.namedtuple(
    "Sample", "why state label time start endpoint thread interval frames"
)
DETAILS = (
    "detail cpu threshold voluntary involuntary minor_faults major_faults block_reads block_writes"
).split()


class Damage(Exception):
    pass


def crc32c(data, table=[]):
    if not table:
        for byte in range(256):
            for _ in range(8):
                byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
            table.append(byte)
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


class Reader:
    """Bytes with a place in them."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def left(self):
        return len(self.data) - self.at

    def take(self, count):
        if count > self.left():
            raise Damage("the bytes end too early")
        self.at += count
        return self.data[self.at - count : self.at]

    def u8(self):
        return self.take(1)[0]

    def u32(self):
        return int.from_bytes(self.take(4), "little")

    def u64(self):
        return int.from_bytes(self.take(8), "little")

    def varint(self):
        value = shift = 0
        while True:
            byte = self.u8()
            value |= (byte & 127) << shift
            shift += 7
            if not byte & 128:
                break
        if value >= 2**64 or shift > 70:
            raise Damage("a varint of more than 64 bits")
        return value

    def folded(self):
        value = self.varint()
        return -(value + 1) // 2 if value & 1 else value // 2

    def string(self, most=16384):
        length = self.varint()
        if length > most:
            raise Damage("a string that is too long")
        return self.take(length)

    def text(self):
        return self.string(2048)

    def key(self):
        return self.varint(), self.varint()

    def frames(self):
        count = self.varint()
        if count > 1024:
            raise Damage("a stack that is too deep")
        return [(self.varint(), self.varint()) for _ in range(count)]

    def packed(self, count, width):
        bits = int.from_bytes(self.take((count * width + 7) // 8), "little")
        mask = (1 << width) - 1
        text = []
        for _ in range(0, count, 64):  # short pieces: shifting a long number is slow
            piece = bits & ((1 << 64 * width) - 1)
            bits >>= 64 * width
            for _ in range(64):
                text.append(piece & mask)
                piece >>= width
        return text[:count]


# --- columns ----------------------------------------------------------------------------


def read_frame(reader, count, bits):
    width, base, exceptions = reader.u8(), reader.varint(), reader.varint()
    if width > bits or exceptions > count:
        raise Damage("a frame that is too wide")
    numbers = reader.packed(count, width)
    if exceptions:
        high_width = reader.u8()
        if not 1 <= high_width <= bits - width:
            raise Damage("exceptions that are too wide")
        positions = reader.packed(exceptions, (count - 1).bit_length())
        for position, high in zip(positions, reader.packed(exceptions, high_width)):
            if position >= count:
                raise Damage("an exception beyond the column")
            numbers[position] += high << width
    return [(base + number) % 2**bits for number in numbers]


def read_column(reader, count, bits):
    encoding = reader.u8()
    if encoding == 0:
        return read_frame(reader, count, bits)
    if encoding != 1:
        raise Damage("an unknown encoding")
    numbers = [reader.varint() % 2**bits]
    if count > 1:
        for difference in read_frame(reader, count - 1, bits):
            numbers.append((numbers[-1] + difference) % 2**bits)
    return numbers


def read_kinds(reader, count):
    k = reader.varint()
    if not 1 <= k <= 1024:
        raise Damage("a table of kinds that is too long")
    table = list(zip(*(read_frame(reader, k, 32) for _ in range(4))))
    places = reader.packed(count, (k - 1).bit_length())
    if max(places) >= k:
        raise Damage("a kind that is not in the table")
    return [list(column) for column in zip(*(table[place] for place in places))]


def part(duration, rest):
    if rest == 0:
        return UNKNOWN
    value = (duration + 1 - rest) % 2**64
    return (duration + 1) % 2**64 if value == UNKNOWN else value


BITS = {2: 64, 3: 64, 4: 64, 5: 64, 6: 32, 7: 32, 8: 32, 9: 32, 10: 32, 11: 32, 12: 8, 13: 64, 14: 64}
BITS.update({tag: 32 for tag in range(15, 21)})
NAMES = "start duration first_byte view group address endpoint status method flags".split() + DETAILS


def read_requests(payload, header):
    reader = Reader(payload)
    count, ranges = reader.varint(), []
    if count != header["count"] or count > 4096:
        raise Damage("a count that is not the header's")
    for _ in range(reader.varint()):
        ring, first, more = reader.varint(), reader.varint(), reader.varint()
        ranges.append((ring, first, first + more))
    columns, detailed = {name: [0] * count for name in NAMES}, False
    while reader.left():
        tag = reader.u8()
        body = Reader(reader.take(reader.u32()))
        if tag == 1:
            kinds = read_kinds(body, count)
            columns.update(zip(("endpoint", "status", "method", "flags"), kinds))
        elif tag in BITS:
            columns[NAMES[tag - 2]] = read_column(body, count, max(32, BITS[tag]))
            detailed = detailed or tag >= 12
    for name in ("first_byte", "view"):
        columns[name] = list(map(part, columns["duration"], columns[name]))
    for name, limit in (("status", 65536), ("method", 256), ("flags", 256), ("detail", 256)):
        columns[name] = [value % limit for value in columns[name]]
    shift = header["anchor_utc"] - header["anchor_monotonic"]
    columns["utc"] = [start + shift for start in columns["start"]]
    details = list(zip(*(columns[name] for name in DETAILS))) if detailed else []
    return ranges, list(map(Request, *(columns[name] for name in Request._fields))), details


# --- the other payloads -----------------------------------------------------------------


def read_fields(payload):
    reader, fields = Reader(payload), {}
    while reader.left():
        tag = reader.varint()
        fields[tag] = reader.take(reader.varint())
    return fields


def number(fields, tag, signed=False):
    return int.from_bytes(fields.get(tag, b"")[:8], "little", signed=signed)


def read_definitions(payload):
    reader, found = Reader(payload), []
    while reader.left():
        body = Reader(reader.take(reader.varint()))
        kind = body.u8()
        if kind in (1, 2, 3, 4):
            ident, hashed, strings = body.varint(), body.u64(), [body.string()]
            if kind == 1:
                strings += [body.string(), body.string()]
            if kind == 4:
                strings += [body.string(), body.varint(), body.u8(), body.string(65535)]
            found.append((kind, ident, hashed, strings))
    return found


def read_counts(payload):
    reader, found = Reader(payload), []
    while reader.left():
        found.append((reader.varint(), reader.varint(), reader.varint()))
    return found


def read_samples(payload):
    """journal_end and the samples."""
    reader, found, named = Reader(payload), [], []
    end, time, thread, interval, stack = reader.u64(), 0, 0, 0, []
    while reader.left():
        what = reader.u8()
        time = (time + reader.folded()) % 2**64
        request, key = reader.varint(), (0, 0)
        if request > len(named) + 1:
            raise Damage("a request that was not named")
        if request == len(named) + 1:
            named.append(((time - reader.folded()) % 2**64, reader.varint()))
        if request:
            key = named[request - 1]
        thread = reader.varint() if what & 64 else thread
        interval = reader.varint() if what & 128 else interval
        keep, push = reader.varint(), reader.varint()
        if keep > len(stack) or keep + push > 1024:
            raise Damage("a stack that is too deep")
        stack = stack[:keep] + [(reader.varint(), reader.varint()) for _ in range(push)]
        found.append(Sample(what & 3, what >> 2 & 3, what >> 4 & 3, time, *key, thread, interval, stack))
    return end, found


def read_entry(body):
    """A plain tuple of what an entry says; None for a kind that is not known."""
    kind = body.u8()
    if kind == 1:
        return ("definition", *read_definitions(body.take(body.left())))
    if kind == 2:
        why, state, label, time = body.u8(), body.u8(), body.u8(), body.varint()
        key, thread, interval = body.key(), body.varint(), body.varint()
        return "sample", Sample(why, state, label, time, *key, thread, interval, body.frames())
    if kind == 3:
        key, count = body.key(), body.varint()
        if count > 16:
            raise Damage("a context of too many items")
        items = [(body.u8(), body.text(), body.text()) for _ in range(count)]
        return ("context", key, *(item for item in items if item[0] in (1, 2)))
    if kind == 4:
        first = body.varint(), body.key(), body.varint(), body.u8(), body.text(), body.text()
        return ("exception", *first, *body.frames())
    if kind == 5:
        return "gauge", body.varint(), struct.unpack("<d", body.take(8))[0], body.text()
    if kind == 6:
        time, pairs = body.varint(), []
        while body.left():
            pairs.append((body.varint(), body.varint()))
        return ("process", time, *(pair for pair in pairs if 1 <= pair[0] <= 15))
    if kind == 7:
        numbers = [body.varint() for _ in range(7)]
        return ("unfinished", *numbers, body.u8(), body.u8(), body.u8(), body.text())
    return None


def read_journal(payload):
    """journal_end and the entries."""
    reader, found = Reader(payload), []
    end = reader.u64()
    while reader.left():
        found.append(read_entry(Reader(reader.take(reader.varint()))))
    return end, [entry for entry in found if entry]


# --- blocks -----------------------------------------------------------------------------

def read_header(data, at):
    """The header at a place; None when the file ends inside the block."""
    if data[at : at + 8] != SYNC[: len(data) - at]:
        raise Damage("no sync word")
    if len(data) - at < 28:
        return None
    crc, length, version = struct.unpack_from("<IHH", data, at + 8)
    if not 28 <= length <= 1024:
        raise Damage("a header of impossible length")
    if len(data) - at < length:
        return None
    if crc32c(data[at + 12 : at + length]) != crc:
        raise Damage("a header with a bad checksum")
    if version > 1:
        raise SystemExit("a newer format; this decoder knows version 1")
    names = (
        "sync crc header_bytes version type codec reserved payload_bytes payload_crc raw_bytes"
        " count reserved2 sequence start_min start_max duration_min duration_max"
        " anchor_monotonic anchor_utc"
    ).split()
    header = dict(zip(names, struct.unpack_from("<8sIHHBBHIIIIIQQQQQQq", data, at)))
    if max(header["payload_bytes"], header["raw_bytes"]) > 1 << 20:
        raise Damage("a payload of impossible length")
    return header if len(data) - at - length >= header["payload_bytes"] else None


def read_payload(data, at, header):
    begin = at + header["header_bytes"]
    payload = data[begin : begin + header["payload_bytes"]]
    if crc32c(payload) != header["payload_crc"]:
        raise Damage("a payload with a bad checksum")
    if header["codec"] == 1:
        unpacked = subprocess.run(["zstd", "-dcq"], input=payload, capture_output=True)
        payload = unpacked.stdout
    elif header["codec"] != 0:
        raise Damage("an unknown codec")
    if len(payload) != header["raw_bytes"]:
        raise Damage("a payload that unpacks to another length")
    return payload


def read_blocks(data, told):
    """(header, payload) of every intact block; told counts what else there is."""
    at = 0
    while at < len(data):
        try:
            header = read_header(data, at)
        except Damage:
            told["damaged"] += 1
            at = data.find(SYNC, at + 1)
            if at < 0:
                return
            continue
        if header is None:
            told["torn"] += 1
            return
        try:
            yield header, read_payload(data, at, header)
        except Damage:
            told["damaged"] += 1
        at += header["header_bytes"] + header["payload_bytes"]


class Trace:
    """One file, decoded; strings in place of their numbers."""

    def __init__(self, path):
        self.told = collections.Counter()
        self.requests, self.ranges, self.definitions = [], [], []
        self.details, self.samples, self.entries = [], [], []
        self.levels = []  # of each request; 0 where it is not told
        self.segment, self.stats, self.counts, self.codes = {}, {}, {}, {0: None}
        self.samples_end = self.entries_end = 0
        endpoints, groups, addresses = {0: None}, {0: b""}, {0: b""}
        self.endpoints = endpoints
        spaces = {1: endpoints, 2: groups, 3: addresses, 4: self.codes}
        for header, payload in read_blocks(pathlib.Path(path).read_bytes(), self.told):
            kind = header["type"]
            self.told["block type %d" % kind] += 1
            if kind == SEGMENT:
                self.segment = read_fields(payload)
            elif kind == STATS:
                self.stats = read_fields(payload)
            elif kind == DEFINITIONS:
                for what, ident, hashed, strings in read_definitions(payload):
                    spaces[what][ident] = strings if what in (1, 4) else strings[0]
                    self.definitions.append((what, hashed, strings))
            elif kind == COUNTS:
                self.counts.update({endpoint: rest for endpoint, *rest in read_counts(payload)})
            elif kind == SAMPLES:
                self.samples_end, samples = read_samples(payload)
                self.samples += samples
            elif kind == JOURNAL:
                self.entries_end, entries = read_journal(payload)
                self.entries += entries
            elif kind == REQUESTS:
                ranges, requests, details = read_requests(payload, header)
                self.ranges += ranges
                self.details += details
                self.levels += [what & 7 for what, *_ in details] or [0] * len(requests)
                self.check_header(header, requests)
                for r in requests:
                    self.requests.append(
                        r._replace(
                            endpoint=endpoints[r.endpoint],
                            group=groups[r.group],
                            address=addresses[r.address],
                        )
                    )

    def check_header(self, header, requests):
        if requests:
            starts, durations = [r.start for r in requests], [r.duration for r in requests]
            assert header["start_min"] == min(starts) and header["start_max"] == max(starts)
            assert header["duration_min"] == min(durations)
            assert header["duration_max"] == max(durations)


# --- ring files -------------------------------------------------------------------------


class Ring:
    """One ring of a ring file: counters, and the slots that may be looked at."""

    def __init__(self, data, slots):
        self.head, self.tail = (struct.unpack_from("<Q", data, at)[0] for at in (0, 128))
        self.counts = struct.unpack_from("<6Q", data, 16)
        if self.head - self.tail not in range(slots + 1):
            raise Damage("counters that no recorder writes")
        self.slots = {
            s: data[256 + 64 * (s % slots) :][:64] for s in range(self.tail, self.head)
        }

    def requests(self, after):
        for s, slot in self.slots.items():
            if s > after and slot[0] == 1:
                yield struct.unpack("<BBBBHHII6Q", slot)

    def details(self, after):
        for s, slot in self.slots.items():
            before = self.slots.get(s - 1)
            if s > after and slot[0] == 1 and before and before[0] == 4:
                yield struct.unpack_from("<xB6xQQ6I", before)

    def strings(self):
        for s, slot in self.slots.items():
            if slot[0] == 2:
                kind, length, hashed = struct.unpack_from("<xBHxxxxQ", slot)
                text, following = slot[16:], s + 1
                while len(text) < length:
                    text += self.slots[following][8:]
                    following += 1
                yield kind, hashed, text[:length]


def read_areas(data):
    """Counts, flights, and the journal's (position, entry)."""
    counts_at, flights_at, journal_at, room, counts, flights = struct.unpack_from("<4Q2I", data, 2368)
    if any(data[2368:2408]):
        assert crc32c(data[2368:2408]) == struct.unpack_from("<I", data, 2364)[0]
    found = {"counts": {}, "flights": [], "journal": []}
    for i in range(counts):
        count = list(struct.unpack_from("<QQ", data, counts_at + 16 * i))
        if count[0]:
            found["counts"][i + 1] = count
    for i in range(flights):
        flight = data[flights_at + 256 * i :][:256]
        numbers = struct.unpack_from("<IIQQIBBHQQQ", flight)
        if numbers[2] and numbers[0] % 2 == 0:
            found["flights"].append((*numbers, flight[128 : 128 + numbers[7]]))
    if room:
        head, dropped = struct.unpack_from("<QQ", data, journal_at)
        (position,) = struct.unpack_from("<Q", data, journal_at + 128)
        assert head - position in range(room + 1)
        while position < head:
            at = journal_at + 256 + position % room
            (length,) = struct.unpack_from("<I", data, at)
            if length == 0:
                position += room - position % room
                continue
            entry = Reader(data[at + 4 : at + 4 + length])
            found["journal"].append((position, read_entry(Reader(entry.take(entry.varint())))))
            position += (4 + length + 7) // 8 * 8
    return found


def read_ring_file(path):
    data = pathlib.Path(path).read_bytes()
    if data[:8] != b"fmdring\n" or crc32c(data[8:2360]) != struct.unpack_from("<I", data, 2360)[0]:
        raise SystemExit("no ring file, or a damaged one")
    layout, _, slots, length = struct.unpack_from("<4I", data, 8)
    area, _, first, stride = struct.unpack_from("<4Q", data, 24)
    assert layout == 1 and stride == 256 + 64 * slots
    count, used, stored = struct.unpack_from("<I4xQQ", data, 2432)
    state = struct.unpack_from("<Qq23Q", data, 2688 + 200 * (stored % 2)) if stored else [0] * 25
    rings = [Ring(data[first + stride * i :][:stride], slots) for i in range(count)]
    return {
        "segment": read_fields(data[56 : 56 + length]),
        "endpoints": read_definitions(data[area : area + used]),
        "issued": struct.unpack_from("<Q", data, 2560)[0] + state[2] + sum(r.counts[0] for r in rings),
        "anchor": state[:2],
        "rings": rings,
        "areas": read_areas(data),
    }


def area_facts(ring, last, traces):
    """What the areas hold and the traces of the same stream do not."""
    areas, lines, samples = ring["areas"], [], []
    ends = [max([t.samples_end for t in traces] + [0]), max([t.entries_end for t in traces] + [0])]
    for position, entry in areas["journal"]:
        if entry[0] == "definition" or position >= ends[entry[0] != "sample"]:
            lines.append("left entry: %r" % (entry,))
            samples += entry[1:] if entry[0] == "sample" else ()
    details = [d for i, r in enumerate(ring["rings"]) for d in r.details(last[i])]
    lines += detail_lines(details) + sample_lines(samples)
    published = set()
    for r in ring["rings"]:
        final = r.slots.get(r.head - 1, b"\0")
        if final[0] == 1:
            published.add(struct.unpack_from("<Q", final, 16)[0])
    for flight in areas["flights"]:
        if flight[2] not in published:
            lines.append("flight: %r" % (flight[1:],))
    for endpoint, count in areas["counts"].items():
        lines.append("counted endpoint %d: %d, last at %d" % (endpoint, *count))
    return lines


def ring_facts(path, traces):
    ring, last = read_ring_file(path), collections.defaultdict(lambda: -1)
    endpoints = {ident: strings for _, ident, _, strings in ring["endpoints"]}
    names = {(2, 0): b"(none)", (3, 0): b"(none)"}
    for trace in map(Trace, traces):
        if trace.segment[1] == ring["segment"][1]:
            for number_of_ring, _, end in trace.ranges:
                last[number_of_ring] = max(last[number_of_ring], end)
            names.update({(kind, hashed): s[0] for kind, hashed, s in trace.definitions if hashed})
    for r in ring["rings"]:
        names.update({(kind, hashed): text for kind, hashed, text in r.strings()})
    found = [q for i, r in enumerate(ring["rings"]) for q in r.requests(last[i])]
    lines = ["issued: %d" % ring["issued"], "requests: %d" % len(found)]
    lines.append("sum of duration: %d" % sum(q[9] for q in found))
    lines.append("sum of status: %d" % sum(q[4] for q in found))
    lines.append("sum of utc: %d" % sum(q[8] + ring["anchor"][1] - ring["anchor"][0] for q in found))
    for what, kind, place in (("group", 2, 12), ("address", 3, 13)):
        for value, count in collections.Counter(names.get((kind, q[place])) for q in found).items():
            lines.append("%s %s: %d" % (what, decoded(value or b"(undefined)"), count))
    for value, count in collections.Counter(q[6] for q in found).items():
        lines.append("endpoint %s: %d" % (" | ".join(map(decoded, endpoints[value])), count))
    same = [t for t in map(Trace, traces) if t.segment[1] == ring["segment"][1]]
    print("\n".join(sorted(lines + area_facts(ring, last, same))))


# --- the uses -----------------------------------------------------------------------


def detail_lines(details):
    lines = ["details: %d" % sum(1 for d in details if d[0])] if details else []
    for name, values in zip(DETAILS, zip(*details)):
        lines.append("sum of %s: %d" % (name, sum(values)))
    return lines


def sample_lines(samples):
    lines = ["samples: %d" % len(samples)] if samples else []
    for name in "why state label time start endpoint thread interval".split() if samples else ():
        lines.append("sum of sample %s: %d" % (name, sum(getattr(s, name) for s in samples)))
    if samples:
        frames = [frame for s in samples for frame in s.frames]
        lines.append("frames: %d" % len(frames))
        lines.append("sum of frame code: %d" % sum(code for code, _ in frames))
        lines.append("sum of frame offset: %d" % sum(offset for _, offset in frames))
    return lines


def level_lines(trace):
    """What levels 0, 2 and 3 record; no line where there is nothing."""
    lines = detail_lines(trace.details) + sample_lines(trace.samples)
    for endpoint, count in trace.counts.items():
        lines.append("counted endpoint %d: %d, last at %d" % (endpoint, *count))
    for ident, code in trace.codes.items():
        if code:
            name, file, line, kind, table = code
            lines.append("code %d %s: %s:%d, table %d %s" % (ident, decoded(name), decoded(file), line, kind, table.hex()))
    lines += ["entry: %r" % (entry,) for entry in trace.entries]
    if trace.samples_end or trace.entries_end:
        lines.append("journal: samples to %d, entries to %d" % (trace.samples_end, trace.entries_end))
    return lines


def facts(paths):
    for path in paths:
        trace = Trace(path)
        lines = ["%s: %d" % item for item in trace.told.items()]
        lines.append("requests: %d" % len(trace.requests))
        for name in ("duration", "status", "utc", "flags", "method"):
            lines.append("sum of %s: %d" % (name, sum(getattr(r, name) for r in trace.requests)))
        for name in ("first_byte", "view"):
            known = [getattr(r, name) for r in trace.requests if getattr(r, name) != UNKNOWN]
            lines.append("%s known: %d, sum %d" % (name, len(known), sum(known)))
        for name in ("group", "address"):
            values = collections.Counter(getattr(r, name) for r in trace.requests)
            lines.append("%s values: %d" % (name, len(values)))
            for value, count in values.most_common(3):
                lines.append("%s %r: %d" % (name, value.decode("utf-8", "replace"), count))
        for endpoint, count in collections.Counter(
            tuple(r.endpoint) if r.endpoint else ("(none)",) for r in trace.requests
        ).items():
            lines.append("endpoint %s: %d" % (" | ".join(map(decoded, endpoint)), count))
        for ring, first, last in trace.ranges:
            lines.append("ring %d: %d to %d" % (ring, first, last))
        for tag, value in trace.segment.items():
            lines.append("segment tag %02d: %s" % (tag, value.hex() if tag < 7 else decoded(value)))
        for tag, value in trace.stats.items():
            lines.append("stats tag %02d: %d" % (tag, int.from_bytes(value, "little")))
        lines += level_lines(trace)
        print("\n".join(sorted(lines)))


def decoded(value):
    return value if isinstance(value, str) else value.decode("utf-8", "backslashreplace")


def raw_columns(path):
    """The arrays of gen-traces --raw (its source has the layout)."""
    data = pathlib.Path(path).read_bytes()
    assert data[:8] == b"fmdraw1\n"
    count, endpoints = struct.unpack_from("=QQ", data, 8)
    at, columns = 48, {"endpoints": endpoints}
    for name, code in zip(
        "utc duration first_byte view cell group address status method flags".split(),
        "qQQQIIIHBB",
    ):
        form = "=%d%s" % (count, code)
        columns[name] = struct.unpack_from(form, data, at)
        at += struct.calcsize(form)
    assert at == len(data)
    return count, columns


def compare(raw, folder):
    count, columns = raw_columns(raw)
    traces = [Trace(path) for path in sorted(pathlib.Path(folder).glob("*.fmd"))]
    traces.sort(key=lambda t: (number(t.segment, 3), number(t.segment, 2)))
    i, cells = 0, {}
    for trace in traces:
        assert not trace.told["damaged"] and not trace.told["torn"]
        for r in trace.requests:
            group, address = columns["group"][i], columns["address"][i]
            assert r.group == (b"customer-%05d" % group if group else b""), i
            octets = (address >> 16, address >> 8 & 255, address & 255)
            assert r.address == (b"10.%d.%d.%d" % octets if address else b""), i
            for name in "utc duration first_byte view status method flags".split():
                assert getattr(r, name) == columns[name][i], (i, name)
            # every cell is always the same application, version and name
            assert cells.setdefault(columns["cell"][i], r.endpoint) == r.endpoint, i
            version = columns["cell"][i] // columns["endpoints"]
            assert r.endpoint[2] == b"1.%d" % version, i
            i += 1
    assert i == count, (i, count)
    print("%d requests in %d files are those of the plain arrays" % (count, len(traces)))


if __name__ == "__main__":
    if len(sys.argv) > 2 and sys.argv[1] == "facts":
        facts(sys.argv[2:])
    elif len(sys.argv) > 2 and sys.argv[1] == "ring":
        ring_facts(sys.argv[2], sys.argv[3:])
    elif len(sys.argv) == 4 and sys.argv[1] == "compare":
        compare(sys.argv[2], sys.argv[3])
    else:
        raise SystemExit(__doc__)
