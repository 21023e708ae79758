import { answered, api } from "../api/client";
import type { PluginKind } from "../api/schema";
import { useQuery } from "../lib/query";
import { Loaded, Panel } from "./basics";

const BRINGS: Record<PluginKind, string> = {
  broker: "storage systems",
  trigger: "trigger rules",
  error: "errors",
  engine: "an engine",
  clock: "regular work",
  metric: "metrics",
  command: "commands",
  notice: "listens",
};

/** What is installed beside the core, and what it brings. */
export function PluginsPanel() {
  const plugins = useQuery("plugins", () => answered(api.GET("/plugins/", { params: { query: { page_size: 1000 } } })));
  return (
    <Panel title="Plugins" flush>
      <Loaded query={plugins}>
        {(page) => (
          <div class="scroll" tabIndex={0} role="region" aria-label="Plugins">
            <table>
              <thead>
                <tr>
                  <th scope="col">Plugin</th>
                  <th scope="col" class="wide">
                    Brings
                  </th>
                  <th scope="col">Version</th>
                  <th scope="col">Came with</th>
                </tr>
              </thead>
              <tbody>
                {page.results.map((one) => (
                  <tr key={one.name}>
                    <td>
                      <code>{one.name}</code>
                    </td>
                    <td class="wide">{one.kinds.map((kind) => BRINGS[kind]).join(", ") || "nothing"}</td>
                    <td>{one.version ?? "–"}</td>
                    <td>{one.distribution ?? "–"}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Loaded>
    </Panel>
  );
}
