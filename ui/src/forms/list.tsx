import { useRef } from "preact/hooks";
import { below, type Value } from "../lib/pointer";
import { useForm } from "./context";
import { flat } from "./flat";
import { initial, itemOf } from "./initial";
import { isLarge, Node } from "./node";
import { Group } from "./object";
import type { PartProps } from "./part";
import { entryOf, labelOf } from "./words";

/** A list: entries are added, taken away and moved; those before others count first. */
export function ListPart(props: PartProps) {
  const { root, isReadOnly } = useForm();
  const box = useRef<HTMLDivElement>(null);
  const made = flat(root, props.schema, props.value ?? undefined);
  const label = labelOf(props.name, props.schema);
  const schema = itemOf(made.schema);
  const entry = entryOf(schema, label);
  const items = Array.isArray(props.value) ? props.value : [];
  const isFull = made.schema.maxItems !== undefined && items.length >= made.schema.maxItems;
  const add = () => {
    props.change([
      ...items,
      initial(root, schema) ?? (flat(root, schema, undefined).types[0] === "string" ? "" : null),
    ]);
    // What is new is drawn first, and then gone to.
    setTimeout(() =>
      box.current?.querySelector<HTMLElement>(":scope > :last-child :is(input, select, textarea)")?.focus(),
    );
  };
  if (isFull && items.length === 0) return null;
  return (
    <Group {...props} label={label} description={made.schema.description}>
      <div ref={box} class={isLarge(flat(root, schema, undefined)) ? "items large" : "items"}>
        {items.map((item, index) => (
          <div key={index} class="item">
            <Node
              name={`${entry.charAt(0).toUpperCase()}${entry.slice(1)} ${index + 1}`}
              pointer={below(props.pointer, index)}
              schema={{ allOf: [schema], description: "" }}
              value={item}
              isRequired
              change={(next: Value) => props.change(items.map((one, at) => (at === index ? next : one)))}
            />
            {!isReadOnly && <Moves items={items} index={index} entry={entry} change={props.change} />}
          </div>
        ))}
      </div>
      {!isReadOnly && (
        <button type="button" class="small" disabled={isFull} onClick={add} aria-label={`Add ${entry} to ${label}`}>
          Add {entry}
        </button>
      )}
    </Group>
  );
}

interface MovesProps {
  items: Value[];
  index: number;
  entry: string;
  change: (items: Value[]) => void;
}

function Moves({ items, index, entry, change }: MovesProps) {
  const what = `${entry} ${index + 1}`;
  const move = (by: number) => {
    const next = [...items];
    const [one] = next.splice(index, 1);
    next.splice(index + by, 0, one);
    change(next);
  };
  return (
    <span class="moves">
      {items.length > 1 && (
        <>
          <button
            type="button"
            class="small"
            disabled={index === 0}
            onClick={() => move(-1)}
            aria-label={`Move ${what} up`}
          >
            ↑
          </button>
          <button
            type="button"
            class="small"
            disabled={index === items.length - 1}
            onClick={() => move(1)}
            aria-label={`Move ${what} down`}
          >
            ↓
          </button>
        </>
      )}
      <button
        type="button"
        class="small"
        onClick={() => change(items.filter((_, at) => at !== index))}
        aria-label={`Remove ${what}`}
        title={`Remove ${what}`}
      >
        ✕
      </button>
    </span>
  );
}
