"""Training of one cell: stages, optimisers, checkpoints, and the choice of the checkpoint.

* ``trainer.py``: `Trainer`, which runs the stages and chooses each one's checkpoint; ``parts.py``: what it is given;
* ``epoch.py``: one epoch of a stage: batches and optimiser steps;
* ``batches.py``: from triplets and features to `TrainBatch`; ``rows.py``: triplets as numbers;
* ``optimisers.py``: torch optimisers and learning rates from settings; ``ema.py``: averaged weights;
* ``state.py``: what a training has come to; ``checkpoints.py``: keeps it, so that a killed cell continues, in
  files named in ``names.py``;
* ``seeding.py``: every random choice follows from the seed and its purpose, so no generator state is kept.
"""
