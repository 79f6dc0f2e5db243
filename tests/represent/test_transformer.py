import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from noiselaw.represent.transformer import Network, Shape  # noqa: E402
from noiselaw.represent.txformer_tokens import Cells, Layout  # noqa: E402


def network(shape, seed=0):
    weights, noise = (torch.Generator().manual_seed(seed) for _ in range(2))
    return Network(shape, weights, noise).eval()


def some_cells(lengths, n_genes, seed=0):
    rng = np.random.default_rng(seed)
    tokens = [rng.permutation(n_genes)[:length] for length in lengths]
    return Cells(np.concatenate(tokens), np.concatenate([[0], np.cumsum(lengths)]))


SHAPE = Shape(20, 12, dims=16, heads=2, feed_forward=32)
CELLS = some_cells([3, 5, 5, 12, 1], 20)
ROWS = np.arange(5)


def torchs_own(shape, net):
    """The same weights in torch's own encoder."""
    layer = nn.TransformerEncoderLayer(shape.dims, shape.heads, shape.feed_forward, batch_first=True)
    encoder = nn.TransformerEncoder(layer, shape.layers, enable_nested_tensor=False).eval()
    for theirs, ours in zip(encoder.layers, net.layers, strict=True):
        pairs = {
            "self_attn.in_proj_": "qkv.", "self_attn.out_proj.": "out.", "linear1.": "up.", "linear2.": "down.",
            "norm1.": "norm_attention.", "norm2.": "norm_feed_forward.",
        }  # fmt: skip
        state = ours.state_dict()
        theirs.load_state_dict({a + end: state[b + end] for a, b in pairs.items() for end in ("weight", "bias")})
    return encoder


def padded(cells, shape, width):
    tokens = np.full((len(cells.lengths), width), shape.pad)
    for row, length in enumerate(cells.lengths):
        tokens[row, :length] = cells.tokens[cells.starts[row] : cells.starts[row] + length]
    return torch.from_numpy(tokens)


@torch.no_grad()
def test_it_is_torchs_own_encoder_with_the_padding_masked():
    net = network(SHAPE)
    tokens = padded(CELLS, SHAPE, 12)
    x = net.tokens(tokens) + net.positions(torch.arange(12))
    last = torchs_own(SHAPE, net)(x, src_key_padding_mask=tokens == SHAPE.pad)
    real = (tokens != SHAPE.pad).unsqueeze(-1)
    expected = (last * real).sum(1) / real.sum(1)
    for kind in ("packed", "masked"):
        found = net.pooled(Layout(SHAPE, kind, "cpu").batch(CELLS, ROWS))
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_pads_can_be_tokens_like_any_other():
    net = network(SHAPE)
    x = net.tokens(padded(CELLS, SHAPE, 12)) + net.positions(torch.arange(12))
    found = net.pooled(Layout(SHAPE, "tokens", "cpu").batch(CELLS, ROWS))
    torch.testing.assert_close(found, torchs_own(SHAPE, net)(x).mean(1), rtol=1e-5, atol=1e-5)


def gradients(net, layout, hiding):
    net.zero_grad()
    loss = net.loss(layout.batch(CELLS, ROWS, hiding))
    loss.backward()
    return float(loss.detach()), [parameter.grad.clone() for parameter in net.parameters()]


def test_packed_and_masked_cells_have_the_same_loss_and_gradients():
    net = network(SHAPE)
    packed, masked = (Layout(SHAPE, kind, "cpu") for kind in ("packed", "masked"))
    hiding = packed.hide(CELLS, ROWS, 0.3, np.random.default_rng(0))
    (one, ours), (two, theirs) = gradients(net, packed, hiding), gradients(net, masked, hiding)
    assert one == pytest.approx(two, rel=1e-5)
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


def test_a_share_of_each_cell_is_hidden_and_at_least_one_token():
    layout = Layout(SHAPE, "packed", "cpu")
    hiding = layout.hide(CELLS, ROWS, 0.3, np.random.default_rng(0))
    assert hiding.hidden.tolist() == [1, 2, 2, 4, 1]
    batch = layout.batch(CELLS, ROWS, hiding)
    assert (batch.tokens == SHAPE.mask).sum() == 10
    assert torch.equal(batch.targets, torch.from_numpy(CELLS.tokens)[batch.hidden])
    assert layout.hide(CELLS, ROWS, 0.3, np.random.default_rng(1)).chosen.tolist() != hiding.chosen.tolist()


@pytest.mark.parametrize("kind", ["packed", "masked", "tokens"])
def test_parts_of_a_batch_hide_what_the_whole_hides(kind):
    layout = Layout(SHAPE, kind, "cpu")
    hiding = layout.hide(CELLS, ROWS, 0.3, np.random.default_rng(0))
    whole = layout.batch(CELLS, ROWS, hiding)
    parts = [layout.batch(CELLS, ROWS[part], hiding.take(part)) for part in (slice(0, 2), slice(2, 3), slice(3, 5))]
    assert torch.equal(torch.cat([part.targets for part in parts]), whole.targets)
    if kind != "masked":
        assert torch.equal(torch.cat([part.tokens for part in parts]), whole.tokens)


def test_attention_dropout_leaves_the_mean_and_needs_no_fused_kernel():
    shape = Shape(20, 12, dims=16, heads=2, feed_forward=32, dropout=0.0, attention_dropout=0.3)
    net = network(shape).train()
    batch = Layout(shape, "masked", "cpu").batch(CELLS, ROWS)
    with torch.no_grad():
        drawn = torch.stack([net.pooled(batch) for _ in range(300)])
        assert not torch.equal(drawn[0], drawn[1])
        attended = net.eval().pooled(batch)
    assert (drawn.mean(0) - attended).abs().mean() < 0.1


def test_dropout_drops_its_share_and_keeps_the_sum():
    shape = Shape(4, 4, dropout=0.1)
    net = network(shape)
    x = torch.ones(1001, 333)
    dropped = net.drop.train()(x)
    assert (dropped == 0).float().mean() == pytest.approx(0.1, abs=0.003)
    assert dropped.mean() == pytest.approx(1.0, abs=0.004)
    columns = (dropped == 0).float().mean(0)
    assert columns.std() < 0.02
    assert torch.equal(net.drop.eval()(x), x)
