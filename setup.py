"""Two source roots and the benchmark files in one distribution; everything else is in pyproject.toml."""

from setuptools import find_packages, setup

HARNESS = find_packages("harness")
PLUGINS = find_packages("plugins")
DATA = [
    "**/*.css",
    "**/*.csv",
    "**/*.html",
    "**/*.js",
    "**/*.json",
    "**/*.pyi",
    "**/*.safetensors",
    "**/*.svg",
    "**/*.tmpl",
    "**/*.yaml",
    "**/README.md",
    "py.typed",
]

setup(
    packages=[*HARNESS, *PLUGINS, "cir_bench.benchmarks"],
    package_dir={
        **{name: f"harness/{name.replace('.', '/')}" for name in HARNESS},
        **{name: f"plugins/{name.replace('.', '/')}" for name in PLUGINS},
        "cir_bench.benchmarks": "benchmarks",
    },
    package_data={"": DATA},
    include_package_data=False,  # DATA is complete; True would warn of every folder without __init__.py
)
