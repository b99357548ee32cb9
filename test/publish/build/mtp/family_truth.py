"""Compares the sidecars of whole families with their sources, under the names that Skulk looks for.

Argument: a JSON list of {family, config, source: [paths], sidecar: path}. Prints a JSON list of differences. The
names' origin, each tensor's format and its blocks are derived independently here, by the rules of the layouts' authorities
(vLLM's loaders, compressed-tensors, ModelOpt), from only the files and the config.
"""

import json
import re
import sys

from truth import difference, expected_bytes, read_tensors

SCALE_FORMATS = {"F32": "F32", "BF16": "BF16", "F8_E8M0": "E8M0", "U8": "E8M0", "F8_E4M3": "E4M3"}
CODES = {"F8_E4M3": "e4m3", "F8_E5M2": "e5m2", "I8": "e2m1", "U8": "e2m1", "I32": "int4"}
PACKED = {"e4m3": 1, "e5m2": 1, "e2m1": 2, "int4": 8}
COMPANION = re.compile(r".*(_scale|_scale_inv|\.scale|_scale_2|_global_scale|_shape)$")


def trunk_layers(config):
    return config.get("num_hidden_layers") or config.get("text_config", {}).get("num_hidden_layers") or 0


def source_of(name, tensors, layers):
    """The source of a tensor of the sidecar: its name and, for a split expert, its matrix and its part."""
    for plain in (name, f"{name}_packed"):
        if plain in tensors:
            return plain, None
    head = re.fullmatch(r"mtp\.(\d+)\.(.+)", name)
    if head:
        layer = rf"(?:.*\.)?layers\.{layers + int(head[1])}\.{re.escape(head[2])}(?:_packed)?"
        (found,) = [other for other in tensors if re.fullmatch(layer, other)]
        return found, None
    expert = re.fullmatch(r"(.*\.experts)\.(\d+)\.(gate|up|down)_proj\.weight", name)
    fused = f"{expert[1]}.down_proj" if expert[3] == "down" else f"{expert[1]}.gate_up_proj"
    return fused, (int(expert[2]), expert[3])


def block(size, grid, configured):
    if configured and -(-size // configured) == grid:
        return configured
    if grid in (1, size):
        return size // grid
    assert size % grid == 0 and size // grid in (16, 32, 64, 128, 256), (size, grid)
    return size // grid


def recipe(name, part, tensors, config):
    weight = tensors[name]
    shape = list(weight["shape"])
    how = {"weight": name}
    base = re.sub(r"\.weight(_packed)?$", "", name)
    names = [f"{base}.weight_scale_inv", f"{base}.weight_scale", f"{base}.scale"] if base != name else [f"{name}_scale_inv"]
    scale = next((other for other in names if other in tensors), None)
    if scale is not None:
        how["codes"] = CODES[weight["dtype"]]
        shape[-1] *= PACKED[how["codes"]]
        grid = list(tensors[scale]["shape"])
        if grid in ([], [1]):
            sizes = shape[-2:]
        elif len(grid) == 1:
            sizes = [1, shape[-1]]
        else:
            configured = config.get("quantization_config", {}).get("weight_block_size", [None, None])
            sizes = [block(*dimension) for dimension in zip(shape[-2:], grid[-2:], configured)]
        how |= {"scale": scale, "scaleFormat": SCALE_FORMATS[tensors[scale]["dtype"]], "block": sizes}
        for suffix, divide in (("weight_scale_2", False), ("weight_global_scale", True)):
            if f"{base}.{suffix}" in tensors:
                how["global"] = {"name": f"{base}.{suffix}", "divide": divide}
    if part is not None:
        matrix, projection = part
        rows = shape[1]
        how["matrix"] = matrix
        how["rows"] = {"gate": [0, rows // 2], "up": [rows // 2, rows], "down": [0, rows]}[projection]
    return how


def of_matrix(weight, how):
    """An expert of a fused weight that is not quantised."""
    matrices, rows = weight["shape"][:2]
    row = len(weight["data"]) // (matrices * rows)
    first, last = how["rows"]
    begin = how["matrix"] * rows
    return bytes(weight["data"][(begin + first) * row : (begin + last) * row])


def compare(case):
    tensors = read_tensors(case["source"])
    sidecar = read_tensors([case["sidecar"]])
    used = set()
    for name, found in sidecar.items():
        source, part = source_of(name, tensors, trunk_layers(case["config"]))
        used.add(source)
        how = recipe(source, part, tensors, case["config"])
        plain_part = "matrix" in how and "codes" not in how
        want = of_matrix(tensors[source], how) if plain_part else expected_bytes(tensors, how)
        if bytes(found["data"]) != want:
            yield f"{name}: {difference(bytes(found['data']), want)}"
        if ("codes" in how) != (found["dtype"] == "BF16" and tensors[source]["dtype"] != "BF16"):
            yield f"{name}: {tensors[source]['dtype']} became {found['dtype']}"
    for name in tensors.keys() - used:
        trunk = re.search(r"\bmtp", name) is None and not any(
            int(layer) >= trunk_layers(case["config"]) for layer in re.findall(r"^(?:(?:language_model\.)?model\.|model\.language_model\.)?layers\.(\d+)\.", name)
        )
        if not trunk and COMPANION.fullmatch(name) is None:
            yield f"{name}: lost"


with open(sys.argv[1], encoding="utf8") as handle:
    cases = json.load(handle)
json.dump([f"{case['family']}: {what}" for case in cases for what in compare(case)], sys.stdout)
