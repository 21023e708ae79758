"""connexion on a document that is known to be right: it was generated, and tests hold it against OpenAPI."""

from collections.abc import Mapping
from typing import Any

from connexion.middleware import ConnexionMiddleware
from connexion.middleware.main import API
from connexion.spec import OpenAPISpecification


class Contract(OpenAPISpecification):
    """The document with all references written out.

    connexion would hold it against the schema of OpenAPI at every start, which takes longer than all of Scale's own
    modules.
    """

    @classmethod
    def _validate_spec(cls, spec: Mapping[str, Any]) -> None:
        pass


class ContractMiddleware(ConnexionMiddleware):
    """connexion's middlewares, for a :class:`Contract`."""

    def add_contract(self, document: dict[str, Any]) -> None:
        """Serve the operations of a document, as ``add_api`` does those of one that may be wrong."""
        options = self.options.replace(pythonic_params=False)
        self.apis.append(API(Contract(document), base_path=None, **vars(options)))
