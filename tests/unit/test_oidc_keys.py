"""What a provider of OpenID Connect says is its keys."""

import httpx
import pytest

from scale_core.services import oidc_provider
from scale_core.services.exceptions import Unavailable


@pytest.mark.parametrize(
    "document", [{}, {"keys": 5}, {"keys": [5]}, {"keys": [{}]}, {"keys": [{"kty": "RSA"}]}], ids=str
)
def test_keys_that_are_none_are_the_providers_fault(document: object) -> None:
    transport = httpx.MockTransport(lambda _request: httpx.Response(200, json=document))
    with httpx.Client(transport=transport) as client, pytest.raises(Unavailable, match="cannot be read"):
        oidc_provider._keys(client, {"jwks_uri": "https://provider.test/keys"})
