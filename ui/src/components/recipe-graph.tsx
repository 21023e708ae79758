import { useRef, useState } from "preact/hooks";
import { connected, type Definition, type Interfaces, isSameSource, type Source, sourcesFor } from "../lib/definition";
import { BOX, layout, type Node, type Point, type Port, portAt } from "../lib/recipe-layout";

interface Props {
  label: string;
  definition: Definition;
  interfaces: Interfaces;
  /** Has outputs dragged to inputs; left out: it is only looked at. */
  change?: (definition: Definition) => void;
  /** Names of jobs about which there is something wrong. */
  wrong?: ReadonlySet<string>;
  choose?: (job: string) => void;
}

interface Dragged {
  source: Source;
  from: Point;
  to: Point;
}

const short = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

/** A recipe as a drawing: jobs with their inputs and outputs, and what leads where. */
export function RecipeGraph(props: Props) {
  const { definition, interfaces, change } = props;
  const drawing = useRef<SVGSVGElement>(null);
  const [dragged, drag] = useState<Dragged>();
  const { nodes, width, height } = layout(definition, interfaces);

  const pointOf = (event: PointerEvent): Point => {
    const box = (drawing.current as SVGSVGElement).getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const takes = (job: string, input: string): boolean =>
    dragged !== undefined &&
    sourcesFor(definition, interfaces, { job, input }).some((one) => isSameSource(one, dragged.source));
  const drop = (event: PointerEvent) => {
    const under = document.elementFromPoint(event.clientX, event.clientY)?.closest<SVGElement>("[data-input]");
    const { job, input } = under?.dataset ?? {};
    if (dragged && job !== undefined && input !== undefined && takes(job, input)) {
      change?.(connected(definition, { job, input }, dragged.source));
    }
    drag(undefined);
  };
  const begin = (node: Node, name: string) => (event: PointerEvent) => {
    if (!change || event.button) return;
    event.preventDefault();
    drawing.current?.setPointerCapture(event.pointerId);
    drag({ source: { job: node.job, name }, from: portAt(node, "out", name), to: pointOf(event) });
  };

  return (
    <div class="graph recipe-graph" tabIndex={0} role="region" aria-label={props.label}>
      <svg
        ref={drawing}
        viewBox={`0 0 ${width} ${height}`}
        width={width}
        height={height}
        role="group"
        aria-label={props.label}
        onPointerMove={(event) => dragged && drag({ ...dragged, to: pointOf(event) })}
        onPointerUp={drop}
        onPointerCancel={() => drag(undefined)}
      >
        <Edges definition={definition} nodes={nodes} />
        {nodes.map((node) => (
          <Box
            key={node.job ?? ""}
            node={node}
            isWrong={node.job !== null && (props.wrong?.has(node.job) ?? false)}
            begin={change && ((name) => begin(node, name))}
            takes={(input) => node.job !== null && takes(node.job, input)}
            choose={props.choose}
          />
        ))}
        {dragged && <path class="edge drawn" d={curve(dragged.from, dragged.to)} />}
      </svg>
    </div>
  );
}

function curve(from: Point, to: Point): string {
  const bend = Math.max(24, Math.abs(to.x - from.x) / 2);
  return `M${from.x} ${from.y}C${from.x + bend} ${from.y} ${to.x - bend} ${to.y} ${to.x} ${to.y}`;
}

function Edges({ definition, nodes }: { definition: Definition; nodes: Node[] }) {
  const byJob = new Map(nodes.map((node) => [node.job, node]));
  const lines: { from: Point; to: Point; isBare: boolean; key: string }[] = [];
  const add = (from: string | null, output: string | undefined, to: string, input: string | undefined) => {
    const [source, target] = [byJob.get(from), byJob.get(to)];
    if (!source || !target) return;
    const key = [from, output, to, input].join("\n");
    lines.push({ from: portAt(source, "out", output), to: portAt(target, "in", input), isBare: !input, key });
  };
  for (const job of definition.jobs) {
    for (const one of job.recipe_inputs ?? []) add(null, one.recipe_input, job.name, one.job_input);
    for (const one of job.dependencies ?? []) {
      if (!one.connections?.length) add(one.name, undefined, job.name, undefined);
      for (const each of one.connections ?? []) add(one.name, each.output, job.name, each.input);
    }
  }
  return (
    <>
      {lines.map((line) => (
        <path key={line.key} class={`edge ${line.isBare ? "bare" : ""}`} d={curve(line.from, line.to)} />
      ))}
    </>
  );
}

interface BoxProps {
  node: Node;
  isWrong: boolean;
  begin: ((name: string) => (event: PointerEvent) => void) | undefined;
  takes: (input: string) => boolean;
  choose: ((job: string) => void) | undefined;
}

function Box({ node, isWrong, begin, takes, choose }: BoxProps) {
  const name = node.job;
  return (
    <g class={`node ${isWrong ? "bad" : ""}`} transform={`translate(${node.at.x} ${node.at.y})`}>
      <Frame
        height={node.height}
        label={`Go to ${node.title}`}
        choose={choose && name !== null && (() => choose(name))}
      />
      <rect class="mark" width="4" height={node.height} rx="2" />
      <text x="14" y="18">
        {short(node.title, 27)}
      </text>
      <text x="14" y="34" class="sub">
        {short(node.subtitle, 34)}
      </text>
      <title>{`${node.title} ${node.subtitle}`}</title>
      {node.inputs.map((port, row) => (
        <g
          key={port.name}
          class={`port in ${takes(port.name) ? "takes" : ""}`}
          data-job={name ?? ""}
          data-input={port.name}
        >
          <PortOf port={port} row={row} side="in" />
        </g>
      ))}
      {node.outputs.map((port, row) => (
        <g
          key={port.name}
          class={`port out ${begin ? "draggable" : ""}`}
          data-output={port.name}
          onPointerDown={begin?.(port.name)}
        >
          <PortOf port={port} row={row} side="out" />
        </g>
      ))}
    </g>
  );
}

function PortOf({ port, row, side }: { port: Port; row: number; side: "in" | "out" }) {
  const y = BOX.head + (row + 0.5) * BOX.row;
  const half = BOX.width / 2;
  return (
    <>
      <rect class="reach" x={side === "in" ? -10 : half} y={y - BOX.row / 2} width={half + 10} height={BOX.row} />
      <circle class={port.isRequired ? "required" : ""} cx={side === "in" ? 0 : BOX.width} cy={y} r="5" />
      <text class="sub" x={side === "in" ? 12 : BOX.width - 12} y={y + 4} text-anchor={side === "in" ? "start" : "end"}>
        {short(port.name, 15)}
      </text>
      <title>{`${port.name}: ${port.type}${port.isRequired ? "" : ", optional"}`}</title>
    </>
  );
}

/** What is around a box; it leads to where its job is changed, if it may be. */
function Frame({ height, label, choose }: { height: number; label: string; choose: (() => void) | false | undefined }) {
  const looks = { width: BOX.width, height, rx: 5 };
  if (!choose) return <rect {...looks} />;
  return (
    <rect
      {...looks}
      class="leads"
      role="button"
      tabIndex={0}
      aria-label={label}
      onClick={choose}
      onKeyDown={(event) => event.key === "Enter" && choose()}
    />
  );
}
