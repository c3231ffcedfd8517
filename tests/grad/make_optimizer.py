#!/usr/bin/python3
"""Prints optimizer_torch.h: what PyTorch's optimisers, schedulers and clip_grad_norm_ make of the same gradients.

    python3 tests/grad/make_optimizer.py > tests/grad/optimizer_torch.h
"""
import torch

torch.set_default_dtype(torch.float64)
N, STEPS, EPOCHS = 5, 6, 6
torch.manual_seed(0)
START = torch.randn(N)
GRADIENTS = torch.randn(STEPS, N)
GRADIENTS[:, 4] = 0  # a parameter that never sees a gradient

NAMES = {"SGD": "SGD", "Adam": "ADAM", "AdamW": "ADAMW", "RMSprop": "RMSPROP", "Adagrad": "ADAGRAD"}
OPTIMIZERS = [
    ("SGD", dict(lr=0.1)),
    ("SGD", dict(lr=0.1, weight_decay=0.02)),
    ("SGD", dict(lr=0.1, momentum=0.9)),
    ("SGD", dict(lr=0.1, momentum=0.9, weight_decay=0.02, nesterov=True)),
    ("Adam", dict(lr=0.02)),
    ("Adam", dict(lr=0.02, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.1)),
    ("AdamW", dict(lr=0.02, weight_decay=0.1)),
    ("RMSprop", dict(lr=0.01)),
    ("RMSprop", dict(lr=0.01, alpha=0.9, eps=1e-3, momentum=0.7)),
    ("Adagrad", dict(lr=0.1)),
    ("Adagrad", dict(lr=0.1, eps=1e-2)),
]
DEFAULTS = {
    "SGD": dict(momentum=0, weight_decay=0, nesterov=False),
    "Adam": dict(betas=(0.9, 0.999), eps=1e-8, weight_decay=0),
    "AdamW": dict(betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01),
    "RMSprop": dict(alpha=0.99, eps=1e-8, momentum=0),
    "Adagrad": dict(eps=1e-10),
}


def numbers(values):
    return "{" + ", ".join("%.17g" % v for v in values) + "}"


def schedulers(optimizer):
    s = torch.optim.lr_scheduler
    return {
        "CONSTANT": s.ConstantLR(optimizer, factor=1.0),
        "STEP": s.StepLR(optimizer, 2, 0.5),
        "EXPONENTIAL": s.ExponentialLR(optimizer, 0.9),
        "COSINE": s.CosineAnnealingLR(optimizer, EPOCHS, 0.01),
    }


def run(name, options, clip, schedule=None):
    w = START.clone().requires_grad_()
    optimizer = getattr(torch.optim, name)([w], **options)
    scheduler = schedulers(optimizer)[schedule] if schedule else None
    if scheduler:
        optimizer.param_groups[0]["lr"] = options["lr"]
    for step in range(STEPS):
        w.grad = GRADIENTS[step].clone()
        if clip:
            torch.nn.utils.clip_grad_norm_([w], clip)
        optimizer.step()
        if scheduler:
            scheduler.step()
    return w.detach()


def entry(name, options, clip=0.0, schedule="CONSTANT"):
    o = dict(DEFAULTS[name], **options)
    beta1, beta2 = o.get("betas", (0, 0))
    fields = "{OPT_%s, %.17g, %.17g, %.17g, %.17g, %.17g, %.17g, %.17g, %s}" % (
        NAMES[name], o["lr"], o.get("momentum", 0), o.get("weight_decay", 0), beta1, beta2, o.get("eps", 0), o.get("alpha", 0),
        "true" if o.get("nesterov") else "false")
    result = run(name, options, clip, schedule if schedule != "CONSTANT" else None)
    print("    {%s, %.17g, SCHEDULE_%s, %s}," % (fields, clip, schedule, numbers(result)))


print("/* optimizer_torch.h: made by make_optimizer.py with PyTorch %s; one optimiser step an epoch. */" % torch.__version__.split("a")[0])
print("enum { TORCH_N = %d, TORCH_STEPS = %d };" % (N, STEPS))
print("static const double torch_start[TORCH_N] = %s;" % numbers(START))
print("static const double torch_gradients[TORCH_STEPS][TORCH_N] = {")
for row in GRADIENTS:
    print("    %s," % numbers(row))
print("};")
print("/* step: every 2, gamma 0.5; exponential: gamma 0.9; cosine: min_lr 0.01 */")
print("static const struct {\n    OptimizerSpec optimizer;\n    double clip_norm;\n    ScheduleKind schedule;\n    double weights[TORCH_N];\n} torch_runs[] = {")
for name, options in OPTIMIZERS:
    entry(name, options)
entry("SGD", dict(lr=0.1), clip=1.0)
entry("Adam", dict(lr=0.02), clip=0.5)
for schedule in ("STEP", "EXPONENTIAL", "COSINE"):
    entry("SGD", dict(lr=0.1), schedule=schedule)
print("};")
