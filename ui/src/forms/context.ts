import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Fault } from "../api/problem";
import type { Root } from "./schema";

/** What all parts of a form share. */
export interface Form {
  root: Root;
  /** By this the parts of the page are told apart. */
  id: string;
  faults: readonly Fault[];
  isReadOnly: boolean;
  /** Somebody has been at a field, so that its faults may be shown. */
  touch: (pointer: string) => void;
}

export const FormContext = createContext<Form | null>(null);

/** @throws Error it is used outside of a form. */
export function useForm(): Form {
  const form = useContext(FormContext);
  if (!form) throw new Error("Fields are known inside of forms only.");
  return form;
}
