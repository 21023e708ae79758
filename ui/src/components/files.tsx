import type { Product, ScaleFile, Source } from "../api/schema";
import { bytes } from "../lib/format";
import { Link } from "./basics";

type AnyFile = ScaleFile | Source | Product;

/** Where the page of a file is. */
export function pathOf(file: AnyFile): string {
  const kind = "job_exe" in file ? "products" : "is_parsed" in file ? "sources" : "files";
  return `/${kind}/${file.id}`;
}

/** Files by name, each leading to its page. */
export function FileLinks({ of }: { of: AnyFile | AnyFile[] }) {
  const files = Array.isArray(of) ? of : [of];
  if (!files.length) return <span class="none">none</span>;
  return (
    <ul class="files">
      {files.map((file) => (
        <li key={file.id}>
          <Link to={pathOf(file)}>{file.file_name}</Link> <small>{bytes(file.file_size)}</small>
        </li>
      ))}
    </ul>
  );
}
