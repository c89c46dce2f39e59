"""`schema`: the JSON Schema of plan files."""

from __future__ import annotations

import click

from ..console import Console
from ..exit_codes import DONE
from ..options import talk_options


@click.command("schema")
@click.option(
    "--of",
    "what",
    type=click.Choice(["plan-file", "plan-output", "verify-output", "forecast-output", "doctor-output"]),
    default="plan-file",
    show_default=True,
    help="Which of the schemas.",
)
@talk_options
def command(console: Console, what: str) -> int:
    """Print the JSON Schema of plan files, or of what a verb prints with `--format json`."""
    import json  # noqa: PLC0415  # --help must not load more than click

    from ...provisioners.registry import PlanKinds  # noqa: PLC0415  # pydantic, as above
    from ..render.json_schema import OUTPUTS, output_schema  # noqa: PLC0415  # as above

    if what in OUTPUTS:
        console.out(output_schema(what))
        return DONE
    from ...plans.schema import json_schema  # noqa: PLC0415  # as above

    console.out(json.dumps(json_schema(PlanKinds()), ensure_ascii=False, indent=2))
    return DONE
