"""Repositories of the Hugging Face Hub: models and records are sent (``push``), records of others read (``pull``).

``repository`` has the names of repositories, the client, and its errors as sentences. ``huggingface_hub`` finds the
token itself: that of ``hf auth login``, or ``HF_TOKEN``. Its tests run against a server on this machine.
"""
