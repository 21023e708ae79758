import type { ComponentChildren } from "preact";
import type { Value } from "../lib/pointer";
import { useForm } from "./context";
import type { Schema } from "./schema";
import { unitOf } from "./words";

/** What every field is given. */
export interface PartProps {
  pointer: string;
  name: string;
  schema: Schema;
  value: Value;
  /** undefined: it is left out. */
  change: (value: Value) => void;
  isRequired: boolean;
}

/** The names by which the parts of a field refer to each other, and what is wrong with it. */
export function usePart(pointer: string) {
  const form = useForm();
  const id = `${form.id}${pointer}`;
  const fault = form.faults
    .filter((one) => one.pointer === pointer)
    .map((one) => one.detail)
    .join(" ");
  const described = [`${id} help`, ...(fault ? [`${id} fault`] : [])].map((one) => one.replaceAll(" ", "-")).join(" ");
  return {
    form,
    id,
    fault,
    helpId: `${id}-help`,
    faultId: `${id}-fault`,
    attributes: {
      id,
      readOnly: form.isReadOnly,
      "aria-describedby": described,
      ...(fault ? { "aria-invalid": true } : {}),
      onBlur: () => form.touch(pointer),
    },
  };
}

/** The frame around a field: its name, what it is about, and what is wrong with it. */
export function Frame(props: {
  pointer: string;
  label: string;
  schema: Schema;
  isRequired: boolean;
  isWide?: boolean;
  children: ComponentChildren;
}) {
  const { id, fault, helpId, faultId } = usePart(props.pointer);
  return (
    <div class={`part ${props.isWide ? "wide" : ""} ${fault ? "wrong" : ""}`}>
      <label htmlFor={id} title={props.pointer}>
        {props.label}
        {props.isRequired && <Needed />}
      </label>
      {props.children}
      <Fault id={faultId} text={fault} />
      <Help id={helpId} text={props.schema.description} />
    </div>
  );
}

export const Needed = () => (
  <b class="needed" title="Needed">
    {" "}
    *<span class="hidden"> needed</span>
  </b>
);

export const Help = ({ id, text }: { id: string; text: string | undefined }) => (
  <small id={id} class="help">
    {text?.split("`").map((part, index) => (index % 2 ? <code key={index}>{part}</code> : part))}
  </small>
);

export const Fault = ({ id, text }: { id: string; text: string }) =>
  text ? (
    <em id={id} class="fault">
      {text}
    </em>
  ) : null;

/** What is behind a number: its unit. */
export const Unit = ({ schema }: { schema: Schema }) => {
  const unit = unitOf(schema.description);
  return unit ? <span class="unit">{unit}</span> : null;
};
