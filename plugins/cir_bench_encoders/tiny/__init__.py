"""The encoder `tiny`: small enough to train on two CPU cores in minutes; its weights are shipped.

`towers` the modules, `encoder` the plugin, `weights` the file, `train` the script that makes it.
"""
