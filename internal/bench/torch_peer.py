"""PyTorch, eager and channels-last: see process.go for what it reads and writes.

It walks the listing of listing.go with torch's own functions, as a module's
forward would: the walk costs microseconds a batch.
"""
import json
import sys
import time

import torch
import torch.nn.functional as F

task = json.loads(sys.argv[-1])
torch.set_num_threads(task["threads"])
torch.set_num_interop_threads(1)


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


def normalized(a, x, scale, bias, mean, var):
    if task["mode"] != "frozen":
        w = task["source_weight"]
        axes = (0, 2, 3) if x.dim() == 4 else (0,)
        batch_var, batch_mean = torch.var_mean(x, axes, unbiased=False)
        mean, var = w * mean + (1 - w) * batch_mean, w * var + (1 - w) * batch_var
    return F.batch_norm(x, mean, var, scale, bias, False, 0.0, a["epsilon"])


def convolved(a, x, weight, bias=None):
    top, left, bottom, right = a["pads"]
    if (top, left) != (bottom, right):
        raise ValueError(f"pads {a['pads']} differ between sides")
    return F.conv2d(x, weight, bias, a["strides"], (top, left), a["dilations"], a["group"])


def dense(a, x, weight, bias):
    return F.linear(x, weight if a.get("transB") else weight.t(), bias)


def sliced(a, x, starts, ends, axes, steps):
    cut = [slice(None)] * x.dim()
    for start, end, axis, step in zip(starts, ends, axes, steps):
        cut[axis] = slice(start, min(end, x.shape[axis]), step)
    return x[tuple(cut)]


def padded(a, x, pads, value=None):
    n = x.dim()
    sides = [s for axis in reversed(range(n)) for s in (pads[axis], pads[n + axis])]
    return F.pad(x, sides)


operators = {
    "Conv": convolved,
    "BatchNormalization": normalized,
    "Relu": lambda a, x: F.relu(x),
    "Add": lambda a, x, y: x + y,
    "Slice": sliced,
    "Pad": padded,
    "GlobalAveragePool": lambda a, x: F.adaptive_avg_pool2d(x, 1),
    "Flatten": lambda a, x: torch.flatten(x, a.get("axis", 1)),
    "Gemm": dense,
    "MatMul": lambda a, x, y: x @ y,
}

with open(task["model"] + ".json") as f:
    listing = json.load(f)
known = constants(listing, task["model"])
last = {name: i for i, n in enumerate(listing["nodes"]) for name in n["in"]}
steps = [
    (operators[n["op"]], n["attrs"], n["in"], n["out"][0],
     {v for v in n["in"] if v not in known and last[v] == i and v != listing["output"]})
    for i, n in enumerate(listing["nodes"])
]


def forward(x):
    values = {listing["input"]: x}
    for op, attrs, names, result, done in steps:
        values[result] = op(attrs, *[values[n] if n in values else known[n] for n in names if n])
        for name in done:  # memory goes back as early as a module's local variables would
            del values[name]
    return values[listing["output"]]


with open(task["input"], "rb") as f:
    batch = packed(torch.frombuffer(bytearray(f.read()), dtype=torch.float32).reshape(task["shape"]))
with torch.inference_mode():
    answers = forward(batch).reshape(-1).tolist()
    print(json.dumps({"engine": "PyTorch " + torch.__version__, "answers": answers}), flush=True)
    for line in sys.stdin:
        start = time.perf_counter()
        for _ in range(int(line)):
            forward(batch)
        print(time.perf_counter() - start, flush=True)
