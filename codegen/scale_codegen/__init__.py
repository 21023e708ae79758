"""The code generator: reads ``openapi/`` and ``specs/`` and writes ``generated/scale_generated``.

The steps, one module each: load, validate, build (documents to the typed intermediate form of :mod:`scale_codegen.ir`),
render, format, write. Nothing of it is needed, or imported, at run time.
"""
