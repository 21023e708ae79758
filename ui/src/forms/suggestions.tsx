import { answered, api } from "../api/client";
import { useQuery } from "../lib/query";

/** The names in the lists of the API that schemas say a text is one of. */
const LISTS: Record<string, () => Promise<{ results: { name: string; title?: string | null }[] }>> = {
  "/workspaces/": () => answered(api.GET("/workspaces/", { params: { query: { page_size: 1000, order: ["name"] } } })),
  "/errors/": () => answered(api.GET("/errors/", { params: { query: { page_size: 1000, order: ["name"] } } })),
  "/job-types/": () => answered(api.GET("/job-types/", { params: { query: { page_size: 1000, order: ["name"] } } })),
};

/** What there is to choose from, for whoever types a name. */
export function Suggested({ path, id }: { path: string; id: string }) {
  const names = useQuery(path, LISTS[path] ?? (async () => ({ results: [] })));
  return (
    <datalist id={id}>
      {(names.data?.results ?? []).map((one) => (
        <option key={one.name} value={one.name}>
          {one.title ?? ""}
        </option>
      ))}
    </datalist>
  );
}
