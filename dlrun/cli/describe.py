"""``dlrun describe``: the data as tensors, the layer table, and how many rows each part gets."""

from __future__ import annotations

from dlrun.cli import options
from dlrun.cli.guard import guarded
from dlrun.cli.terminal import Terminal


def describe(
    spec: options.Spec,
    set_: options.Set = [],  # noqa: B006
    seed: options.Seed = None,
    data_root: options.DataRoot = None,
    as_json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """Show what a spec comes to: data, layers with output shapes and parameters, capacity, rows of each part."""
    from dlrun.experiment import describe as describe_experiment
    from dlrun.report.description import render_description
    from dlrun.spec import load_spec

    terminal = Terminal()
    with guarded(terminal, debug=debug, as_json=as_json), terminal.muted(debug=debug):
        description = describe_experiment(load_spec(spec, options.overrides(set_, seed), data_root=data_root))
        if as_json:
            terminal.result_json(description)
        else:
            terminal.result(render_description(description, width=terminal.width, unicode=terminal.unicode))
