import * as L from "leaflet";
import { copies, type Shape } from "../lib/shapes";
import { layersOf } from "./leaflet";

/** Where something is. */
export interface Footprint {
  id: number;
  /** What it is called. */
  title: string;
  shape: Shape;
  /** The class that gives it its colour. */
  tone: string;
}

interface Shown {
  of: Footprint;
  paths: L.Path[];
}

/** The footprints on a map; what has not changed is not drawn again. */
export class Footprints {
  readonly #shown = new Map<number, Shown>();
  readonly #group: L.LayerGroup;
  readonly #renderer = L.svg({ padding: 0.5 });
  #hot: number | null = null;
  #below: number | null = null;
  readonly #name = L.tooltip({ direction: "top" });

  /**
   * @param point told which one is pointed at; null: none any more.
   * @param choose told which one is clicked.
   */
  constructor(
    private readonly map: L.Map,
    private readonly point: (id: number | null) => void,
    private readonly choose: (id: number) => void,
  ) {
    this.#group = L.layerGroup().addTo(map);
    // What is below the mouse is another thing then, and browsers do not say so before it moves.
    map.on("movestart zoomstart", () => this.#name.remove());
  }

  show(footprints: readonly Footprint[]): void {
    const wanted = new Map(footprints.map((one) => [one.id, one]));
    for (const [id, { of, paths }] of this.#shown) {
      if (wanted.get(id) === of) continue;
      for (const path of paths) this.#group.removeLayer(path);
      this.#shown.delete(id);
      if (id === this.#below) this.#pointed(null);
    }
    for (const one of footprints) if (!this.#shown.has(one.id)) this.#draw(one);
    this.highlight(this.#hot);
  }

  /** Show which one is pointed at, here or elsewhere. */
  highlight(id: number | null): void {
    for (const path of this.#pathsOf(this.#hot)) path.getElement()?.classList.remove("hot");
    this.#hot = id;
    for (const path of this.#pathsOf(id)) {
      path.getElement()?.classList.add("hot");
      // One below the mouse is seen; browsers lose track of the mouse if what is below it is moved.
      if (id !== this.#below) path.bringToFront();
    }
  }

  #pointed(one: Footprint | null, event?: L.LeafletMouseEvent): void {
    this.#below = one?.id ?? null;
    this.point(this.#below);
    if (!one || !event) {
      this.#name.remove();
      return;
    }
    // As text: names of files may look like HTML.
    const said = document.createElement("span");
    said.textContent = one.title;
    this.#name.setLatLng(event.latlng).setContent(said).addTo(this.map);
  }

  #pathsOf(id: number | null): readonly L.Path[] {
    return (id === null ? undefined : this.#shown.get(id)?.paths) ?? [];
  }

  #draw(one: Footprint): void {
    const options = { renderer: this.#renderer, className: `footprint ${one.tone}`, smoothFactor: 0.5 };
    const paths = copies(one.shape).flatMap((shape) => layersOf(shape, options));
    for (const path of paths) {
      path.on({
        mouseover: (event) => this.#pointed(one, event),
        mousemove: (event) => this.#name.setLatLng(event.latlng),
        mouseout: () => this.#pointed(null),
        click: () => this.choose(one.id),
      });
      this.#group.addLayer(path);
      path.getElement()?.setAttribute("data-id", String(one.id));
    }
    this.#shown.set(one.id, { of: one, paths });
  }
}
