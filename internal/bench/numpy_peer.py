"""NumPy's matrix product: see process.go for what it reads and writes."""
import json
import sys
import time

import numpy

task = json.loads(sys.argv[-1])
with open(task["model"] + ".json") as f:
    listing = json.load(f)
(node,) = listing["nodes"]
shape = listing["values"][node["in"][1]]["shape"]
weight = numpy.fromfile(task["model"] + ".bin", dtype=numpy.float32).reshape(shape)
batch = numpy.fromfile(task["input"], dtype=numpy.float32).reshape(task["shape"])
answers = numpy.matmul(batch, weight)

with open("/proc/self/maps") as f:
    library = "OpenBLAS" if "openblas" in f.read() else "a library other than OpenBLAS"
print(json.dumps({
    "engine": f"NumPy {numpy.__version__} with {library}",
    "answers": answers.reshape(-1).tolist(),
}), flush=True)
for line in sys.stdin:
    start = time.perf_counter()
    for _ in range(int(line)):
        numpy.matmul(batch, weight)
    print(time.perf_counter() - start, flush=True)
