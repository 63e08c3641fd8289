"""Training of one cell: stages, optimisers, checkpoints, the choice of the checkpoint.

* ``loop.py``: `Trainer`, the plain torch loop over stages, epochs, batches and steps;
* ``batches.py``: from triplets and features to `TrainBatch`;
* ``optimisers.py``: torch optimisers and learning rates from settings; ``ema.py``: averaged weights;
* ``checkpoints.py``: atomic epoch checkpoints, so that a killed cell goes on where it was;
* ``seeding.py``: every random choice follows from (seed, what it is for), so resuming needs no generator state.
"""
