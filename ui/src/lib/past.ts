/** A time until now, for which what happened is counted. */
export interface Past {
  /** As the API wants it. */
  started: string;
  /** As people say it. */
  title: string;
}

export const PASTS: readonly [Past, ...Past[]] = [
  { started: "P1D", title: "24 h" },
  { started: "PT6H", title: "6 h" },
  { started: "PT1H", title: "1 h" },
];

/** The one that an address names. */
export const pastOf = (query: URLSearchParams): Past =>
  PASTS.find((one) => one.started === query.get("past")) ?? PASTS[0];
