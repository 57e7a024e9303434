"""`python -m ruptureflow.simulate [FOLDER]`: write the demonstration waves into FOLDER, `data` where none is given."""

import sys
from pathlib import Path

from ruptureflow.simulate.waves import DEMONSTRATIONS, write_wave

for wave in DEMONSTRATIONS:
    print(write_wave(wave, Path(sys.argv[1] if len(sys.argv) > 1 else "data") / wave))
