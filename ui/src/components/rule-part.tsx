import { answered, api } from "../api/client";
import type { Fault } from "../api/problem";
import { Form } from "../forms/form";
import type { Root } from "../forms/schema";
import { isFields, type Value } from "../lib/pointer";
import { useQuery } from "../lib/query";
import { Loaded } from "./basics";

const RULE = "trigger_rule";
const SECTIONS = [["Trigger rule", [RULE]]] as const;

/** What starts recipes of a type by itself; null: nothing does. */
export function RulePart(props: { value: Value; change: (value: Value) => void; faults: readonly Fault[] }) {
  const schema = useQuery("NewRecipeType", () =>
    answered(api.GET("/schemas/{schema_name}/", { params: { path: { schema_name: "NewRecipeType" } } })),
  );
  return (
    <Loaded query={schema}>
      {(root) => (
        <Form
          root={onlyRule(root as Root)}
          value={{ [RULE]: props.value }}
          change={(whole) => props.change(isFields(whole) ? (whole[RULE] ?? null) : null)}
          faults={props.faults}
          sections={SECTIONS}
        />
      )}
    </Loaded>
  );
}

/** The schema of a recipe type without all that the page has fields of its own for. */
function onlyRule(root: Root): Root {
  const rule = root.properties?.[RULE];
  return { ...root, required: [], properties: rule ? { [RULE]: rule } : {} };
}
