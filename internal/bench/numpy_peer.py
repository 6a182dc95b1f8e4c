"""NumPy's matrix product: see process.go for what it reads and writes."""
import json
import sys
import time

import numpy

print(flush=True)
task = json.loads(sys.argv[-1])
with open(task["model"] + ".json") as f:
    listing = json.load(f)
(node,) = listing["nodes"]
shape = listing["values"][node["in"][1]]["shape"]
weight = numpy.fromfile(task["model"] + ".bin", dtype=numpy.float32).reshape(shape)
batch = numpy.fromfile(task["input"], dtype=numpy.float32).reshape(task["shape"])
answers = numpy.matmul(batch, weight).reshape(-1)

with open("/proc/self/maps") as f:
    library = "OpenBLAS" if "openblas" in f.read() else "a library other than OpenBLAS"
print(json.dumps({
    "engine": f"NumPy {numpy.__version__} with {library}",
    "answers": answers[::len(answers) // 4096 | 1].tolist(),
}), flush=True)
del answers
for line in sys.stdin:
    start = time.perf_counter()
    for _ in range(int(line)):
        numpy.matmul(batch, weight)
    print(time.perf_counter() - start, flush=True)
