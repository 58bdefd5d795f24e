#!/usr/bin/env python3
"""The cases of h2spec, re-made frame by frame against a churn server: each is named by its section of RFC 9113 (HTTP/2) or
RFC 7541 (HPACK), and requires one answer where h2spec takes several.

    http2_conformance.py PORT --customer ID [--only TEXT]
"""
import argparse

import checks
# Each adds its cases.
import http2_connection_cases, http2_frame_cases, http2_message_cases  # noqa: E401, F401
from http2_cases import Options

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="checks how a churn server speaks HTTP/2")
    parser.add_argument("port", type=int)
    parser.add_argument("--customer", type=int, required=True, help="a customer of the server's store")
    parser.add_argument("--only", default="", help="run the cases with this text in their names")
    options = parser.parse_args()
    Options.port, Options.customer = options.port, options.customer
    checks.run(options.only)
