import numpy as np
import pytest

torch = pytest.importorskip("torch")
functional = torch.nn.functional

from noiselaw.probes.paired_autoencoder import PairedAutoencoder  # noqa: E402


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


@pytest.mark.parametrize("training", [False, True], ids=["evaluating", "with dropout"])
def test_gradients_are_those_of_automatic_differentiation(training, monkeypatch):
    model = PairedAutoencoder(5, 7, 3, 64, seed=0)
    model.train(training)
    drawn, draw = [], model._masks
    monkeypatch.setattr(model, "_masks", lambda *args: drawn.append(draw(*args)) or drawn[-1])
    x, y = torch.randn(50, 5, generator=torch.Generator().manual_seed(1)), torch.randn(50, 7)
    loss = model.loss(x, y, gradients=True)
    weights = model.weights.detach().clone().requires_grad_(True)
    expected = reference_loss(model, weights, x, y, drawn)
    expected.backward()
    assert len(drawn) == 2 * training
    assert loss == pytest.approx(expected.item(), rel=1e-5)
    assert torch.allclose(model.weights.grad, weights.grad, atol=1e-6)


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
