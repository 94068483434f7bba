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
SEGMENT, DEFINITIONS, REQUESTS, STATS, END = 1, 2, 3, 4, 5

Request = collections.namedtuple(
    "Request", "endpoint group address start duration first_byte view status method flags utc"
)


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

    def string(self):
        length = self.varint()
        if length > 16384:
            raise Damage("a string that is too long")
        return self.take(length)

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


BITS = {2: 64, 3: 64, 4: 64, 5: 64, 6: 32, 7: 32, 8: 32, 9: 32, 10: 32, 11: 32}
NAMES = "start duration first_byte view group address endpoint status method flags".split()


def read_requests(payload, header):
    reader = Reader(payload)
    count, ranges = reader.varint(), []
    if count != header["count"] or count > 4096:
        raise Damage("a count that is not the header's")
    for _ in range(reader.varint()):
        ring, first, more = reader.varint(), reader.varint(), reader.varint()
        ranges.append((ring, first, first + more))
    columns = {name: [0] * count for name in NAMES}
    while reader.left():
        tag = reader.u8()
        body = Reader(reader.take(reader.u32()))
        if tag == 1:
            kinds = read_kinds(body, count)
            columns.update(zip(("endpoint", "status", "method", "flags"), kinds))
        elif tag in BITS:
            columns[NAMES[tag - 2]] = read_column(body, count, BITS[tag])
    for name in ("first_byte", "view"):
        columns[name] = list(map(part, columns["duration"], columns[name]))
    for name, limit in (("status", 65536), ("method", 256), ("flags", 256)):
        columns[name] = [value % limit for value in columns[name]]
    shift = header["anchor_utc"] - header["anchor_monotonic"]
    columns["utc"] = [start + shift for start in columns["start"]]
    return ranges, list(map(Request, *(columns[name] for name in Request._fields)))


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
        if kind in (1, 2, 3):
            ident, hashed, strings = body.varint(), body.u64(), [body.string()]
            if kind == 1:
                strings += [body.string(), body.string()]
            found.append((kind, ident, hashed, strings))
    return found


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
        self.segment, self.stats = {}, {}
        endpoints, groups, addresses = {0: None}, {0: b""}, {0: b""}
        spaces = {1: endpoints, 2: groups, 3: addresses}
        for header, payload in read_blocks(pathlib.Path(path).read_bytes(), self.told):
            kind = header["type"]
            self.told["block type %d" % kind] += 1
            if kind == SEGMENT:
                self.segment = read_fields(payload)
            elif kind == STATS:
                self.stats = read_fields(payload)
            elif kind == DEFINITIONS:
                for what, ident, hashed, strings in read_definitions(payload):
                    spaces[what][ident] = strings if what == 1 else strings[0]
                    self.definitions.append((what, hashed, strings))
            elif kind == REQUESTS:
                ranges, requests = read_requests(payload, header)
                self.ranges += ranges
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

    def strings(self):
        for s, slot in self.slots.items():
            if slot[0] == 2:
                kind, length, hashed = struct.unpack_from("<xBHxxxxQ", slot)
                text, following = slot[16:], s + 1
                while len(text) < length:
                    text += self.slots[following][8:]
                    following += 1
                yield kind, hashed, text[:length]


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
    }


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
    print("\n".join(sorted(lines)))


# --- the uses -----------------------------------------------------------------------


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
