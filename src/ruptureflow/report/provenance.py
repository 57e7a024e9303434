"""Provenance: every job of the run with the hashes of what it read and made, and the same as an RO-Crate."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable
from importlib import metadata
from typing import Any

from ruptureflow.lineage import JobRecord

PACKAGES = (
    "numpy",
    "scipy",
    "pandas",
    "statsmodels",
    "formulaic",
    "matplotlib",
    "snakemake",
    "pypandoc_binary",
    "typst",
)
CRATE = "https://w3id.org/ro/crate/1.1"


def provenance(records: Iterable[JobRecord], hashed: Callable[[str], str]) -> dict[str, Any]:
    """Jobs, files and software of a run, without times.

    Parameters
    ----------
    records : the record of every job.
    hashed : path → SHA-256 of the file (or folder) as it is now.

    Returns
    -------
    dict
        "software": version by package; "jobs": rule, script, code_hash, inputs and outputs (SHA-256 by path);
        "raw_files": SHA-256 by path of every file that no job made.
    """
    jobs = sorted(records, key=lambda job: (job.rule, job.outputs))
    made = {output for job in jobs for output in job.outputs}
    raw = {path: digest for job in jobs for path, digest in job.inputs.items() if path not in made}
    return {
        "software": {"python": platform.python_version(), **{name: metadata.version(name) for name in PACKAGES}},
        "raw_files": dict(sorted(raw.items())),
        "jobs": [
            {
                "rule": job.rule,
                "script": job.script,
                "code_hash": job.code_hash,
                "inputs": job.inputs,
                "outputs": {path: hashed(path) for path in job.outputs},
            }
            for job in jobs
        ],
    }


def crate(record: dict[str, Any], title: str, version: str) -> dict[str, Any]:
    """The same as RO-Crate metadata: files as data entities, jobs as actions.

    The crate is described, not dated: `datePublished` is left to whoever publishes it.
    """
    files: dict[str, str] = dict(record["raw_files"])
    for job in record["jobs"]:
        files |= job["outputs"]
    entities = [{"@id": path, "@type": "File", "sha256": digest} for path, digest in sorted(files.items())]
    scripts = sorted({job["script"] for job in record["jobs"]})
    actions = [
        {
            "@id": f"#{job['rule']}-{number}",
            "@type": "CreateAction",
            "name": job["rule"],
            "instrument": {"@id": job["script"]},
            "object": [{"@id": path} for path in job["inputs"]],
            "result": [{"@id": path} for path in job["outputs"]],
        }
        for number, job in enumerate(record["jobs"], start=1)
    ]
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": title,
        "description": f"Results and manuscript made by ruptureflow {version}",
        "hasPart": [{"@id": each["@id"]} for each in entities],
        "mentions": [{"@id": action["@id"]} for action in actions],
    }
    descriptor = {
        "@id": "ro-crate-metadata.json",
        "@type": "CreativeWork",
        "conformsTo": {"@id": CRATE},
        "about": {"@id": "./"},
    }
    sources = [{"@id": script, "@type": ["File", "SoftwareSourceCode"], "name": script} for script in scripts]
    return {"@context": f"{CRATE}/context", "@graph": [descriptor, root, *entities, *sources, *actions]}
