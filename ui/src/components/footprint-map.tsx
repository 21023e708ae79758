import { useMemo } from "preact/hooks";
import { bboxOf, shapeOfText } from "../lib/searched";
import { boxOf, type Shape } from "../lib/shapes";
import type { Footprint } from "../maps/footprints";
import { Link, Panel } from "./basics";
import { LazyMap } from "./lazy-map";
import type { MapKind } from "./on-map";

/** Where a file is, on a small map. */
export function FootprintMap({ name, geometry, kind }: { name: string; geometry: string; kind: MapKind }) {
  const shape = useMemo(() => shapeOfText(geometry), [geometry]);
  const box = shape && boxOf(shape);
  if (!shape || !box) return null;
  const around = <Link to={`/map?kind=${kind}&bbox=${bboxOf(box)}`}>What else is there</Link>;
  return (
    <Panel title="Footprint" aside={around} flush>
      <ShapeMap label={`Footprint of ${name}`} title={name} shape={shape} />
    </Panel>
  );
}

/** A shape on a small map. */
export function ShapeMap({ label, title, shape }: { label: string; title: string; shape: Shape }) {
  const footprints = useMemo((): Footprint[] => [{ id: 0, title, shape, tone: "active" }], [title, shape]);
  return (
    <div class="map small">
      <LazyMap label={label} footprints={footprints} />
    </div>
  );
}
