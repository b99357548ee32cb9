"""Compares a sidecar, byte for byte, with the result of the authorities' formulas for its source.

Argument: a JSON file {source: [paths], sidecar: path, expected: {output name: how}}. Prints a JSON list of
differences. Nothing here is shared with the program: files are opened by the official safetensors reader,
numbers come from ml_dtypes, and BF16 is rounded with integer arithmetic.
"""

import json
import sys

import ml_dtypes
import numpy as np
from safetensors import deserialize, safe_open

E2M1 = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6], dtype=np.float32)
SIZES = {"F32": 4, "BF16": 2, "E8M0": 1, "E4M3": 1}


def bf16_bits(values):
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32).astype(np.uint64)
    rounded = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
    return np.where((bits & 0x7FFFFFFF) > 0x7F800000, np.uint16(0x7FC0), rounded)


def floats(data, form):
    if form == "F32":
        return np.frombuffer(data, dtype="<f4")
    if form == "BF16":
        return (np.frombuffer(data, dtype="<u2").astype(np.uint32) << 16).view(np.float32)
    if form == "E8M0":
        codes = np.frombuffer(data, dtype=np.uint8).astype(np.int64)
        return np.where(codes == 255, np.nan, np.exp2((codes - 127).astype(np.float64))).astype(np.float32)
    return np.frombuffer(data, dtype=ml_dtypes.float8_e4m3fn).astype(np.float32)


def codes(tensor, form):
    raw = np.frombuffer(tensor["data"], dtype=np.uint8)
    shape = list(tensor["shape"])
    if form in ("e4m3", "e5m2"):
        kind = ml_dtypes.float8_e4m3fn if form == "e4m3" else ml_dtypes.float8_e5m2
        return raw.view(kind).astype(np.float32).reshape(shape)
    nibbles = np.stack([raw & 15, raw >> 4], axis=-1).reshape(-1)
    shape[-1] = nibbles.size // int(np.prod(shape[:-1]))
    table = E2M1 if form == "e2m1" else np.arange(16, dtype=np.float32) - 8
    return table[nibbles].reshape(shape)


def expected_bytes(tensors, how):
    weight = tensors[how["weight"]]
    if "codes" not in how:
        return bytes(weight["data"])
    values = codes(weight, how["codes"])
    scale = floats(tensors[how["scale"]]["data"], how["scaleFormat"])
    with np.errstate(all="ignore"):
        if "global" in how:
            second = floats(tensors[how["global"]["name"]]["data"], "F32").reshape(-1)[0]
            scale = (scale / second if how["global"]["divide"] else scale * second).astype(np.float32)
        if values.ndim == 2:
            values = values[None]
        matrices, rows, columns = values.shape
        block_rows, block_columns = how["block"]
        grid = scale.reshape(matrices, -(-rows // block_rows), -(-columns // block_columns))
        full = np.repeat(np.repeat(grid, block_rows, axis=1), block_columns, axis=2)[:, :rows, :columns]
        decoded = bf16_bits((values * full).astype(np.float32)).reshape(matrices, rows, columns)
    if "matrix" in how:
        decoded = decoded[how["matrix"], how["rows"][0] : how["rows"][1]]
    return decoded.astype("<u2").tobytes()


def read_tensors(paths):
    tensors = {}
    for path in paths:
        with open(path, "rb") as handle:
            tensors.update(dict(deserialize(handle.read())))
    return tensors


def difference(have, want):
    at = next((i for i, (a, b) in enumerate(zip(have, want)) if a != b), min(len(have), len(want)))
    return f"{len(have)} bytes for {len(want)}, first difference at {at}"


def main():
    with open(sys.argv[1], encoding="utf8") as handle:
        task = json.load(handle)
    tensors = read_tensors(task["source"])
    found = read_tensors([task["sidecar"]])
    differences = []
    with safe_open(task["sidecar"], framework="numpy") as opened:
        if sorted(opened.keys()) != sorted(task["expected"]):
            differences.append(f"names: {sorted(set(opened.keys()) ^ set(task['expected']))}")
    for name, how in task["expected"].items():
        if name not in found:
            continue
        want = expected_bytes(tensors, how)
        have = bytes(found[name]["data"])
        if have != want:
            differences.append(f"{name}: {difference(have, want)}")
    json.dump(differences, sys.stdout)


if __name__ == "__main__":
    main()
