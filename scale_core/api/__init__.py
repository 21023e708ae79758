"""HTTP: connexion serves the generated document; handlers unpack, call one service and return what it gives."""

import warnings

# connexion imports starlette's test client, which then asks every user of ours for a package that nothing here needs.
warnings.filterwarnings("ignore", "Using `httpx` with `starlette.testclient` is deprecated", UserWarning)
