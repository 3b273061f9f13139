"""The models of `npm run bench -- engine` in PyTorch and Opacus: one thread, CPU time, batches of 512 rows, medians.

Prints one JSON object a line: {"model", "mode", "rowsPerSecond"}. Exits with 3 where PyTorch is not installed; without
an Opacus that has ghost clipping (1.5 and later), only plain steps are measured. `pytorch.ts` runs it.
"""

import inspect
import json
import statistics
import sys
import time

try:
    import torch
except ImportError:
    sys.exit(3)
try:
    from opacus import PrivacyEngine
except ImportError:
    PrivacyEngine = None

# Ghost clipping wraps the criterion: a `make_private` that takes none is of an Opacus before it.
HAS_GHOST = PrivacyEngine is not None and (
    "criterion" in inspect.signature(PrivacyEngine.make_private).parameters
)

BATCH_ROWS = 512
RUNS = 7
STEPS = 12
MODELS = {
    "fraud 30-64-32-1": (30, 64, 32),
    "mid 64-256-128-1": (64, 256, 128),
    "big 128-512-512-1": (128, 512, 512),
}


def network(widths):
    layers = []
    for before, after in zip(widths, widths[1:]):
        layers += [torch.nn.Linear(before, after), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers, torch.nn.Linear(widths[-1], 1))


def rate(step):
    """Rows per second of CPU time: the median of runs, after one that is not counted."""
    seconds = []
    for _ in range(RUNS + 1):
        start = time.process_time()
        for _ in range(STEPS):
            step()
        seconds.append((time.process_time() - start) / STEPS)
    return BATCH_ROWS / statistics.median(seconds[1:])


def training_step(model, optimizer, criterion, rows, labels):
    # One loss a row, of shape [rows]: Opacus multiplies them by clipping factors of that shape, and [rows, 1] would
    # be broadcast to rows × rows without an error.
    def step():
        optimizer.zero_grad()
        criterion(model(rows).squeeze(1), labels).backward()
        optimizer.step()

    return step


def measure(widths, mode):
    rows = torch.randn(BATCH_ROWS, widths[0])
    labels = torch.randint(0, 2, (BATCH_ROWS,)).float()
    model = network(widths)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    criterion = torch.nn.BCEWithLogitsLoss()
    if mode != "SGD":
        data = torch.utils.data.TensorDataset(rows, labels)
        model, optimizer, criterion, _ = PrivacyEngine().make_private(
            module=model,
            optimizer=optimizer,
            criterion=criterion,
            data_loader=torch.utils.data.DataLoader(data, batch_size=BATCH_ROWS),
            noise_multiplier=1.0,
            max_grad_norm=1.0,
            poisson_sampling=False,
            grad_sample_mode="ghost",
        )
    return rate(training_step(model, optimizer, criterion, rows, labels))


torch.set_num_threads(1)
torch.manual_seed(0)
for name, widths in MODELS.items():
    for mode in ["SGD"] + (["DP-SGD"] if HAS_GHOST else []):
        value = measure(widths, mode)
        print(json.dumps({"model": name, "mode": mode, "rowsPerSecond": value}), flush=True)
