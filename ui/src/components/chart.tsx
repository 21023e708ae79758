import { count } from "../lib/format";
import { type Axis, nice, stack } from "../lib/scales";
import { local, today } from "../lib/time";

export interface Series {
  name: string;
  /** The class that gives it its colour. */
  tone: string;
  values: number[];
}

const WIDTH = 640;
const HEIGHT = 150;

/** Amounts over time, one on top of the other; the same as a table for those who cannot see it. */
export function AreaChart({ label, times, series }: { label: string; times: number[]; series: Series[] }) {
  const layers = stack(series.map((one) => one.values));
  const axis = nice(Math.max(1, ...(layers.at(-1) ?? [])));
  const x = (index: number) => (times.length > 1 ? (index / (times.length - 1)) * WIDTH : 0);
  const y = (value: number) => HEIGHT - (value / axis.top) * HEIGHT;
  return (
    <figure class="chart">
      <Plot label={label} axis={axis} times={times}>
        {series.map((one, index) => (
          <path
            key={one.name}
            class={`area ${one.tone}`}
            d={outline(layers[index] ?? [], index ? (layers[index - 1] ?? []) : [], x, y)}
          />
        ))}
      </Plot>
      <Legend series={series} />
    </figure>
  );
}

function outline(top: number[], bottom: number[], x: (index: number) => number, y: (value: number) => number): string {
  const there = top.map((value, index) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`);
  const back = top.map((_, index) => `${x(index).toFixed(1)},${y(bottom[index] ?? 0).toFixed(1)}`).reverse();
  return `M${[...there, ...back].join("L")}Z`;
}

/** Amounts of times. */
export function BarChart({
  label,
  times,
  values,
  tone,
  name,
}: {
  label: string;
  times: number[];
  values: number[];
  tone: string;
  name: string;
}) {
  const axis = nice(Math.max(1, ...values));
  const width = WIDTH / Math.max(1, values.length);
  return (
    <figure class="chart">
      <Plot label={label} axis={axis} times={times}>
        {values.map((value, index) => (
          <rect
            key={times[index]}
            class={`area ${tone}`}
            x={index * width + width * 0.12}
            width={width * 0.76}
            y={HEIGHT - (value / axis.top) * HEIGHT}
            height={(value / axis.top) * HEIGHT}
          >
            <title>{`${local(new Date(times[index] ?? 0), today.value)}: ${count(value)} ${name}`}</title>
          </rect>
        ))}
      </Plot>
    </figure>
  );
}

function Plot(props: { label: string; axis: Axis; times: number[]; children: preact.ComponentChildren }) {
  const first = props.times[0];
  const last = props.times.at(-1);
  const clock = (ms: number | undefined) =>
    ms === undefined ? "" : new Date(ms).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
  return (
    <div class="plot">
      <div class="scale" aria-hidden="true">
        {props.axis.ticks.map((tick) => (
          <span key={tick} style={{ bottom: `${(tick / props.axis.top) * 100}%` }}>
            {count(tick)}
          </span>
        ))}
      </div>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={props.label}>
        {props.axis.ticks.map((tick) => (
          <line
            key={tick}
            x1="0"
            x2={WIDTH}
            y1={HEIGHT - (tick / props.axis.top) * HEIGHT}
            y2={HEIGHT - (tick / props.axis.top) * HEIGHT}
          />
        ))}
        {props.children}
      </svg>
      <div class="ends" aria-hidden="true">
        <span>{clock(first)}</span>
        <span>{clock(last)}</span>
      </div>
    </div>
  );
}

function Legend({ series }: { series: Series[] }) {
  return (
    <figcaption>
      {series.map((one) => (
        <span key={one.name}>
          <i class={one.tone} aria-hidden="true" />
          {one.name} <b>{count(one.values.at(-1) ?? 0)}</b>
        </span>
      ))}
    </figcaption>
  );
}
