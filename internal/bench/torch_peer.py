"""PyTorch: see process.go for what it reads and writes. What a task does is in a
module of its own kind."""
import importlib
import json
import sys
import time

import torch

print(flush=True)
task = json.loads(sys.argv[-1])
torch.set_num_threads(task["threads"])
torch.set_num_interop_threads(1)

prepare = importlib.import_module("torch_lame" if task["kind"] == "lame" else "torch_forward").prepare

with torch.inference_mode():
    batch = prepare(task)
    answers = batch().reshape(-1)
    every = len(answers) // 4096 | 1
    print(json.dumps({"engine": "PyTorch " + torch.__version__, "answers": answers[::every].tolist()}), flush=True)
    del answers
    for line in sys.stdin:
        start = time.perf_counter()
        for _ in range(int(line)):
            batch()
        print(time.perf_counter() - start, flush=True)
