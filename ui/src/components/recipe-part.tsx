import { useLayoutEffect, useState } from "preact/hooks";
import type { Fault } from "../api/problem";
import type { Definition, Interfaces } from "../lib/definition";

/** What parts of a definition are given. */
export interface PartProps {
  definition: Definition;
  interfaces: Interfaces;
  change: (definition: Definition) => void;
  faults: readonly Fault[];
}

/** What is wrong with one part, by where it is in the request. */
export function faultsAt(faults: readonly Fault[], pointer: string): Fault[] {
  return faults.filter((fault) => fault.pointer === pointer || fault.pointer.startsWith(`${pointer}/`));
}

/** What is wrong, in words. */
export function Faults({ of }: { of: readonly Fault[] }) {
  return (
    <>
      {of.map((fault) => (
        <em key={fault.pointer + fault.detail} class="fault">
          {fault.detail}
        </em>
      ))}
    </>
  );
}

/** A text that counts once it has been entered; one that is refused gives way to what was there. */
export function Entered(props: { label: string; value: string; enter: (text: string) => boolean }) {
  const [text, setText] = useState(props.value);
  // At once: later it would undo what has been typed meanwhile.
  useLayoutEffect(() => setText(props.value), [props.value]);
  return (
    <label>
      <span>{props.label}</span>
      <input
        type="text"
        value={text}
        maxLength={255}
        onInput={(event) => setText(event.currentTarget.value)}
        onChange={() => props.enter(text.trim()) || setText(props.value)}
      />
    </label>
  );
}

/** A name, which nothing else may have. */
export function NameField(props: {
  label: string;
  name: string;
  taken: readonly string[];
  change: (name: string) => void;
}) {
  const enter = (name: string): boolean => {
    if (!name || props.taken.includes(name)) return false;
    props.change(name);
    return true;
  };
  return <Entered label={props.label} value={props.name} enter={enter} />;
}
