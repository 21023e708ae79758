import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { answered, api } from "../api/client";
import type { Role, ValidationResult } from "../api/schema";
import { may } from "../api/session";
import { Head, Link, Loaded, Panel } from "../components/basics";
import { isFields, type Value } from "../lib/pointer";
import { useQuery } from "../lib/query";
import { go, leave } from "../lib/router";
import { Begun } from "./begun";
import { changedFields, type Editing, useEditing } from "./editing";
import { Form, type Section } from "./form";
import { initial } from "./initial";
import { Leaving, SaveBar } from "./save-bar";
import type { Root } from "./schema";
import { Tabs, Text } from "./text";
import { Changes, Told } from "./told";
import { ofEdit, trimmed } from "./trim";

export interface EditorProps {
  /** The body of the request, as the API calls it. */
  schema: string;
  title: string;
  /** What leads back. */
  trail: readonly [to: string, text: string];
  /** Who may save it. */
  needs: Role;
  /** What it is now, as the API answers; left out: it is new. */
  current?: Value;
  /** Another one, of which the new one is made, as the API answers. */
  like?: Value;
  sections?: readonly Section[];
  /** What saving does, in words. */
  effect: (value: Record<string, Value>, changed: Record<string, Value>) => ComponentChildren;
  /** Ask the API what it thinks of it. */
  check?: (value: Record<string, Value>, changed: Record<string, Value>) => Promise<ValidationResult>;
  /** Save it, given all of it and what of it has changed; gives the path to go to. */
  save: (value: Record<string, Value>, changed: Record<string, Value>) => Promise<string>;
  /** What stands beside the form, given what it says now. */
  aside?: (value: Record<string, Value>) => ComponentChildren;
}

/** A page on which a document is made or changed. */
export function Editor(props: EditorProps) {
  const schema = useQuery(props.schema, () =>
    answered(api.GET("/schemas/{schema_name}/", { params: { path: { schema_name: props.schema } } })),
  );
  return (
    <>
      <Head name={props.title} title={props.title} trail={<Link to={props.trail[0]}>{props.trail[1]}</Link>} />
      <Loaded query={schema}>{(root) => <Sheet {...props} root={root as Root} />}</Loaded>
      {leave.value && <Leaving />}
    </>
  );
}

const fieldsOf = (value: Value): Record<string, Value> => (isFields(value) ? value : {});

function Sheet(props: EditorProps & { root: Root }) {
  const isNew = props.current === undefined;
  const [begun] = useState(() =>
    isNew && props.like === undefined ? initial(props.root) : trimmed(props.root, props.current ?? props.like),
  );
  const [root] = useState(() => (isNew ? props.root : ofEdit(props.root, begun)));
  const [isText, setText] = useState(false);
  const [isReadable, setReadable] = useState(true);
  const box = useRef<HTMLFormElement>(null);
  const isReadOnly = !may(props.needs);
  const changed = (value: Value) => changedFields(editing.base, value);
  const now = isNew ? begun : trimmed(props.root, props.current);
  const editing: Editing = useEditing({
    root,
    begun,
    check:
      props.check && ((value) => (props.check as NonNullable<typeof props.check>)(fieldsOf(value), changed(value))),
    save: async (value) => go(await props.save(fieldsOf(value), changed(value))),
  });
  const attempt = async (what: "check" | "save") => {
    if (isReadOnly || !isReadable) return;
    await editing.attempt(what);
    // What is wrong is drawn first, and then gone to.
    setTimeout(() => box.current?.querySelector<HTMLElement>('[aria-invalid="true"], .group.wrong')?.focus());
  };
  useSaveKey(() => void attempt("save"));
  const fields = fieldsOf(editing.value);
  return (
    <form
      ref={box}
      class="editor"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void attempt("save");
      }}
    >
      <div>
        <Tabs isText={isText} choose={setText} isReadable={isReadable} />
        {isText ? (
          <Text editing={editing} isReadOnly={isReadOnly} readable={setReadable} />
        ) : (
          <Form root={root} {...editing} isReadOnly={isReadOnly} sections={props.sections ?? []} />
        )}
      </div>
      <aside>
        {isReadOnly && <p class="notice">Only who has the role {props.needs} may change this.</p>}
        <Begun kept={editing} now={now} />
        {!isReadOnly && (
          <Panel title="What saving does">
            {props.effect(fields, changed(editing.value))}
            {!isNew && <Changes of={editing.changes} />}
            <Told of={editing.warnings} />
          </Panel>
        )}
        {props.aside?.(fields)}
      </aside>
      {!isReadOnly && (
        <SaveBar {...{ editing, isNew, isReadable, attempt }} canCheck={Boolean(props.check)} to={props.trail[0]} />
      )}
    </form>
  );
}

/** Ctrl+S, or ⌘S, saves. */
function useSaveKey(save: () => void): void {
  const current = useRef(save);
  current.current = save;
  useLayoutEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || event.key.toLowerCase() !== "s") return;
      event.preventDefault();
      current.current();
    };
    window.addEventListener("keydown", pressed);
    return () => window.removeEventListener("keydown", pressed);
  }, []);
}
