"""``mp publish``: copies of the publication in publish targets."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mixpanel_data.cli.options import DataDirOption, Format, FormatOption

if TYPE_CHECKING:
    from mixpanel_data.published import TargetCopy
    from mixpanel_data.settings import Settings

To = Annotated[
    list[str] | None,
    typer.Option(
        "--to",
        metavar="NAME",
        help="A publish target: a section [publish_targets.NAME] of .dlt/config.toml; repeatable.",
    ),
]
OnlyIfNew = Annotated[
    bool,
    typer.Option("--only-if-new", help="Do nothing if the target has this publication already."),
]


def publish(
    to: To = None,
    only_if_new: OnlyIfNew = False,
    data_dir: DataDirOption = None,
    fmt: FormatOption = Format.table,
) -> int:
    """Copy the tables to PostgreSQL, a folder or a bucket.

    Readers of the target see the former publication or the new one, never a mixture. If a copy fails, the target keeps
    the former one, the other targets are tried, and the exit code is 9. `mp sync` copies to targets with `after_sync =
    true`.

    Example: mp publish --to warehouse
    """
    from mixpanel_data.cli.errors import show_error, worst_code
    from mixpanel_data.cli.output.progress import show_progress
    from mixpanel_data.cli.output.rows import print_object, print_rows
    from mixpanel_data.cli.output.verbosity import is_quiet
    from mixpanel_data.exceptions import MixpanelDataError
    from mixpanel_data.settings import load_settings

    settings = load_settings(data_dir=data_dir)
    names = _names(to, settings)
    done: list[TargetCopy] = []
    failures: list[MixpanelDataError] = []
    with show_progress(is_quiet()) as progress:
        for name in names:
            try:
                copy = _publish(name, settings, only_if_new, progress)
            except MixpanelDataError as error:
                failures.append(error)
            else:
                done.append(copy)
    as_json = fmt in (Format.json, Format.jsonl)
    if fmt is Format.json:
        print_object([copy.to_dict() for copy in done])
    elif fmt is Format.jsonl:
        for copy in done:
            print_object(copy.to_dict())
    elif done:
        print_rows(list(_row(done[0])), [list(_row(copy).values()) for copy in done], fmt)
    for copy in done:
        for warning in copy.warnings:
            typer.echo(f"Warning: {warning}", err=True)
    for failure in failures:
        show_error(failure, as_json=as_json)
    return worst_code(failures)


def _names(to: list[str] | None, settings: "Settings") -> list[str]:
    from mixpanel_data.published import target_names

    if to:
        return list(dict.fromkeys(to))
    names = target_names(settings)
    known = f"Configured are: {', '.join(names)}." if names else "None is configured yet."
    raise typer.BadParameter(f"name a publish target. {known}", param_hint="--to")


def _publish(name: str, settings: "Settings", only_if_new: bool, progress: Any) -> "TargetCopy":
    from mixpanel_data.published import publish

    copy = publish(
        name,
        settings=settings,
        only_if_new=only_if_new,
        on_table=lambda table: progress.copying(name, table),
    )
    progress.copied(copy)
    return copy


def _row(copy: "TargetCopy") -> dict[str, Any]:
    return {
        "target": copy.target,
        "kind": copy.kind,
        "place": copy.place,
        "publication": copy.publication,
        "tables": len(copy.tables),
        "rows": copy.rows,
        "rows_written": copy.written_rows,
        "seconds": round(copy.seconds, 1),
    }
