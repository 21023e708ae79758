import { useId } from "preact/hooks";
import type { ApiError } from "../api/problem";

interface Props {
  label: string;
  /** What the API calls it in a request. */
  pointer: string;
  error: ApiError | undefined;
  /** What a form calls it. */
  name?: string;
  autocomplete?: string;
  isRequired?: boolean;
  /** Whether nobody is to see what is typed. */
  isSecret?: boolean;
  value?: string;
  changed?: (value: string) => void;
}

/** A field of a form; what the API says of it stands beside it. */
export function Field({ label, pointer, error, changed, isRequired, isSecret, ...props }: Props) {
  const id = useId();
  const fault = error?.about(pointer);
  const input = {
    ...props,
    id,
    required: isRequired ?? false,
    onInput: (event: InputEvent) => changed?.((event.currentTarget as HTMLInputElement).value),
    ...(fault ? { "aria-invalid": true, "aria-describedby": `${id}-fault` } : {}),
  };
  return (
    <div class="field">
      <label htmlFor={id}>
        <span>{label}</span>
      </label>
      {isSecret ? <input type="password" {...input} /> : <input type="text" {...input} />}
      {fault && (
        <em id={`${id}-fault`} class="fault">
          {fault}
        </em>
      )}
    </div>
  );
}
