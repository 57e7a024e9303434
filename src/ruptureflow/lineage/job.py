"""The frame every workflow script runs in: its log, its errors in plain words, its record of inputs and outputs."""

from __future__ import annotations

import logging
import os
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ruptureflow.lineage.record import JobRecord, file_hash, write_record


def is_users_mistake(error: BaseException) -> bool:
    """Whether an error is one of this package's own messages, which say what to mend and need no traceback."""
    return isinstance(error, ValueError) and type(error).__module__.startswith("ruptureflow.")


@contextmanager
def job(snakemake: Any) -> Iterator[dict[str, Iterable[str]]]:
    """Run the body of a script: everything it says goes into the rule's log, its record into `output.lineage`.

    An error of this package ends the job with its message alone; any other error is a defect of ours and its
    traceback goes into the log.

    Parameters
    ----------
    snakemake : the object Snakemake gives a script; `params.code` is the hash of the rule's library modules.

    Yields
    ------
    dict
        to be filled with what an output, or a part of it (path#part), rests on, where that is not every input.
    """
    rests_on: dict[str, Iterable[str]] = {}
    log_path = Path(str(snakemake.log[0]))
    log_path.parent.mkdir(parents=True, exist_ok=True)
    with log_path.open("w", encoding="utf-8") as stream:
        logging.basicConfig(stream=stream, level=logging.INFO, format="%(levelname)s %(message)s", force=True)
        logging.captureWarnings(True)
        lineage = getattr(snakemake.output, "lineage", None)
        before = _input_hashes(snakemake) if lineage is not None else {}
        try:
            yield rests_on
        except Exception as error:
            if is_users_mistake(error):
                stream.write(f"{error}\n")
            else:
                stream.write(traceback.format_exc())
                stream.write("This is a defect of ruptureflow, not of your data; please report it with these lines.\n")
            stream.flush()
            raise SystemExit(1) from None
        if lineage is not None:
            if _input_hashes(snakemake) != before:
                stream.write(
                    "an input changed while the job read it, so its results are of no known state; run again\n"
                )
                raise SystemExit(1)
            write_record(_record(snakemake, str(lineage), before, rests_on), str(lineage))


def _input_hashes(snakemake: Any) -> dict[str, str]:
    return {path: file_hash(path) for path in sorted({_relative(str(p)) for p in snakemake.input})}


def _record(snakemake: Any, lineage: str, inputs: dict[str, str], rests_on: dict[str, Iterable[str]]) -> JobRecord:
    return JobRecord(
        rule=snakemake.rule,
        script=_relative(os.path.join(snakemake.scriptdir, f"{snakemake.rule}.py")),
        code_hash=snakemake.params.code.split()[0],
        inputs=inputs,
        outputs=sorted(_relative(str(path)) for path in snakemake.output if str(path) != lineage),
        rests_on={
            _relative(str(output)): sorted({_relative(str(path)) for path in paths})
            for output, paths in rests_on.items()
        },
    )


def _relative(path: str) -> str:
    return Path(os.path.relpath(path)).as_posix()
