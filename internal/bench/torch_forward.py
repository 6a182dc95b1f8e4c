"""Forwards in PyTorch, eager and channels-last.

It walks the listing of listing.go with torch's own functions, as a module's
forward would: the walk costs microseconds a batch.
"""
import json

import torch
import torch.nn.functional as F


def packed(t):
    return t.contiguous(memory_format=torch.channels_last) if t.dim() == 4 else t


def constants(listing, path):
    with open(path + ".bin", "rb") as f:
        floats = torch.frombuffer(bytearray(f.read() or b"\0\0\0\0"), dtype=torch.float32)
    out = {}
    for name, v in listing["values"].items():
        if v["ints"] is not None:
            out[name] = v["ints"]
            continue
        n = torch.Size(v["shape"]).numel()
        at = v["offset"] // 4
        out[name] = packed(floats[at:at + n].reshape(v["shape"]).clone())
    return out


def frozen(a, x, scale, bias, mean, var):
    return F.batch_norm(x, mean, var, scale, bias, False, 0.0, a["epsilon"])


def mixed(w):
    def normalized(a, x, scale, bias, mean, var):
        axes = (0, 2, 3) if x.dim() == 4 else (0,)
        batch_var, batch_mean = torch.var_mean(x, axes, unbiased=False)
        return frozen(a, x, scale, bias, w * mean + (1 - w) * batch_mean, w * var + (1 - w) * batch_var)
    return normalized


def sides(a):
    top, left, bottom, right = a["pads"]
    if (top, left) != (bottom, right):
        raise ValueError(f"pads {a['pads']} differ between sides")
    return top, left


def convolved(a, x, weight, bias=None):
    return F.conv2d(x, weight, bias, a["strides"], sides(a), a["dilations"], a["group"])


def dense(a, x, weight, bias):
    return F.linear(x, weight if a.get("transB") else weight.t(), bias)


def sliced(a, x, starts, ends, axes, steps):
    cut = [slice(None)] * x.dim()
    for start, end, axis, step in zip(starts, ends, axes, steps):
        cut[axis] = slice(start, min(end, x.shape[axis]), step)
    return x[tuple(cut)]


def padded(a, x, pads, value=None):
    n = x.dim()
    return F.pad(x, [s for axis in reversed(range(n)) for s in (pads[axis], pads[n + axis])])


def reshaped(a, x, extents):
    return x.reshape([x.shape[i] if e == 0 else e for i, e in enumerate(extents)])


operators = {
    "Conv": convolved,
    "Relu": lambda a, x: F.relu(x),
    "Clip": lambda a, x, low, high: F.hardtanh(x, low, high),
    "Add": lambda a, x, y: x + y,
    "Mul": lambda a, x, y: x * y,
    "Div": lambda a, x, y: x / y,
    "Erf": lambda a, x: torch.erf(x),
    "Slice": sliced,
    "Pad": padded,
    "Reshape": reshaped,
    "Transpose": lambda a, x: x.permute(a["perm"]),
    "Softmax": lambda a, x: F.softmax(x, a["axis"]),
    "MaxPool": lambda a, x: F.max_pool2d(x, a["kernel_shape"], a["strides"], sides(a)),
    "GlobalAveragePool": lambda a, x: F.adaptive_avg_pool2d(x, 1),
    "Flatten": lambda a, x: torch.flatten(x, a.get("axis", 1)),
    "LayerNormalization": lambda a, x, scale, bias: F.layer_norm(x, scale.shape, scale, bias, a["epsilon"]),
    "Gemm": dense,
    "MatMul": lambda a, x, y: x @ y,
}


def prepare(task):
    """Returns a function that runs the model on the batch."""
    with open(task["model"] + ".json") as f:
        listing = json.load(f)
    known = constants(listing, task["model"])
    known_operators = dict(operators, BatchNormalization=frozen if task["mode"] == "frozen" else mixed(task["source_weight"]))
    for name in [name for n in listing["nodes"] if n["op"] == "Clip" for name in n["in"][1:]]:
        known[name] = float(known[name])
    last = {name: i for i, n in enumerate(listing["nodes"]) for name in n["in"]}
    steps = [
        (known_operators[n["op"]], n["attrs"], n["in"], n["out"][0],
         {v for v in n["in"] if v not in known and last[v] == i and v != listing["output"]})
        for i, n in enumerate(listing["nodes"])
    ]
    with open(task["input"], "rb") as f:
        batch = packed(torch.frombuffer(bytearray(f.read()), dtype=torch.float32).reshape(task["shape"]))

    def forward():
        values = {listing["input"]: batch}
        for op, attrs, names, result, done in steps:
            values[result] = op(attrs, *[values[n] if n in values else known[n] for n in names if n])
            for name in done:  # memory goes back as early as a module's local variables would
                del values[name]
        return values[listing["output"]]

    return forward
