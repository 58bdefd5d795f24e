#!/usr/bin/env python3
"""Writes Tests/Fixtures/golden: one frame of each kind as Google's protobuf runtime makes it, and golden.json, which
says what is in them. The contents are fixed, so a second run writes the same bytes.

    golden_frames.py            write the files
    golden_frames.py --check    fail when the committed files differ from what would be written

In golden.json, 64-bit integers and doubles are JSON numbers (a double as the shortest text that reads back as the
same double) and NaN is the string "NaN". Fields that proto3 leaves off the wire are shown with their default.
"""
import argparse
import json
import math
import sys

import churn_proto

FOLDER = churn_proto.ROOT / "Tests/Fixtures/golden"
SCHEMA_ID = 0xFEDCBA9876543210  # above 2^63, so that a signed reading would show


def identity(body):
    body.threshold = 0.35
    body.schema_id = SCHEMA_ID
    body.model = "seed-logistic"
    body.model_version = "1"


def messages(pb):
    by_id = pb.Request(call_id=0x0102030405060708, timeout_ms=250, model="seed-logistic@1")
    by_id.predict_by_id.customer_id = 12347
    by_id.predict_by_id.contributions = True
    by_id.predict_by_id.names = True
    yield "request_predict_by_id", by_id

    batch_ids = pb.Request(call_id=0xFFFFFFFFFFFFFFFF)
    batch_ids.predict_batch.ids.customer_id.extend([12347, 12346, 99999, 9223372036854775807])
    yield "request_predict_batch_ids", batch_ids

    by_text = pb.Request(call_id=5)
    by_text.predict_by_id.customer = "CUST-0001 \u00e9"  # not ASCII
    yield "request_predict_by_text", by_text

    batch_texts = pb.Request(call_id=6, model="seed-logistic")
    batch_texts.predict_batch.customers.customer.extend(["CUST-0001", "12347", "", "x" * 200])
    yield "request_predict_batch_texts", batch_texts

    batch_columns = pb.Request(call_id=3, timeout_ms=4294967295, model="seed-logistic")
    for name, values in [
        ("Frequency", [7.0, 1.0, 4.0]),
        ("Monetary", [4310.0, 77183.6, 1797.24]),
        ("AvgOrderValue", [615.7142857142857, 77183.6, 449.31]),
    ]:
        batch_columns.predict_batch.columns.column.add(name=name, value=values)
    yield "request_predict_batch_columns", batch_columns

    health = pb.Request(call_id=4)
    health.health.names = True
    yield "request_health", health

    answer = pb.Response(call_id=0x0102030405060708)
    body = answer.predict_by_id
    body.customer_id = 12347
    body.probability = 0.07052281746741611
    body.log_odds = -2.5787047246843883
    body.churn = False
    identity(body)
    body.features.extend([7.0, 4310.0, 615.7142857142857])
    body.feature_time = 1323475200
    body.segment = "loyal"
    body.contributions.extend([-1.25, 5e-324, -0.1])
    body.baseline = -1.0986122886681098
    body.names.extend(["Frequency", "Monetary", "AvgOrderValue"])
    yield "response_predict_by_id", answer

    answer = pb.Response(call_id=5)
    body = answer.predict_by_id
    body.customer = "CUST-0001 \u00e9"
    body.probability = 0.5
    identity(body)
    body.features.extend([7.0, 4310.0, 615.7142857142857])
    body.feature_time = 1323475200
    yield "response_predict_by_text", answer

    answer = pb.Response(call_id=0xFFFFFFFFFFFFFFFF)
    body = answer.predict_batch
    body.probability.extend([0.07052281746741611, 0.7805157755750162, math.nan, math.nan])
    body.decision = bytes([0, 1, 0, 0])
    body.status = bytes([0, 0, pb.STATUS_CODE_NOT_FOUND, pb.STATUS_CODE_NOT_FOUND])
    identity(body)
    body.feature_time = 1323475200
    yield "response_predict_batch", answer

    answer = pb.Response(call_id=4)
    body = answer.health
    body.state = pb.SERVING_STATE_DEGRADED
    body.reason = "the store has not answered for 31 s \u2013 résumé"  # not ASCII
    body.draining = True
    body.server_version = "0.1.0"
    body.uptime_ms = 18446744073709551615
    model = body.model.add(name="seed-logistic", version="1", schema_id=SCHEMA_ID, threshold=0.35)
    model.feature.extend(["Frequency", "Monetary", "AvgOrderValue"])
    body.model.add(name="other", version="2026-01-31", schema_id=1, threshold=0.5)
    body.features.customers = 4339
    body.features.generation = 2
    body.features.feature_time = 1323475200
    body.store.kind = "sqlite"
    body.store.reachable = False
    body.store.checked_ms_ago = 31000
    yield "response_health", answer

    answer = pb.Response(call_id=3)
    answer.status.code = pb.STATUS_CODE_UNAVAILABLE
    answer.status.message = "the server is draining"
    answer.status.not_processed = True
    yield "response_status", answer

    answer = pb.Response(call_id=0)
    answer.notice.draining = True
    yield "response_notice", answer


def readable(message):
    """Every field of a message that is present, and every scalar that cannot be absent, by its name in the .proto."""
    out = {}
    for field in message.DESCRIPTOR.fields:
        value = getattr(message, field.name)
        if field.label == field.LABEL_REPEATED:
            out[field.name] = [scalar(field, element) for element in value]
        elif field.message_type is not None:
            if message.HasField(field.name):
                out[field.name] = readable(value)
        else:
            out[field.name] = scalar(field, value)
    return out


def scalar(field, value):
    if field.message_type is not None:
        return readable(value)
    if field.enum_type is not None:
        return field.enum_type.values_by_number[value].name
    if isinstance(value, bytes):
        return list(value)
    if isinstance(value, float) and math.isnan(value):
        return "NaN"
    return value


def main():
    parser = argparse.ArgumentParser(description="golden frames, made by Google's protobuf runtime")
    parser.add_argument("--check", action="store_true", help="compare with the committed files, write nothing")
    check = parser.parse_args().check
    pb = churn_proto.load()

    files = {}
    described = {}
    for name, message in messages(pb):
        data = churn_proto.frame(message)
        assert type(message).FromString(data[4:]).SerializeToString() == data[4:], name
        files[f"{name}.bin"] = data
        described[name] = {
            "message": f"churn.v1.{message.DESCRIPTOR.name}",
            "frame_bytes": len(data),
            "frame_hex": data.hex(),
            "fields": readable(message),
        }
    text = json.dumps(described, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    files["golden.json"] = text.encode()

    if check:
        stale = [name for name, data in files.items() if not same(FOLDER / name, data)]
        if stale:
            sys.exit(f"error: {FOLDER} differs from what Google's runtime makes of the contract: {', '.join(stale)}")
        print(f"{len(files)} golden files are what Google's runtime writes")
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (FOLDER / name).write_bytes(data)
    print(f"wrote {len(files)} files to {FOLDER}")


def same(path, data):
    return path.is_file() and path.read_bytes() == data


if __name__ == "__main__":
    main()
