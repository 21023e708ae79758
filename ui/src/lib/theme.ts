import { signal } from "@preact/signals";

export type Theme = "system" | "dark" | "light";

const KEY = "scale.theme";
const THEMES: readonly Theme[] = ["system", "dark", "light"];

function chosen(): Theme {
  return (document.documentElement.dataset["theme"] as Theme | undefined) ?? "system";
}

export const theme = signal<Theme>(chosen());

/** The next theme in turn; this browser remembers it. */
export function nextTheme(): void {
  const next = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length] as Theme;
  theme.value = next;
  if (next === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = next;
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // Storage is switched off: it holds until the page is left.
  }
}
