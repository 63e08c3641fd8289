"""The data set card: ``README.md``, whose head maps files to tables and splits for `datasets`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from cir_bench.data.tables import QUERIES, split_name
from cir_bench.interfaces.specs import DatasetSpec
from cir_bench.version import __version__


def card(spec: DatasetSpec, provenance: Mapping[str, str], rows: Mapping[str, Mapping[str, int]]) -> str:
    """Markdown with a YAML head, for a data set with these facts and numbers of rows by table and split.

    A split without rows has no file.
    """
    configs: list[dict[str, Any]] = [
        {
            "config_name": table,
            **({"default": True} if table == QUERIES else {}),
            "data_files": [
                {"split": split_name(split), "path": f"{table}/{split_name(split)}-*.parquet"}
                for split, count in splits.items()
                if count
            ],
        }
        for table, splits in rows.items()
        if any(splits.values())
    ]
    head = {"license": "other", "license_name": spec.licence, "tags": ["composed-image-retrieval"], "configs": configs}
    lines = [
        f"# {spec.name}",
        "",
        f"{spec.summary}. Written by cir-bench {__version__} (`cir-bench data export`); it reads this back as "
        "`-b hf:FOLDER` or `-b hf:REPOSITORY`.",
        "",
        f"Licence: {spec.licence}." + (" Non-commercial." if spec.non_commercial else ""),
        *([f"Source: {spec.homepage}"] if spec.homepage else []),
        "",
        "| table | split | rows |",
        "|---|---|---|",
        *(f"| {table} | {split} | {count} |" for table, splits in rows.items() for split, count in splits.items()),
        "",
        *([f"```bibtex\n{spec.citation.strip()}\n```", ""] if spec.citation else []),
        "Made from:",
        "",
        *(f"- {name}: `{fact}`" for name, fact in provenance.items()),
    ]
    return f"---\n{yaml.safe_dump(head, sort_keys=False, allow_unicode=True)}---\n\n" + "\n".join(lines) + "\n"
