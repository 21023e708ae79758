/** A value that JSON can hold; undefined: it is left out. */
export type Value = unknown;
export type Fields = Record<string, Value>;

export function isFields(value: Value): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The JSON pointer of a part of what another one is about. */
export const below = (pointer: string, key: string | number): string =>
  `${pointer}/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`;

/** The keys that a JSON pointer goes by. */
export const keysOf = (pointer: string): string[] =>
  pointer
    .split("/")
    .slice(1)
    .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));

/** Whether a pointer is that of something, or of a part of it. */
export const isWithin = (pointer: string, of: string): boolean => pointer === of || pointer.startsWith(`${of}/`);

/** What a pointer is about; undefined: it is not there. */
export function found(root: Value, pointer: string): Value {
  let here = root;
  for (const key of keysOf(pointer)) {
    if (Array.isArray(here)) here = here[Number(key)];
    else here = isFields(here) && Object.hasOwn(here, key) ? here[key] : undefined;
  }
  return here;
}

/** The fields with one of them changed, in the order that they had; undefined takes it out. */
export function withField(fields: Fields, key: string, value: Value): Fields {
  if (value !== undefined) return { ...fields, [key]: value };
  return Object.fromEntries(Object.entries(fields).filter(([name]) => name !== key));
}

/** Whether two values say the same; the order of fields says nothing. */
export function isSame(one: Value, other: Value): boolean {
  if (Object.is(one, other)) return true;
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((part, index) => isSame(part, other[index]));
  }
  if (!isFields(one) || !isFields(other)) return false;
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && isSame(one[name], other[name]))
  );
}
