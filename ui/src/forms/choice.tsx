import { isFields } from "../lib/pointer";
import { flat } from "./flat";
import { switched } from "./initial";
import { FieldsOf, Group } from "./object";
import { type PartProps, usePart } from "./part";
import { inlined, type Root, type Schema } from "./schema";
import { labelOf, shown } from "./words";

/** What may have one of several forms: which one is chosen, and then filled in. */
export function ChoicePart(props: PartProps) {
  const { form, id, attributes } = usePart(props.pointer);
  const made = flat(form.root, props.schema, props.value ?? undefined);
  if (!made.choice) return null;
  const { forms, index, by } = made.choice;
  const label = labelOf(props.name, props.schema);
  const choose = (next: number) => {
    const chosen = forms[next];
    props.change(chosen ? switched(form.root, props.value, chosen, by) : made.isNullable ? null : undefined);
  };
  const { readOnly: _, ...rest } = attributes;
  return (
    <Group {...props} label={label} description={made.schema.description}>
      <div class="part">
        <label htmlFor={`${id}-choice`}>{by ? labelOf(by) : "Form"}</label>
        <select
          {...rest}
          id={`${id}-choice`}
          disabled={form.isReadOnly}
          value={String(index)}
          onChange={(event) => choose(Number(event.currentTarget.value))}
        >
          <option value="-1" disabled={props.isRequired}>
            {props.isRequired ? "Choose…" : "none"}
          </option>
          {forms.map((one, number) => (
            <option key={number} value={String(number)}>
              {nameOf(form.root, one, by, number)}
            </option>
          ))}
        </select>
        {by && index >= 0 && <small class="help">{made.properties[by]?.description}</small>}
      </div>
      {index >= 0 && isFields(props.value) && (
        <FieldsOf made={made} pointer={props.pointer} value={props.value} change={props.change} except={by} />
      )}
    </Group>
  );
}

function nameOf(root: Root, form: Schema, by: string | undefined, number: number): string {
  const schema = inlined(root, form);
  const told = by && schema.properties?.[by]?.const;
  return schema.title ?? (told ? shown(told) : [schema.type].flat()[0]) ?? `Form ${number + 1}`;
}
