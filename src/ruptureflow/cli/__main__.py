"""`python -m ruptureflow.cli`."""

import sys

from ruptureflow.cli.commands import main

sys.exit(main())
