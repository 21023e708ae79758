import { ChoicePart } from "./choice";
import { useForm } from "./context";
import { type Flat, flat } from "./flat";
import { AnyPart } from "./json";
import { ListPart } from "./list";
import { MapPart } from "./map";
import { ObjectPart } from "./object";
import type { PartProps } from "./part";
import { BooleanPart, EnumPart, NumberPart, TextPart } from "./scalars";

/** The field for whatever a schema allows. */
export function Node(props: PartProps) {
  const { root } = useForm();
  const made = flat(root, props.schema, props.value ?? undefined);
  if (isHidden(made, props)) return null;
  const Part = partFor(made);
  return <Part {...props} />;
}

/** What can only be as it is, or may not be there, is shown only where it is wrong. */
function isHidden(made: Flat, { value }: PartProps): boolean {
  if (made.isForbidden || made.schema.deprecated) return value === undefined;
  return made.schema.const !== undefined && (value === undefined || value === made.schema.const);
}

/** Whether something takes more than a line. */
export function isLarge(made: Flat): boolean {
  return made.choice !== null || made.types.includes("object") || made.types.includes("array");
}

function partFor(made: Flat) {
  if (made.choice) return ChoicePart;
  if (made.schema.enum) return EnumPart;
  const [type, ...others] = made.types;
  if (others.length) return AnyPart;
  switch (type) {
    case "object":
      return Object.keys(made.properties).length ? ObjectPart : isMap(made) ? MapPart : AnyPart;
    case "array":
      return ListPart;
    case "string":
      return TextPart;
    case "integer":
    case "number":
      return NumberPart;
    case "boolean":
      return BooleanPart;
    default:
      return AnyPart;
  }
}

const isMap = ({ schema }: Flat): boolean => typeof schema.additionalProperties === "object";
