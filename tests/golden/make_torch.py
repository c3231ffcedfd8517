#!/usr/bin/python3
"""make_torch.py: an outside witness. Writes tests/golden/torch/NAME.* : small models computed by PyTorch in float64.

Takes: nothing (run by hand: /usr/bin/python3 tests/golden/make_torch.py [NAME ...]; Debian's python3-torch).
Gives, for each case below:
  NAME.yaml                  the spec
  NAME.csv                   data the spec can name; the numbers that count are in the batch
  NAME.weights.safetensors   initial weights, PyTorch's names
  NAME.batch.safetensors     one batch: lengths, tokens or x, labels or y; padding holds rubbish on purpose
  NAME.expect.safetensors    output, loss and grad.* before the first update; after.* behind 10 updates on that batch
Does not: use anything of seqgen's, or the safetensors package.
"""
import json
import struct
import sys
from collections import OrderedDict
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

HERE = Path(__file__).resolve().parent / "torch"
STEPS = 10
ALPHABET = "abcdefghijklmnopqrstuvwxyz"

# ---- the cases -------------------------------------------------------------------------------------------------
# data: chars V (entries written out; V + 2 with padding and unknown) | rows F | shaped F
# target: class K | tag K | next | value O | signal O | forecast (columns, horizon)
# lengths: "ragged" (1..T, one of them T) | "full"; room: rows of the spec's batch that this batch leaves empty


def case(name, data, target, model, T, B, loss="cross_entropy", optimizer=None, lengths="ragged", room=0, **train):
    return dict(room=room, name=name, data=data, target=target, model=model, T=T, B=B, loss=loss,
                optimizer=optimizer or {"sgd": {"lr": 0.1}}, lengths=lengths, train=train)


def linear(out, **more):
    return {"linear": {"out": out, **more}}


CASES = [
    # every cell, ragged sizes, one-hot and embedded input, last
    case("rnn_13_onehot", ("chars", 7), ("class", 3), [{"rnn": {"hidden": 13}}, "last", linear("classes")], 7, 5),
    case("lstm_20_embedding", ("chars", 9), ("class", 2),
         [{"embedding": {"dim": 7}}, {"lstm": {"hidden": 20}}, "last", linear("classes")], 9, 6,
         optimizer={"adam": {"lr": 0.01}}, clip_norm=0.5),
    case("gru_33_onehot", ("chars", 5), ("class", 4), [{"gru": {"hidden": 33}}, "last", linear("classes")], 6, 4, room=5,
         optimizer={"sgd": {"lr": 0.1, "momentum": 0.9, "nesterov": True}}),
    case("rnn_relu_8_mean", ("rows", 3), ("value", 2),
         [{"rnn": {"hidden": 8, "nonlinearity": "relu"}}, "mean", linear("targets")], 8, 5, loss="mse",
         optimizer={"sgd": {"lr": 0.05, "momentum": 0.8}}),
    case("lstm_16_full", ("rows", 4), ("value", 1), [{"lstm": {"hidden": 16}}, "last", linear("targets")], 12, 8,
         loss="mse", lengths="full", optimizer={"adam": {"lr": 0.02}}),
    case("gru_1_1", ("rows", 1), ("value", 1), [{"gru": {"hidden": 1}}, "last", linear("targets")], 1, 1, loss="mse",
         lengths="full"),
    case("lstm_1_1", ("rows", 1), ("value", 1), [{"lstm": {"hidden": 1}}, "last", linear("targets")], 3, 2, loss="mae"),
    # both directions, stacks, no bias
    case("lstm_33_bidirectional", ("chars", 6), ("class", 3),
         [{"embedding": {"dim": 5}}, {"lstm": {"hidden": 33, "bidirectional": True}}, "last", linear("classes")], 6, 5,
         optimizer={"adamw": {"lr": 0.01, "weight_decay": 0.1}}, class_weights=[0.5, 1.0, 2.5]),
    case("lstm_6_stack_bidirectional_max", ("rows", 4), ("value", 3),
         [{"lstm": {"hidden": 6, "layers": 2, "bidirectional": True}}, "max", linear("targets")], 7, 6, loss="huber",
         optimizer={"rmsprop": {"lr": 0.01}}),
    case("gru_20_stack3_tag", ("rows", 5), ("tag", 4), [{"gru": {"hidden": 20, "layers": 3}}, linear("classes")], 6, 4,
         optimizer={"adagrad": {"lr": 0.05}}),
    case("gru_13_bidirectional_mean", ("chars", 8), ("class", 2),
         [{"embedding": {"dim": 6}}, {"gru": {"hidden": 13, "bidirectional": True}}, "mean", linear("classes")], 8, 7,
         optimizer={"sgd": {"lr": 0.1, "weight_decay": 0.01}}),
    case("rnn_13_stack_bidirectional", ("rows", 2), ("class", 3),
         [{"rnn": {"hidden": 13, "layers": 2, "bidirectional": True}}, "last", linear("classes")], 6, 5,
         optimizer={"rmsprop": {"lr": 0.005, "alpha": 0.95, "momentum": 0.9}}),
    case("rnn_9_no_bias", ("chars", 4), ("class", 2),
         [{"rnn": {"hidden": 9, "bias": False}}, "last", linear("classes", bias=False)], 5, 4),
    case("gru_13_no_bias", ("rows", 3), ("class", 2),
         [{"gru": {"hidden": 13, "bias": False}}, "last", linear("classes")], 7, 3, clip_norm=0.05),
    case("lstm_9_no_bias", ("rows", 3), ("value", 2),
         [{"lstm": {"hidden": 9, "layers": 2, "bias": False}}, "max", linear("targets")], 5, 3, loss="mae"),
    # per-step targets, language model
    case("lstm_13_tag_bidirectional", ("rows", 4), ("tag", 3),
         [{"lstm": {"hidden": 13, "bidirectional": True}}, linear("classes")], 7, 5,
         optimizer={"adam": {"lr": 0.01}}),
    case("rnn_20_tag_weighted", ("rows", 2), ("tag", 3), [{"rnn": {"hidden": 20}}, linear("classes")], 9, 4,
         class_weights=[2.0, 0.25, 1.0]),
    case("lstm_17_next", ("chars", 10), ("next",), [{"embedding": {"dim": 8}}, {"lstm": {"hidden": 17}}, linear("vocab")],
         8, 6, optimizer={"adamw": {"lr": 0.01, "betas": [0.8, 0.95], "weight_decay": 0.01}}, clip_norm=0.25),
    case("gru_16_next_onehot", ("chars", 11), ("next",), [{"gru": {"hidden": 16, "layers": 2}}, linear("vocab")], 6, 8,
         optimizer={"rmsprop": {"lr": 0.01, "eps": 1e-6}}),
    # layers between
    case("layers_between", ("rows", 3), ("class", 3),
         [linear(10), "gelu", {"lstm": {"hidden": 12}}, "layer_norm", {"gru": {"hidden": 11}}, "relu", "last",
          linear(9), "tanh", linear("classes")], 6, 5, optimizer={"adam": {"lr": 0.005, "eps": 1e-4, "weight_decay": 0.01}}),
    case("bidirectional_through_tanh", ("chars", 5), ("class", 2),
         [{"embedding": {"dim": 3}}, {"gru": {"hidden": 7, "bidirectional": True}}, "tanh", "last", "layer_norm",
          linear("classes")], 6, 5, optimizer={"adagrad": {"lr": 0.1, "eps": 1e-6}}),
    case("pool_before_sigmoid", ("chars", 5), ("class", 3),
         [{"embedding": {"dim": 9}}, "mean", linear(11), "sigmoid", {"layer_norm": {"eps": 1e-3}}, linear("classes")],
         8, 6, optimizer={"adam": {"lr": 0.05}}),
    case("lstm_then_last_of_linear", ("rows", 2), ("value", 2),
         [{"lstm": {"hidden": 10}}, linear(6), "relu", "max", linear("targets")], 7, 4, loss="huber", room=1),
    # feedforward baselines
    case("mlp_onehot", ("chars", 6), ("class", 3), ["flatten", linear(24), "relu", linear("classes")], 7, 6,
         optimizer={"sgd": {"lr": 0.1, "momentum": 0.9}}),
    case("mlp_embedding", ("chars", 8), ("class", 2),
         [{"embedding": {"dim": 5}}, "flatten", "layer_norm", linear(13), "gelu", linear("classes")], 6, 5,
         optimizer={"adam": {"lr": 0.01}}),
    case("mlp_shaped", ("shaped", 3), ("value", 2),
         ["flatten", linear(13), "tanh", linear(7), "sigmoid", linear("targets")], 5, 7, loss="mae", lengths="full",
         optimizer={"adamw": {"lr": 0.01, "weight_decay": 0.05}}),
    # the other losses and targets
    case("bce_two", ("rows", 3), ("value", 2), [{"gru": {"hidden": 8}}, "last", linear("targets")], 6, 7, loss="bce",
         optimizer={"adam": {"lr": 0.01}}),
    case("bce_class", ("chars", 5), ("class", 2), [{"rnn": {"hidden": 10}}, "max", linear(1)], 7, 6, loss="bce"),
    case("bce_tag", ("rows", 2), ("tag", 2), [{"lstm": {"hidden": 7}}, linear(1)], 5, 4, loss="bce",
         optimizer={"adam": {"lr": 0.02}}, clip_norm=0.4),
    case("forecast_lstm", ("rows", 2), ("forecast", 2, 3), [{"lstm": {"hidden": 14}}, "last", linear("targets")], 8, 5,
         loss="mse", lengths="full", optimizer={"adam": {"lr": 0.01}}),
    case("signal_lstm", ("rows", 2), ("signal", 3), [{"lstm": {"hidden": 14}}, linear("targets")], 7, 5, loss="mse", room=2,
         optimizer={"adam": {"lr": 0.01}}, clip_norm=0.5),
    case("signal_gru_bidirectional", ("rows", 3), ("signal", 1),
         [{"gru": {"hidden": 9, "bidirectional": True}}, "layer_norm", linear("targets")], 6, 4, loss="huber"),
    case("signal_bce", ("rows", 2), ("signal", 2), [{"rnn": {"hidden": 11}}, linear("targets")], 5, 6, loss="bce"),
    case("huber_far", ("rows", 2), ("value", 3), [{"rnn": {"hidden": 12}}, "last", linear("targets")], 4, 17,
         loss="huber", optimizer={"sgd": {"lr": 0.2}}, clip_norm=0.3),
]

# ---- the network, from the same list that goes into the spec ---------------------------------------------------


def kind_of(entry):
    return (entry, {}) if isinstance(entry, str) else next(iter(entry.items()))


def resolve(out, case):
    words = {"classes": classes_of(case), "vocab": vocab_of(case), "targets": outputs_of(case)}
    return words.get(out, out)


def classes_of(case):
    return case["target"][1] if case["target"][0] in ("class", "tag") else 0


def vocab_of(case):
    return case["data"][1] + 2 if case["data"][0] == "chars" else 0


def outputs_of(case):
    kind, *sizes = case["target"]
    return {"value": lambda: sizes[0], "signal": lambda: sizes[0], "forecast": lambda: sizes[0] * sizes[1]}.get(kind, lambda: 0)()


class Net(nn.Module):
    """Modules as attributes with the layers' names, so that state_dict() has seqgen's names."""

    def __init__(self, case):
        super().__init__()
        self.case, self.plan, seen = case, [], {}
        width, self.onehot = case["data"][1], case["data"][0] == "chars"
        if self.onehot:
            width = vocab_of(case)
        for entry in case["model"]:
            kind, p = kind_of(entry)
            seen[kind] = seen.get(kind, 0) + 1
            name = kind if seen[kind] == 1 else f"{kind}_{seen[kind]}"
            width = self.add(kind, name, p, width)
            self.plan.append((kind, name))

    def add(self, kind, name, p, width):
        if kind == "embedding":
            setattr(self, name, nn.Embedding(width, p["dim"]))
            self.onehot = False
            return p["dim"]
        if kind in ("rnn", "lstm", "gru"):
            keys = dict(num_layers=p.get("layers", 1), bidirectional=p.get("bidirectional", False),
                        bias=p.get("bias", True), batch_first=True)
            if kind == "rnn":
                keys["nonlinearity"] = p.get("nonlinearity", "tanh")
            setattr(self, name, getattr(nn, kind.upper())(width, p["hidden"], **keys))
            return p["hidden"] * (2 if keys["bidirectional"] else 1)
        if kind == "linear":
            out = resolve(p["out"], self.case)
            setattr(self, name, nn.Linear(width, out, bias=p.get("bias", True)))
            return out
        if kind == "layer_norm":
            setattr(self, name, nn.LayerNorm(width, eps=p.get("eps", 1e-5)))
        return width * self.case["T"] if kind == "flatten" else width

    def recurrent(self, module, v, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(v, lengths, batch_first=True, enforce_sorted=False)
        out, state = module(packed)
        h = state[0] if isinstance(state, tuple) else state
        out, _ = nn.utils.rnn.pad_packed_sequence(out, batch_first=True, total_length=self.case["T"])
        return out, torch.cat([h[-2], h[-1]], 1) if module.bidirectional else h[-1]

    def forward(self, batch):
        lengths, T = batch["lengths"], self.case["T"]
        mask = torch.arange(T)[None, :] < lengths[:, None]
        if "tokens" in batch:
            v = batch["tokens"].masked_fill(~mask, 0)
            if self.onehot:
                v = F.one_hot(v, vocab_of(self.case)).double()
        else:
            v = batch["x"].masked_fill(~mask[:, :, None], 0)
        final = None  # a recurrent layer's final states, kept through element-wise layers
        for kind, name in self.plan:
            if kind in ("rnn", "lstm", "gru"):
                v, final = self.recurrent(getattr(self, name), v, lengths)
            elif kind == "last":
                v = final if final is not None else v[torch.arange(len(lengths)), lengths - 1]
            elif kind == "mean":
                v = v.masked_fill(~mask[:, :, None], 0).sum(1) / lengths[:, None]
            elif kind == "max":
                v = v.masked_fill(~mask[:, :, None], -torch.inf).max(1).values
            elif kind == "flatten":
                v = v.masked_fill(~mask[:, :, None], 0).flatten(1)
            elif kind in ("relu", "tanh", "sigmoid", "gelu"):
                function = getattr(F if kind == "gelu" else torch, kind)
                v, final = function(v), None if final is None else function(final)
            else:
                v, final = getattr(self, name)(v), None
        return v if v.dim() == 2 else v.masked_fill(~mask[:, :, None], 0)


def loss_of(case, output, batch):
    loss = case["loss"]
    if loss == "cross_entropy":
        weights = case["train"].get("class_weights")
        weights = None if weights is None else torch.tensor(weights, dtype=torch.float64)
        labels = batch["labels"]
        if labels.dim() == 2:
            mask = torch.arange(case["T"])[None, :] < batch["lengths"][:, None]
            return F.cross_entropy(output[mask], labels[mask], weight=weights)
        return F.cross_entropy(output, labels, weight=weights)
    function = {"mse": F.mse_loss, "mae": F.l1_loss, "huber": F.huber_loss,
                "bce": F.binary_cross_entropy_with_logits}[loss]
    if "y" in batch:
        if batch["y"].dim() == 3:  # numbers a step: of the valid ones
            mask = torch.arange(case["T"])[None, :] < batch["lengths"][:, None]
            return function(output[mask], batch["y"][mask])
        return function(output, batch["y"])
    output, labels = output.squeeze(-1), batch["labels"]  # two classes: the logit of the second
    if labels.dim() == 2:
        mask = torch.arange(case["T"])[None, :] < batch["lengths"][:, None]
        output, labels = output[mask], labels[mask]
    return function(output, labels.double())


def optimizer_of(case, parameters):
    kind, p = kind_of(case["optimizer"])
    p = dict(p)
    if "betas" in p:
        p["betas"] = tuple(p["betas"])
    names = {"sgd": "SGD", "adam": "Adam", "adamw": "AdamW", "rmsprop": "RMSprop", "adagrad": "Adagrad"}
    return getattr(torch.optim, names[kind])(parameters, **p)


# ---- batches ---------------------------------------------------------------------------------------------------


def make_batch(case):
    T, B, (source, width), target = case["T"], case["B"], case["data"], case["target"]
    batch = OrderedDict()
    lengths = torch.full((B,), T) if case["lengths"] == "full" else torch.randint(1, T + 1, (B,))
    lengths[B // 2] = T
    mask = torch.arange(T)[None, :] < lengths[:, None]
    batch["lengths"] = lengths
    if source == "chars":
        batch["tokens"] = torch.randint(1, width + 2, (B, T)).masked_fill(~mask, 10**6)
    else:
        batch["x"] = torch.randn(B, T, width, dtype=torch.float64).masked_fill(~mask[:, :, None], 1e3)
    if target[0] == "class":
        batch["labels"] = torch.randint(0, target[1], (B,))
    elif target[0] in ("tag", "next"):
        classes = target[1] if target[0] == "tag" else width + 2
        low = 0 if target[0] == "tag" else 1
        batch["labels"] = torch.randint(low, classes, (B, T)).masked_fill(~mask, 10**6)
    else:
        shape = (B, T, outputs_of(case)) if target[0] == "signal" else (B, outputs_of(case))
        y = torch.randint(0, 2, shape).double() if case["loss"] == "bce" else 1.5 * torch.randn(shape, dtype=torch.float64)
        batch["y"] = y.masked_fill(~mask[:, :, None], 1e3) if target[0] == "signal" else y
    return batch


# ---- files -----------------------------------------------------------------------------------------------------


def write_safetensors(path, tensors, meta=None):
    header, at, blobs = OrderedDict(), 0, []
    if meta:
        header["__metadata__"] = meta
    for name, t in tensors.items():
        kind, code = ("F64", "d") if t.is_floating_point() else ("I32", "i")
        blob = struct.pack(f"<{t.numel()}{code}", *t.detach().flatten().tolist())
        header[name] = {"dtype": kind, "shape": list(t.shape), "data_offsets": [at, at + len(blob)]}
        at += len(blob)
        blobs.append(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def flow(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(flow(v) for v in value) + "]"
    return str(value)


def columns(letter, count):
    return [f"{letter}{i}" for i in range(count)]


def data_section(case):
    """The lines of `data:`, and the CSV's header with a function from a row number to cells."""
    (source, width), (kind, *sizes), T = case["data"], case["target"], case["T"]
    lines, header, cells = [], [], []
    if source == "chars":
        lines += [f"input: {flow({'chars': 'text', 'vocab': list(ALPHABET[:width])})}"]
        header += ["text"]
        cells += [lambda i: "".join(ALPHABET[(i + t) % width] for t in range(2 + i % 3))]
    elif source == "rows":
        lines += [f"input: {flow({'columns': columns('x', width)})}"]
        if kind != "forecast":
            lines += ["sequence: id"]
            header += ["id"]
            cells += [lambda i: f"s{i // T}"]
        header += columns("x", width)
        cells += [lambda i, j=j: f"{((i * 7 + j * 3) % 11) / 8:g}" for j in range(width)]
    else:
        lines += [f"input: {flow({'columns': ['x*'], 'shape': [T, width]})}"]
        header += columns("x", T * width)
        cells += [lambda i, j=j: f"{((i * 7 + j * 3) % 11) / 8:g}" for j in range(T * width)]
    if kind in ("class", "tag"):
        lines += [f"target: {flow({kind: 'label', 'classes': columns('k', sizes[0])})}"]
        header += ["label"]
        if kind == "tag":
            cells += [lambda i: f"k{i % sizes[0]}"]
        else:
            cells += [lambda i: f"k{(i // T if source == 'rows' else i) % sizes[0]}"]
    elif kind == "next":
        lines += ["target: {next: true}"]
    elif kind in ("value", "signal"):
        lines += [f"target: {flow({kind: columns('y', sizes[0])})}"]
        header += columns("y", sizes[0])
        row = (lambda i: i // T) if source == "rows" and kind == "value" else (lambda i: i)
        cells += [lambda i, j=j: f"{(row(i) + j) % 2}" for j in range(sizes[0])]
    else:
        lines += [f"target: {flow({'forecast': {'columns': columns('x', sizes[0]), 'horizon': sizes[1]}})}"]
        lines += [f"window: {flow({'length': T, 'stride': 1})}"]
    if kind != "forecast":
        lines += [f"max_length: {T}"]
    return lines, header, cells


def write_spec(case):
    lines, header, cells = data_section(case)
    name, train = case["name"], case["train"]
    text = ["# Made by make_torch.py: do not edit.", "seqgen: 1", f"name: {name}", "data:", f"  train: {name}.csv"]
    text += ["  " + line for line in lines]
    text += ["model:"] + [f"  - {entry if isinstance(entry, str) else flow(entry)[1:-1]}" for entry in case["model"]]
    text += ["train:", f"  loss: {case['loss']}", f"  optimizer: {flow(case['optimizer'])}", f"  batch: {case['B'] + case['room']}",
             "  epochs: 1", "  seed: 1"]
    text += [f"  {k}: {flow(v)}" for k, v in train.items()]
    (HERE / f"{name}.yaml").write_text("\n".join(text) + "\n")
    count = 3 * case["T"] + 4 if case["data"][0] == "rows" else 6
    rows = [",".join(header)] + [",".join(cell(i) for cell in cells) for i in range(count)]
    (HERE / f"{name}.csv").write_text("\n".join(rows) + "\n")


# ---- one case --------------------------------------------------------------------------------------------------


def make(case):
    torch.manual_seed(sum(case["name"].encode()))
    net, batch, expect = Net(case).double(), make_batch(case), OrderedDict()
    for parameter in net.parameters():  # LayerNorm's ones and zeros would hide a mistake
        parameter.data += 0.1 * torch.randn_like(parameter)
    files = HERE / case["name"]
    write_spec(case)
    write_safetensors(files.with_suffix(".weights.safetensors"), net.state_dict())
    write_safetensors(files.with_suffix(".batch.safetensors"), batch)
    optimizer = optimizer_of(case, net.parameters())
    for step in range(STEPS):
        optimizer.zero_grad()
        output = net(batch)
        loss = loss_of(case, output, batch)
        loss.backward()
        if step == 0:
            expect["output"], expect["loss"] = output, loss.reshape(1)
            expect.update((f"grad.{name}", p.grad.clone()) for name, p in net.named_parameters())
        if "clip_norm" in case["train"]:
            nn.utils.clip_grad_norm_(net.parameters(), case["train"]["clip_norm"])
        optimizer.step()
    expect.update((f"after.{name}", p) for name, p in net.named_parameters())
    write_safetensors(files.with_suffix(".expect.safetensors"), expect, {"torch": torch.__version__})
    smallest = min(float(v.norm()) for k, v in expect.items() if k.startswith("grad."))
    print(f"{case['name']:34} loss {float(expect['loss']):8.4f} -> {float(loss):8.4f}   smallest gradient {smallest:.1e}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    HERE.mkdir(exist_ok=True)
    wanted = sys.argv[1:]
    for one in CASES:
        if not wanted or one["name"] in wanted:
            make(one)
