"""Several processes, called ranks, that compute one cell together, each on a device of its own.

Each rank encodes its share of the images and texts; features are gathered, so that every rank computes the method's
step on the whole batch, and no method knows of it.

* ``group.py``: `Ranks`, what they tell each other, and what happens when one fails or is lost;
* ``join.py``: the ranks that ``torchrun`` started;
* ``tensors.py``: rows gathered with gradient, gradients summed, weights compared;
* ``batchnorm.py``: batch norm over the rows of all ranks.
"""
