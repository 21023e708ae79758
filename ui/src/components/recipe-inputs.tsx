import { changedInput, type Input, type ParameterType, withInput, withoutInput } from "../lib/definition";
import { Panel } from "./basics";
import { Entered, Faults, faultsAt, NameField, type PartProps } from "./recipe-part";

const TYPES: readonly ParameterType[] = ["file", "files", "property"];

/** The inputs of a recipe. */
export function InputParts({ definition, change, faults }: PartProps) {
  const inputs = definition.input_data ?? [];
  return (
    <Panel
      title="Recipe inputs"
      aside={
        <button type="button" class="small" onClick={() => change(withInput(definition))}>
          Add an input
        </button>
      }
    >
      {inputs.length === 0 && <p class="hint">What a recipe is given: mostly the file that starts it.</p>}
      {inputs.map((input, index) => (
        <fieldset key={index} class="recipe-part">
          <legend class="hidden">Recipe input {input.name}</legend>
          <InputFields
            input={input}
            change={(next) => change(changedInput(definition, input.name, next))}
            remove={() => change(withoutInput(definition, input.name))}
            taken={inputs.map((one) => one.name)}
          />
          <Faults of={faultsAt(faults, `/definition/input_data/${index}`)} />
        </fieldset>
      ))}
    </Panel>
  );
}

interface FieldsProps {
  input: Input;
  change: (input: Input) => void;
  remove: () => void;
  taken: readonly string[];
}

function InputFields({ input, change, remove, taken }: FieldsProps) {
  return (
    <div class="recipe-fields">
      <NameField
        label="Name of the input"
        name={input.name}
        taken={taken}
        change={(name) => change({ ...input, name })}
      />
      <label>
        <span>Type</span>
        <select
          value={input.type}
          onChange={(event) => {
            const type = event.currentTarget.value as ParameterType;
            const { media_types, ...rest } = input;
            change({ ...rest, type, ...(media_types && type !== "property" ? { media_types } : {}) });
          }}
        >
          {TYPES.map((type) => (
            <option key={type} value={type}>
              {type}
            </option>
          ))}
        </select>
      </label>
      {input.type !== "property" && (
        <Entered
          label="Media types, with commas; none: all"
          value={(input.media_types ?? []).join(", ")}
          enter={(text) => {
            const { media_types: _, ...rest } = input;
            const media = text.split(/[\s,]+/).filter(Boolean);
            change(media.length ? { ...rest, media_types: media } : rest);
            return true;
          }}
        />
      )}
      <label class="check">
        <input
          type="checkbox"
          checked={input.required !== false}
          onChange={(event) => {
            const { required: _, ...rest } = input;
            change(event.currentTarget.checked ? rest : { ...rest, required: false });
          }}
        />
        required
      </label>
      <button type="button" class="small" aria-label={`Remove the input ${input.name}`} onClick={remove}>
        Remove
      </button>
    </div>
  );
}
