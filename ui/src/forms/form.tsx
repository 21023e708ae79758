import { useId, useState } from "preact/hooks";
import type { Fault } from "../api/problem";
import { Panel } from "../components/basics";
import { isFields, type Value } from "../lib/pointer";
import { FormContext } from "./context";
import { flat } from "./flat";
import { isLarge } from "./node";
import { FieldsOf } from "./object";
import type { Root } from "./schema";

/** Fields that stand together, under a title. */
export type Section = readonly [title: string, names: readonly string[]];

interface Props {
  root: Root;
  value: Value;
  change: (value: Value) => void;
  /** What is wrong with it, by the JSON pointers of its parts. */
  faults: readonly Fault[];
  /** Those beside which nothing has to be said before somebody has been there; the others are shown at once. */
  early?: readonly Fault[];
  isReadOnly?: boolean;
  /** What stands together; fields that no section names stand behind them, what is large apart. */
  sections?: readonly Section[];
}

/** A document as fields, made from its JSON Schema. */
export function Form({ root, value, change, faults, early = [], isReadOnly = false, sections = [] }: Props) {
  const id = useId();
  const [touched, touch] = useState<ReadonlySet<string>>(new Set());
  const made = flat(root, root, value);
  const shown = [...faults, ...early.filter((fault) => touched.has(fault.pointer))];
  const context = {
    root,
    id,
    faults: shown,
    isReadOnly,
    touch: (pointer: string) => touch((before) => (before.has(pointer) ? before : new Set([...before, pointer]))),
  };
  return (
    <FormContext.Provider value={context}>
      <div class="form">
        {arranged(root, made, isFields(value) ? value : {}, sections).map(([title, names]) => (
          <Panel key={title} title={title}>
            <FieldsOf made={made} pointer="" value={value} change={change} names={names} />
          </Panel>
        ))}
      </div>
    </FormContext.Provider>
  );
}

/** The fields of all, in sections: those that are named, then what is left. */
function arranged(
  root: Root,
  made: ReturnType<typeof flat>,
  value: Record<string, Value>,
  sections: readonly Section[],
) {
  const named = new Set(sections.flatMap(([, names]) => names));
  const left = Object.keys(made.properties).filter((name) => !named.has(name));
  const large = left.filter((name) => isLarge(flat(root, made.properties[name] ?? {}, value[name] ?? undefined)));
  const small = left.filter((name) => !large.includes(name));
  return [
    ...sections,
    ...(small.length ? [[sections.length ? "More" : "About", small] as const] : []),
    ...(large.length ? [["Details", large] as const] : []),
  ];
}
