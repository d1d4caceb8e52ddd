"""Trains the model on synthetic reviews and writes its weights. Usage: train.py OUTPUT. Fails below 95 % accuracy."""

import random
import sys

import torch

from model import Sentiment, features

SEED = 7
SENTENCES = 4000
EPOCHS = 40
WANTED_ACCURACY = 0.95

THINGS = "lamp product quality price delivery packaging shop service build colour light cord shade material design".split()
GOOD = "good great excellent lovely wonderful beautiful perfect reliable bright sturdy brilliant fantastic nice best happy".split()
BAD = "bad poor terrible awful horrible ugly useless flimsy dim cheap broken disappointing faulty worst unhappy".split()
LIKE = "love like enjoy recommend adore".split()
DISLIKE = "hate dislike regret return avoid".split()
HAPPY = "arrived quickly|works as promised|exceeded my expectations|is worth every penny|made my evening|was easy to assemble".split("|")
SAD = "arrived late|stopped working|broke after two days|fell apart|is a waste of money|was missing parts".split("|")
SURE = ["five stars", "would buy again"], ["one star", "never again"]


def sentence(rng: random.Random, positive: bool) -> str:
    """One review; half of them negate ("not good"), so that single words do not decide."""
    adjectives, verbs, facts, sure = (GOOD, LIKE, HAPPY, SURE[0]) if positive else (BAD, DISLIKE, SAD, SURE[1])
    opposites, opposite_verbs = (BAD, DISLIKE) if positive else (GOOD, LIKE)
    thing = f"{rng.choice(['the', 'this', 'my'])} {rng.choice(THINGS)}"
    very = rng.choice(["", "", "very ", "really ", "so "])
    plain = [
        f"{thing} is {very}{rng.choice(adjectives)}",
        f"what a {rng.choice(adjectives)} {rng.choice(THINGS)}",
        f"i {very}{rng.choice(verbs)} it",
        f"it {rng.choice(facts)}",
        f"{rng.choice(adjectives)} and {rng.choice(adjectives)}",
        rng.choice(sure),
    ]
    negated = [
        f"{thing} is not {rng.choice(opposites)}",
        f"not {rng.choice(opposites)} at all",
        f"i do not {rng.choice(opposite_verbs)} it",
    ]
    parts = rng.sample(plain, rng.choice([0, 1, 2])) + rng.sample(negated, rng.choice([0, 1]))
    return " and ".join(rng.sample(parts, len(parts)) or [rng.choice(plain + negated)])


def main(output: str) -> None:
    """Trains, checks on sentences that were held out, and writes the weights to `output`."""
    torch.manual_seed(SEED)
    rng = random.Random(SEED)
    labels = [rng.random() < 0.5 for _ in range(SENTENCES)]
    inputs = torch.stack([features(sentence(rng, label)) for label in labels])
    wanted = torch.tensor(labels, dtype=torch.float32)
    training, held_out = slice(0, SENTENCES * 4 // 5), slice(SENTENCES * 4 // 5, SENTENCES)

    model = Sentiment()
    loss_function = torch.nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(EPOCHS):
        optimizer.zero_grad()
        loss = loss_function(model(inputs[training]), wanted[training])
        loss.backward()
        optimizer.step()

    with torch.no_grad():
        accuracy = ((model(inputs[held_out]) > 0) == (wanted[held_out] > 0.5)).float().mean().item()
    print(f"torch {torch.__version__}: accuracy on held-out reviews {accuracy:.3f}")
    if accuracy < WANTED_ACCURACY:
        sys.exit(f"the model is not good enough: {accuracy:.3f} is less than {WANTED_ACCURACY}")
    torch.save(model.state_dict(), output)


if __name__ == "__main__":
    main(sys.argv[1])
