import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { ApiError } from "../api/problem";
import type { IngestStatus, JobExecutionStatus, JobStatus } from "../api/schema";
import { ago, duration } from "../lib/format";
import type { Query } from "../lib/query";
import { href } from "../lib/router";
import { type Meaning, meaningOf } from "../lib/states";
import { between, local, now, today, utc } from "../lib/time";

/** How long something may take until one is told that one waits. */
const PATIENCE_MS = 200;

export function Link({
  to,
  children,
  ...rest
}: {
  to: string;
  children: ComponentChildren;
  class?: string;
  title?: string;
}) {
  return (
    <a href={href(to)} {...rest}>
      {children}
    </a>
  );
}

/** A state: its sign, its colour, its name. */
export function Badge({ means, children }: { means: Meaning; children: ComponentChildren }) {
  return <span class={`badge ${means}`}>{children}</span>;
}

export function Status({ of }: { of: JobStatus | JobExecutionStatus | IngestStatus }) {
  return <Badge means={meaningOf(of)}>{of}</Badge>;
}

/** A moment in the local zone; its UTC on hover. */
export function Time({ at, relative }: { at: string | null | undefined; relative?: boolean }) {
  if (!at) return <span class="none">–</span>;
  const moment = new Date(at);
  const text = relative ? ago(now.value - +moment) : local(moment, today.value);
  return (
    <time dateTime={at} title={utc(moment)}>
      {text}
    </time>
  );
}

/** How long something took, or takes until now. */
export function Took({ from, to }: { from: string | null; to: string | null }) {
  return from ? <span>{duration(between(from, to, to ? 0 : now.value))}</span> : <span class="none">–</span>;
}

/** Shown once its time has come, so that what is quick does not flicker. */
export function Waiting() {
  const [isShown, show] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => show(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div class="loading" role="status">
      {isShown && (
        <>
          <span class="spinner" aria-hidden="true" />
          Loading…
        </>
      )}
    </div>
  );
}

/** An error of the API in full. */
export function Problem({ error }: { error: ApiError }) {
  const details = error.faults.filter((fault) => fault.detail !== error.message);
  return (
    <div class="problem" role="alert">
      <strong>
        {error.title}
        {error.status ? ` (${error.status})` : ""}
      </strong>
      <p>{error.message}</p>
      {details.length > 0 && (
        <ul>
          {details.map((fault) => (
            <li key={fault.pointer + fault.detail}>
              {fault.pointer && <code>{fault.pointer}</code>} {fault.detail}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** What keeps something from its work, and since when if that is known. */
export function Trouble({ of, since }: { of: string | null; since?: string | null }) {
  if (!of) return null;
  return (
    <section class="problem" aria-label="Trouble">
      <strong>
        It does not work
        {since ? (
          <>
            {" "}
            since <Time at={since} />
          </>
        ) : (
          ""
        )}
      </strong>
      <p>{of}</p>
    </section>
  );
}

/** A mark for lists, which says what keeps something from its work. */
export function TroubleMark({ of }: { of: string | null }) {
  return of ? (
    <span title={of}>
      {" "}
      <Badge means="bad">trouble</Badge>
    </span>
  ) : null;
}

/** What a query has, once it has it; what went wrong beside it. */
export function Loaded<T>({ query, children }: { query: Query<T>; children: (data: T) => ComponentChildren }) {
  return (
    <>
      {query.error && <Problem error={query.error} />}
      {query.data !== undefined ? children(query.data) : !query.error && <Waiting />}
    </>
  );
}

/** Nothing there, and what to do about it. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <strong>{title}</strong>
      {children && <p>{children}</p>}
    </div>
  );
}

export function Panel(props: {
  title: ComponentChildren;
  aside?: ComponentChildren;
  class?: string;
  children: ComponentChildren;
  flush?: boolean;
}) {
  return (
    <section class={`panel ${props.class ?? ""}`}>
      <header>
        <h2>{props.title}</h2>
        {props.aside}
      </header>
      <div class={props.flush ? "flush" : "body"}>{props.children}</div>
    </section>
  );
}

/** The head of a page: what it is about, and what can be done with it. */
export function Head(props: {
  title: ComponentChildren;
  name: string;
  children?: ComponentChildren;
  trail?: ComponentChildren;
}) {
  useEffect(() => {
    document.title = `${props.name} – Scale`;
  }, [props.name]);
  return (
    <header class="head">
      <div>
        {props.trail && <nav aria-label="Breadcrumb">{props.trail}</nav>}
        <h1>{props.title}</h1>
      </div>
      <div class="actions">{props.children}</div>
    </header>
  );
}

/** Names and values. */
export function Facts({ of }: { of: readonly (readonly [string, ComponentChildren])[] }) {
  return (
    <dl class="facts">
      {of.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value ?? <span class="none">–</span>}</dd>
        </div>
      ))}
    </dl>
  );
}

/** A document as it is. */
export function Json({ of, label }: { of: unknown; label: string }) {
  return (
    <pre class="code" tabIndex={0} aria-label={label} role="region">
      {JSON.stringify(of, null, 2)}
    </pre>
  );
}

/** What is used of what there is; what is promised, behind it. */
export function Meter(props: { label: string; share: number; behind?: number; text: string }) {
  const width = (share: number) => ({ width: `${Math.min(100, Math.max(0, share * 100))}%` });
  return (
    <div class="meter">
      <span class="label">{props.label}</span>
      <span class="value">{props.text}</span>
      <div
        class="bar"
        role="meter"
        aria-label={props.label}
        aria-valuenow={Math.round(props.share * 100)}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuetext={props.text}
      >
        {props.behind !== undefined && <span class="behind" style={width(props.behind)} />}
        <span class={props.share > 0.9 ? "full" : ""} style={width(props.share)} />
      </div>
    </div>
  );
}
