"""`python -m ruptureflow.tables`: print the data dictionary."""

from ruptureflow.tables.catalogue import ALL
from ruptureflow.tables.dictionary import data_dictionary

print(data_dictionary(ALL), end="")
