"""What changes over a run: learning rate, sizes, mosaic. All by step, so a resumed run continues exactly."""

import dataclasses
import math

from .batches import Look


@dataclasses.dataclass(frozen=True)
class Phase:
    """Until this part of the run: input sizes (width, height), drawn evenly, and how they are filled."""

    until: float
    sizes: tuple[tuple[int, int], ...]
    mosaic: float
    scale: tuple[float, float]
    plain: float = 0.0


# Two CPU cores set the price: a 160 px crop costs 0.4 of 256 px and shows things at the same size, so
# the run begins with crops, most of them mosaics in which things are far; its end sees whole pictures as the
# runtime lays them, at the sizes that ship.
PHASES = (
    Phase(0.45, ((160, 160), (160, 160), (192, 128), (192, 192)), mosaic=0.85, scale=(0.35, 1.7)),
    Phase(0.8, ((192, 192), (224, 160), (224, 224), (256, 160)), mosaic=0.7, scale=(0.4, 1.7)),
    Phase(0.93, ((256, 256), (256, 160), (320, 192)), mosaic=0.3, scale=(0.5, 1.6), plain=0.4),
    Phase(1.0, ((256, 256), (320, 192), (320, 320), (416, 256)), mosaic=0.0, scale=(0.8, 1.6), plain=0.6),
)
# How a network ends that ships for larger inputs too.
LARGE = Phase(
    1.0, ((256, 256), (416, 256), (416, 416), (512, 288), (640, 384)), mosaic=0.0, scale=(0.8, 2.2), plain=0.6
)


def look_at(step, steps, rng, skip=0.0, large=False):
    """The Look of a step's batch; the first `skip` part of the phases is left out, as fine-tuning wants."""
    phases = (*PHASES[:-1], LARGE) if large else PHASES
    progress = skip + (1 - skip) * step / steps
    phase = next(phase for phase in phases if progress < phase.until or phase is phases[-1])
    width, height = phase.sizes[rng.integers(len(phase.sizes))]
    return Look(width, height, phase.mosaic, phase.scale, phase.plain)


def learning_rate(step, steps, peak, warmup, last=0.01):
    """Linear warm-up, then a cosine down to `last` of the peak at the last step."""
    if step < warmup:
        return peak * (step + 1) / warmup
    progress = min(1.0, (step - warmup) / max(1, steps - warmup))
    return peak * (last + (1 - last) * (1 + math.cos(math.pi * progress)) / 2)


def ema_decay(step, longest):
    """A short memory at first, while the weights still move fast."""
    return min(longest, (1 + step) / (10 + step))


def parent_weight(step, steps):
    """How much a parent's answers count: all at first, nothing at the end of the last third."""
    return min(1.0, 3 * (1 - step / steps))
