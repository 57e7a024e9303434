"""Typed settings that refuse what they do not know: every problem of a file at once, each with its place and a fix."""

from __future__ import annotations

import difflib
import json
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError


class ConfigError(ValueError):
    """A settings file is not usable; the message lists every problem with its place and the fix."""


class Strict(BaseModel):
    """A typed section: unknown keys are errors, text is stripped, and a section once read does not change.

    Nothing is converted: true is no 1, "1" is no number, and a number is neither infinite nor NaN.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, str_strip_whitespace=True)


Pair = Annotated[tuple[float, float], Field(strict=False)]
"""Two numbers; YAML knows lists only."""


Model = TypeVar("Model", bound=Strict)


def parse(model: type[Model], content: Any, place: str) -> Model:
    """Read a settings model from parsed YAML.

    Raises
    ------
    ConfigError
        with one line per problem: `place: key: problem; fix`.
    """
    if content is None:
        content = {}
    if not isinstance(content, dict):
        raise ConfigError(f"{place}: expected keys and values, found {type(content).__name__}")
    try:
        return model.model_validate(content)
    except ValidationError as error:
        lines = [_line(model, problem) for problem in error.errors(include_url=False)]
        raise ConfigError("\n".join(f"{place}: {line}" for line in lines)) from None


def read_yaml(path: str | Path) -> Any:
    """Parsed YAML of a file; a missing file or broken YAML is a ConfigError that names the place."""
    path = Path(path)
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_PlainWords)
    except FileNotFoundError:
        raise ConfigError(f"{path.as_posix()}: no such file") from None
    except OSError as error:
        raise ConfigError(f"{path.as_posix()}: cannot be read ({error.strerror}); name a file that can") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path.as_posix()}: not UTF-8 text; save it as UTF-8") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ConfigError(f"{path.as_posix()}:{where} not valid YAML: {getattr(error, 'problem', error)}") from None


def with_typed_words(value: Any, written: list[Any]) -> Any:
    """Settings with the numbers and truth values of the command line, which Snakemake hands over as text.

    Parameters
    ----------
    value : merged settings.
    written : the same place of every settings file; a text that stands in one of them is a text.
    """
    if isinstance(value, dict):
        files = [file for file in written if isinstance(file, dict)]
        return {key: with_typed_words(own, [file[key] for file in files if key in file]) for key, own in value.items()}
    if value in written:
        return value
    if isinstance(value, list):
        return [
            with_typed_words(own, [each for file in written if isinstance(file, list) for each in file])
            for own in value
        ]
    if not isinstance(value, str):
        return value
    try:
        read = yaml.load(value, Loader=_PlainWords)
    except yaml.YAMLError:
        return value
    return read if read is None or isinstance(read, bool | int | float) else value


class _PlainWords(yaml.SafeLoader):
    """Safe YAML in which only true and false are truth values: yes, no, on, off, y, n are words of a file's cells.

    Dates stay the text that was written. A key that stands twice is an error (YAML would keep the last in silence).
    """

    def construct_mapping(self, node, deep=False):
        """As YAML's, refusing doubled keys."""
        seen = set()
        for key, _ in node.value:
            if key.tag != "tag:yaml.org,2002:merge" and isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    problem = f"key {key.value!r} stands twice; keep one of them"
                    raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep=deep)

    def construct_object(self, node, deep=False):
        """As YAML's, with the place of a value that its kind refuses."""
        try:
            return super().construct_object(node, deep=deep)
        except ValueError as error:
            raise yaml.constructor.ConstructorError(None, None, str(error), node.start_mark) from None


_PlainWords.yaml_implicit_resolvers = {
    letter: [each for each in resolvers if each[0].rpartition(":")[2] not in ("bool", "timestamp")]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_PlainWords.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile("(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)


def nearest(name: str, known: list[str]) -> str:
    """`; did you mean 'x'?`, or the known names where none is near."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(known)}"


def refuse_doubled(what: str, names: Sequence[object]) -> None:
    """Refuse a list that names something twice."""
    doubled = list(dict.fromkeys(name for name in names if list(names).count(name) > 1))
    if doubled:
        shown = ", ".join(map(repr, doubled))
        raise ValueError(f"{what}: {shown} {'stands' if len(doubled) == 1 else 'stand'} twice; name each once")


def as_text(model: BaseModel) -> str:
    """A settings model as one line of JSON: what a rule carries in its params."""
    return json.dumps(model.model_dump(mode="json"), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


NEEDED = {
    "string_type": "a text is needed; write it in quotes",
    "int_type": "a whole number is needed, without quotes",
    "int_from_float": "a whole number is needed",
    "float_type": "a number is needed, without quotes",
    "finite_number": "a finite number is needed",
    "bool_type": "true or false is needed, without quotes",
    "list_type": "a list is needed, such as [a, b]",
    "dict_type": "keys and values are needed, such as {a: b}",
    "tuple_type": "a list of two numbers is needed, such as [1, 2]",
    "model_type": "keys and values are needed",
    "model_attributes_type": "keys and values are needed",
    "string_too_short": "it is empty; a text is needed",
    "too_short": "it is empty; at least one is needed",
    "string_pattern_mismatch": "write lower-case letters, digits and _, a letter first",
}
"""What to write instead, by pydantic's name of the problem."""


def _line(model: type[BaseModel], problem: dict[str, Any]) -> str:
    location = [part for part in problem["loc"] if not str(part).startswith("function-")]
    kind, message = problem["type"], problem["msg"]
    if location and location[-1] == "[key]":
        key = ".".join(str(part) for part in location[:-2])
        if kind == "literal_error":
            return f"{key}: the key {location[-2]!r} is none of {problem['ctx']['expected']}"
        return f"{key}: the key {location[-2]!r} is no text; write it in quotes"
    key = ".".join(str(part) for part in location)
    if kind == "extra_forbidden":
        known = _known_keys(model, location[:-1])
        return f"unknown key {key!r}{nearest(str(location[-1]), known) if known else ''}"
    if kind == "missing":
        return f"key {key!r} is missing; add it"
    if kind == "union_tag_not_found":
        return f"key '{key}.kind' is missing; add it"
    if kind == "union_tag_invalid":
        known = [tag.strip(" '") for tag in problem["ctx"]["expected_tags"].split(",")]
        return f"{key}.kind: unknown kind {problem['ctx']['tag']!r}{nearest(str(problem['ctx']['tag']), known)}"
    message = NEEDED.get(kind, message.removeprefix("Value error, "))
    found = problem.get("input")
    shown = f" (found {_as_yaml(found)})" if found is None or isinstance(found, (str, int, float, bool)) else ""
    return f"{key}: {message[0].lower() + message[1:]}{shown}" if key else message


def _as_yaml(value: str | float | bool | None) -> str:
    """A value as it stands in a YAML file."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else f"{'-' if value < 0 else ''}.inf"
    return repr(value)


def _known_keys(model: type[BaseModel], location: list[Any]) -> list[str]:
    """Keys of the section at a location, following lists, dicts, options and tagged unions."""
    candidates: list[type[BaseModel]] = [model]
    for part in location:
        following: list[type[BaseModel]] = []
        for candidate in candidates:
            if isinstance(part, str) and part in candidate.model_fields:
                following += _models_in(candidate.model_fields[part].annotation)
        if following:
            candidates = following
        elif isinstance(part, str):
            tagged = [c for c in candidates if _tag(c) == part]
            candidates = tagged or candidates
    return sorted({key for candidate in candidates for key in candidate.model_fields})


def _tag(model: type[BaseModel]) -> str | None:
    kind = model.model_fields.get("kind")
    values = get_args(kind.annotation) if kind else ()
    return values[0] if values else None


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]
