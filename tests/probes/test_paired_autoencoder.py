import numpy as np
import pytest

torch = pytest.importorskip("torch")
functional = torch.nn.functional

from noiselaw.probes.paired_autoencoder import PairedAutoencoder, _Halves  # noqa: E402


def reference_loss(model, weights, x, y, masks):
    """The same networks by automatic differentiation; ``masks`` in the order in which they were drawn, or None."""
    side_x, side_y, own_x, own_y, x_from_y, y_from_x = model._layers(weights)

    def run(layers, values, rectify_last, masks=None):
        for layer, (weight, bias) in enumerate(layers):
            values = values if masks is None else values * masks[layer]
            values = functional.linear(values, weight, bias)
            if rectify_last or layer < len(layers) - 1:
                values = functional.leaky_relu(values, 0.2)
        return values

    z_x, z_y = run(side_x, x, True), run(side_y, y, True)
    first, second = masks or (None, None)
    return (
        functional.mse_loss(run(own_x, z_x, False), x)
        + functional.mse_loss(run(own_y, z_y, False), y)
        + functional.mse_loss(run(x_from_y, z_y, False, first), x)
        + functional.mse_loss(run(y_from_x, z_x, False, second), y)
    )


def test_gradients_are_those_of_automatic_differentiation():
    model = PairedAutoencoder(5, 7, 3, 64, seed=0).eval()
    x, y = torch.randn(50, 5), torch.randn(50, 7)
    loss = model.loss(x, y, gradients=True)
    weights = model.weights.detach().clone().requires_grad_(True)
    expected = reference_loss(model, weights, x, y, None)
    expected.backward()
    assert loss == pytest.approx(expected.item(), rel=1e-5)
    assert torch.allclose(model.weights.grad, weights.grad, atol=1e-6)


@pytest.mark.parametrize("n", [50, 51, 2])
def test_gradients_with_dropout_are_those_of_the_masks_that_it_means(n, monkeypatch):
    model = PairedAutoencoder(5, 7, 3, 64, seed=0).train()
    latent_masks, kept, mask, draw = [], [], model._masks, _Halves.draw
    monkeypatch.setattr(model, "_masks", lambda *args: latent_masks.append(mask(*args)) or latent_masks[-1])
    monkeypatch.setattr(_Halves, "draw", lambda *args: kept.append(draw(*args)) or kept[-1])
    x, y = torch.randn(n, 5), torch.randn(n, 7)
    loss = model.loss(x, y, gradients=True)
    masks = []
    for (latent,), halves in zip(latent_masks, kept, strict=True):
        hidden = [torch.zeros(n, width) for width in (256, 512, 1024)]
        for rows, half in zip((slice(n // 2), slice(n // 2, n)), halves, strict=True):
            for layer, units in zip(hidden, half[1:-1], strict=True):
                layer[rows, units] = 2
        masks.append([latent, *hidden])
    weights = model.weights.detach().clone().requires_grad_(True)
    expected = reference_loss(model, weights, x, y, masks)
    expected.backward()
    assert loss == pytest.approx(expected.item(), rel=1e-5)
    assert torch.allclose(model.weights.grad, weights.grad, atol=1e-6)


def test_the_halves_of_a_batch_keep_complementary_units():
    model = PairedAutoencoder(5, 7, 3, 64, seed=0)
    one, two = model._halves[0].draw(np.random.default_rng(0))
    for width, first, second in zip((256, 512, 1024), one[1:-1], two[1:-1], strict=True):
        assert len(first) == len(second) == width // 2
        assert sorted([*first, *second]) == list(range(width))


def test_validation_with_dropout_draws_masks_for_every_pair():
    model = PairedAutoencoder(5, 7, 3, 64, seed=0).train()
    x, y = torch.randn(50, 5), torch.randn(50, 7)
    drawn = {model.loss(x, y, gradients=False) for _ in range(3)}
    assert len(drawn) == 3
    model.eval()
    assert len({model.loss(x, y, gradients=False) for _ in range(3)}) == 1


def test_latents_are_those_of_the_encoders():
    model = PairedAutoencoder(5, 7, 3, 64, seed=0)
    x, y = torch.randn(50, 5), torch.randn(50, 7)
    z_x, z_y = model.encode(x, y)
    assert z_x.shape == z_y.shape == (50, 3)
    layers = model._layers(model.weights.detach())[1]
    for weight, bias in layers:
        y = functional.leaky_relu(functional.linear(y, weight, bias), 0.2)
    assert torch.equal(z_y, y)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_dropout_keeps_half_and_doubles_it(dtype):
    model = PairedAutoencoder(5, 7, 3, 64, seed=0, dtype=dtype)
    masks = model._masks(63, [3, 256, 1024])
    assert [tuple(mask.shape) for mask in masks] == [(63, 3), (63, 256), (63, 1024)]
    assert set(masks[2].float().unique().tolist()) == {0.0, 2.0}
    assert masks[2].float().mean().item() == pytest.approx(1, abs=0.02)
    rows = masks[2].float() - 1
    assert torch.abs(rows[:-1] * rows[1:]).mean() == 1
    assert abs((rows[:-1] * rows[1:]).mean().item()) < 0.02


def test_half_precision_gradients_are_close():
    x, y = torch.randn(64, 5), torch.randn(64, 7)
    gradients = []
    for dtype in (torch.float32, torch.bfloat16):
        model = PairedAutoencoder(5, 7, 3, 64, seed=0, dtype=dtype).train(False)
        model.loss(x, y, gradients=True)
        gradients.append(model.weights.grad.numpy().copy())
    assert np.corrcoef(*gradients)[0, 1] > 0.99


def test_wide_sides_have_wide_layers():
    model = PairedAutoencoder(3000, 5, 2, 8, seed=0)
    assert [tuple(weight.shape) for weight, _ in model._layers(model.weights.data)[0]] == [
        (2048, 3000),
        (1024, 2048),
        (512, 1024),
        (2, 512),
    ]
