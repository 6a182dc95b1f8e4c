"""Exports the test zoo: one tiny model of each family that Import understands.

Weights are random from a fixed seed and BatchNormalization statistics are made
up, so the files are test vectors, not classifiers. Needs PyTorch and torchvision
(made with 1.13 and 0.14); run it in this folder: python3 export.py

Each NAME.onnx comes with NAME.npz: the inputs in_0, in_1, ..., the logits with
stored statistics, and, where the model has BatchNormalization, batch_logits with
the statistics of the batch itself.
"""
import copy
import sys
import warnings
from functools import partial

import numpy as np
import torch
from torch import nn
from torch.onnx import TrainingMode
from torchvision import models as tv

ROWS, CLASSES = 4, 5
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
warnings.filterwarnings("ignore")


class TinyResNet(tv.resnet.ResNet):
    """torchvision's ResNet with its widths and depths turned down."""

    def __init__(self, block, widths, **kw):
        nn.Module.__init__(self)
        self._norm_layer, self.inplanes, self.dilation = nn.BatchNorm2d, widths[0], 1
        self.groups, self.base_width = kw.get("groups", 1), kw.get("width_per_group", 64)
        self.conv1 = nn.Conv2d(3, widths[0], 7, stride=2, padding=3, bias=False)
        self.bn1, self.relu = nn.BatchNorm2d(widths[0]), nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        for i, width in enumerate(widths):
            layer = self._make_layer(block, width, 1 + (i == 0), stride=1 + (i > 0))
            setattr(self, f"layer{i + 1}", layer)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(widths[-1] * block.expansion, CLASSES)


class MLP(nn.Sequential):
    def __init__(self):
        super().__init__(
            nn.Linear(7, 16), nn.BatchNorm1d(16), nn.ReLU(),
            nn.Linear(16, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Dropout(0.5),
            nn.Linear(12, CLASSES), nn.Softmax(dim=1))


class DeepFM(nn.Module):
    """Field embeddings, their pairwise products by the sum-of-squares trick, and
    an MLP; ids and dense numbers come in as two inputs, one logit goes out."""

    def __init__(self, fields=4, vocabulary=11, dense=3, width=6):
        super().__init__()
        self.embed = nn.Embedding(fields * vocabulary, width)
        self.first = nn.Embedding(fields * vocabulary, 1)
        self.register_buffer("offset", torch.arange(fields) * vocabulary)
        self.mlp = nn.Sequential(
            nn.Linear(fields * width + dense, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 1))

    def forward(self, ids, dense):
        e = self.embed(ids + self.offset)
        pairs = (e.sum(1) ** 2 - (e ** 2).sum(1)).sum(1, keepdim=True) / 2
        first = self.first(ids + self.offset).sum(1)
        deep = self.mlp(torch.cat([e.flatten(1), dense], 1))
        return torch.sigmoid(first + pairs + deep)


class Odds(nn.Module):
    """Operators that none of the families uses, on a 1-D signal."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(2, 12, 5, padding=2, stride=2)
        self.bn, self.prelu = nn.BatchNorm1d(12), nn.PReLU(12)
        self.inorm = nn.InstanceNorm1d(6, affine=True)
        self.gnorm = nn.GroupNorm(3, 6)
        self.fc, self.last = nn.Linear(42, CLASSES), nn.LogSoftmax(dim=1)

    def forward(self, x):
        x = nn.functional.pad(x, (2, 1), mode="reflect")
        x = self.prelu(self.bn(self.conv(x)))
        a, b = torch.split(x, 6, dim=1)
        a, b = nn.functional.elu(self.inorm(a)), nn.functional.leaky_relu(self.gnorm(b), 0.2)
        x = torch.cat([a, nn.functional.softplus(b), torch.tanh(a - b)], 1)
        x = torch.maximum(x, x.roll(1, dims=1)) + torch.where(x > 0.5, x.abs().sqrt(), x.exp())
        top, low = nn.functional.adaptive_max_pool1d(x, 1).squeeze(-1), x.amin(2)
        x = torch.cat([top, low, x.norm(dim=2)[:, ::3]], 1)
        return self.last(self.fc(x))



def families():
    block, bottleneck = tv.resnet.BasicBlock, tv.resnet.Bottleneck
    image = lambda size: [("image", (3, size, size))]
    bneck = tv.mobilenetv3.InvertedResidualConfig
    mb, cn = tv.efficientnet.MBConvConfig, tv.convnext.CNBlockConfig
    yield "resnet", 13, image(32), TinyResNet(block, [6, 8, 8, 10])
    yield "resnext", 13, image(32), TinyResNet(bottleneck, [4, 4, 8, 8], groups=2, width_per_group=64)
    yield "regnet", 13, image(32), tv.regnet.RegNet(tv.regnet.BlockParams(
        depths=[1, 1], widths=[16, 24], group_widths=[8, 8], bottleneck_multipliers=[1.0, 1.0],
        strides=[2, 2], se_ratio=0.25), num_classes=CLASSES, stem_width=8)
    yield "mobilenet_v2", 13, image(32), tv.MobileNetV2(
        num_classes=CLASSES, inverted_residual_setting=[[1, 8, 1, 1], [3, 8, 2, 2]], width_mult=0.5, round_nearest=4)
    for opset in (13, 17):
        yield f"mobilenet_v3_{opset}", opset, image(32), tv.MobileNetV3([
            bneck(8, 3, 8, 8, True, "RE", 2, 1, 1.0), bneck(8, 5, 24, 12, True, "HS", 2, 1, 1.0),
            bneck(12, 3, 24, 12, False, "HS", 1, 1, 1.0)], 24, num_classes=CLASSES)
    yield "efficientnet", 13, image(32), tv.EfficientNet([
        mb(1, 3, 1, 8, 8, 1, 1.0, 1.0), mb(4, 5, 2, 8, 12, 2, 1.0, 1.0)],
        dropout=0.2, stochastic_depth_prob=0.2, num_classes=CLASSES, last_channel=48)
    yield "densenet", 13, image(32), tv.DenseNet(
        growth_rate=4, block_config=(2, 2), num_init_features=8, bn_size=2, num_classes=CLASSES)
    yield "shufflenet", 13, image(32), tv.ShuffleNetV2([2, 1, 1], [8, 16, 24, 32, 48], num_classes=CLASSES)
    for opset in (13, 17):
        yield f"convnext_{opset}", opset, image(32), tv.ConvNeXt(
            [cn(8, 16, 1), cn(16, None, 2)], num_classes=CLASSES)
        yield f"vit_{opset}", opset, image(16), tv.VisionTransformer(
            image_size=16, patch_size=8, num_layers=2, num_heads=2, hidden_dim=16, mlp_dim=24, num_classes=CLASSES)
    yield "swin", 13, image(10), tv.SwinTransformer(
        patch_size=[2, 2], embed_dim=8, depths=[2, 1], num_heads=[2, 2], window_size=[3, 3],
        stochastic_depth_prob=0.0, num_classes=CLASSES)
    yield "mlp", 13, [("x", (7,))], MLP()
    yield "mlp_9", 9, [("x", (7,))], MLP()
    yield "deepfm", 13, [("ids", (4,)), ("dense", (3,))], DeepFM()
    yield "odds", 13, [("signal", (2, 16))], Odds()


def randomize(model):
    """Weights that keep every layer's output in a sensible range, and made-up statistics."""
    g = torch.Generator().manual_seed(7)
    for name, p in model.named_parameters():
        with torch.no_grad():
            if p.dim() > 1:
                p.normal_(0, (2.0 / p[0].numel()) ** 0.5, generator=g)
            elif name.endswith("weight"):
                p.uniform_(0.6, 1.4, generator=g)
            else:
                p.normal_(0, 0.1, generator=g)
    for m in model.modules():
        if isinstance(m, NORMS):
            m.momentum = 0.0
            m.running_mean.normal_(0, 0.3, generator=g)
            m.running_var.uniform_(0.5, 2.0, generator=g)


def rows(ports, seed=3):
    """Inputs with few distinct values, so that they compress."""
    r = np.random.default_rng(seed)
    out = []
    for name, shape in ports:
        if name == "ids":
            out.append(torch.from_numpy(r.integers(0, 11, (ROWS, *shape))))
        else:
            out.append(torch.from_numpy(r.integers(-8, 9, (ROWS, *shape)).astype(np.float32) / 4))
    return out


def logits(model, inputs):
    """Runs the model up to its logits, taking off what Import takes off too."""
    model = copy.deepcopy(model)
    if isinstance(model, MLP):
        model = nn.Sequential(*list(model)[:-1])
    if isinstance(model, Odds):
        model.last = nn.Identity()
    with torch.no_grad():
        y = model(*inputs)
    if isinstance(model, DeepFM):
        z = torch.logit(y.double()).float()
        y = torch.cat([torch.zeros_like(z), z], 1)
    return y.numpy()


def export(name, opset, ports, model, mode=TrainingMode.PRESERVE):
    torch.manual_seed(1)
    randomize(model)
    model.eval()
    inputs = rows(ports)
    golden = {f"in_{i}": x.numpy() for i, x in enumerate(inputs)}
    golden["logits"] = logits(model, inputs)
    norms = [m for m in model.modules() if isinstance(m, NORMS)]
    if norms:
        for m in norms:
            m.train()
        golden["batch_logits"] = logits(model, inputs)
        model.eval()
    names = [n for n, _ in ports]
    if mode == TrainingMode.TRAINING:
        model.train()
    torch.onnx.export(
        model, tuple(x[:2] for x in inputs), f"{name}.onnx", opset_version=opset, training=mode,
        do_constant_folding=not norms and name != "vit_13", input_names=names, output_names=["logits"],
        dynamic_axes={n: {0: "N"} for n in names + ["logits"]})
    np.savez_compressed(f"{name}.npz", **golden)
    print(f"{name}: opset {opset}, {len(norms)} norms, {sum(p.numel() for p in model.parameters())} parameters")


def main():
    wanted = sys.argv[1:]
    for name, opset, ports, model in families():
        if not wanted or name in wanted:
            export(name, opset, ports, model)
    if not wanted or "training" in wanted:
        export("training", 13, [("x", (7,))], MLP(), TrainingMode.TRAINING)


if __name__ == "__main__":
    main()
