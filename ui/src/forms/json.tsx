import { useState } from "preact/hooks";
import { isSame, type Value } from "../lib/pointer";
import { Frame, type PartProps, usePart } from "./part";
import { labelOf } from "./words";

export const written = (value: Value): string => (value === undefined ? "" : JSON.stringify(value, null, 2));

/** Why a text is no JSON, in words; undefined: it is. */
export function jsonFault(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return `This is no JSON: ${(error as Error).message}.`;
  }
}

interface Props {
  value: Value;
  /** Given what the text says; undefined: it is empty. */
  change: (value: Value) => void;
  /** Told whether the text can be read at all. */
  readable?: (isReadable: boolean) => void;
}

/** A document as text; what is typed counts as soon as it can be read. */
export function useText({ value, change, readable }: Props) {
  const [typed, type] = useState(() => written(value));
  const fault = typed.trim() === "" ? undefined : jsonFault(typed);
  const isCurrent = fault !== undefined || isSame(typed.trim() === "" ? undefined : JSON.parse(typed), value);
  return {
    fault,
    text: isCurrent ? typed : written(value),
    type: (text: string) => {
      type(text);
      const wrong = text.trim() === "" ? undefined : jsonFault(text);
      readable?.(wrong === undefined);
      if (wrong === undefined) change(text.trim() === "" ? undefined : JSON.parse(text));
    },
  };
}

/** What may be anything. */
export function AnyPart(props: PartProps) {
  const { attributes } = usePart(props.pointer);
  const { fault, text, type } = useText(props);
  return (
    <Frame {...props} label={labelOf(props.name, props.schema)} schema={props.schema} isWide>
      <textarea
        class="code"
        rows={Math.min(12, text.split("\n").length + 1)}
        {...attributes}
        spellcheck={false}
        value={text}
        onInput={(event) => type(event.currentTarget.value)}
      />
      {fault && <em class="fault">{fault}</em>}
    </Frame>
  );
}
