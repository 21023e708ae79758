/**
 * `next`, with every part that says what it said in `old` being that part of `old`: what is the same stays the same
 * object, so that only what has changed is drawn again.
 *
 * Both are what JSON can hold; errors among it are taken as they are.
 */
export function shared<T>(old: unknown, next: T): T {
  if (Object.is(old, next)) return next;
  if (Array.isArray(old) && Array.isArray(next)) return sharedList(old, next) as T;
  if (isObject(old) && isObject(next)) return sharedObject(old, next) as T;
  return next;
}

function sharedList(old: unknown[], next: unknown[]): unknown[] {
  const byId = new Map(old.map((one, index) => [idOf(one, index), one]));
  const made = next.map((one, index) => shared(byId.get(idOf(one, index)), one));
  return old.length === made.length && made.every((one, index) => one === old[index]) ? old : made;
}

/** By what a part of a list is known again, where it is now. */
function idOf(one: unknown, index: number): unknown {
  return isObject(one) && typeof one["id"] === "number" ? `id ${one["id"]}` : index;
}

function sharedObject(old: Record<string, unknown>, next: Record<string, unknown>): Record<string, unknown> {
  const names = Object.keys(next);
  const made = Object.fromEntries(names.map((name) => [name, shared(old[name], next[name])]));
  const isSame =
    names.length === Object.keys(old).length && names.every((name) => name in old && made[name] === old[name]);
  return isSame ? old : made;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Error);
}
