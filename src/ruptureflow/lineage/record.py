"""What a job read and made: the record from which any number is followed back to its raw files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class JobRecord:
    """One job of the workflow.

    Parameters
    ----------
    rule, script : the rule's name and its script's path, relative to the repository.
    code_hash : hash of the library modules the job runs.
    inputs : SHA-256 by path of every file it read.
    outputs : paths of the files it made.
    rests_on : the inputs behind an output (its path), or behind the rows of one part of it (path#part), where these are
        not all of them.
    """

    rule: str
    script: str
    code_hash: str
    inputs: dict[str, str]
    outputs: list[str]
    rests_on: dict[str, list[str]] = field(default_factory=dict)

    def behind(self, output: str, part: str = "") -> list[str]:
        """Inputs behind an output or one part of it: all of them where the job names none."""
        return self.rests_on.get(f"{output}#{part}", self.rests_on.get(output, list(self.inputs)))


def file_hash(path: str | Path) -> str:
    """SHA-256 of a file's bytes; of a folder, over its files' names and hashes in their order."""
    if Path(path).is_dir():
        names = sorted(file.relative_to(path).as_posix() for file in Path(path).rglob("*") if file.is_file())
        lines = [f"{name} {file_hash(Path(path) / name)}\n" for name in names]
        return hashlib.sha256("".join(lines).encode()).hexdigest()
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_record(record: JobRecord, path: str | Path) -> None:
    """Write a job's record as JSON, sorted, without times."""
    text = json.dumps(asdict(record), indent=1, sort_keys=True, ensure_ascii=False)
    Path(path).write_text(text + "\n", encoding="utf-8")


def read_records(paths: Iterable[str | Path]) -> list[JobRecord]:
    """The records of several jobs."""
    return [JobRecord(**json.loads(Path(path).read_text(encoding="utf-8"))) for path in paths]


@dataclass(frozen=True)
class Lineage:
    """All jobs' records together: answers where a file came from."""

    records: tuple[JobRecord, ...]

    def maker(self, path: str) -> JobRecord:
        """The job that made a file.

        Raises
        ------
        KeyError
            if no recorded job made it.
        """
        for record in self.records:
            if path in record.outputs:
                return record
        raise KeyError(f"no recorded job made {path}")

    def raw_inputs(self, path: str, part: str = "") -> dict[str, str]:
        """SHA-256 by path of every raw file (one that no job made) behind a file or one part of it, sorted by path."""
        makers = {output: record for record in self.records for output in record.outputs}
        waiting, seen, raw = [(path, part)], {path}, {}
        while waiting:
            name, of = waiting.pop()
            for behind in makers[name].behind(name, of) if name in makers else ():
                if behind not in makers:
                    raw[behind] = makers[name].inputs[behind]
                elif behind not in seen:
                    seen.add(behind)
                    waiting.append((behind, ""))
        return dict(sorted(raw.items()))
