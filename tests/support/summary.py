"""What the summary of the tests shows; the process that prints it runs no test and imports no torch."""

LARGEST = "largest relative difference to the released figures"
"""The property of a test with one."""
