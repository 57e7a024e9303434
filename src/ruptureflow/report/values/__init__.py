"""Every number the manuscript may show, stage by stage, with the cell of the result table it stands in."""
