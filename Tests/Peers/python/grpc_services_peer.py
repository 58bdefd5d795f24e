#!/usr/bin/env python3
"""More clients of gRPC that are not ours against a churn server: what its connections endure, and the services beside
churn.v1's unary methods.

    grpc_services_peer.py PORT --customers FILE.csv [--drain-pid PID]

Prints and ends like grpc_peer.py. In the last check the server, which is the process --drain-pid, is told to stop.
"""
import functools
import os
import signal

import grpc_peer as base
import raw_http2
from grpc_peer import BY_ID, TIMEOUT_SECONDS, by_id, equal, open_channel, stub

CHECKS = []
ENHANCE_YOUR_CALM = 11
check = functools.partial(base.check, checks=CHECKS)


def raw():
    return raw_http2.Connection(base.HOST, base.options.port)


def a_customer():
    return base.options.customers[0]


# --- What connections endure -------------------------------------------------------------------------------


@check("a reset of a stream that was never begun leaves the connection and its calls as they are")
def _():
    message = by_id(a_customer()).SerializeToString()
    with raw() as connection:
        equal(connection.call(BY_ID, message).status, 0, "status before")
        # A call is under way meanwhile, and the resets come in pieces of a byte.
        stream = connection.begin(BY_ID)
        for byte in raw_http2.reset_frame(stream + 2) + raw_http2.reset_frame(stream + 40):
            connection.socket.sendall(bytes([byte]))
        connection.send(stream, raw_http2.prefixed(message), end_stream=True)
        equal(connection.wait(stream).status, 0, "status of the call beside it")
        # In one piece with the frames of the next call.
        connection.socket.sendall(raw_http2.reset_frame(stream + 2))
        for _ in range(20):
            equal(connection.call(BY_ID, message).status, 0, "status after")


@check("grpcio: calls that are cancelled right after their start leave the others on their channel alone")
def _():
    with open_channel() as channel:
        churn = stub(channel)
        for _ in range(40):
            calls = [churn.PredictById.future(by_id(a_customer()), timeout=TIMEOUT_SECONDS) for _ in range(50)]
            for call in calls[::2]:
                call.cancel()
            for call in calls[1::2]:
                equal(call.result().customer_id, a_customer(), "customer_id")


@check("a flood of resets of streams that were never begun ends its connection")
def _():
    with raw() as flood:
        try:
            for stream in range(101, 101 + 2 * 5_000, 2):
                flood.socket.sendall(raw_http2.reset_frame(stream))
        except OSError:
            pass
        flood.wait_for_end()
        equal((flood.is_closed, flood.goaway in (ENHANCE_YOUR_CALM, None)), (True, True), f"GOAWAY {flood.goaway}")
    # As few as these are borne; one packet above the limit is read to its end, and so is the answer.
    with raw() as connection:
        connection.socket.sendall(b"".join(raw_http2.reset_frame(stream) for stream in range(101, 2001, 2)))
        message = by_id(a_customer()).SerializeToString()
        equal(connection.call(BY_ID, message).status, 0, "status behind 950 resets")
        connection.socket.sendall(b"".join(raw_http2.reset_frame(stream) for stream in range(2101, 4101, 2)))
        connection.wait_for_end()
        equal((connection.goaway, connection.is_closed), (ENHANCE_YOUR_CALM, True), "GOAWAY")


@check("pings are answered; too many of a client that makes no calls are too_many_pings")
def _():
    message = by_id(a_customer()).SerializeToString()
    with raw() as connection:
        for _ in range(5):
            for index in range(90):
                connection.http2.ping(index.to_bytes(8, "big"))
            connection.flush()
            equal(connection.call(BY_ID, message).status, 0, "status of a call between pings")
        for index in range(300):
            connection.http2.ping(index.to_bytes(8, "big"))
        connection.flush()
        connection.wait_for_end()
        equal((connection.goaway, connection.goaway_text), (ENHANCE_YOUR_CALM, "too_many_pings"), "GOAWAY")


# --- The end -----------------------------------------------------------------------------------------------


@check("the server ends when it is told to")
def _():
    if base.options.drain_pid is not None:
        os.kill(base.options.drain_pid, signal.SIGTERM)


if __name__ == "__main__":
    base.main(CHECKS)
