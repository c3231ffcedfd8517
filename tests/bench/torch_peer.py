#!/usr/bin/python3
"""torch_peer.py: PyTorch, one thread, on request: a line in, a line out, so that it starts only once.

Takes lines:  step CELL I H LAYERS O T B EVERY   a training step: zero_grad, forward, loss, backward, clip, Adam
              infer CELL I H O T                 one sequence
              export CELL I H O T FILE.onnx      the same network, for ONNX Runtime
              epoch SPEC                         the spec's second epoch, by tests/torch/tasks.py (packed sequences)
Gives: its version and BLAS in a first line; then nanoseconds, or a line that starts with "error". Does not: choose a core or OpenBLAS's kernels (run.tcl does)."""
import os
import sys
import time

import torch
from torch import nn

torch.set_num_threads(1)
torch.manual_seed(0)
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "torch"))


class Net(nn.Module):
    def __init__(self, cell, inputs, hidden, layers, outputs, every):
        super().__init__()
        self.cell = getattr(nn, cell.upper())(inputs, hidden, layers, batch_first=True)
        self.linear = nn.Linear(hidden, outputs)
        self.every = every

    def forward(self, x):
        y, _ = self.cell(x)
        return self.linear(y if self.every else y[:, -1])


def best(call):
    """As clock.h: the least of repetitions, in nanoseconds of the process's own time"""
    call()
    least, times, begin = 1e9, 1, time.process_time()
    while times < 6 or time.process_time() - begin < 0.06:
        start = time.process_time()
        call()
        least = min(least, time.process_time() - start)
        times += 1
    return least * 1e9


def step(cell, *sizes):
    inputs, hidden, layers, outputs, steps, batch, every = map(int, sizes)
    net = Net(cell, inputs, hidden, layers, outputs, every)
    optimizer, loss = torch.optim.Adam(net.parameters(), 1e-3), nn.CrossEntropyLoss()
    x = torch.randn(batch, steps, inputs)
    y = torch.randint(0, outputs, (batch, steps) if every else (batch,)).reshape(-1)

    def one():
        optimizer.zero_grad()
        loss(net(x).reshape(-1, outputs), y).backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()

    return best(one)


def sequence(cell, inputs, hidden, outputs, steps):
    return Net(cell, int(inputs), int(hidden), 1, int(outputs), False).eval(), torch.randn(1, int(steps), int(inputs))


def infer(*sizes):
    net, x = sequence(*sizes)
    with torch.no_grad():
        return best(lambda: net(x))


def export(*words):
    net, x = sequence(*words[:-1])
    torch.onnx.export(net, x, words[-1], input_names=["x"], output_names=["y"], opset_version=13)
    return 0


def epoch(path):
    import tasks
    with open(path, encoding="utf-8") as file:
        spec = tasks.yaml.load(file, tasks.Loader)
    spec["train"]["epochs"] = 2
    ends = []
    tasks.train(spec, tasks.Data(spec, os.path.dirname(path)), 1, lambda: ends.append(time.process_time()))
    return (ends[1] - ends[0]) * 1e9


def answer(words):
    if words[0] not in ("step", "infer", "export", "epoch"):
        return f"error: unknown request {words[0]}"
    try:
        return f"{globals()[words[0]](*words[1:]):.1f}"
    except Exception as error:
        return "error: " + " ".join(str(error).split())[:300]


def blas():
    """The library that PyTorch's products come from. The reference BLAS is six times as slow as the others: nobody is to be compared with it."""
    with open("/proc/self/maps", encoding="utf-8") as maps:
        files = {line.split()[-1] for line in maps if "/" in line}
    files = [file for file in files if "libblas.so" in file] or files
    for name, mark in ("OpenBLAS", "openblas"), ("MKL", "mkl"), ("BLIS", "blis"), ("ATLAS", "atlas"):
        if any(mark in file for file in files):
            return name
    if any("libblas.so" in file for file in files):
        sys.exit("PyTorch has the reference BLAS alone: apt-get install libopenblas0")
    return "a BLAS of its own"


print("PyTorch", torch.__version__, "with", blas(), flush=True)
for line in sys.stdin:
    print(answer(line.split()), flush=True)
