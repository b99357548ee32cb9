"""Decodes quantised weights independently of the program, with numpy, ml_dtypes and integers.

Arguments: a JSON file of cases to read, a JSON file of answers to write. Nothing is tiled, cut or looked up by
scale: the whole matrix is decoded element by element, each rounding a separate step, and slabs are cut from it.
"""

import base64
import json
import sys

import ml_dtypes
import numpy as np

E2M1 = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6], dtype=np.float32)


def same(one, other):
    """Asserts that values written by hand equal those of ml_dtypes bit for bit, with NaN equal to NaN."""
    assert np.array_equal(one, other, equal_nan=True) and np.array_equal(np.signbit(one), np.signbit(other))


same(np.arange(16, dtype=np.uint8).view(ml_dtypes.float4_e2m1fn).astype(np.float32), E2M1)
E8M0 = np.arange(256, dtype=np.uint8).view(ml_dtypes.float8_e8m0fnu).astype(np.float32)
same(E8M0[:255], np.ldexp(1.0, np.arange(255) - 127).astype(np.float32))
assert np.isnan(E8M0[255])


def raw(text, dtype=np.uint8):
    return np.frombuffer(base64.b64decode(text), dtype=dtype)


def text(array):
    return base64.b64encode(array.tobytes()).decode("ascii")


def code_values(data, form):
    if form == "e4m3":
        return data.view(ml_dtypes.float8_e4m3fn).astype(np.float32)
    if form == "e5m2":
        return data.view(ml_dtypes.float8_e5m2).astype(np.float32)
    nibbles = np.empty(data.size * 2, dtype=np.int64)
    nibbles[0::2] = data % 16
    nibbles[1::2] = data // 16
    return {"e2m1": E2M1[nibbles], "int4": (nibbles - 8).astype(np.float32)}[form]


def scale_values(data, form):
    if form == "F32":
        return data.view("<f4").astype(np.float32)
    if form == "BF16":
        return (data.view("<u2").astype(np.uint32) * np.uint32(65536)).view(np.float32)
    if form == "E8M0":
        return data.view(ml_dtypes.float8_e8m0fnu).astype(np.float32)
    return data.view(ml_dtypes.float8_e4m3fn).astype(np.float32)


def to_bf16(values):
    """The nearest BF16 of an F32, ties to even, in integers only."""
    assert values.dtype == np.float32
    bits = np.ascontiguousarray(values).view(np.uint32).astype(np.int64)
    kept, lost = bits // 65536, bits % 65536
    up = (lost > 32768) | ((lost == 32768) & (kept % 2 == 1))
    nan = ((bits // 2**23) % 256 == 255) & (bits % 2**23 != 0)
    return np.where(nan, 0x7FC0, kept + up).astype("<u2")


def met(values, result):
    """Masks of the hard cases, so that the tests can check their coverage."""
    bits = np.ascontiguousarray(values).view(np.uint32)
    upper, tie = bits >> 16, (bits & 0xFFFF) == 0x8000
    magnitude = result & 0x7FFF
    return {
        "nan": magnitude > 0x7F80,
        "inf": magnitude == 0x7F80,
        "infFromFinite": (magnitude == 0x7F80) & np.isfinite(values),
        "subnormal": (magnitude > 0) & (magnitude < 0x80),
        "underflow": (magnitude == 0) & (values != 0),
        "zero": result == 0,
        "negativeZero": result == 0x8000,
        "tieToLower": tie & (upper % 2 == 0) & np.isfinite(values),
        "tieToUpper": tie & (upper % 2 == 1) & np.isfinite(values),
    }


def decode(case):
    slab = case["slab"]
    high, wide = case["whole"]["rows"], case["whole"]["columns"]
    codes = code_values(raw(case["weight"]), slab["code"]).reshape(high, wide)
    row = np.arange(high) // slab["blockRows"]
    column = np.arange(wide) // slab["blockColumns"]
    scales = scale_values(raw(case["scale"]), slab["scale"]).reshape(row[-1] + 1, column[-1] + 1)
    if case["globalBits"] is not None:
        own = np.array(case["globalBits"], dtype=np.uint32).view(np.float32)
        join = np.multiply if slab["global"]["joins"] == "multiplied" else np.divide
        scales = join(scales, own, dtype=np.float32)
    each = scales[row[:, None], column[None, :]]
    values = np.multiply(codes, each, dtype=np.float32)
    assert scales.dtype == codes.dtype == values.dtype == np.float32

    rows = slice(slab["row"], slab["row"] + slab["rows"])
    columns = slice(slab["column"], slab["column"] + slab["columns"])
    cut = np.ascontiguousarray(values[rows, columns])
    result = to_bf16(cut)
    touched = np.unique(row[rows]), np.unique(column[columns])
    return {
        "bits": text(result),
        "grid": {
            "row": int(touched[0][0]),
            "column": int(touched[1][0]),
            "rows": len(touched[0]),
            "columns": len(touched[1]),
        },
        "met": {name: int(np.count_nonzero(where)) for name, where in met(cut, result).items()},
    }


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        task = json.load(file)
    every = np.arange(256, dtype=np.uint8)
    pairs = np.array([2 * i + (2 * i + 1) * 16 for i in range(8)], dtype=np.uint8)
    answer = {
        "tables": {
            "E4M3": text(code_values(every, "e4m3")),
            "E5M2": text(code_values(every, "e5m2")),
            "E2M1": text(code_values(pairs, "e2m1")),
            "INT4": text(code_values(pairs, "int4")),
            "E8M0": text(scale_values(every, "E8M0")),
        },
        "rounded": text(to_bf16(raw(task["words"], "<f4"))),
        "cases": [decode(case) for case in task["cases"]],
    }
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        json.dump(answer, file)


with np.errstate(all="ignore"):
    main()
