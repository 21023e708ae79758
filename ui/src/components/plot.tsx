import { useEffect, useRef, useState } from "preact/hooks";
import { bytes, count, duration } from "../lib/format";
import { axisOf, type PlotLine } from "../lib/plot";

const HEIGHT = 250;
const ROOM = { left: 62, right: 10, top: 10, bottom: 26 };
const TONES = 8;

/** A number with its units. */
export function amount(units: string, value: number): string {
  if (units === "bytes") return bytes(value);
  return units === "seconds" ? duration(value * 1000) : count(value);
}

export type PlotKind = "line" | "bar";

interface Props {
  label: string;
  units: string;
  kind: PlotKind;
  days: string[];
  lines: PlotLine[];
  /** The place of the first line among those of all plots: each has a colour of its own. */
  first: number;
}

/** Numbers over days, of one unit; pointing at a day shows its numbers. */
export function Plot(props: Props) {
  const element = useRef<HTMLDivElement>(null);
  const width = useWidth(element);
  const [at, point] = useState<number>();
  const tone = (index: number) => `tone-${(props.first + index) % TONES}`;
  return (
    <figure class="metric-plot" ref={element}>
      <div style={{ height: `${HEIGHT}px` }}>
        {width > 0 && <Drawing {...props} width={width} tone={tone} at={at} point={point} />}
      </div>
      <figcaption>
        <b>{at === undefined ? "Days" : props.days[at]}</b>
        {props.lines.map((line, index) => (
          <span key={line.name} class={tone(index)} data-line={line.name}>
            <i aria-hidden="true" />
            {line.name} <b>{at === undefined ? totalled(line) : said(line, at)}</b>
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

const said = (line: PlotLine, at: number): string => {
  const value = line.values[at];
  return value === null || value === undefined ? "–" : amount(line.units, value);
};

const totalled = (line: PlotLine): string => {
  const there = line.values.filter((value) => value !== null);
  return `${there.length} ${there.length === 1 ? "day" : "days"}`;
};

function useWidth(element: { current: HTMLElement | null }): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const watcher = new ResizeObserver(([entry]) => entry && setWidth(Math.floor(entry.contentRect.width)));
    if (element.current) watcher.observe(element.current);
    return () => watcher.disconnect();
  }, []);
  return width;
}

interface Drawn extends Props {
  width: number;
  tone: (index: number) => string;
  at: number | undefined;
  point: (at: number | undefined) => void;
}

function Drawing({ label, units, kind, days, lines, width, tone, at, point }: Drawn) {
  const axis = axisOf(units, Math.max(0, ...lines.flatMap((line) => line.values.map((value) => value ?? 0))));
  const step = (width - ROOM.left - ROOM.right) / Math.max(1, days.length);
  const x = (index: number) => ROOM.left + (index + 0.5) * step;
  const y = (value: number) => HEIGHT - ROOM.bottom - (value / axis.top) * (HEIGHT - ROOM.bottom - ROOM.top);
  const dayAt = (event: MouseEvent) => {
    const left = event.clientX - (event.currentTarget as Element).getBoundingClientRect().left - ROOM.left;
    const index = Math.floor(left / step);
    point(index >= 0 && index < days.length ? index : undefined);
  };
  const marked = Math.max(1, Math.ceil((days.length * 56) / (width - ROOM.left)));
  return (
    <svg
      viewBox={`0 0 ${width} ${HEIGHT}`}
      width={width}
      height={HEIGHT}
      role="img"
      aria-label={label}
      onMouseMove={dayAt}
      onMouseLeave={() => point(undefined)}
    >
      {axis.ticks.map(({ value, label: text }) => (
        <g key={value}>
          <line class="rule" x1={ROOM.left} x2={width - ROOM.right} y1={y(value)} y2={y(value)} />
          <text class="mark" x={ROOM.left - 8} y={y(value) + 4} text-anchor="end">
            {text}
          </text>
        </g>
      ))}
      {days.map((day, index) =>
        index % marked ? null : (
          <text key={day} class="mark" x={x(index)} y={HEIGHT - 8} text-anchor="middle">
            {day.slice(5)}
          </text>
        ),
      )}
      {at !== undefined && <line class="pointed" x1={x(at)} x2={x(at)} y1={ROOM.top} y2={HEIGHT - ROOM.bottom} />}
      {lines.map((line, index) =>
        kind === "bar" ? (
          <Bars key={line.name} line={line} tone={tone(index)} place={[index, lines.length]} {...{ x, y, step }} />
        ) : (
          <Run key={line.name} line={line} tone={tone(index)} {...{ x, y }} />
        ),
      )}
    </svg>
  );
}

interface Scale {
  line: PlotLine;
  tone: string;
  x: (index: number) => number;
  y: (value: number) => number;
}

/** Neighbouring days are joined; a day without a number breaks the line. */
function Run({ line, tone, x, y }: Scale) {
  const path = line.values.map((value, index) =>
    value === null ? "" : `${index && line.values[index - 1] !== null ? "L" : "M"}${x(index)} ${y(value)}`,
  );
  return (
    <g class={tone}>
      <path class="run" d={path.join("")} />
      {line.values.map((value, index) =>
        value === null ? null : <circle key={index} class="dot" cx={x(index)} cy={y(value)} r="2.5" />,
      )}
    </g>
  );
}

function Bars({ line, tone, x, y, place, step }: Scale & { place: [number, number]; step: number }) {
  const [index, many] = place;
  const width = Math.min(40, (step * 0.8) / many);
  return (
    <g class={tone}>
      {line.values.map((value, day) =>
        value === null ? null : (
          <rect
            key={day}
            class="bar"
            x={x(day) + (index - many / 2) * width}
            width={Math.max(1, width - 1)}
            y={y(value)}
            height={y(0) - y(value)}
          />
        ),
      )}
    </g>
  );
}
