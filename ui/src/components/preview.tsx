import { useMemo } from "preact/hooks";
import { apiRoot } from "../api/client";
import { apiError, unreachable } from "../api/problem";
import type { ScaleFile } from "../api/schema";
import { bytes } from "../lib/format";
import { shapeOfGeoJson } from "../lib/geojson";
import { useQuery } from "../lib/query";
import { boxOf, inOnePiece, type Shape } from "../lib/shapes";
import { Loaded, Panel } from "./basics";
import { ShapeMap } from "./footprint-map";

/** How much of a text is shown. */
const MOST_BYTES = 32_768;
/** How large a GeoJSON may be to be drawn. */
const MOST_DRAWN_BYTES = 2_097_152;
const IMAGES = ["image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml", "image/avif"];

/** Whether a file of this type is text. */
export const isText = (mediaType: string): boolean =>
  mediaType.startsWith("text/") || /[/+](json|xml|yaml|csv|geo\+json)$/.test(mediaType);

/** Whether a file may be GeoJSON: some have it as any other JSON. */
const mayBeGeoJson = (file: ScaleFile): boolean =>
  file.media_type === "application/geo+json" ||
  file.media_type === "application/vnd.geo+json" ||
  (file.media_type === "application/json" && /\.geo\.?json$/i.test(file.file_name));

/** What the file looks like, where a browser can show it. */
export function Preview({ file }: { file: ScaleFile }) {
  const address = `${apiRoot}/files/${file.id}/content/`;
  if (IMAGES.includes(file.media_type)) {
    return (
      <Panel title="Preview" class="image">
        <img class="preview" src={address} alt={`Content of ${file.file_name}`} />
      </Panel>
    );
  }
  return isText(file.media_type) && file.file_size ? <TextPreview file={file} address={address} /> : null;
}

async function beginning(address: string, most: number): Promise<string> {
  const answer = await fetch(address, { headers: { Range: `bytes=0-${most - 1}` } }).catch(() => {
    throw unreachable();
  });
  if (!answer.ok) throw apiError(answer.status, answer.statusText, await answer.json().catch(() => null));
  return answer.text();
}

function TextPreview({ file, address }: { file: ScaleFile; address: string }) {
  const isDrawn = mayBeGeoJson(file) && file.file_size <= MOST_DRAWN_BYTES;
  const text = useQuery(`content ${file.id}`, () => beginning(address, isDrawn ? MOST_DRAWN_BYTES : MOST_BYTES));
  const isPart = file.file_size > MOST_BYTES;
  return (
    <Panel title="Preview" aside={isPart ? <span class="hint">the first {bytes(MOST_BYTES)}</span> : undefined}>
      <Loaded query={text}>
        {(found) => (
          <>
            {isDrawn && <Drawn text={found} name={file.file_name} />}
            <pre class="code" tabIndex={0} role="region" aria-label={`Content of ${file.file_name}`}>
              {found.slice(0, MOST_BYTES)}
            </pre>
          </>
        )}
      </Loaded>
    </Panel>
  );
}

/** What a GeoJSON says, on a map. */
function Drawn({ text, name }: { text: string; name: string }) {
  const shape = useMemo(() => drawable(text), [text]);
  return shape && <ShapeMap label={`Map of ${name}`} title={name} shape={shape} />;
}

/** null: it is no GeoJSON, or has nothing that can be drawn. */
function drawable(text: string): Shape | null {
  try {
    const shape = shapeOfGeoJson(JSON.parse(text));
    return shape && boxOf(shape) ? inOnePiece(shape) : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
