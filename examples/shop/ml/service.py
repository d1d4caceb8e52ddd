"""The HTTP service: POST /predict says whether a review is positive, GET /healthz answers once the model is loaded."""

import os

import torch
from fastapi import FastAPI
from pydantic import BaseModel, Field

from model import VERSION, load

# Requests are tiny; more threads would only fight with the other services for the cores.
torch.set_num_threads(1)

model = load(os.environ.get("MODEL_PATH", "model.pt"))
app = FastAPI(title="shop ml", docs_url=None, redoc_url=None)


class Review(BaseModel):
    """What is to be judged."""

    text: str = Field(min_length=1, max_length=2000)


@app.get("/healthz")
def healthz() -> dict:
    """The model is loaded as soon as this answers."""
    return {"status": "ok", "torch": torch.__version__, "modelVersion": VERSION}


@app.post("/predict")
def predict(review: Review) -> dict:
    """One inference on the CPU."""
    positive = model.positive(review.text)
    return {
        "sentiment": "positive" if positive >= 0.5 else "negative",
        "positive": round(positive, 4),
        "modelVersion": VERSION,
    }
