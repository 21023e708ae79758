"""``python -m scale_core.cli`` is ``scale``."""

from scale_core.cli.main import main

if __name__ == "__main__":
    main()
