"""Names of the files of a checkpoint. Imports no torch."""

LAST = "last.pt"
"""What an interrupted training continues from."""
BEST = "weights-{}.safetensors"
"""The weights of the chosen epoch, by a running number."""
