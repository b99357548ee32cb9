"""Loads sidecars as Skulk's engine does, and prints the drafter that binds each, or the reason for none.

Standard input: a JSON list of paths. Standard output: a JSON list of [drafter or null, reason or null].
Written after Skulk's `utils_mlx.py` (what is loaded), `drafters/builder.py` (which drafter), `qwen_sidecar.py`
(stacked experts, a strict load into the target's own decoder layer) and `deepseek_sidecar.py`, and after MLX's
`io/safetensors.cpp`, which reads the file.
"""

import json
import re
import sys

MLX_SIZES = {"F32": 4, "F16": 2, "BF16": 2, "I8": 1, "I16": 2, "I32": 4, "I64": 8, "U8": 1, "U16": 2, "U32": 4, "U64": 8}
MLX_SIZES |= {"BOOL": 1, "C64": 8, "F8_E4M3": 1, "F8_E8M0": 1}
TOP = ["mtp.pre_fc_norm_hidden.weight", "mtp.pre_fc_norm_embedding.weight", "mtp.fc.weight", "mtp.norm.weight"]
EXPERT = re.compile(r"mlp\.experts\.([0-9]+)\.(gate|up|down)_proj\.weight")


class Refused(Exception):
    pass


def need(condition, reason):
    if not condition:
        raise Refused(reason)


def mx_load(path):
    """Name to shape, with the checks that MLX makes."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        need(0 < length < 100_000_000, "length of the header")
        header = json.loads(file.read(length))
    shapes = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        need(entry["dtype"] in MLX_SIZES, f"{name}: MLX does not read {entry['dtype']}")
        size = MLX_SIZES[entry["dtype"]]
        for dimension in entry["shape"]:
            size *= dimension
        begin, end = entry["data_offsets"]
        need(end - begin == size, f"{name}: offsets")
        shapes[name] = tuple(entry["shape"])
    return shapes


def stack_experts(block):
    """The block after experts 0 to E-1 are stacked, with the names of mlx-lm."""
    stacked, experts = {}, {}
    for key, shape in block.items():
        found = EXPERT.fullmatch(key)
        if found is None:
            stacked[key] = shape
        else:
            experts.setdefault(found[2], {})[int(found[1])] = shape
    for projection, shapes in experts.items():
        need(sorted(shapes) == list(range(len(shapes))), f"a gap among the experts of {projection}")
        need(len(set(shapes.values())) == 1, f"experts of {projection} that cannot be stacked")
        stacked[f"mlp.switch_mlp.{projection}_proj.weight"] = (len(shapes), *shapes[0])
    return stacked


def target_layer(hidden, block):
    """Parameters of a full-attention decoder layer; sizes that only its config knows are taken from the block."""

    def size(key, at):
        shape = block.get(key, ())
        return shape[at] if len(shape) > at else None

    layer = {"input_layernorm.weight": (hidden,), "post_attention_layernorm.weight": (hidden,)}
    for part in "qkv":
        layer[f"self_attn.{part}_proj.weight"] = (size(f"self_attn.{part}_proj.weight", 0), hidden)
    layer["self_attn.o_proj.weight"] = (hidden, size("self_attn.o_proj.weight", 1))
    for part in "qk":
        layer[f"self_attn.{part}_norm.weight"] = (size(f"self_attn.{part}_norm.weight", 0),)

    def mlp(prefix, *experts):
        inner = size(f"{prefix}.gate_proj.weight", len(experts))
        layer[f"{prefix}.gate_proj.weight"] = layer[f"{prefix}.up_proj.weight"] = (*experts, inner, hidden)
        layer[f"{prefix}.down_proj.weight"] = (*experts, hidden, inner)

    experts = size("mlp.switch_mlp.gate_proj.weight", 0)
    if experts is None:
        mlp("mlp")
    else:
        mlp("mlp.switch_mlp", experts)
        mlp("mlp.shared_expert")
        layer["mlp.gate.weight"] = (experts, hidden)
        layer["mlp.shared_expert_gate.weight"] = (1, hidden)
    return layer


def bind_qwen(shapes):
    hidden = shapes["mtp.fc.weight"][0]
    need(shapes["mtp.fc.weight"] == (hidden, 2 * hidden), "fc")
    for key in TOP:
        need(key == "mtp.fc.weight" or shapes[key] == (hidden,), key)
    prefix = "mtp.layers.0."
    block = {key[len(prefix) :]: shape for key, shape in shapes.items() if key.startswith(prefix)}
    need(not any(key.endswith(("_scales", "_biases")) for key in block), "a quantised block")
    block = stack_experts(block)
    layer = target_layer(hidden, block)
    need(block.keys() == layer.keys(), f"strict: {sorted(block.keys() ^ layer.keys())}")
    for key, shape in layer.items():
        need(block[key] == shape, f"{key}: {block[key]} instead of {shape}")


def bind(path):
    shapes = mx_load(path)
    if all(key in shapes for key in TOP):
        bind_qwen(shapes)
        return "qwen"
    for prefix in ("mtp.0.", "model.mtp.0."):
        if all(f"{prefix}{key}.weight" in shapes for key in ("enorm", "hnorm", "eh_proj")):
            return "deepseek"
    raise Refused("no drafter knows these keys")


def verdict(path):
    try:
        return [bind(path), None]
    except Refused as refused:
        return [None, str(refused)]


json.dump([verdict(path) for path in json.load(sys.stdin)], sys.stdout)
