import { Panel } from "../components/basics";
import type { Editing } from "./editing";
import { useText } from "./json";

/** Which way a document is shown: as fields or as text. */
export function Tabs(props: { isText: boolean; choose: (isText: boolean) => void; isReadable: boolean }) {
  return (
    <div class="tabs" role="group" aria-label="How it is shown">
      {([false, true] as const).map((isText) => (
        <button
          key={String(isText)}
          type="button"
          aria-pressed={props.isText === isText}
          disabled={!isText && !props.isReadable}
          onClick={() => props.choose(isText)}
        >
          {isText ? "JSON" : "Form"}
        </button>
      ))}
    </div>
  );
}

/** A document as text. */
export function Text(props: { editing: Editing; isReadOnly: boolean; readable: (isReadable: boolean) => void }) {
  const { editing } = props;
  const { fault, text, type } = useText({
    value: editing.value,
    change: (value) => editing.change(value ?? {}),
    readable: props.readable,
  });
  const faults = [...editing.faults, ...editing.early];
  return (
    <Panel title="Document">
      <textarea
        class="code whole"
        aria-label="Document as JSON"
        spellcheck={false}
        readOnly={props.isReadOnly}
        value={text}
        {...(fault ? { "aria-invalid": true } : {})}
        onInput={(event) => type(event.currentTarget.value)}
      />
      {fault && <em class="fault">{fault}</em>}
      {!fault && faults.length > 0 && (
        <ul class="fault-list">
          {faults.map((one) => (
            <li key={one.pointer + one.detail}>
              <code>{one.pointer || "/"}</code> {one.detail}
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
