"""``python -m hpmkd`` is the command ``hpmkd``."""

from hpmkd.cli import main

if __name__ == "__main__":
    main()
