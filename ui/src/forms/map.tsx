import { useRef, useState } from "preact/hooks";
import { below, isFields, type Value, withField } from "../lib/pointer";
import { fits } from "./check";
import { useForm } from "./context";
import { flat } from "./flat";
import { initial } from "./initial";
import { Node } from "./node";
import { Group } from "./object";
import { Help, type PartProps } from "./part";
import type { Schema } from "./schema";
import { labelOf } from "./words";

/** An object whose fields have names of one's own. */
export function MapPart(props: PartProps) {
  const { root, isReadOnly } = useForm();
  const made = flat(root, props.schema, props.value ?? undefined);
  const schema = typeof made.schema.additionalProperties === "object" ? made.schema.additionalProperties : {};
  const fields = isFields(props.value) ? props.value : {};
  const label = labelOf(props.name, props.schema);
  return (
    <Group {...props} label={label} description={made.schema.description}>
      <div class="items">
        {Object.entries(fields).map(([key, value]) => (
          <div key={key} class="item">
            <Node
              name={key}
              pointer={below(props.pointer, key)}
              schema={{ allOf: [schema], title: key }}
              value={value}
              isRequired
              change={(next: Value) => props.change({ ...fields, [key]: next ?? "" })}
            />
            {!isReadOnly && (
              <span class="moves">
                <button
                  type="button"
                  class="small"
                  aria-label={`Remove ${key}`}
                  title={`Remove ${key}`}
                  onClick={() => props.change(withField(fields, key, undefined))}
                >
                  ✕
                </button>
              </span>
            )}
          </div>
        ))}
      </div>
      {!isReadOnly && (
        <NewKey
          label={label}
          names={made.schema.propertyNames}
          taken={Object.keys(fields)}
          add={(key) => props.change({ ...fields, [key]: initial(root, schema) ?? "" })}
        />
      )}
    </Group>
  );
}

interface NewKeyProps {
  label: string;
  names: Schema | undefined;
  taken: string[];
  add: (key: string) => void;
}

/** The name of a field to add. */
function NewKey({ label, names, taken, add }: NewKeyProps) {
  const { root, id } = useForm();
  const [key, type] = useState("");
  const input = useRef<HTMLInputElement>(null);
  const isTaken = taken.includes(key);
  const isWrong = key !== "" && (isTaken || (names !== undefined && !fits(root, key, names)));
  const helpId = `${id}-${label.replaceAll(" ", "-")}-key-help`;
  const submit = () => {
    if (key === "" || isWrong) {
      input.current?.focus();
      return;
    }
    add(key);
    type("");
    // The value of the new name is drawn first, and then gone to.
    setTimeout(() => {
      const items = input.current?.closest("fieldset")?.querySelectorAll<HTMLElement>(".item :is(input, textarea)");
      [...(items ?? [])].at(-1)?.focus();
    });
  };
  return (
    <div class="new-key">
      <input
        ref={input}
        type="text"
        value={key}
        aria-label={`Name of a new entry of ${label}`}
        aria-describedby={helpId}
        autocomplete="off"
        {...(isWrong ? { "aria-invalid": true } : {})}
        onInput={(event) => type(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Enter") return;
          event.preventDefault();
          submit();
        }}
      />
      <button type="button" class="small" onClick={submit} aria-label={`Add to ${label}`}>
        Add
      </button>
      {isWrong && <em class="fault">{isTaken ? "It is there already." : "This name does not fit."}</em>}
      <Help id={helpId} text={names?.description} />
    </div>
  );
}
