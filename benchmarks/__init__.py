"""Timings of the workflow and of the library, each beside a peer in the same run."""
