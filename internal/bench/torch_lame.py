"""LAME with a Gaussian affinity as its authors publish it (Boudiaf et al., CVPR
2022): every row at once, a few of torch's own functions a step, and the same
stop. Distances are taken without the product of matrices that torch.cdist would
use by itself, whose rounding near the diagonal changes the bandwidth.
"""
import torch
import torch.nn.functional as F

classes, neighbors, steps = 10, 5, 100  # as lame.go and the strategy's defaults have them


def prepare(task):
    with open(task["input"], "rb") as f:
        rows = torch.frombuffer(bytearray(f.read()), dtype=torch.float32).reshape(task["shape"])
    features = rows[:, :-classes].contiguous()
    unary = -torch.log(rows[:, -classes:].softmax(-1) + 1e-10)

    def affinity():
        unit = F.normalize(features, p=2, dim=-1)
        distance = torch.cdist(unit, unit, compute_mode="donot_use_mm_for_euclid_dist")
        nearest = distance.topk(k=min(neighbors, len(unit)), dim=-1, largest=False).values
        width = nearest[:, -1].mean()
        return torch.exp(-distance**2 / (2 * width**2))

    def energy(z, heard):
        return (unary * z - heard * z + z * torch.log(z.clip(1e-20))).sum().item()

    def adjusted():
        w, z, before = affinity(), (-unary).softmax(-1), float("inf")
        for step in range(steps):
            heard = w.matmul(z)
            z = (heard - unary).softmax(-1)
            now = energy(z, heard)
            if step > 1 and abs(now - before) <= 1e-8 * abs(before):
                break
            before = now
        return z

    return adjusted
