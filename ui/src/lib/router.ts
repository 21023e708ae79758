import { computed, signal } from "@preact/signals";
import { type Place, placeOf, search } from "./paths";

const base = new URL(document.baseURI).pathname;

function here(): Place {
  return placeOf(new URL(location.href), base) ?? { path: "/", query: new URLSearchParams() };
}

/** Where the browser is. */
export const place = signal<Place>(here());
export const path = computed(() => place.value.path);

/** Whether something is unsaved here: then another page is gone to only once `leave` has been agreed to. */
export const isGuarded = signal(false);
/** What goes on once it is agreed that what is unsaved is lost; null: nobody wants to leave. */
export const leave = signal<(() => void) | null>(null);

/** How many pages lie behind this one, as the history of the browser has it. */
const depth = (): number => (history.state as { depth?: number } | null)?.depth ?? 0;
let at = depth();

/** The address of a path such as `/jobs/5?x=y`. */
export function href(to: string): string {
  return base + to.replace(/^\//, "");
}

/** Go to a path of this interface. */
export function go(to: string, how: "push" | "replace" = "push"): void {
  if (isGuarded.value && new URL(href(to), location.href).pathname !== location.pathname) {
    leave.value = () => go(to, how);
    return;
  }
  if (how === "push") at += 1;
  history[how === "push" ? "pushState" : "replaceState"]({ depth: at }, "", href(to));
  place.value = here();
}

/** The browser went back or forward; where it may not yet, it is sent back again, and asked. */
function followHistory(): void {
  const by = depth() - at;
  if (isGuarded.value && by !== 0 && here().path !== path.value) {
    history.go(-by);
    leave.value = () => history.go(by);
    return;
  }
  at = depth();
  place.value = here();
}

/** Change parts of the query; an empty value removes one. What the pages of a list go by goes with its filters. */
export function setQuery(changes: Record<string, string | null>, how: "push" | "replace" = "push"): void {
  go(`${place.value.path}${search(place.value.query, changes)}`, how);
}

/** Follow links inside the interface without loading a page. */
export function followLinks(root: HTMLElement): void {
  root.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) {
      return;
    }
    const link = (event.target as Element).closest("a");
    const address = link?.getAttribute("href");
    if (!link || !address || link.hasAttribute("target") || link.hasAttribute("download")) return;
    const url = new URL(address, document.baseURI);
    const to = url.origin === location.origin ? placeOf(url, base) : null;
    if (!to) return;
    event.preventDefault();
    go(`${to.path}${to.query.size ? `?${to.query}` : ""}`);
    window.scrollTo(0, 0);
  });
  window.addEventListener("popstate", followHistory);
  window.addEventListener("beforeunload", (event) => {
    if (isGuarded.value) event.preventDefault();
  });
}
