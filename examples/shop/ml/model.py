"""The sentiment model: hashed words and word pairs, one hidden layer. Runs on torch 1.13 and newer."""

import re
import zlib

import torch

BUCKETS = 4096
HIDDEN = 16
VERSION = "1"

_WORD = re.compile(r"[a-z']+")


def features(text: str) -> torch.Tensor:
    """The text as a vector of BUCKETS counts; stable between machines because crc32 is."""
    words = _WORD.findall(text.lower())
    pairs = [f"{first} {second}" for first, second in zip(words, words[1:])]
    vector = torch.zeros(BUCKETS)
    for token in words + pairs:
        vector[zlib.crc32(token.encode()) % BUCKETS] = 1.0
    return vector


class Sentiment(torch.nn.Module):
    """Says how likely a review is positive."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(BUCKETS, HIDDEN),
            torch.nn.ReLU(),
            torch.nn.Linear(HIDDEN, 1),
        )

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        """One logit per row."""
        return self.layers(batch).squeeze(-1)

    @torch.no_grad()
    def positive(self, text: str) -> float:
        """Probability, 0 to 1, that the text is a positive review."""
        return float(torch.sigmoid(self(features(text).unsqueeze(0)))[0])


def load(path: str) -> Sentiment:
    """Reads the weights that train.py wrote. `weights_only` keeps a model file from running code."""
    model = Sentiment()
    model.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    model.eval()
    return model
