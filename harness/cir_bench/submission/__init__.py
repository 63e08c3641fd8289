"""From a finished cell on a hidden test set to the files that its server takes, and checking such files.

Their form is the data set's (`cir_bench.interfaces.submission`); here is what is the same for all: which cell, what is
known of the hidden split on this machine, and files that replace no others. Imports no torch.
"""
