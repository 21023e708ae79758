import { useState } from "preact/hooks";
import type { Value } from "../lib/pointer";
import { flat } from "./flat";
import { Frame, type PartProps, Unit, usePart } from "./part";
import { Suggested } from "./suggestions";
import { labelOf, shown } from "./words";

/** What a field holds that nobody has filled in. */
function emptied({ isNullable, isRequired }: { isNullable: boolean; isRequired: boolean }): Value {
  if (isNullable) return null;
  return isRequired ? "" : undefined;
}

const LONG = /description|arguments/;

export function TextPart(props: PartProps) {
  const { form, attributes, id } = usePart(props.pointer);
  const made = flat(form.root, props.schema, props.value);
  const isLong = LONG.test(props.name) && !made.schema.pattern;
  const names = made.schema["x-scale-names"];
  const text = typeof props.value === "string" ? props.value : "";
  const field = {
    ...attributes,
    value: text,
    required: false,
    "aria-required": props.isRequired,
    placeholder: hint(made.schema.default),
    spellcheck: isLong,
    autocomplete: "off" as const,
    onInput: (event: Event) => {
      const given = (event.currentTarget as HTMLInputElement).value;
      props.change(given || emptied({ isNullable: made.isNullable, isRequired: props.isRequired }));
    },
  };
  return (
    <Frame {...props} label={labelOf(props.name, props.schema)} schema={made.schema} isWide={isLong}>
      {isLong ? (
        <textarea rows={2} {...field} />
      ) : (
        <input type="text" {...(names ? { list: `${id}-names` } : {})} {...field} />
      )}
      {names && !form.isReadOnly && <Suggested path={names} id={`${id}-names`} />}
    </Frame>
  );
}

/** What is so if nothing is said. */
const hint = (value: Value): string => (value === undefined || value === null || value === "" ? "" : shown(value));

export function NumberPart(props: PartProps) {
  const { form, attributes } = usePart(props.pointer);
  const made = flat(form.root, props.schema, props.value);
  const [typed, type] = useState(written(props.value));
  // What was typed stays as long as it means the same: "1." is a 1 that goes on.
  const text = read(typed) === props.value ? typed : written(props.value);
  return (
    <Frame {...props} label={labelOf(props.name, props.schema)} schema={made.schema}>
      <span class="measured">
        <input
          type="text"
          inputMode="decimal"
          {...attributes}
          autocomplete="off"
          aria-required={props.isRequired}
          placeholder={hint(made.schema.default)}
          value={text}
          onInput={(event) => {
            type(event.currentTarget.value);
            const value = read(event.currentTarget.value);
            props.change(value ?? (made.isNullable ? null : undefined));
          }}
        />
        <Unit schema={made.schema} />
      </span>
    </Frame>
  );
}

const written = (value: Value): string => (value === undefined || value === null ? "" : String(value));

/** What was typed as a number; as it is, if it is none: what is wrong with it is then said. */
function read(text: string): Value {
  const trimmed = text.trim();
  if (trimmed === "") return undefined;
  const number = Number(trimmed);
  return Number.isFinite(number) ? number : text;
}

export function BooleanPart(props: PartProps) {
  const { form, attributes } = usePart(props.pointer);
  const made = flat(form.root, props.schema, props.value);
  const isOn = props.value ?? made.schema.default ?? false;
  const { readOnly: _, ...rest } = attributes;
  return (
    <Frame {...props} isRequired={false} label={labelOf(props.name, props.schema)} schema={made.schema}>
      <span class="switch">
        <input
          type="checkbox"
          {...rest}
          disabled={form.isReadOnly}
          checked={isOn === true}
          onChange={(event) => props.change(event.currentTarget.checked)}
        />
        <span aria-hidden="true">{isOn === true ? "yes" : "no"}</span>
      </span>
    </Frame>
  );
}

export function EnumPart(props: PartProps) {
  const { form, attributes } = usePart(props.pointer);
  const made = flat(form.root, props.schema, props.value);
  const options: Value[] = (made.schema.enum ?? []).filter((one) => one !== null);
  const { readOnly: _, ...rest } = attributes;
  const current = options.indexOf(props.value);
  return (
    <Frame {...props} label={labelOf(props.name, props.schema)} schema={made.schema}>
      <select
        {...rest}
        disabled={form.isReadOnly}
        aria-required={props.isRequired}
        value={String(current)}
        onChange={(event) => {
          const chosen = options[Number(event.currentTarget.value)];
          props.change(chosen ?? (made.isNullable ? null : undefined));
        }}
      >
        <option value="-1">{props.isRequired ? "Choose…" : hint(made.schema.default) || "–"}</option>
        {options.map((one, index) => (
          <option key={shown(one)} value={String(index)}>
            {shown(one)}
          </option>
        ))}
      </select>
    </Frame>
  );
}
