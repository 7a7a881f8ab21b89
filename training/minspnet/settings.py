"""A command's settings: one dataclass, one flag a field, and an unknown flag or field is an error."""

import argparse
import dataclasses
import typing


def parse(settings_type, argv=None, description=None):
    """Read a settings dataclass from the command line; `--some-field value` sets `some_field`.

    Tuples take several values (`--sizes 160 192`), booleans `--flag` / `--no-flag`, and a field
    without a default is required.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    hints = typing.get_type_hints(settings_type)
    for field in dataclasses.fields(settings_type):
        flag = "--" + field.name.replace("_", "-")
        options = {"dest": field.name, "help": field.metadata.get("help", " ")}
        if field.default is dataclasses.MISSING:
            options["required"] = True
        else:
            options["default"] = field.default
        kind = hints[field.name]
        if kind is bool:
            options["action"] = argparse.BooleanOptionalAction
        elif typing.get_origin(kind) is tuple:
            options |= {"type": typing.get_args(kind)[0], "nargs": "*"}
        else:
            options["type"] = kind
        parser.add_argument(flag, **options)
    values = vars(parser.parse_args(argv))
    return from_dict(settings_type, values)


def to_size(text):
    """ "320x192" -> (320, 192): width and height of an input."""
    width, height = (int(side) for side in text.split("x"))
    return width, height


def from_dict(settings_type, values):
    """Build a settings dataclass from stored values (a checkpoint's, a run record's)."""
    known = {field.name for field in dataclasses.fields(settings_type)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise ValueError(f"{settings_type.__name__} has no setting named {', '.join(unknown)}")
    return settings_type(
        **{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
    )


def option(default, text):
    """A field with a help text."""
    return dataclasses.field(default=default, metadata={"help": text})
