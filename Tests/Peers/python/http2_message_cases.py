"""RFC 9113, section 8: messages of HTTP. RFC 7541: HPACK."""
import struct

from checks import check, ensure, equal
from http2_cases import *
from http2_frames import *


# --- 8 HTTP ------------------------------------------------------------------------------------------------


@case("8.1", "GET, HEAD and POST of another page are answered; HEAD without a body")
def _(peer):
    for method, has_body in (("GET", True), ("POST", True), ("HEAD", False)):
        stream = begin(peer, path="/nothing", method=method, content_type=None, flags=END_HEADERS | END_STREAM)
        answer = peer.answer(stream)
        equal((answer.headers[":status"], bool(answer.body)), ("404", has_body), f"status and body of {method}")


@case("8.1", "a request with trailers is answered")
def _(peer):
    stream = begin(peer)
    peer.send(frame(DATA, 0, stream, by_id()), peer.headers(stream, [("x-test", "ok")], END_HEADERS | END_STREAM))
    answered(peer, stream)


@case("8.1", "a second HEADERS frame without END_STREAM is malformed")
def _(peer):
    stream = begin(peer)
    peer.send(peer.headers(stream, [("x-test", "ok")]))
    return peer.stream_error(stream, PROTOCOL_ERROR)


def raw_block(peer, *pairs):
    """Literal fields, never indexed, spelt as they are: what an encoder would mend."""
    block = b""
    for name, value in pairs:
        block += b"\x10" + bytes([len(name)]) + name + bytes([len(value)]) + value
    return block


for what, pair in {
    "8.2.1 an upper-case name": (b"X-TEST", b"ok"), "8.2.1 an empty name": (b"", b"ok"),
    "8.2.1 a blank in a name": (b"x test", b"ok"), "8.2.1 a colon in a name": (b"x:test", b"ok"),
    "8.2.1 NUL in a value": (b"x-test", b"a\x00b"), "8.2.1 CR in a value": (b"x-test", b"a\rb"),
    "8.2.1 LF in a value": (b"x-test", b"a\nb"),
}.items():
    @check(f"{what} is malformed")
    def _(pair=pair):
        with Peer(Options.port) as peer:
            stream = peer.new_stream()
            block = peer.encoded(peer.fields(BY_ID)) + raw_block(peer, pair)
            peer.send(frame(HEADERS, END_HEADERS | END_STREAM, stream, block))
            said = peer.stream_error(stream, PROTOCOL_ERROR)
            works(peer)
            return said


for name, value in (("connection", "keep-alive"), ("keep-alive", "3"), ("proxy-connection", "keep-alive"),
                    ("transfer-encoding", "chunked"), ("upgrade", "h2c"), ("te", "trailers, deflate")):
    @case("8.2.2", f"{name}: {value} is malformed")
    def _(peer, name=name, value=value):
        fields = [field for field in peer.fields(BY_ID) if field[0] != "te"]
        return refused_fields(peer, fields + [(name, value)])


PSEUDO = [(":method", "POST"), (":scheme", "http"), (":path", BY_ID), (":authority", "test")]
PLAIN = [("te", "trailers"), ("content-type", "application/grpc")]

for what, fields in {
    "8.3 an unknown pseudo-header field": PSEUDO + [(":test", "ok")] + PLAIN,
    "8.3 a pseudo-header field of responses": PSEUDO + [(":status", "200")] + PLAIN,
    "8.3 a pseudo-header field behind another field": PSEUDO[1:] + PLAIN + PSEUDO[:1],
    "8.3.1 an empty :path": [(":path", "") if field[0] == ":path" else field for field in PSEUDO] + PLAIN,
    **{f"8.3.1 no {name}": [field for field in PSEUDO if field[0] != name] + PLAIN
       for name in (":method", ":scheme", ":path")},
    **{f"8.3.1 {name} twice": PSEUDO + [field for field in PSEUDO if field[0] == name] + PLAIN
       for name in (":method", ":scheme", ":path", ":authority")},
    "8.3.1 a :path that begins with no slash": [(":path", "x") if field[0] == ":path" else field for field in PSEUDO] + PLAIN,
}.items():
    @check(f"{what} is malformed")
    def _(fields=fields):
        with Peer(Options.port) as peer:
            return refused_fields(peer, fields)


@case("8.3", "a pseudo-header field in trailers is malformed")
def _(peer):
    return refused_fields(peer, [(":method", "POST")], trailers=True)


for name, pieces in (("one DATA frame", 1), ("several DATA frames", 3)):
    @case("8.1.1", f"content-length that {name} do not add up to is malformed")
    def _(peer, pieces=pieces):
        stream = begin(peer, ("content-length", "1"))
        peer.send(*(frame(DATA, END_STREAM if index == pieces - 1 else 0, stream, b"test") for index in range(pieces)))
        return peer.stream_error(stream, PROTOCOL_ERROR)


@case("8.1.1", "content-length that adds up is taken")
def _(peer):
    finish(peer, begin(peer, ("content-length", str(len(by_id())))))


# --- RFC 7541: HPACK ---------------------------------------------------------------------------------------


def hpack_error(peer, block):
    peer.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, peer.encoded(peer.fields(BY_ID)) + block))
    return peer.connection_error(COMPRESSION_ERROR)


for what, block in {
    "2.3.3 an index beyond both tables": b"\xff\x80\x10",
    "2.3.3 a literal whose name has an index beyond both tables": b"\x7f\x80\x10\x01x",
    "4.2 a dynamic table size update behind a field": b"\x20",
    "5.1 an integer that goes on without end": b"\xff" + b"\xff" * 12 + b"\x7f",
    "5.2 Huffman padding of more than 7 bits": b"\x10\x85" + b"\xf2\xb2\x4a\x84\xff" + b"\x82" + b"\xf8\xff",
    "5.2 Huffman padding of zeros": b"\x10\x01x\x81\x18",
    "5.2 Huffman with EOS": b"\x10\x01x\x84\xff\xff\xff\xff",
    "6.1 an index of 0": b"\x80",
}.items():
    @check(f"HPACK {what} is a COMPRESSION_ERROR")
    def _(block=block):
        with Peer(Options.port) as peer:
            return hpack_error(peer, block)


@case("HPACK 6.3", "a dynamic table size update above the server's limit is a COMPRESSION_ERROR")
def _(peer):
    peer.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, b"\x3f\xe2\x1f" + peer.encoded(peer.fields(BY_ID))))
    return peer.connection_error(COMPRESSION_ERROR)


@case("HPACK 6.3", "table size updates before the first field are taken, several too")
def _(peer):
    for size in (0, 128, 4096):
        peer.encoder.header_table_size = size
        works(peer)
    peer.encoder.header_table_size = 0
    peer.encoder.header_table_size = 4096
    works(peer)


for name, prefix in (("with incremental indexing", 0x40), ("without indexing", 0x00), ("never indexed", 0x10)):
    for huffman in (False, True):
        @case("HPACK 6.2", f"literals {name}, names new and indexed, {'Huffman' if huffman else 'plain'}")
        def _(peer, prefix=prefix, huffman=huffman):
            from hpack.huffman import HuffmanEncoder
            from hpack.huffman_constants import REQUEST_CODES, REQUEST_CODES_LENGTH
            encode = HuffmanEncoder(REQUEST_CODES, REQUEST_CODES_LENGTH).encode

            def text(value):
                coded = encode(value) if huffman else value
                return bytes([len(coded) | (0x80 if huffman else 0)]) + coded

            # :method POST and :scheme http have indices; :path and :authority have them for their
            # names (4, 1); the others are new.
            block = b"\x83\x86" + bytes([prefix | 4]) + text(BY_ID.encode()) + bytes([prefix | 1]) + text(b"test")
            for field, value in ((b"content-type", b"application/grpc"), (b"te", b"trailers")):
                block += bytes([prefix]) + text(field) + text(value)
            for _ in range(2):
                stream = peer.new_stream()
                peer.send(frame(HEADERS, END_HEADERS, stream, block))
                finish(peer, stream)


@case("HPACK 2.3.2", "fields of the dynamic table are found again, also when older ones have left it")
def _(peer):
    for number in range(200):
        finish(peer, begin(peer, ("x-number", f"{number:0100}"), ("x-same", "same")))
