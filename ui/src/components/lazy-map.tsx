import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { MapProps } from "../maps/map";
import { Waiting } from "./basics";

type Loaded = ComponentType<MapProps> | "missing" | undefined;

/** A map, which is loaded only where there is one: it weighs as much as all other pages. */
export function LazyMap(props: MapProps) {
  const [Found, found] = useState<{ map: Loaded }>({ map: undefined });
  useEffect(() => {
    let isWanted = true;
    import("../maps/map").then(
      ({ default: map }) => isWanted && found({ map }),
      () => isWanted && found({ map: "missing" }),
    );
    return () => {
      isWanted = false;
    };
  }, []);
  if (Found.map === undefined) return <Waiting />;
  if (Found.map === "missing")
    return <p class="problem">The map could not be loaded. A reload of the page tries again.</p>;
  return <Found.map {...props} />;
}
