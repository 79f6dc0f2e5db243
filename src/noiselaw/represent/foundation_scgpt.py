"""The network of scGPT (Cui et al. 2024), with the names of tensors that its published weights have."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from noiselaw.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["HEADS", "Network", "published_names"]

#: Parts of published weights that an embedding does not pass through.
HEADS = ("decoder.", "cls_decoder.", "mvc_decoder.", "flag_encoder.", "grad_reverse_discriminator.", "sim.")
#: Values above this are not told apart.
_LARGEST_VALUE = 512.0


class _GeneEncoder(nn.Module):  # type: ignore[misc]  # torch is untyped here
    def __init__(self, n_tokens: int, dims: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(n_tokens, dims)
        self.enc_norm = nn.LayerNorm(dims)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        normed: torch.Tensor = self.enc_norm(self.embedding(tokens))
        return normed


class _ContinuousValues(nn.Module):  # type: ignore[misc]  # torch is untyped here
    def __init__(self, dims: int) -> None:
        super().__init__()
        self.linear1, self.linear2 = nn.Linear(1, dims), nn.Linear(dims, dims)
        self.norm = nn.LayerNorm(dims)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        x = values.float().unsqueeze(-1).clamp(max=_LARGEST_VALUE)
        normed: torch.Tensor = self.norm(self.linear2(torch.relu(self.linear1(x))))
        return normed


class _CategoryValues(nn.Module):  # type: ignore[misc]  # torch is untyped here
    def __init__(self, n_bins: int, dims: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(n_bins, dims)
        self.enc_norm = nn.LayerNorm(dims)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        normed: torch.Tensor = self.enc_norm(self.embedding(values.long()))
        return normed


class Network(nn.Module):  # type: ignore[misc]  # torch is untyped here
    """Genes and their binned values, added, through a transformer with norms behind each part.

    ``config`` is the model's ``args.json``: embsize, nheads, d_hid, nlayers, and where given input_emb_style
    (``continuous`` or ``category``) and n_bins.
    """

    def __init__(self, n_tokens: int, config: Mapping[str, Any]) -> None:
        super().__init__()
        dims, style = int(config["embsize"]), config.get("input_emb_style", "continuous")
        self.dims = dims
        self.encoder = _GeneEncoder(n_tokens, dims)
        if style == "continuous":
            self.value_encoder = _ContinuousValues(dims)
        elif style == "category":
            self.value_encoder = _CategoryValues(int(config["n_bins"]) + 2, dims)  # and one each for pad and mask
        else:
            raise InputError(f"input_emb_style of scGPT must be continuous or category; got {style!r}.")
        layer = nn.TransformerEncoderLayer(dims, int(config["nheads"]), int(config["d_hid"]), batch_first=True)
        self.transformer_encoder = nn.TransformerEncoder(layer, int(config["nlayers"]), enable_nested_tensor=False)

    def forward(self, tokens: torch.Tensor, values: torch.Tensor, padding: torch.Tensor) -> torch.Tensor:
        """Return the last layer, (n cells, n tokens, dims); ``padding`` says which tokens are none."""
        x = self.encoder(tokens) + self.value_encoder(values)
        last: torch.Tensor = self.transformer_encoder(x, src_key_padding_mask=padding)
        return last

    def load(self, tensors: Mapping[str, torch.Tensor], where: str) -> int:
        """Take every weight from ``tensors``; return how many of them belong to heads and were left.

        Raises
        ------
        InputError
            If a weight is missing, has another shape, or is none of this network's.
        """
        named = {published_names(name): tensor for name, tensor in tensors.items()}
        heads = {name for name in named if name.startswith(HEADS)}
        own = self.state_dict()
        missing, unknown = sorted(own.keys() - named.keys()), sorted(named.keys() - own.keys() - heads)
        if missing:
            raise InputError(
                f"The weights in {where} lack {len(missing)} tensors of an scGPT with these settings, first "
                f"{missing[0]}. Is args.json of the same model?"
            )
        if unknown:
            raise InputError(
                f"The weights in {where} have {len(unknown)} tensors that an scGPT with these settings has not, first "
                f"{unknown[0]}. Is args.json of the same model?"
            )
        for name, tensor in own.items():
            if tensor.shape != named[name].shape:
                raise InputError(
                    f"In {where}, {name} has shape {tuple(named[name].shape)}; args.json and vocab.json ask for "
                    f"{tuple(tensor.shape)}. Use the files of one model."
                )
        self.load_state_dict({name: named[name] for name in own})
        return len(heads)


def published_names(name: str) -> str:
    """Return how torch calls a tensor that was saved from fast attention (``Wqkv``), or from several GPUs."""
    return name.removeprefix("module.").replace("self_attn.Wqkv.", "self_attn.in_proj_")


def normalised(x: torch.Tensor) -> torch.Tensor:
    """Return rows of length 1, as scGPT's own tools give them."""
    return x / x.norm(dim=1, keepdim=True).clamp(min=math.ulp(1.0))
