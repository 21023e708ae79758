"""HTTP: connexion serves the generated document; handlers unpack, call one service and return what it gives."""

from scale_core.api import sparing

sparing.import_connexion()
