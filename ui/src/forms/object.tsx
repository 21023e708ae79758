import type { ComponentChildren } from "preact";
import { below, isFields, type Value, withField } from "../lib/pointer";
import { useForm } from "./context";
import { type Flat, flat } from "./flat";
import { initial } from "./initial";
import { AnyPart } from "./json";
import { Node } from "./node";
import { Fault, Help, Needed, type PartProps, usePart } from "./part";
import { labelOf } from "./words";

/** An object with fields that are known; where it need not be there, it is added and taken away. */
export function ObjectPart(props: PartProps) {
  const { root, isReadOnly } = useForm();
  const made = flat(root, props.schema, props.value ?? undefined);
  const label = labelOf(props.name, props.schema);
  const isThere = isFields(props.value);
  const isOptional = !props.isRequired && !isReadOnly;
  return (
    <Group
      {...props}
      label={label}
      description={made.schema.description}
      actions={
        isThere
          ? isOptional && (
              <button
                type="button"
                class="small quiet"
                aria-label={`Remove ${label}`}
                onClick={() => props.change(made.isNullable ? null : undefined)}
              >
                Remove
              </button>
            )
          : !isReadOnly && (
              <button
                type="button"
                class="small"
                aria-label={`Add ${label}`}
                onClick={() => props.change(initial(root, props.schema) ?? {})}
              >
                Add
              </button>
            )
      }
    >
      {isThere && <FieldsOf made={made} pointer={props.pointer} value={props.value} change={props.change} />}
    </Group>
  );
}

/** A box around what belongs together. */
export function Group(props: {
  pointer: string;
  label: string;
  description: string | undefined;
  isRequired: boolean;
  actions?: ComponentChildren;
  children: ComponentChildren;
}) {
  const { id, fault, helpId, faultId } = usePart(props.pointer);
  return (
    <fieldset class={`group ${fault ? "wrong" : ""}`} id={id} tabIndex={-1} aria-describedby={helpId}>
      <legend title={props.pointer}>
        {props.label}
        {props.isRequired && <Needed />}
      </legend>
      <header>
        <Help id={helpId} text={props.description} />
        {props.actions}
      </header>
      <Fault id={faultId} text={fault} />
      {props.children}
    </fieldset>
  );
}

interface Props {
  made: Flat;
  pointer: string;
  value: Value;
  change: (value: Value) => void;
  /** Only these of the fields, in this order; left out: all. */
  names?: readonly string[];
  /** The field that is shown otherwise. */
  except?: string | undefined;
}

/** The fields of an object, in the order of its schema; what is there and not known, behind them. */
export function FieldsOf({ made, pointer, value, change, names, except }: Props) {
  const fields = isFields(value) ? value : {};
  const known = Object.keys(made.properties);
  const unknown = names ? [] : Object.keys(fields).filter((name) => !known.includes(name));
  const field = (name: string) => ({
    name,
    pointer: below(pointer, name),
    value: fields[name],
    isRequired: made.required.has(name),
    change: (next: Value) => change(withField(fields, name, next)),
  });
  return (
    <div class="fields">
      {(names ?? known)
        .filter((name) => name !== except && known.includes(name))
        .map((name) => (
          <Node key={name} {...field(name)} schema={made.properties[name] ?? {}} />
        ))}
      {unknown.map((name) => (
        <AnyPart key={name} {...field(name)} schema={{ title: name }} />
      ))}
    </div>
  );
}
