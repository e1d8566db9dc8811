"""The plug-in that dlt loads: ``dlt pipeline mixpanel run``, and the working folder of this
project.

Loaded with every start of dlt, so it imports nothing but dlt's plugin interface until it is used.
"""

import argparse
import os
from codecs import BOM_UTF8
from contextlib import suppress
from pathlib import Path
from typing import Any

from dlt.common.configuration.plugins import SupportsCliCommand, hookimpl, only_host
from dlt.common.runtime.run_context import RunContext


class RunCommand(SupportsCliCommand):
    """``dlt pipeline mixpanel run``."""

    command = "run"
    parent = "pipeline"
    help_string = "Fetch what is missing of the Mixpanel project, and the look-back days"
    description = (
        "Fetch the days that `_metadata` of the destination lacks, and the look-back days, and "
        "load them. Without a destination: into the data folder, as `mp sync --no-build` does."
    )
    docs_url = None

    def configure_parser(self, parser: argparse.ArgumentParser) -> None:
        self.parser = parser
        parser.add_argument("--from", dest="first", metavar="DAY", help="first day, YYYY-MM-DD")
        parser.add_argument("--to", dest="last", metavar="DAY", help="last day, included")
        parser.add_argument("--refetch", action="store_true", help="fetch complete days, too")
        parser.add_argument("--only", choices=("events", "profiles"), help="one of the two")
        parser.add_argument("--full-profiles", action="store_true", help="read all profiles")
        parser.add_argument("--build", action="store_true", help="run dbt and publish afterwards")
        parser.add_argument("--dry-run", action="store_true", help="show the requests, send none")
        parser.add_argument(
            "--destination",
            help="a destination of dlt, such as postgres; by default that of the pipeline's "
            "working folder, or destination_type of dlt's configuration, else the data folder",
        )
        parser.add_argument("--dataset", help="the dataset in the destination (mixpanel)")
        parser.add_argument(
            "--table-format",
            choices=("delta", "iceberg"),
            help="of a filesystem destination, at its first load",
        )

    def execute(self, args: argparse.Namespace) -> None:
        # This exception alone gives dlt's command an exit code.
        from dlt._workspace.cli.exceptions import CliCommandException

        from mixpanel_data.cli.errors import exit_code, show_error
        from mixpanel_data.exceptions import MixpanelDataError

        try:
            code = _run(args)
        except MixpanelDataError as error:
            show_error(error)
            code = exit_code(error)
        if code:
            raise CliCommandException(code)


def _run(args: argparse.Namespace) -> int:
    """Run the pipeline, and return the exit code."""
    from mixpanel_data.exceptions import ConfigError
    from mixpanel_data.sync.dlt_pipeline import find_pipeline

    name = args.pipeline_name
    if name is None:
        raise ConfigError("`run` needs the name of a pipeline: dlt pipeline mixpanel run")
    pipeline = find_pipeline(name, destination=args.destination, dataset=args.dataset)
    if pipeline is not None:
        return _run_pipeline(pipeline, args)
    if name != "mixpanel":
        raise ConfigError(
            f"The pipeline {name} has no destination yet: add --destination, such as postgres. "
            "Without one, `run` is for the pipeline mixpanel, of the data folder."
        )
    return _run_sync(args)


def _run_sync(args: argparse.Namespace) -> int:
    from mixpanel_data.cli.commands.plan import print_preview
    from mixpanel_data.cli.run_sync import SyncOptions, run_sync
    from mixpanel_data.sync import plan

    if args.dry_run:
        print_preview(plan(first=args.first, last=args.last, refetch=args.refetch))
        return 0
    return run_sync(
        SyncOptions(
            first=args.first,
            last=args.last,
            refetch=args.refetch,
            only=args.only,
            full_profiles=args.full_profiles,
            build=args.build,
        )
    )


def _run_pipeline(pipeline: Any, args: argparse.Namespace) -> int:
    from mixpanel_data.cli.commands.plan import print_preview
    from mixpanel_data.cli.errors import show_error, worst_code
    from mixpanel_data.exceptions import ConfigError
    from mixpanel_data.sync.dlt_pipeline import plan_pipeline, run_pipeline

    if args.build:
        raise ConfigError(
            "--build builds the tables of the data folder; this pipeline has the destination "
            f"{pipeline.destination.destination_name}. Leave it out."
        )
    if args.dry_run:
        print_preview(
            plan_pipeline(pipeline, first=args.first, last=args.last, refetch=args.refetch)
        )
        return 0
    done = run_pipeline(
        pipeline,
        first=args.first,
        last=args.last,
        only=args.only,
        refetch=args.refetch,
        full_profiles=args.full_profiles,
        table_format=args.table_format,
    )
    if done.info is not None:
        print(done.info)
    for error in done.failures:
        show_error(error)
    return worst_code(list(done.failures))


class MarkedContext(RunContext):
    """dlt's context in a folder whose configuration files may begin with a byte-order mark."""

    def initial_providers(self) -> list[Any]:
        """Return the environment and the two files."""
        from dlt.common.configuration.providers import EnvironProvider

        from mixpanel_data.cli.dlt_files import ConfigFile, SecretsFile

        return [
            EnvironProvider(),
            SecretsFile(self.settings_dir, self.global_dir),
            ConfigFile(self.settings_dir, self.global_dir),
        ]


class FolderContext(MarkedContext):
    """dlt's context outside of a project, with pipelines in the data folder that MP_DATA_DIR
    names."""

    @property
    def data_dir(self) -> str:
        from mixpanel_data.settings import load_settings

        return str(load_settings().folder.create_dlt())


class ProjectContext(MarkedContext):
    """dlt's context in the root of a project, with pipelines in the data folder, not in the home.

    So two projects never share a working folder, and ``dlt pipeline mixpanel info`` finds the right
    one.
    """

    @property
    def run_dir(self) -> str:
        """The project folder, also if MP_PROJECT_DIR and DLT_PROJECT_DIR name two."""
        return str(self._init_run_dir)

    @property
    def data_dir(self) -> str:
        from mixpanel_data.settings import load_settings

        return str(load_settings().folder.create_dlt())


@hookimpl(specname="plug_cli")
@only_host("dlt")
def _plug_cli_run(host: str) -> type[SupportsCliCommand]:
    return RunCommand


@hookimpl(specname="plug_cli", tryfirst=True)
@only_host("dlt")
def _plug_cli_pipeline(host: str) -> type[SupportsCliCommand]:
    from dlt._workspace.cli.commands import PipelineCommand

    class CheckedPipelineCommand(PipelineCommand):
        """dlt's command, with errors that name the way out for the pipeline of a data folder."""

        def execute(self, args: argparse.Namespace) -> None:
            from dlt._workspace.cli.exceptions import CliCommandException

            from mixpanel_data.cli.errors import exit_code, show_error
            from mixpanel_data.exceptions import MixpanelDataError

            try:
                _check_operation(args)
            except MixpanelDataError as error:
                show_error(error)
                raise CliCommandException(exit_code(error)) from None
            super().execute(args)

    return CheckedPipelineCommand


def _check_operation(args: argparse.Namespace) -> None:
    """Raise ConfigError if dlt's command can't do what it is asked to, in a folder of ours.

    The commands of dlt that need no working folder are left alone.
    """
    from dlt.common.runtime.run_context import active

    from mixpanel_data.exceptions import ConfigError

    name, operation = args.pipeline_name, args.operation
    context = active()
    is_ours = isinstance(context, (ProjectContext, FolderContext))
    if not name or not operation or not is_ours or operation in ("list", "show", "sync"):
        return
    state = Path(args.pipelines_dir or context.get_data_entity("pipelines")) / name / "state.json"
    if not state.is_file():
        destination = "" if name == "mixpanel" else " --destination NAME"
        raise ConfigError(
            f"The pipeline {name} has no working folder in {state.parent.parent}: none was run, or "
            f"the folder was deleted. Nothing that was loaded is lost: `dlt pipeline {name} "
            f"run{destination}` goes on from the destination, and makes the folder."
        )
    if operation == "drop" and ".mixpanel_duckdb" in state.read_text(encoding="utf-8"):
        raise ConfigError(
            "dlt can't drop tables of the data folder, which dbt reads and whose ledger would keep "
            "their days. To refetch all events: `mp sync --start-over --only events`; all "
            "of the data: `mp sync --start-over`."
        )


@hookimpl(specname="plug_run_context", tryfirst=True)
def _plug_run_context(
    run_dir: str | None, runtime_kwargs: dict[str, Any] | None
) -> RunContext | None:
    from mixpanel_data.project import (
        CHECKOUT,
        PROJECT_DIR,
        find_project,
        is_project,
    )

    # None leaves the context to dlt, or to another plug-in: this hook runs in each dlt project of
    # the environment, most of which are not ours.
    folder = Path(run_dir or ".")
    if run_dir is not None:
        root = folder if is_project(folder) else None
    else:
        found = find_project()
        ours = found.root and (found.origin == PROJECT_DIR or is_project(found.root))
        root = found.root if ours and found.origin != CHECKOUT else None
        outside = found.root is None or found.origin == CHECKOUT
        if outside and os.environ.get("MP_DATA_DIR", "").strip():
            return FolderContext(str(folder))
    if root:
        return ProjectContext(str(root))
    return MarkedContext(str(folder)) if _has_mark(folder) else None


def _has_mark(folder: Path) -> bool:
    """Return True if a file in ``.dlt/`` begins with a byte-order mark, which dlt can't read."""
    for name in ("config.toml", "secrets.toml"):
        # Not readable, or not there: dlt reports what it needs.
        with suppress(OSError), (folder / ".dlt" / name).open("rb") as file:
            if file.read(len(BOM_UTF8)) == BOM_UTF8:
                return True
    return False
