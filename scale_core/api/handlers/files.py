"""Files, source files and products."""

from typing import cast

from connexion.context import request
from starlette.responses import Response

from scale_core.api.content_response import Contents
from scale_core.api.request import paged, urls
from scale_core.services.file_reads import FileService
from scale_core.services.lineages import LineageService
from scale_core.services.updates import UpdateService
from scale_generated import models, queries


class Files:
    """Operations on files of every kind."""

    def __init__(self, files: FileService, lineages: LineageService, contents: Contents) -> None:
        self._files = files
        self._lineages = lineages
        self._contents = contents

    def list_files(self, query: queries.ListFilesQuery) -> models.ScaleFilePage:
        """GET /files/."""
        return cast("models.ScaleFilePage", paged(query, self._files.list_files(query, urls())))

    def get_file(self, file_id: int) -> models.ScaleFile:
        """GET /files/{id}/."""
        return self._files.get_file(file_id, urls())

    def get_file_lineage(self, file_id: int, query: queries.GetFileLineageQuery) -> models.FileLineage:
        """GET /files/{id}/lineage/."""
        return self._lineages.get(file_id, query, urls())

    def get_file_content(self, file_id: int) -> Response:
        """GET /files/{id}/content/."""
        return self._contents.response(file_id, request.headers, is_head=request.method == "HEAD")


class Sources:
    """Operations on source files."""

    def __init__(self, files: FileService, updates: UpdateService) -> None:
        self._files = files
        self._updates = updates

    def list_sources(self, query: queries.ListSourcesQuery) -> models.SourcePage:
        """GET /sources/."""
        return cast("models.SourcePage", paged(query, self._files.list_sources(query, urls())))

    def list_source_updates(self, query: queries.ListSourceUpdatesQuery) -> models.SourceUpdatePage:
        """GET /sources/updates/."""
        return cast("models.SourceUpdatePage", paged(query, self._updates.sources(query, urls())))

    def get_source(self, source_id: str) -> models.SourceDetails:
        """GET /sources/{id or file name}/."""
        return self._files.get_source(source_id, urls())


class Products:
    """Operations on products."""

    def __init__(self, files: FileService, updates: UpdateService) -> None:
        self._files = files
        self._updates = updates

    def list_products(self, query: queries.ListProductsQuery) -> models.ProductPage:
        """GET /products/."""
        return cast("models.ProductPage", paged(query, self._files.list_products(query, urls())))

    def list_product_updates(self, query: queries.ListProductUpdatesQuery) -> models.ProductUpdatePage:
        """GET /products/updates/."""
        return cast("models.ProductUpdatePage", paged(query, self._updates.products(query, urls())))

    def get_product(self, product_id: str) -> models.ProductDetails:
        """GET /products/{id or file name}/."""
        return self._files.get_product(product_id, urls())
