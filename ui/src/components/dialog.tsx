import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "../api/problem";
import { Problem } from "./basics";

/** A question over the page; Escape and Cancel close it. */
export function Dialog(props: { title: string; close: () => void; children: ComponentChildren }) {
  const element = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    element.current?.showModal();
  }, []);
  return (
    <dialog ref={element} onClose={props.close} aria-labelledby="dialog-title">
      <h2 id="dialog-title">{props.title}</h2>
      {props.children}
    </dialog>
  );
}

interface Asked {
  title: string;
  verb: string;
  isDangerous?: boolean;
  /** Given the error of the last attempt, if there are fields that it may be about. */
  children: ComponentChildren | ((error: ApiError | undefined) => ComponentChildren);
  close: () => void;
  /** What is done once the answer is yes; the dialog stays, with the error, if it fails. */
  act: () => Promise<void>;
  isReady?: boolean;
}

/** A question that is answered with yes or no, and what comes of yes. */
export function Confirm(props: Asked) {
  const [error, setError] = useState<ApiError>();
  const [isBusy, setBusy] = useState(false);
  const act = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      await props.act();
      props.close();
    } catch (problem) {
      if (!(problem instanceof ApiError)) throw problem;
      setError(problem);
      setBusy(false);
    }
  };
  return (
    <Dialog title={props.title} close={props.close}>
      <form onSubmit={act}>
        {typeof props.children === "function" ? props.children(error) : props.children}
        {error && <Problem error={error} />}
        <footer>
          <button type="button" onClick={props.close}>
            Back
          </button>
          <button
            type="submit"
            class={props.isDangerous ? "danger" : "primary"}
            disabled={isBusy || props.isReady === false}
          >
            {props.verb}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
