"""Few-shot accuracy: how well classes that a network never saw are told apart by a few pictures of each.

A draw takes `ways` classes and `shots` pictures of each; all their other pictures are asked about.
"""

import numpy as np
import torch
from torch.nn import functional

WAYS, DRAWS = 5, 20


def draws(labels, shots, count=DRAWS, ways=WAYS, seed=0):
    """`count` draws, the same every time: (classes [ways], support [ways, shots], query [ways, rest])."""
    classes = np.unique(labels)
    for number in range(count):
        rng = np.random.default_rng((seed, shots, number))
        chosen = rng.choice(classes, ways, replace=False)
        members = [rng.permutation(np.flatnonzero(labels == name)) for name in chosen]
        fewest = min(len(rows) for rows in members)
        yield (
            chosen,
            np.stack([rows[:shots] for rows in members]),
            np.stack([rows[shots:fewest] for rows in members]),
        )


def nearest_mean(support, query):
    """support [ways, shots, D], query [n, D] -> the class of the nearest mean, [n]."""
    means = support.mean(1)
    return ((query[:, None] - means[None]) ** 2).sum(-1).argmin(1)


def k_nearest(support, query, k):
    """The class that most of the k nearest support pictures have; the nearer ones decide a tie."""
    ways, shots, size = support.shape
    distances = ((query[:, None] - support.reshape(1, ways * shots, size)) ** 2).sum(-1)
    nearest = np.argsort(distances, axis=1, kind="stable")[:, : min(k, ways * shots)] // shots
    counts = np.stack([(nearest == way).sum(1) for way in range(ways)], 1).astype(float)
    first = np.stack(
        [np.where(nearest == way, np.arange(nearest.shape[1]), 99).min(1) for way in range(ways)], 1
    )
    return (counts - first / 1000).argmax(1)


def linear(support, query, decay=1.0, scale=10.0):
    """Multinomial logistic regression on embeddings of length 1, times `scale`; L2 `decay` on the weights."""
    ways, shots, size = support.shape
    x = torch.tensor(support.reshape(-1, size), dtype=torch.float32) * scale
    y = torch.arange(ways).repeat_interleave(shots)
    weight = torch.zeros(ways, size, requires_grad=True)
    bias = torch.zeros(ways, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=100, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = (
            functional.cross_entropy(x @ weight.T + bias, y, reduction="sum")
            + decay * weight.square().sum() / 2
        )
        loss.backward()
        return loss

    optimizer.step(closure)
    with torch.no_grad():
        said = torch.tensor(query, dtype=torch.float32) * scale @ weight.T + bias
    return said.argmax(1).numpy()


HEADS = {
    "nearest mean": nearest_mean,
    "1-NN": lambda support, query: k_nearest(support, query, 1),
    "5-NN": lambda support, query: k_nearest(support, query, 5),
    "linear": linear,
}


def accuracies(embeddings, labels, shots, head, count=DRAWS, seed=0):
    """The accuracy of a head in each draw: [count]. Embeddings float [n, D]."""
    results = []
    for _, support, query in draws(labels, shots, count, seed=seed):
        said = head(embeddings[support], embeddings[query.ravel()])
        asked = np.repeat(np.arange(len(query)), query.shape[1])
        results.append((said == asked).mean())
    return np.array(results)


def pixels(pictures, side=21):
    """Raw pixels as embeddings: uint8 [n, h, w, 3] -> float [n, side side 3], made small, of length 1."""
    import cv2

    small = [cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA) for picture in pictures]
    flat = np.stack(small).reshape(len(small), -1).astype(np.float32)
    return flat / np.linalg.norm(flat, axis=1, keepdims=True)
