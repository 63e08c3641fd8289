"""What a plugin implements. This folder imports nothing else of the harness.

``levels`` and ``specs`` are light (no torch); the rest is imported when an implementation is.
"""
