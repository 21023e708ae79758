"""Strikes and ingests."""

from typing import cast

from scale_core.api.request import location, paged, urls
from scale_core.services.ingests import IngestService
from scale_core.services.strikes import StrikeService
from scale_generated import models, queries
from scale_generated.routes import Created


class Strikes:
    """Operations on Strike processes."""

    def __init__(self, strikes: StrikeService) -> None:
        self._strikes = strikes

    def list_strikes(self, query: queries.ListStrikesQuery) -> models.StrikePage:
        """GET /strikes/."""
        return cast("models.StrikePage", paged(query, self._strikes.list(query, urls())))

    def create_strike(self, body: models.NewStrike) -> Created[models.StrikeDetails]:
        """POST /strikes/."""
        strike = self._strikes.create(body, urls())
        return Created(strike, location(f"/strikes/{strike['id']}/"))

    def create_strike_process(self, body: models.NewStrike) -> models.CreatedStrike:
        """POST /strike/create/, the reference's older form of the same."""
        return {"strike_id": self._strikes.create(body, urls())["id"]}

    def validate_strike(self, body: models.NewStrike) -> models.ValidationResult:
        """POST /strikes/validation/."""
        return self._strikes.validate(body)

    def get_strike(self, strike_id: int) -> models.StrikeDetails:
        """GET /strikes/{id}/."""
        return self._strikes.get(strike_id, urls())

    def edit_strike(self, strike_id: int, body: models.StrikeEdit) -> models.StrikeDetails:
        """PATCH /strikes/{id}/."""
        return self._strikes.edit(strike_id, body, urls())


class Ingests:
    """Operations on ingests."""

    def __init__(self, ingests: IngestService) -> None:
        self._ingests = ingests

    def list_ingests(self, query: queries.ListIngestsQuery) -> models.IngestPage:
        """GET /ingests/."""
        return cast("models.IngestPage", paged(query, self._ingests.list(query, urls())))

    def list_ingest_status(self, query: queries.ListIngestStatusQuery) -> models.IngestStatisticsPage:
        """GET /ingests/status/."""
        return cast("models.IngestStatisticsPage", paged(query, self._ingests.status(query, urls())))

    def get_ingest(self, ingest_id: str) -> models.IngestDetails:
        """GET /ingests/{id or file name}/."""
        return self._ingests.get(ingest_id, urls())
