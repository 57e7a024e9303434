"""Tables that intake hands over: a wave's raw files, typed and checked, each row with the raw row it came from."""

from ruptureflow.tables.schema import Column, Table

SOURCE = (
    Column("source_file", "text", "raw file the row came from, relative to the wave folder"),
    Column("source_sheet", "text", "sheet of a workbook; empty for text files", nullable=True),
    Column("source_row", "integer", "row in that file as a spreadsheet shows it (the header is row 1)", minimum=1),
)
PATIENT = Column("patient", "text", "patient's id (a dyad's id is its patient's)")
ROLE = Column("role", "text", "who gave the sample, the answer or the behaviour: patient, therapist, observer …")
SESSION = Column("session", "integer", "session number", minimum=0)
TIMEPOINT = Column("timepoint", "text", "intake, session or end", allowed=("intake", "session", "end"))
SESSION_OR_NONE = Column(
    "session", "integer", "session number; 0 at intake, empty at the end", nullable=True, minimum=0
)
INSTRUMENT = Column("instrument", "text", "id of the instrument file in config/instruments")
ANALYTE = Column("analyte", "text", "what was measured, as the wave declares it (oxytocin, cortisol …)")

PARTICIPANTS = Table(
    "participants",
    "intake",
    "one patient",
    (
        PATIENT,
        Column("therapist", "text", "therapist's id", nullable=True),
        Column("age", "number", "age at intake", "years", nullable=True, minimum=0, maximum=120),
        Column("gender", "text", "gender as the clinic recorded it", nullable=True),
        Column("arm", "text", "treatment arm", nullable=True),
        Column("personality_disorder", "flag", "comorbid personality disorder", nullable=True),
        Column("dropout", "flag", "left treatment before its planned end", nullable=True),
        *SOURCE,
    ),
    key=("patient",),
    open_columns="further covariates that the wave declares",
)
SAMPLES = Table(
    "samples",
    "intake",
    "one biological sample",
    (
        Column("sample", "text", "sample's id as on the tube"),
        PATIENT,
        ROLE,
        SESSION,
        Column("occasion", "text", "before or after the session", allowed=("pre", "post")),
        ANALYTE,
        Column("matrix", "text", "saliva, plasma, urine …"),
        Column("collected_at", "text", "collection time, ISO 8601", nullable=True),
        Column("dilution", "number", "dilution before the assay (2 = one to two)", nullable=True),
        *SOURCE,
    ),
    key=("sample", "analyte"),
    open_columns="planned_run (the run the manifest names), and what else of the manifest the wave carries, such as "
    "freezer",
)
SIGNALS = Table(
    "signals",
    "intake",
    "one tube or well",
    (
        ANALYTE,
        Column("run", "text", "assay run or plate"),
        Column("position", "text", "tube number or well"),
        Column(
            "content",
            "text",
            "what the tube holds",
            allowed=("total", "nsb", "b0", "blank", "standard", "qc", "unknown"),
        ),
        Column("level", "text", "label of a standard or QC level", nullable=True),
        Column(
            "dose",
            "number",
            "nominal dose of a standard or QC, in the assay's unit",
            nullable=True,
            minimum=0,
        ),
        Column("sample", "text", "sample's id where the tube holds one", nullable=True),
        Column("replicate", "integer", "replicate number", minimum=1),
        Column("signal", "number", "counts or optical density", nullable=True),
        Column("signal_unit", "text", "cpm or od", allowed=("cpm", "od")),
        *SOURCE,
    ),
    key=("analyte", "run", "position"),
)
REPORTED_CONCENTRATIONS = Table(
    "reported_concentrations",
    "intake",
    "one concentration as the lab reported it, where no signal came",
    (
        Column("sample", "text", "sample's id"),
        ANALYTE,
        Column("run", "text", "assay run or plate, where known", nullable=True),
        Column(
            "concentration",
            "number",
            "reported concentration; empty when below or above a limit, or not measured",
            nullable=True,
        ),
        Column(
            "qualifier",
            "text",
            "< below, > above the limit; empty for a plain value",
            nullable=True,
            allowed=("<", ">"),
        ),
        Column("limit", "number", "limit of detection or quantification that the qualifier names", nullable=True),
        Column("unit", "text", "unit of concentration"),
        Column("replicate", "integer", "replicate number", minimum=1),
        *SOURCE,
    ),
    key=("sample", "analyte", "replicate"),
)
RECOVERIES = Table(
    "recoveries",
    "intake",
    "one extraction of a spiked pool",
    (
        ANALYTE,
        Column("pool", "text", "pool's name"),
        Column("run", "text", "extraction or assay run, where known", nullable=True),
        Column("endogenous", "number", "concentration of the pool before the spike", nullable=True, minimum=0),
        Column("spike", "number", "concentration added before extraction", minimum=0),
        Column("measured", "number", "concentration measured after extraction", nullable=True, minimum=0),
        Column("replicate", "integer", "replicate number", minimum=1),
        *SOURCE,
    ),
    key=("analyte", "pool", "run", "spike", "replicate"),
)
CODES = Table(
    "codes",
    "intake",
    "one mark of one coder",
    (
        INSTRUMENT,
        PATIENT,
        SESSION,
        Column("coder", "text", "coder's id"),
        Column(
            "segment",
            "integer",
            "segment of the session; empty for session-level codes",
            nullable=True,
            minimum=1,
        ),
        Column("code", "text", "marker or rating, as the instrument file names it"),
        Column("measure", "text", "count, impact or rating"),
        Column("value", "number", "what the coder gave; empty = not coded, which is not zero", nullable=True),
        Column("coded_on", "text", "day of coding, ISO 8601, where the sheet bears one", nullable=True),
        *SOURCE,
    ),
    key=("instrument", "patient", "session", "coder", "segment", "code", "measure"),
)
RESPONSES = Table(
    "responses",
    "intake",
    "one answer to one questionnaire item",
    (
        INSTRUMENT,
        ROLE,
        PATIENT,
        TIMEPOINT,
        SESSION_OR_NONE,
        Column("item", "text", "item's number in the form"),
        Column("value", "number", "answer as given, not yet reversed", nullable=True),
        *SOURCE,
    ),
    key=("instrument", "role", "patient", "timepoint", "session", "item"),
)
REPORTED_SCORES = Table(
    "reported_scores",
    "intake",
    "one scale score as the clinic reported it, without items",
    (
        INSTRUMENT,
        ROLE,
        PATIENT,
        TIMEPOINT,
        SESSION_OR_NONE,
        Column("scale", "text", "scale of the instrument"),
        Column("score", "number", "reported score", nullable=True),
        *SOURCE,
    ),
    key=("instrument", "role", "patient", "timepoint", "session", "scale"),
)
PROBLEMS = Table(
    "problems",
    "intake",
    "one problem in a raw file",
    (
        Column(
            "severity",
            "text",
            "error stops the wave; warning and note do not",
            allowed=("error", "warning", "note"),
        ),
        Column("file", "text", "raw file"),
        Column("sheet", "text", "sheet of a workbook", nullable=True),
        Column("row", "integer", "row as a spreadsheet shows it", nullable=True),
        Column("column", "text", "column heading as in the file", nullable=True),
        Column("value", "text", "the cell as it stands", nullable=True),
        Column("problem", "text", "what is wrong"),
        Column("fix", "text", "what to do"),
    ),
)
LEDGER = Table(
    "ledger",
    "intake",
    "one row or cell changed, set aside or refused",
    (
        Column("file", "text", "raw file"),
        Column("sheet", "text", "sheet of a workbook", nullable=True),
        Column("row", "integer", "row as a spreadsheet shows it"),
        Column("column", "text", "column heading; empty for a whole row", nullable=True),
        Column("value", "text", "as it stood", nullable=True),
        Column("action", "text", "what was done", allowed=("changed", "set aside", "refused")),
        Column("new_value", "text", "what it became", nullable=True),
        Column("reason", "text", "why"),
    ),
)
MANIFEST = Table(
    "manifest",
    "intake",
    "one raw file",
    (
        Column("file", "text", "raw file, relative to the repository"),
        Column("sha256", "text", "SHA-256 of its bytes"),
        Column("bytes", "integer", "size", "bytes"),
        Column("kind", "text", "what the wave declares it to be", nullable=True),
        Column("rows_in", "integer", "data rows read", nullable=True),
        Column("rows_out", "integer", "data rows handed over", nullable=True),
        Column("rows_set_aside", "integer", "data rows set aside, in the ledger", nullable=True),
    ),
    key=("file", "kind"),
)
CLEAN = (
    PARTICIPANTS,
    SAMPLES,
    SIGNALS,
    REPORTED_CONCENTRATIONS,
    RECOVERIES,
    CODES,
    RESPONSES,
    REPORTED_SCORES,
)
"""What the raw files hold, typed and checked."""

HANDED_OVER = (*CLEAN, LEDGER, MANIFEST)
"""What intake hands over of a wave that it accepts."""

TABLES = (*CLEAN, PROBLEMS, LEDGER, MANIFEST)
