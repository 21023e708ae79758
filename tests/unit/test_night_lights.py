"""The night-lights example: its algorithms as Scale runs them, its documents, and the parts of its demo."""

import importlib
import io
import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import rasterio  # type: ignore[import-untyped]  # it ships no types
from jsonschema import Draft202012Validator
from PIL import Image
from referencing import Registry, Resource

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "night-lights"
TILES = {"N45W120": (-120, 45), "S35E015": (15, -35)}
DEGREES = 15
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run an algorithm in a clean environment, with an empty folder as its output folder."""

    def run_algorithm(script: str, image: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        output = tmp_path / "out"
        output.mkdir(exist_ok=True)
        return subprocess.run(
            [sys.executable, EXAMPLE / "algorithms" / script, image, output, *arguments],
            cwd=tmp_path,
            env={"PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )

    return run_algorithm


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The modules of the demo, imported as demo.py imports them."""
    monkeypatch.syspath_prepend(EXAMPLE)
    names = ("client", "progress", "server", "setup", "tables", "verify")
    modules = {name: importlib.import_module(f"driver.{name}") for name in names}
    return SimpleNamespace(**modules, failure=importlib.import_module("driver").DemoFailure)


def manifest_of(output: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((output / "results_manifest.json").read_text())
    assert validator("results-manifest", "1.1").is_valid(manifest)
    return manifest


def validator(name: str, version: str = "1.0") -> Draft202012Validator:
    documents = [json.loads(path.read_text()) for path in (ROOT / "specs").glob("*/*.json")]
    registry: Registry[Any] = Registry().with_resources(
        [(document["$id"], Resource.from_contents(document)) for document in documents]
    )
    return Draft202012Validator({"$ref": f"urn:scale:spec:{name}:{version}"}, registry=registry)


# The tiles


def test_there_are_a_dozen_small_tiles_of_512_by_512_pixels() -> None:
    tiles = sorted((EXAMPLE / "tiles").iterdir())
    assert len(tiles) == 12
    for tile in tiles:
        with Image.open(tile) as image:
            assert (image.format, image.mode, image.size) == ("PNG", "L", (512, 512))
        assert tile.stat().st_size < 150 * 1024


def test_cut_tiles_places_a_light_where_it_is_on_the_map(tmp_path: Path) -> None:
    world = Image.new("RGB", (720, 360))
    column, row = 2 * (180 + 20), 2 * (90 + 30)  # longitude 20, latitude -30
    world.paste((120, 100, 40), (column - 2, row - 2, column + 2, row + 2))
    world.save(tmp_path / "world.png")
    command: list[str | Path] = [
        sys.executable,
        EXAMPLE / "cut_tiles.py",
        tmp_path / "world.png",
        tmp_path / "tiles",
        "S35E015",
    ]
    subprocess.run(command, check=True, capture_output=True, env={"PYTHONDONTWRITEBYTECODE": "1"})
    with Image.open(tmp_path / "tiles" / "S35E015.png") as tile:
        bright = tile.point(lambda value: 255 * (value > 128)).getbbox()
    assert bright is not None
    left, top, right, bottom = bright
    assert (left + right) / 2 == pytest.approx(512 * 5 / DEGREES, abs=2)
    assert (top + bottom) / 2 == pytest.approx(512 * 10 / DEGREES, abs=2)


# geotiff_maker.py


@pytest.mark.parametrize("stem", TILES)
def test_geotiff_lies_where_the_name_of_its_tile_says(run: Run, tmp_path: Path, stem: str) -> None:
    west, south = TILES[stem]
    tile = EXAMPLE / "tiles" / f"{stem}.png"
    assert run("geotiff_maker.py", tile).returncode == 0
    with rasterio.open(tmp_path / "out" / f"{stem}.tif") as geotiff:
        assert geotiff.crs.to_epsg() == 4326
        assert geotiff.bounds == pytest.approx((west, south, west + DEGREES, south + DEGREES))
        assert geotiff.profile["compress"] == "deflate"
        pixels = geotiff.read(1)
    with Image.open(tile) as image:
        assert pixels.tobytes() == image.tobytes()


@pytest.mark.parametrize("stem", TILES)
def test_geotiff_manifest_names_the_output_and_parses_the_source(run: Run, tmp_path: Path, stem: str) -> None:
    west, south = TILES[stem]
    run("geotiff_maker.py", EXAMPLE / "tiles" / f"{stem}.png")
    manifest = manifest_of(tmp_path / "out")
    (output,) = manifest["output_data"]
    assert output["name"] == "geo_image"
    assert Path(output["file"]["path"]) == tmp_path / "out" / f"{stem}.tif"
    (parsed,) = manifest["parse_results"]
    assert parsed["filename"] == f"{stem}.png"
    assert "night-lights" in parsed["data_types"]
    assert parsed["geo_metadata"] == output["file"]["geo_metadata"]
    assert parsed["geo_metadata"]["data_started"] == "2012-04-18T00:00:00Z"
    ring = parsed["geo_metadata"]["geo_json"]["coordinates"][0]
    assert ring[0] == ring[-1]
    assert {tuple(corner) for corner in ring} == {(x, y) for x in (west, west + 15) for y in (south, south + 15)}


@pytest.mark.parametrize("name", ["lights.png", "N45W12.png", "N80E000.png", "N00E170.png", "xN45W120.png"])
def test_name_that_is_no_corner_exits_with_3(run: Run, tmp_path: Path, name: str) -> None:
    image = tmp_path / name
    Image.new("L", (8, 8)).save(image)
    result = run("geotiff_maker.py", image)
    assert result.returncode == 3
    assert name in result.stderr
    assert "corner" in result.stderr
    assert list((tmp_path / "out").iterdir()) == []


# point_detector.py


@pytest.mark.parametrize("stem", TILES)
def test_points_lie_inside_the_tile_brightest_first(run: Run, tmp_path: Path, stem: str) -> None:
    west, south = TILES[stem]
    run("geotiff_maker.py", EXAMPLE / "tiles" / f"{stem}.png")
    assert run("point_detector.py", tmp_path / "out" / f"{stem}.tif").returncode == 0
    features = json.loads((tmp_path / "out" / f"{stem}.geojson").read_text())["features"]
    assert features
    for feature in features:
        longitude, latitude = feature["geometry"]["coordinates"]
        assert west <= longitude <= west + DEGREES
        assert south <= latitude <= south + DEGREES
    brightness = [feature["properties"]["brightness"] for feature in features]
    assert brightness == sorted(brightness, reverse=True)
    (output,) = manifest_of(tmp_path / "out")["output_data"]
    assert output["name"] == "points"
    assert Path(output["file"]["path"]) == tmp_path / "out" / f"{stem}.geojson"
    assert output["file"]["geo_metadata"]["geo_json"]["type"] == "Polygon"


def test_point_detector_finds_pretoria(run: Run, tmp_path: Path) -> None:
    run("geotiff_maker.py", EXAMPLE / "tiles" / "S35E015.png")
    run("point_detector.py", tmp_path / "out" / "S35E015.tif")
    features = json.loads((tmp_path / "out" / "S35E015.geojson").read_text())["features"]
    places = [feature["geometry"]["coordinates"] for feature in features]
    assert any(place == pytest.approx([28.19, -25.75], abs=0.2) for place in places)


def test_equal_neighbours_are_one_place_and_the_threshold_decides(run: Run, tmp_path: Path) -> None:
    tile = Image.new("L", (512, 512))
    tile.paste(200, (160, 160, 176, 168))  # two blocks side by side
    tile.paste(90, (400, 400, 408, 408))
    tile.save(tmp_path / "N00E000.png")
    run("geotiff_maker.py", tmp_path / "N00E000.png")
    for threshold, expected in ((128, [200]), (80, [200, 90])):
        run("point_detector.py", tmp_path / "out" / "N00E000.tif", "--threshold", str(threshold))
        features = json.loads((tmp_path / "out" / "N00E000.geojson").read_text())["features"]
        assert [feature["properties"]["brightness"] for feature in features] == expected
    assert features[1]["geometry"]["coordinates"] == pytest.approx([404 * 15 / 512, 15 - 404 * 15 / 512], abs=1e-4)


def test_image_without_a_place_on_earth_exits_with_2(run: Run, tmp_path: Path) -> None:
    Image.new("L", (8, 8)).save(tmp_path / "plain.tif")
    result = run("point_detector.py", tmp_path / "plain.tif")
    assert result.returncode == 2
    assert "no GeoTIFF" in result.stderr


def test_threshold_out_of_range_is_a_usage_error(run: Run, tmp_path: Path) -> None:
    assert run("point_detector.py", tmp_path / "any.tif", "--threshold", "0").returncode == 64


# quicklook.py


def test_quicklook_is_small_and_registered_on_stdout_only(run: Run, tmp_path: Path) -> None:
    result = run("quicklook.py", EXAMPLE / "tiles" / "N45W120.png")
    assert result.returncode == 0
    path = tmp_path / "out" / "N45W120_quicklook.png"
    assert f"ARTIFACT:quicklook:{path}" in result.stdout.splitlines()
    assert list((tmp_path / "out").iterdir()) == [path]
    with Image.open(path) as image:
        assert (image.format, image.size) == ("PNG", (128, 128))


@pytest.mark.parametrize("script", ["geotiff_maker.py", "point_detector.py", "quicklook.py"])
@pytest.mark.parametrize("content", [b"no image", (EXAMPLE / "tiles" / "N45W120.png").read_bytes()[:5000], None])
def test_image_that_cannot_be_opened_exits_with_2(run: Run, tmp_path: Path, script: str, content: bytes | None) -> None:
    image = tmp_path / "N45W120.png"
    if content is not None:
        image.write_bytes(content)
    result = run(script, image)
    assert result.returncode == 2
    assert "N45W120.png" in result.stderr
    assert "Traceback" not in result.stderr


# The documents


def test_documents_are_valid_once_their_placeholders_are_filled_in(driver: SimpleNamespace, tmp_path: Path) -> None:
    documents = driver.setup.load_documents(tmp_path)
    assert "@" not in json.dumps(documents).replace(str(tmp_path), "")
    validator("configuration").validate(documents["configuration"])
    validator("strike").validate(documents["strike"]["configuration"])
    for workspace in documents["workspaces"]:
        validator("workspace").validate(workspace["json_config"])
    assert [workspace["name"] for workspace in documents["workspaces"]] == list(driver.setup.WORKSPACE_FOLDERS)
    assert tuple(job_type["name"] for job_type in documents["configuration"]["job_types"]) == driver.progress.JOB_TYPES


def test_a_path_with_a_space_stays_one_word_of_the_command(driver: SimpleNamespace) -> None:
    assert driver.setup.fill_in(["@PYTHON@ x", {"a": "@PYTHON@"}, 3], {"@PYTHON@": "'/a b'"}) == [
        "'/a b' x",
        {"a": "'/a b'"},
        3,
    ]


# The data folder and the transfer


def test_data_folder_empties_what_a_demo_made(driver: SimpleNamespace, tmp_path: Path) -> None:
    with driver.setup.data_folder(tmp_path / "data") as data:
        (data / "products" / "old.tif").write_text("old")
    with driver.setup.data_folder(tmp_path / "data") as data:
        assert sorted(path.name for path in data.iterdir()) == [
            driver.setup.MARKER, "incoming", "products", "raw", "scale",
        ]  # fmt: skip
        assert list((data / "products").iterdir()) == []


def test_data_folder_leaves_other_folders_alone(driver: SimpleNamespace, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    with pytest.raises(driver.failure, match="not made by the demo"), driver.setup.data_folder(tmp_path):
        pass
    assert (tmp_path / "precious").read_text() == "mine"


def test_data_folder_in_use_is_refused(driver: SimpleNamespace, tmp_path: Path) -> None:
    with driver.setup.data_folder(tmp_path / "data") as data:
        with pytest.raises(driver.failure, match="another demo"), driver.setup.data_folder(data):
            pass
        assert (data / "incoming").is_dir()


def test_transfer_leaves_whole_files_under_their_own_names(driver: SimpleNamespace, tmp_path: Path) -> None:
    tile = EXAMPLE / "tiles" / "N45W120.png"
    driver.setup.transfer([tile], tmp_path, "_tmp")
    assert [path.name for path in tmp_path.iterdir()] == ["N45W120.png"]
    assert (tmp_path / "N45W120.png").read_bytes() == tile.read_bytes()


# The client, the server, progress and the final check


def client_of(driver: SimpleNamespace, answers: Mapping[str, Any]) -> Any:
    """A client of a Scale that knows these answers by path (with the page, if it is not the first)."""

    def answer(request: httpx.Request) -> httpx.Response:
        page = request.url.params.get("page")
        found = answers.get(request.url.path + (f"?page={page}" if page else ""))
        if found is None:
            return httpx.Response(404, text=f"there is no {request.url.path}")
        return httpx.Response(200, content=found) if isinstance(found, bytes) else httpx.Response(200, json=found)

    return driver.client.ScaleClient("http://scale", transport=httpx.MockTransport(answer))


def page_of(*results: Any, following: str | None = None) -> dict[str, Any]:
    return {"count": len(results), "next": following, "previous": None, "results": list(results)}


def test_lists_are_read_to_their_last_page(driver: SimpleNamespace) -> None:
    answers = {"/jobs/": page_of(1, 2, following="http://scale/jobs/?page=2"), "/jobs/?page=2": page_of(3)}
    with client_of(driver, answers) as client:
        assert list(client.records("/jobs/")) == [1, 2, 3]


def test_refused_request_tells_what_was_answered(driver: SimpleNamespace) -> None:
    with (
        client_of(driver, {}) as client,
        pytest.raises(driver.failure, match="GET /jobs/9/ was answered 404: there is no"),
    ):
        client.get("/jobs/9/")


def job(number: int, name: str, status: str) -> dict[str, Any]:
    return {"id": number, "status": status, "job_type": {"name": name, "version": "1.0.0"}}


def test_snapshot_is_complete_when_every_tile_has_every_job(driver: SimpleNamespace) -> None:
    ingests = [{"status": "INGESTED"}]
    jobs = [job(number, name, "COMPLETED") for number, name in enumerate(driver.progress.JOB_TYPES)]
    strike = job(9, "scale-strike", "RUNNING")
    assert driver.progress.Snapshot(ingests, [*jobs, strike]).is_complete(1)
    assert not driver.progress.Snapshot(ingests, [*jobs[1:], strike]).is_complete(1)
    assert not driver.progress.Snapshot([{"status": "INGESTING"}], jobs).is_complete(1)
    summary = driver.progress.Snapshot(ingests, [*jobs, strike]).summary()
    assert summary == "ingests: 1 INGESTED · jobs: 3 COMPLETED"


def test_failed_job_is_reported_with_its_error_and_stderr(driver: SimpleNamespace) -> None:
    failed = {
        **job(7, "quicklook", "FAILED"),
        "error": {"name": "unreadable-image", "description": "no image"},
        "job_exes": [{"id": 3}, {"id": 12}],
    }
    answers = {
        "/ingests/": page_of(), "/jobs/": page_of(failed), "/jobs/7/": failed,
        "/job-executions/12/logs/": {"stdout": "", "stderr": "error: x.png is no image\n"},
    }  # fmt: skip
    server = SimpleNamespace(is_running=lambda: True)
    with client_of(driver, answers) as client, pytest.raises(driver.failure) as failure:
        driver.progress.watch(client, server, 1)
    for part in ("job 7 (quicklook 1.0.0) is FAILED: unreadable-image", "execution 12", "| error: x.png is no image"):
        assert part in str(failure.value)


def test_server_that_ends_before_it_answers_is_reported_with_its_log(
    driver: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = fake_server(driver, tmp_path, monkeypatch, 'echo "cannot listen on $SCALE_BIND"; exit 3')
    with server, driver.client.ScaleClient(server.address) as client:
        with pytest.raises(driver.failure, match="ended before it answered"):
            server.wait_until_up(client)
        assert f"cannot listen on {server.address.removeprefix('http://')}" in server.log_tail()


def test_server_is_stopped_by_sigterm_and_gets_only_the_demos_settings(
    driver: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCALE_DATABASE_URL", "postgresql://production")
    script = (
        'echo "$@ $SCALE_DATA_DIR $SCALE_DATABASE_URL."; trap "echo stopped; exit 0" TERM; while :; do sleep 0.02; done'
    )
    with fake_server(driver, tmp_path, monkeypatch, script) as server:
        while not server.log.read_text():
            assert server.is_running()
    assert not server.is_running()
    assert server.log.read_text().splitlines() == [f"up {tmp_path / 'scale'} .", "stopped"]


def fake_server(driver: SimpleNamespace, folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> Any:
    """A server whose executable is a shell script, found beside the interpreter as the real one is."""
    executable = folder / "bin" / "scale"
    executable.parent.mkdir()
    executable.write_text(f"#!/bin/sh\n{script}\n")
    executable.chmod(executable.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(sys, "executable", os.fspath(executable.with_name("python")))
    return driver.server.ScaleServer(folder, driver.server.free_port())


def products_of_one_tile(run: Run, output: Path) -> tuple[Path, dict[str, Any]]:
    """Run all three algorithms and answer as a Scale would that had run them."""
    tile = EXAMPLE / "tiles" / "N45W120.png"
    run("geotiff_maker.py", tile)
    run("point_detector.py", output / "N45W120.tif")
    run("quicklook.py", tile)
    geometry = "POLYGON ((-120 45, -105 45, -105 60, -120 60, -120 45))"
    source = {"file_name": tile.name, "is_parsed": True, "geometry": geometry, "file_size": tile.stat().st_size}
    answers: dict[str, Any] = {"/sources/": page_of(source)}
    products = []
    for number, (name, media_type, footprint) in enumerate(
        [
            ("N45W120.tif", "image/tiff", geometry),
            ("N45W120.geojson", "application/vnd.geo+json", geometry),
            ("N45W120_quicklook.png", "image/png", None),
        ]
    ):
        content = (output / name).read_bytes()
        products.append(
            {
                "id": number,
                "file_name": name,
                "media_type": media_type,
                "file_size": len(content),
                "geometry": footprint,
                "workspace": {"name": "products"},
            }
        )
        answers[f"/files/{number}/content/"] = content
        answers[f"/files/{number}/"] = {"file_path": f"made/{name}"}
    answers["/products/"] = page_of(*products)
    return tile, answers


def test_verify_accepts_what_the_algorithms_make(driver: SimpleNamespace, run: Run, tmp_path: Path) -> None:
    tile, answers = products_of_one_tile(run, tmp_path / "out")
    with client_of(driver, answers) as client:
        products = driver.verify.verify(client, [tile])
    table = driver.tables.product_table(products, Path(".demo"))
    assert ".demo/products/made/N45W120.tif" in table
    assert "POLYGON ((-120 45, -105 45" in table


def test_verify_names_everything_that_is_missing_or_wrong(driver: SimpleNamespace, run: Run, tmp_path: Path) -> None:
    tile, answers = products_of_one_tile(run, tmp_path / "out")
    geotiff, points, quicklook = answers["/products/"]["results"]
    answers["/products/"] = page_of({**geotiff, "geometry": None}, {**quicklook, "media_type": "image/gif"})
    answers["/sources/"]["results"][0] |= {"is_parsed": False, "geometry": None}
    plain = io.BytesIO()
    Image.new("L", (8, 8)).save(plain, format="TIFF")
    answers["/files/0/content/"] = plain.getvalue()
    with client_of(driver, answers) as client, pytest.raises(driver.failure) as failure:
        driver.verify.verify(client, [tile])
    for part in (
        "source N45W120.png is not parsed",
        "source N45W120.png has no footprint",
        "product N45W120.tif has no footprint",
        "lacks ModelPixelScale, ModelTiepoint, GeoKeyDirectory",
        f"product {points['file_name']}: there should be one, there are 0",
        "it should be image/png",
    ):
        assert part in str(failure.value)


@pytest.mark.parametrize(
    ("check", "content", "message"),
    [
        ("check_points", b'{"type": "FeatureCollection", "features": []}', "empty"),
        ("check_points", b"[]", "FeatureCollection"),
        ("check_points", b"{", "Expecting"),
        ("check_quicklook", (EXAMPLE / "tiles" / "N45W120.png").read_bytes(), "512 x 512"),
    ],
)
def test_product_that_is_not_as_promised_is_found(
    driver: SimpleNamespace, check: str, content: bytes, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        getattr(driver.verify, check)(content)


def test_tables_align_and_shorten(driver: SimpleNamespace) -> None:
    tables = driver.tables
    assert tables.shorten_wkt(None) == "-"
    assert tables.shorten_wkt("POINT (1.500000 -2.0)") == "POINT (1.5 -2)"
    assert len(tables.shorten_wkt("POLYGON ((-120 45, -105 45, -105 60, -120 60, -120 45))", 20)) <= 20
    assert tables.seconds_between("2026-01-01T00:00:00.000Z", "2026-01-01T00:00:01.250Z") == "1.25 s"
    assert tables.seconds_between(None, "2026-01-01T00:00:01.250Z") == "-"
    jobs = [job(1, "quicklook", "COMPLETED"), job(2, "quicklook", "COMPLETED"), job(3, "scale-strike", "RUNNING")]
    lines = tables.job_table(jobs).splitlines()
    assert lines[1].split() == ["job", "type", "COMPLETED", "RUNNING"]
    assert [line.split() for line in lines[3:]] == [["quicklook", "2", "0"], ["scale-strike", "0", "1"]]
