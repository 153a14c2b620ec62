"""Random configurations made by transformers: logits, loss, gradients, ten steps of training."""

import numpy as np
import pytest

from minigpt.model import GPT
from minigpt.training import AdamW
from minigpt.training.schedule import clip_by_global_norm
from minigpt.tree import FlatTree, items

pytestmark = pytest.mark.oracle
CASES = range(24)


def random_pair(torch, transformers, case: int, folder, std=0.25):
    """A model of random sizes and switches, saved; std 0 keeps the weights that it begins with."""
    rng = np.random.default_rng(case)
    head = int(rng.integers(1, 9))
    config = transformers.GPT2Config(
        vocab_size=int(rng.integers(3, 200)),
        n_positions=int(rng.integers(4, 40)),
        n_layer=int(rng.integers(1, 5)),
        n_head=head,
        n_embd=head * int(rng.integers(1, 17)) * 2,
        activation_function=["gelu_new", "gelu", "relu"][case % 3],
        tie_word_embeddings=bool(rng.integers(2)),
        layer_norm_epsilon=float(10 ** rng.uniform(-6, -3)),
        resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, bos_token_id=0, eos_token_id=0,
    )  # fmt: skip
    torch.manual_seed(case)
    theirs = transformers.GPT2LMHeadModel._from_config(config, attn_implementation="eager")
    with torch.no_grad():
        for name, parameter in theirs.named_parameters() if std else ():
            scale = "ln_" in name and name.endswith("weight")
            parameter.normal_(float(scale), std)
    theirs.save_pretrained(folder)
    B, T = int(rng.integers(1, 5)), int(rng.integers(2, config.n_positions + 1))
    ids = rng.integers(0, config.vocab_size, (B, T))
    targets = rng.integers(0, config.vocab_size, (B, T))
    targets[rng.random((B, T)) < 0.2] = -100
    targets[0, 0] = 1
    return theirs, ids, targets


def their_loss(torch, theirs, ids, targets):
    logits = theirs(torch.tensor(ids)).logits
    return torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), torch.tensor(targets).flatten(), ignore_index=-100
    )


def relative(ours, theirs, floor=0.0) -> float:
    theirs = theirs.detach().numpy()
    return float(np.abs(ours - theirs).max() / max(np.abs(theirs).max(), floor))


@pytest.mark.parametrize(("dtype", "bar"), [("float32", 1e-4), ("float64", 1e-9)])
@pytest.mark.parametrize("case", CASES)
def test_logits_loss_and_all_gradients(case, dtype, bar, tmp_path, torch, transformers):
    theirs, ids, targets = random_pair(torch, transformers, case, tmp_path)
    theirs = theirs.to(getattr(torch, dtype))
    ours = GPT.from_pretrained(tmp_path, device="cpu", dtype=dtype)
    assert relative(ours(ids), theirs(torch.tensor(ids)).logits) <= bar
    loss = their_loss(torch, theirs, ids, targets)
    loss.backward()
    our_loss, grads = ours.loss_and_grads(ids, targets)
    assert abs(float(our_loss) / loss.item() - 1) <= bar
    expected = dict(theirs.named_parameters())
    largest = max(float(p.grad.abs().max()) for p in expected.values())
    for name, parameter in expected.items():
        found = dict(items(grads))[name.removeprefix("transformer.")]
        if name.endswith("c_attn.bias"):  # the keys' part is 0 but for rounding: no relative error
            error = relative(found, parameter.grad, floor=1e-3 * largest)
        else:
            error = relative(found, parameter.grad, floor=1e-6 * largest)
        assert error <= bar, f"{name}: {error:.1e}"


@pytest.mark.parametrize(
    ("dtype", "std", "bar"), [("float32", 0, 1e-4), ("float64", 0, 1e-9), ("float64", 0.25, 1e-9)]
)
@pytest.mark.parametrize("case", range(9))
def test_ten_steps_of_training_follow_theirs(case, dtype, std, bar, tmp_path, torch, transformers):
    """Clipped AdamW with weight decay on matrices: the loss at each step, the logits at the end.

    AdamW divides each gradient by its own size, so an element whose gradient is nothing but
    rounding moves by a whole step in a random direction. With eps = 1e-4, far above that noise,
    it stays, and what is compared is the training.
    """
    theirs, ids, targets = random_pair(torch, transformers, case, tmp_path, std)
    theirs = theirs.to(getattr(torch, dtype))
    ours = GPT.from_pretrained(tmp_path, device="cpu", dtype=dtype)
    matrices = [p for p in theirs.parameters() if p.ndim >= 2]
    vectors = [p for p in theirs.parameters() if p.ndim < 2]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    lr, betas, eps = 1e-3, (0.9, 0.95), 1e-4
    their_optimizer = torch.optim.AdamW(groups, lr=lr, betas=betas, eps=eps)
    our_optimizer = AdamW(ours.params, lr, betas, eps, weight_decay=0.1)
    losses = []
    for _ in range(10):
        their_optimizer.zero_grad()
        loss = their_loss(torch, theirs, ids, targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(theirs.parameters(), 1.0)
        their_optimizer.step()
        our_loss, grads = ours.loss_and_grads(ids, targets)
        grads = FlatTree(grads)
        clip_by_global_norm(grads, 1.0)
        our_optimizer.step(grads, lr)
        assert abs(float(our_loss) / loss.item() - 1) <= bar
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    assert relative(ours(ids), theirs(torch.tensor(ids)).logits) <= bar
