"""Decodes GGML blocks with gguf-py, and with larql's formulas from before August 2026 written in numpy.

Arguments: a JSON file {format: base64 of blocks} to read, a JSON file of answers to write: for each format the
F32 values of the planar and the interleaved layout.
"""

import base64
import json
import sys

import numpy as np
from gguf import GGMLQuantizationType
from gguf.quants import dequantize

BYTES = {"Q4_K": 144, "Q6_K": 210, "Q4_0": 18}


def halves(raw):
    return np.ascontiguousarray(raw).view("<f2").astype(np.float32)


def interleaved_q6(blocks):
    low = np.stack([blocks[:, :128] % 16, blocks[:, :128] // 16], axis=2).reshape(-1, 256)
    pairs = blocks[:, 128:192]
    high = np.stack([(pairs // 4**place) % 4 for place in range(4)], axis=2).reshape(-1, 256)
    scales = np.repeat(np.ascontiguousarray(blocks[:, 192:208]).view(np.int8).astype(np.float32), 16, axis=1)
    codes = low.astype(np.float32) + 16 * high.astype(np.float32) - 32
    return (halves(blocks[:, 208:210]) * scales).astype(np.float32) * codes


def interleaved_q4_0(blocks):
    codes = np.stack([blocks[:, 2:] % 16, blocks[:, 2:] // 16], axis=2).reshape(-1, 32).astype(np.float32) - 8
    return halves(blocks[:, :2]) * codes


INTERLEAVED = {"Q6_K": interleaved_q6, "Q4_0": interleaved_q4_0}


def text(values):
    assert values.dtype == np.float32
    return base64.b64encode(values.tobytes()).decode("ascii")


answers = {}
for name, encoded in json.load(open(sys.argv[1])).items():
    blocks = np.frombuffer(base64.b64decode(encoded), dtype=np.uint8).reshape(-1, BYTES[name])
    planar = dequantize(blocks, GGMLQuantizationType[name])
    other = INTERLEAVED.get(name)
    answers[name] = {"planar": text(planar), "interleaved": text(planar if other is None else other(blocks))}
json.dump(answers, open(sys.argv[2], "w"))
