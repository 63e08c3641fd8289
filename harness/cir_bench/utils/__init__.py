"""Helpers for plugin authors: files, images, memory. Nothing here knows of benchmarks or methods."""
