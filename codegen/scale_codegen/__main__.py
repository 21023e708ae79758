"""``python -m scale_codegen``: the command without the rest of Scale."""

from scale_codegen.cli import codegen

if __name__ == "__main__":
    codegen(prog_name="python -m scale_codegen")
