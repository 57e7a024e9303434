"""Arguments of the command, and what each of its words does."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ruptureflow.lineage import is_users_mistake


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 where all is well, 1 where the files have errors, 2 where it cannot run."""
    parser = argparse.ArgumentParser(
        prog="ruptureflow", description="Describe a wave folder and check it, before `snakemake` runs."
    )
    words = parser.add_subparsers(dest="word", required=True, metavar="WORD")
    new = words.add_parser(
        "new-wave",
        help="look at a folder's files, guess what they are, write a commented wave.yaml",
        description="Look at a folder's files, guess what they are and write FOLDER/wave.yaml, commented, to edit.",
    )
    new.add_argument("folder", metavar="FOLDER", help="folder with the files as the lab and the coders left them")
    new.add_argument("--force", action="store_true", help="overwrite a wave.yaml that is there already")
    check = words.add_parser(
        "check",
        help="read a wave's files and print every problem",
        description="Read a wave's raw files and print every problem with file, sheet, row, column, value and fix.",
    )
    check.add_argument("wave", metavar="WAVE", help="a wave of config/waves.tsv, or a folder with a wave.yaml")
    check.add_argument("--all", action="store_true", help="print every problem, also many alike in one column")
    for each in (new, check):
        each.add_argument("--config", default="config/config.yaml", help="the analysis plan (%(default)s)")
    options = parser.parse_args(arguments)
    try:
        if options.word == "new-wave":
            from ruptureflow.cli.describing import describe_folder

            return describe_folder(Path(options.folder), Path(options.config), options.force)
        from ruptureflow.cli.checking import check_wave

        return check_wave(options.wave, Path(options.config), options.all)
    except ValueError as error:
        # The house's own messages say what to mend; anything else is a defect and keeps its traceback.
        if not is_users_mistake(error):
            raise
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
