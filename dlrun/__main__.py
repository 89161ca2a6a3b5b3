"""Where the process begins: ``dlrun`` and ``python -m dlrun``."""

from __future__ import annotations


def main() -> None:
    """Start the command line. Ctrl-C ends it quietly from here on, also while it is still being imported."""
    try:
        from dlrun.cli.main import main as command

        command()
    except KeyboardInterrupt:
        from dlrun.cli.leaving import end_by_signal

        end_by_signal()
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
