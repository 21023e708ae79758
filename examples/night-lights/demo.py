#!/usr/bin/env python3
"""Run the night-lights example: from files in a watched folder to published products.

Starts `scale up` on an embedded database, sets it up through the REST interface, copies tiles into the watched folder,
waits until they are processed, checks and prints what came out, and stops Scale.

exit codes: 0 every expected product exists and opens, 1 not so, 2 wrong command line, 130 interrupted
"""

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from driver import DemoFailure
from driver.client import ScaleClient
from driver.progress import watch
from driver.server import ScaleServer, free_port
from driver.setup import EXAMPLE, data_folder, load_documents, set_up, transfer
from driver.tables import ingest_table, job_table, product_table
from driver.verify import verify

TILES = sorted((EXAMPLE / "tiles").glob("*.png"))


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", action="store_true", help="leave Scale running, until Ctrl-C")
    parser.add_argument("--data", type=Path, default=Path(".demo"), metavar="DIR", help="data folder (default .demo)")
    parser.add_argument(
        "--port", type=int, default=0, metavar="N", help="port of the REST interface (default: a free one)"
    )
    parser.add_argument(
        "--tiles", type=int, default=len(TILES), metavar="N", help=f"how many tiles (default {len(TILES)})"
    )
    options = parser.parse_args(arguments)
    if not 1 <= options.tiles <= len(TILES):
        parser.error(f"--tiles is {options.tiles}; there are 1 to {len(TILES)}")
    if not 0 <= options.port <= 65535:
        parser.error(f"--port is {options.port}; it should be 1 to 65535, or 0 for a free one")
    return options


def process_tiles(server: ScaleServer, client: ScaleClient, data: Path, shown_as: Path, tiles: Sequence[Path]) -> None:
    """Take the tiles through Scale and print what came out; `DemoFailure` if anything is missing."""
    started = time.monotonic()
    server.wait_until_up(client)
    up = time.monotonic()
    print(f"Scale {client.get('/version/')['version']} answers at {server.address} after {up - started:.1f} s")
    for warning in set_up(client, data):
        print(f"warning: {warning}")
    strike = load_documents(data)["strike"]["configuration"]
    print(f"{len(tiles)} tiles go into {shown_as / 'incoming'}")
    transferred = time.monotonic()
    transfer(tiles, Path(strike["mount"]), strike["transfer_suffix"])
    snapshot = watch(client, server, len(tiles))
    processed = time.monotonic()
    products = verify(client, tiles)
    print()
    print(ingest_table(snapshot.ingests))
    print(job_table(snapshot.jobs))
    print(product_table(products, shown_as))
    print(
        f"{len(products)} products of {len(tiles)} tiles: all there, all open. "
        f"Processing took {processed - transferred:.1f} s, everything {time.monotonic() - started:.1f} s."
    )


def keep_running(server: ScaleServer) -> None:
    """Leave Scale running until it ends or the user interrupts."""
    print(f"\nScale keeps running: {server.address}/ in a browser ({server.address}/docs/: its API). Ctrl-C stops it.")
    sys.stdout.flush()
    try:
        server.wait()
    except KeyboardInterrupt:
        print("\nstopping Scale")


def run(options: argparse.Namespace) -> int:
    with (
        data_folder(options.data) as data,
        ScaleServer(data, options.port or free_port()) as server,
        ScaleClient(server.address) as client,
    ):
        exit_code = 0
        try:
            process_tiles(server, client, data, options.data, TILES[: options.tiles])
        except DemoFailure as failure:
            print(f"\nthe demo failed: {failure}", file=sys.stderr)
            if not server.is_running():
                print(server.log_tail(), file=sys.stderr)
            exit_code = 1
        print(f"The data folder {options.data} stays until the next demo; its log is {options.data / 'scale.log'}")
        if options.keep and server.is_running():
            keep_running(server)
        return exit_code


def end_on_signal(number: int, _frame: object) -> NoReturn:
    """Leave through the ``with`` blocks, so that no Scale stays behind."""
    sys.exit(128 + number)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse_arguments(arguments)
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup ignores SIGHUP, and means it
            signal.signal(number, end_on_signal)
    try:
        return run(options)
    except DemoFailure as failure:
        print(f"the demo cannot start: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
