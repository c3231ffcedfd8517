#!/usr/bin/python3
"""check_torch.py: the first-names trainer beside PyTorch, on the real data, through the files users exchange.

Takes: nothing; run by hand: /usr/bin/python3 tests/golden/check_torch.py [SEQGEN] (default build/bin/seqgen).
Gives: figures, and exit code 1 where one is beyond its limit:
  1. weights of PyTorch -> 12 steps of the float32 trainer; the same 12 steps in PyTorch, float32 and float64:
     ||ours - theirs|| / ||theirs - start|| at most 1e-4, over all weights and for each tensor
  2. weights of ours -> load_state_dict -> the same probabilities for the test file to 1e-5, the same loss
Does not: use anything of seqgen's but its program.
"""
import csv
import json
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "specs/data/first_names"
SPEC = ROOT / "tests/golden/check/first_names_{}.yaml"
SEQGEN = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "build/bin/seqgen")
T, BATCH, STEPS, LR, CLIP = 16, 32, 12, 0.003, 1.0
CLASSES = ["female", "male"]
failures = 0


def read_csv(name):
    with open(DATA / name, newline="") as file:
        return [(row["name"], CLASSES.index(row["label"])) for row in csv.DictReader(file)]


def read_safetensors(path):
    raw = Path(path).read_bytes()
    size = struct.unpack("<Q", raw[:8])[0]
    header, body, tensors = json.loads(raw[8:8 + size]), raw[8 + size:], {}
    for name, entry in header.items():
        if name != "__metadata__":
            start, end = entry["data_offsets"]
            tensors[name] = torch.frombuffer(bytearray(body[start:end]), dtype={"F32": torch.float32, "F64": torch.float64}[
                entry["dtype"]]).reshape(entry["shape"])
    return tensors


def write_safetensors(path, tensors):
    header, blobs, at = {}, [], 0
    for name, t in tensors.items():
        blob = struct.pack(f"<{t.numel()}f", *t.flatten().tolist())
        header[name] = {"dtype": "F32", "shape": list(t.shape), "data_offsets": [at, at + len(blob)]}
        at += len(blob)
        blobs.append(blob)
    text = json.dumps(header).encode()
    Path(path).write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


class Net(nn.Module):
    """tests/golden/check/first_names_{rnn,lstm,gru,mlp}.yaml as a PyTorch user would write it."""

    def __init__(self, kind, vocabulary):
        super().__init__()
        self.kind, self.index = kind, {c: i + 2 for i, c in enumerate(vocabulary)}
        self.embedding = nn.Embedding(len(vocabulary) + 2, 16)
        if kind == "mlp":
            self.linear, self.linear_2 = nn.Linear(16 * T, 64), nn.Linear(64, 2)
        else:
            setattr(self, kind, getattr(nn, kind.upper())(16, 64, batch_first=True))
            self.linear = nn.Linear(64, 2)

    def forward(self, names):
        lengths = torch.tensor([min(len(name), T) for name in names])
        tokens = torch.zeros(len(names), T, dtype=torch.long)
        for i, name in enumerate(names):
            for t, c in enumerate(name[:T]):
                tokens[i, t] = self.index.get(c, 1)
        v = self.embedding(tokens)
        if self.kind == "mlp":
            v = v * (torch.arange(T)[None, :] < lengths[:, None])[:, :, None]
            return self.linear_2(torch.relu(self.linear(v.flatten(1))))
        packed = nn.utils.rnn.pack_padded_sequence(v, lengths, batch_first=True, enforce_sorted=False)
        _, state = getattr(self, self.kind)(packed)
        return self.linear((state[0] if self.kind == "lstm" else state)[-1])


def torch_train(net, rows):
    optimizer = torch.optim.Adam(net.parameters(), lr=LR)
    for step in range(STEPS):
        batch = rows[step * BATCH:(step + 1) * BATCH]
        optimizer.zero_grad()
        F.cross_entropy(net([name for name, _ in batch]), torch.tensor([label for _, label in batch])).backward()
        nn.utils.clip_grad_norm_(net.parameters(), CLIP)
        optimizer.step()
    return net.state_dict()


def report(text, value, limit):
    global failures
    good = value <= limit
    failures += not good
    print(f"  {'ok ' if good else 'BAD'} {text:58} {value:.2e} (at most {limit:.0e})")


def apart(ours, theirs, start, names):
    gap = sum(float(((ours[n].double() - theirs[n].double()) ** 2).sum()) for n in names)
    way = sum(float(((theirs[n].double() - start[n].double()) ** 2).sum()) for n in names)
    return (gap / way) ** 0.5


def run(*args):
    return subprocess.run([str(a) for a in args], check=True, capture_output=True, text=True, cwd=ROOT / "specs").stdout


def build(kind, directory):
    # The whole of train in file order: no part of it is set aside
    lines = Path(str(SPEC).format(kind)).read_text().split("\n")
    text = "\n".join(line for line in lines if "valid:" not in line)
    spec = directory / f"{kind}.yaml"
    spec.write_text(text.replace("../../../specs/data/first_names", DATA.as_posix()))
    run(SEQGEN, "build", spec, "-o", directory / kind, "--quiet")
    return directory / kind


def check_steps(kind, trainer, directory, rows, vocabulary):
    torch.manual_seed(7)
    net = Net(kind, vocabulary)
    start = {name: t.clone() for name, t in net.state_dict().items()}
    write_safetensors(directory / "start.safetensors", start)
    run(trainer, "train", "--no-shuffle", "--steps", STEPS, "--load", directory / "start.safetensors", "--save",
        directory / "ours.safetensors", "--quiet")
    ours = read_safetensors(directory / "ours.safetensors")
    assert set(ours) == set(start), f"found {sorted(ours)}; expected {sorted(start)}"
    for name, precision in (("float32", torch.float32), ("float64", torch.float64)):
        net.load_state_dict(start)
        theirs = {n: t.clone() for n, t in torch_train(net.to(precision), rows).items()}
        report(f"{STEPS} steps against PyTorch's {name}, all weights", apart(ours, theirs, start, start), 1e-4)
        worst = max((apart(ours, theirs, start, [n]), n) for n in start)
        report(f"the same, worst tensor ({worst[1]})", worst[0], 1e-4)
        net.float()


def check_round_trip(kind, trainer, directory, test, vocabulary):
    weights = directory / "trained.safetensors"
    run(trainer, "train", "--epochs", 1, "--save", weights, "--quiet")
    net = Net(kind, vocabulary)
    net.load_state_dict(read_safetensors(weights))
    net.eval()
    with torch.no_grad():
        logits = net([name for name, _ in test])
    lines = list(csv.reader(run(trainer, "predict", "--load", weights, "--data", DATA / "test.csv").splitlines()))
    ours = torch.tensor([[float(cell) for cell in line[-2:]] for line in lines[1:]])
    report("probabilities of 1,601 names behind load_state_dict", float((ours - logits.softmax(1)).abs().max()), 1e-5)
    loss = float(F.cross_entropy(logits, torch.tensor([label for _, label in test])))
    found = json.loads(run(trainer, "eval", "--load", weights, "--json"))
    report("loss of the test file", abs(found["loss"] - loss) / loss, 1e-5)


def main():
    torch.set_num_threads(1)
    rows, test = read_csv("train.csv"), read_csv("test.csv")
    vocabulary = sorted({c for name, _ in rows for c in name})
    for kind in ("rnn", "lstm", "gru", "mlp"):
        print(f"first_names_{kind}")
        with tempfile.TemporaryDirectory() as name:
            directory = Path(name)
            trainer = build(kind, directory)
            check_steps(kind, trainer, directory, rows, vocabulary)
            check_round_trip(kind, trainer, directory, test, vocabulary)
    return failures > 0


if __name__ == "__main__":
    sys.exit(main())
