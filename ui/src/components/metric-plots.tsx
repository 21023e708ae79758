import type { Metric } from "../api/schema";
import { png, save } from "../lib/download";
import { byUnits, csv, type Plotted } from "../lib/plot";
import { Empty, Panel } from "./basics";
import { amount, Plot, type PlotKind } from "./plot";

/** What is seen, as a file. */
export function Exports(props: { metric: Metric; plots: Plotted; area: { current: HTMLElement | null } }) {
  const { metric, plots, area } = props;
  const exportPng = async () => {
    const figures = [...(area.current?.querySelectorAll<HTMLElement>("figure.metric-plot") ?? [])];
    const units = byUnits(plots.lines).map(([one]) => heading(metric, one));
    const titled = figures.map((element, index) => ({ title: units[index] ?? "", element }));
    save(`${metric.name}.png`, await png(titled));
  };
  const isEmpty = !plots.lines.length;
  return (
    <>
      <button
        type="button"
        disabled={isEmpty}
        onClick={() => save(`${metric.name}.csv`, new Blob([csv(plots)], { type: "text/csv" }))}
      >
        Export CSV
      </button>
      <button type="button" disabled={isEmpty} onClick={() => void exportPng()}>
        Export PNG
      </button>
    </>
  );
}

/** A plot for each kind of units. */
export function Drawn({ metric, plots, kind }: { metric: Metric; plots: Plotted; kind: PlotKind }) {
  if (!plots.lines.length) {
    return (
      <Empty title="There are no numbers of that">
        They are counted day by day as work is done. Choose other columns, other choices or a longer time.
      </Empty>
    );
  }
  const groups = byUnits(plots.lines);
  return (
    <>
      {groups.map(([units, lines], index) => {
        const first = groups.slice(0, index).reduce((sum, [, before]) => sum + before.length, 0);
        const label = heading(metric, units);
        return (
          <Panel key={units} title={label}>
            <Plot label={`${label}, by day`} units={units} kind={kind} days={plots.days} lines={lines} first={first} />
          </Panel>
        );
      })}
      <Table plots={plots} />
    </>
  );
}

const heading = (metric: Metric, units: string): string =>
  `${metric.title} in ${units === "count" ? "numbers" : units}`;

/** The same, for those who read numbers or cannot see lines. */
function Table({ plots }: { plots: Plotted }) {
  return (
    <details class="panel plot-table">
      <summary>The numbers</summary>
      <div class="scroll" tabIndex={0} role="region" aria-label="The numbers">
        <table>
          <thead>
            <tr>
              <th scope="col">Day (UTC)</th>
              {plots.lines.map((line) => (
                <th key={line.name} scope="col" class="number">
                  {line.name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {plots.days.toReversed().map((day, back) => (
              <tr key={day}>
                <td>{day}</td>
                {plots.lines.map((line) => {
                  const value = line.values[plots.days.length - 1 - back];
                  return (
                    <td key={line.name} class="number">
                      {value === null || value === undefined ? "–" : amount(line.units, value)}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
