"""Writes new plugins: a package of its own for each kind of hook, which works as it is (``scale plugin new``).

The templates are in ``templates/``: what all plugins have in ``common``, and a folder for each kind. Their names lose
``.j2``, and a folder ``package`` is named as the package is.
"""
