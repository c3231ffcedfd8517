#!/usr/bin/python3
"""tasks.py: a spec's model trained by PyTorch on the same files, for comparison with seqgen; run by hand.

Takes: tasks.py SPEC.. [--seeds 1,2,3] [--set KEY=VALUE]   Gives: a line a seed with the test part's figures, and their median.
Reads the YAML by itself and shares nothing with seqgen: tables, vocabulary, windows, normalisation and the loop are
written anew, sequences of different length go in packed. Sizes of the parts are seqgen's, its random draws are not.
Does not: know byte input, written-out vocabularies and classes, or bce. Needs python3-torch and python3-yaml."""
import argparse, copy, csv, math, os, re, statistics, time
import numpy as np
import torch
import yaml
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Loader(yaml.SafeLoader):
    """YAML 1.2's numbers: PyYAML takes 1e-6 for a text"""


Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"), list("-+0123456789"))


# ---- data: a list of items {x: [t, F] or [t] tokens, y: target} ----

def table(path):
    with open(path, newline="", encoding="utf-8") as file:
        if path.endswith(".tsv"):
            lines = [line.rstrip("\n").split("\t") for line in file]
            return [dict(zip(lines[0], line)) for line in lines[1:]]
        return list(csv.DictReader(file))


def chosen(rows, names):
    """Columns that a list with globs names"""
    all_names = list(rows[0])
    out = []
    for name in [names] if isinstance(names, str) else names:
        out += [c for c in all_names if c.startswith(name[:-1])] if name.endswith("*") else [name]
    return out


def tokens(spec, text):
    source = spec["data"]["input"]
    vocab = source.get("vocab", {})
    if vocab.get("lowercase"):
        text = text.lower()
    if "words" in source:
        return re.findall(r"[\w']+|[^\w\s]", text)
    return list(text)


class Data:
    """Reads a spec's files; statistics, vocabulary and classes come from train"""

    def __init__(self, spec, folder):
        self.spec, self.d = spec, spec["data"]
        self.path = lambda name: os.path.join(folder, name)
        self.source, self.target = self.d["input"], self.d["target"]
        window = self.d.get("window", {})
        self.length = window.get("length")
        self.carry = window.get("carry_state", False)
        self.stride = window.get("stride", self.length if self.carry or "text" in self.source or "tag" in self.target or "signal" in self.target else 1)
        self.text = "text" in self.source
        self.numeric = "columns" in self.source
        rows = self.load(self.d["train"])
        if self.numeric:
            self.names = chosen(rows, self.source["columns"])
            self.shape = self.source.get("shape")
        else:
            self.make_vocab(rows)
        if "class" in self.target or "tag" in self.target:
            column = self.target.get("class") or self.target.get("tag")
            self.classes = sorted({r[column] for r in rows if r[column] != ""})
        self.train, self.valid = self.split(rows)
        self.test = self.items(self.load(self.d["test"]))

    def load(self, name):
        path = self.path(name)
        return open(path, encoding="utf-8").read() if path.endswith(".txt") else table(path)

    def make_vocab(self, rows):
        counts = {}
        lists = [tokens(self.spec, rows)] if self.text else [tokens(self.spec, r[self.column()]) for r in rows]
        for line in lists:
            for token in line:
                counts[token] = counts.get(token, 0) + 1
        least = self.source.get("vocab", {}).get("min_count", 1)
        kept = sorted(t for t, n in counts.items() if n >= least)
        self.index = {t: i + 2 for i, t in enumerate(kept)}

    def column(self):
        return self.source.get("words") or self.source.get("chars")

    def split(self, rows):
        """valid: of one series its last part in time, else random sequences"""
        share = self.d.get("valid", 0)
        if self.text:
            cut = len(rows) - round(share * len(rows))
            return self.items(rows[:cut]), self.items(rows[cut:])
        if self.length:
            cut = len(rows) - round(share * len(rows))
            self.measure(rows[:cut])
            return self.items(rows[:cut]), self.items(rows[cut:])
        self.measure(rows)
        items = self.items(rows)
        order = torch.randperm(len(items)).tolist()
        count = round(share * len(items))
        return [items[i] for i in order[count:]], [items[i] for i in order[:count]]

    def measure(self, rows):
        if not self.numeric:
            return
        names = list(dict.fromkeys(self.names + self.value_names()))
        values = np.array([[float(r[n]) for n in names] for r in rows])
        how = self.source.get("normalize", "none")
        shift = {"none": 0 * values[0], "standard": values.mean(0), "minmax": values.min(0)}[how]
        scale = {"none": 0 * values[0] + 1, "standard": values.std(0), "minmax": np.ptp(values, 0)}[how]
        self.unit = {n: (shift[i], scale[i] or 1) for i, n in enumerate(names)}

    def value_names(self):
        names = self.target.get("value") or self.target.get("signal") or self.target.get("forecast", {}).get("columns") or []
        return [names] if isinstance(names, str) else names

    def numbers(self, rows, names):
        return np.array([[(float(r[n]) - self.unit[n][0]) / self.unit[n][1] for n in names] for r in rows], np.float32)

    def items(self, rows):
        if self.text:
            return self.text_items(rows)
        if not self.numeric:
            return [self.token_item(r) for r in rows]
        if self.shape:
            x = self.numbers(rows, self.names).reshape(len(rows), *self.shape)
            y = self.numbers(rows, self.value_names())
            return [{"x": torch.tensor(a), "y": torch.tensor(b)} for a, b in zip(x, y)]
        if self.length:
            return self.windows(rows)
        return self.sequences(rows)

    def token_item(self, row):
        x = [self.index.get(t, 1) for t in tokens(self.spec, row[self.column()])] or [1]
        y = self.classes.index(row[self.target["class"]])
        return {"x": torch.tensor(x[:self.d.get("max_length")]), "y": torch.tensor(y)}

    def text_items(self, text):
        stream = torch.tensor([self.index.get(c, 1) for c in text])
        if self.carry:
            return [stream]
        starts = range(0, len(stream) - 1, self.length)
        return [{"x": stream[s:s + self.length][:len(stream) - 1 - s], "y": stream[s + 1:s + 1 + self.length]} for s in starts]

    def sequences(self, rows):
        groups, key = [], self.d["sequence"]
        for row in rows:
            if not groups or groups[-1][-1][key] != row[key]:
                groups.append([])
            groups[-1].append(row)
        limit = self.d.get("max_length")
        return [{"x": torch.tensor(self.numbers(g[:limit], self.names)),
                 "y": torch.tensor(self.classes.index(g[-1][self.target["class"]]))} for g in groups]

    def windows(self, rows):
        x = self.numbers(rows, self.names)
        n, length, out = len(rows), self.length, []
        if "tag" in self.target or "signal" in self.target:
            y = self.numbers(rows, self.value_names()) if "signal" in self.target else np.array([self.classes.index(r[self.target["tag"]]) for r in rows])
            if self.carry:
                return [(torch.tensor(x), torch.tensor(y))]
            for s in range(0, n, self.stride):
                out.append({"x": torch.tensor(x[s:s + length]), "y": torch.tensor(y[s:s + length])})
                if s + length >= n:
                    break
            return out
        horizon = self.target["forecast"]["horizon"]
        y = self.numbers(rows, self.value_names())
        for s in range(0, n - length - horizon + 1, self.stride):
            out.append({"x": torch.tensor(x[s:s + length]), "y": torch.tensor(y[s + length:s + length + horizon].reshape(-1))})
        return out

    def outputs(self, word):
        if word == "classes":
            return len(self.classes)
        if word == "vocab":
            return len(self.index) + 2
        if word == "targets":
            return len(self.value_names()) * self.target.get("forecast", {}).get("horizon", 1)
        return word


# ---- model ----

class Model(nn.Module):
    def __init__(self, spec, data):
        super().__init__()
        self.steps, self.parts = [], nn.ModuleList()
        width = len(data.names) if data.numeric else None
        if data.numeric and data.shape:
            width = data.shape[1]
        longest = data.length or (data.shape[0] if data.numeric and data.shape else spec["data"].get("max_length"))
        self.longest = longest or max(len(i["x"]) for i in data.train + data.valid)
        for entry in spec["model"]:
            kind, keys = (entry, {}) if isinstance(entry, str) else next(iter(entry.items()))
            part, width = self.make(kind, dict(keys or {}), width, data)
            self.steps.append(kind)
            self.parts.append(part)

    def make(self, kind, keys, width, data):
        if kind == "embedding":
            return nn.Embedding(len(data.index) + 2, keys["dim"]), keys["dim"]
        if kind in ("rnn", "lstm", "gru"):
            hidden, both = keys.pop("hidden"), keys.get("bidirectional", False)
            keys["num_layers"] = keys.pop("layers", 1)
            keys.pop("name", None)
            part = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[kind](width, hidden, batch_first=True, **keys)
            return part, hidden * (2 if both else 1)
        if kind == "linear":
            out = data.outputs(keys["out"])
            return nn.Linear(width, out), out
        if kind == "flatten":
            return nn.Identity(), width * self.longest
        if kind == "layer_norm":
            return nn.LayerNorm(width), width
        if kind == "dropout":
            return nn.Dropout(keys["p"]), width
        other = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "gelu": nn.GELU}
        return other.get(kind, nn.Identity)(), width

    def forward(self, x, lengths, state=None):
        """x [B, T, ..]; the outputs and the state of the last recurrent layer, for carried state"""
        mask = torch.arange(x.shape[1])[None] < lengths[:, None]
        final = after = None
        for kind, part in zip(self.steps, self.parts):
            if kind in ("rnn", "lstm", "gru"):
                if bool((lengths == x.shape[1]).all()):  # packed, the backward pass would take the square of the steps
                    x, after = part(x, state)
                else:
                    packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
                    packed, after = part(packed, state)
                    x, _ = pad_packed_sequence(packed, batch_first=True, total_length=x.shape[1])
                hidden = after[0] if kind == "lstm" else after
                final = torch.cat([hidden[-2], hidden[-1]], 1) if part.bidirectional else hidden[-1]
            elif kind == "last":
                x = final
            elif kind == "mean":
                x = (x * mask[..., None]).sum(1) / lengths[:, None]
            elif kind == "max":
                x = x.masked_fill(~mask[..., None], -math.inf).max(1).values
            elif kind == "flatten":
                x = x * mask[..., None]
                x = torch.cat([x, x.new_zeros(x.shape[0], self.longest - x.shape[1], x.shape[2])], 1).flatten(1)
            else:
                x = part(x)
        return x, after


# ---- batches ----

def batches(data, items, size, shuffle):
    """(x, lengths, y, whether a stream begins here); y is -100 where a step is none"""
    if data.carry:
        yield from stream_batches(data, items[0], size)
        return
    order = torch.randperm(len(items)).tolist() if shuffle else range(len(items))
    order = list(order)
    for at in range(0, len(order), size):
        rows = [items[i] for i in order[at:at + size]]
        lengths = torch.tensor([len(r["x"]) for r in rows])
        x = nn.utils.rnn.pad_sequence([r["x"] for r in rows], batch_first=True)
        y = [r["y"] for r in rows]
        every = "signal" in data.target or (y[0].dim() == 1 and not y[0].dtype.is_floating_point)
        yield x, lengths, nn.utils.rnn.pad_sequence(y, batch_first=True, padding_value=-100) if every else torch.stack(y), True


def stream_batches(data, stream, size):
    if isinstance(stream, tuple):
        yield from signal_batches(data, *stream, size)
        return
    share = -(-(len(stream) - 1) // size)
    rows = nn.functional.pad(stream, (0, share * size + 1 - len(stream)), value=-100)
    x = rows[:-1].reshape(size, share).clamp(min=0)
    y = rows[1:].reshape(size, share)
    for at in range(0, share, data.length):
        part = x[:, at:at + data.length]
        yield part, torch.full((size,), part.shape[1]), y[:, at:at + data.length], at == 0


def signal_batches(data, x, y, size):
    share = -(-len(x) // size)
    x, y = (nn.functional.pad(v, (0, 0, 0, share * size - len(v)), value=pad).reshape(size, share, -1) for v, pad in ((x, 0), (y, -100)))
    for at in range(0, share, data.length):
        part = x[:, at:at + data.length]
        yield part, torch.full((size,), part.shape[1]), y[:, at:at + data.length], at == 0


# ---- training ----

def loss_of(spec, out, y, weights):
    name = spec["train"].get("loss", "mse" if y.dtype.is_floating_point else "cross_entropy")
    if name == "cross_entropy":
        return nn.functional.cross_entropy(out.reshape(-1, out.shape[-1]), y.reshape(-1), weight=weights)
    if y.dim() == 3:  # numbers a step: of the valid ones
        out, y = out[(y != -100).all(-1)], y[(y != -100).all(-1)]
    return {"mse": nn.functional.mse_loss, "mae": nn.functional.l1_loss, "huber": nn.functional.huber_loss}[name](out, y)


def detached(state):
    return tuple(s.detach() for s in state) if isinstance(state, tuple) else None if state is None else state.detach()


def class_weights(spec, data):
    how = spec["train"].get("class_weights")
    if how != "balanced":
        return torch.tensor(how, dtype=torch.float32) if how else None
    counts = torch.bincount(torch.cat([i["y"].reshape(-1) for i in data.train]), minlength=len(data.classes))
    return counts.sum() / (len(data.classes) * counts.clamp(min=1).float())


def optimizer_of(spec, model):
    entry = spec["train"].get("optimizer", "adam")
    name, keys = (entry, {}) if isinstance(entry, str) else next(iter(entry.items()))
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD,
            "rmsprop": torch.optim.RMSprop, "adagrad": torch.optim.Adagrad}[name]
    base = {} if name in ("adam", "adamw") else {"lr": 0.001 if name == "sgd" else 0.01}
    return kind(model.parameters(), **{**base, **(keys or {})})


def rate(spec, epoch):
    """The schedule's factor of the learning rate"""
    entry, epochs = spec["train"].get("schedule", "constant"), spec["train"]["epochs"]
    name, keys = (entry, {}) if isinstance(entry, str) else next(iter(entry.items()))
    if name == "constant":
        return 1
    assert name == "cosine", "only constant and cosine schedules"
    warmup = keys.get("warmup", 0)
    if epoch < warmup:
        return (epoch + 1) / warmup
    return (1 + math.cos(math.pi * (epoch - warmup) / max(1, epochs - warmup))) / 2


def evaluate(spec, data, model, items, weights):
    """Mean loss, accuracy (classes), root mean square errors in the data's units (values)"""
    model.eval()
    state, loss, count, hits, squares = None, 0.0, 0, 0, None
    with torch.no_grad():
        for x, lengths, y, begins in batches(data, items, spec["train"].get("batch", 32), False):
            out, state = model(x, lengths, None if begins or not data.carry else state)
            if y.dim() == 3:
                there = (y != -100).all(-1)
                out, y = out[there], y[there]
            n = (y != -100).sum().item() if not y.dtype.is_floating_point else len(y)
            loss += loss_of(spec, out, y, weights).item() * n
            count += n
            if y.dtype.is_floating_point:
                error = ((out - y) ** 2).sum(0)
                squares = error if squares is None else squares + error
            else:
                hits += (out.argmax(-1) == y).sum().item()
    figures = {"loss": loss / count}
    if squares is None:
        figures["accuracy"] = hits / count
    else:
        names = data.value_names()
        mean = (squares / count).reshape(-1, len(names)).mean(0)
        for i, name in enumerate(names):
            figures["rmse " + name] = math.sqrt(mean[i]) * data.unit[name][1]
    return figures


def train(spec, data, seed, told=lambda: None):
    """told: is called at the end of each epoch"""
    torch.manual_seed(seed)
    model, keys = Model(spec, data), spec["train"]
    optimizer, weights = optimizer_of(spec, model), class_weights(spec, data)
    base = optimizer.param_groups[0]["lr"]
    best, kept = math.inf, None
    for epoch in range(keys["epochs"]):
        model.train()
        optimizer.param_groups[0]["lr"] = base * rate(spec, epoch)
        state = None
        for x, lengths, y, begins in batches(data, data.train, keys.get("batch", 32), True):
            out, state = model(x, lengths, None if begins or not data.carry else detached(state))
            optimizer.zero_grad()
            loss_of(spec, out, y, weights).backward()
            if keys.get("clip_norm"):
                nn.utils.clip_grad_norm_(model.parameters(), keys["clip_norm"])
            optimizer.step()
        if keys.get("patience"):
            loss = evaluate(spec, data, model, data.valid, weights)["loss"]
            if loss < best:
                best, kept = loss, copy.deepcopy(model.state_dict())
        told()
    if kept:
        model.load_state_dict(kept)
    return evaluate(spec, data, model, data.test, weights)


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("specs", nargs="+")
    options.add_argument("--seeds", default="1,2,3")
    options.add_argument("--set", action="append", default=[], help="as seqgen's, for keys of maps")
    options = options.parse_args()
    torch.set_num_threads(1)
    for path in options.specs:
        with open(path, encoding="utf-8") as file:
            spec = yaml.load(file, Loader)
        for change in options.set:
            key, value = change.split("=", 1)
            place = spec
            for part in key.split(".")[:-1]:
                place = place[part]
            place[key.split(".")[-1]] = yaml.load(value, Loader)
        results = []
        for seed in map(int, options.seeds.split(",")):
            torch.manual_seed(seed)
            start = time.time()
            results.append(train(spec, Data(spec, os.path.dirname(path) or "."), seed))
            figures = "  ".join(f"{k} {v:.4f}" for k, v in results[-1].items())
            print(f"{spec['name']} seed {seed}: {figures}  {time.time() - start:.0f} s", flush=True)
        for key in results[0]:
            values = [r[key] for r in results]
            print(f"{spec['name']} {key}: median {statistics.median(values):.4f}, {min(values):.4f} to {max(values):.4f}")


if __name__ == "__main__":
    main()
