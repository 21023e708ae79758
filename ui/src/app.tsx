import { useSignalEffect } from "@preact/signals";
import { useRef } from "preact/hooks";
import { answered, api } from "./api/client";
import { session, sessionError, signOut } from "./api/session";
import { Empty, Head, Link, Problem, Waiting } from "./components/basics";
import { count } from "./lib/format";
import { useQuery } from "./lib/query";
import { path, place } from "./lib/router";
import { StatusContext, useStatus } from "./lib/status";
import { nextTheme, theme } from "./lib/theme";
import { SignIn } from "./pages/sign-in";
import { NAVIGATION, routed } from "./routes";

/** All of it: nothing is shown before it is known who asks. */
export function App() {
  if (sessionError.value) return <Problem error={sessionError.value} />;
  if (session.value === null) return <Waiting />;
  return session.value === "unknown" ? <SignIn /> : <Shell />;
}

function Shell() {
  const main = useRef<HTMLElement>(null);
  const status = useQuery("status", () => answered(api.GET("/status/")), 2);
  return (
    <StatusContext.Provider value={status}>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to content
      </button>
      <Navigation />
      <div class="stage">
        <Bar />
        <main ref={main} tabIndex={-1}>
          <Page />
        </main>
      </div>
    </StatusContext.Provider>
  );
}

function Page() {
  const found = routed(path.value);
  if (!found) {
    return (
      <>
        <Head title="Not found" name="Not found" />
        <Empty title="There is no such page.">
          The <Link to="/">dashboard</Link> shows what goes on.
        </Empty>
      </>
    );
  }
  // Another job is another page: nothing of the one before is shown meanwhile.
  return <found.page key={path.value} parts={found.parts} />;
}

function Navigation() {
  const details = useRef<HTMLDetailsElement>(null);
  useSignalEffect(() => {
    // Whoever has chosen a page does not need the menu any more.
    if (place.value && details.current && matchMedia("(max-width: 800px)").matches) details.current.open = false;
  });
  const current = (to: string) => (to === "/" ? path.value === "/" : path.value.split("/")[1] === to.slice(1));
  return (
    <nav class="side" aria-label="Main">
      <Link to="/" class="brand">
        <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden="true">
          <path d="M5 22h5v5H5zm8-7h5v12h-5zm8-10h5v22h-5z" />
        </svg>
        Scale
      </Link>
      <details ref={details} open={!matchMedia("(max-width: 800px)").matches}>
        <summary>Menu</summary>
        {NAVIGATION.map((group) => (
          <ul key={group[0]?.[0]}>
            {group.map(([to, title]) => (
              <li key={to}>
                <Link to={to} {...(current(to) ? { class: "current" } : {})}>
                  {title}
                </Link>
              </li>
            ))}
          </ul>
        ))}
      </details>
    </nav>
  );
}

/** How the system is, wherever one is in it. */
function Bar() {
  const status = useStatus();
  const scheduler = status.data?.scheduler;
  return (
    <div class="top">
      <span class="health" aria-live="polite">
        {status.error ? (
          <span class="badge bad">{status.error.message}</span>
        ) : (
          scheduler && (
            <Link to="/system">
              <span class={`badge ${!scheduler.is_online ? "bad" : scheduler.is_paused ? "warn" : "good"}`}>
                {!scheduler.is_online
                  ? "Scheduler offline"
                  : scheduler.is_paused
                    ? "Scheduler paused"
                    : "Scheduler online"}
              </span>
            </Link>
          )
        )}
        {status.data && <Link to="/jobs?status=QUEUED">{count(status.data.queue_depth)} queued</Link>}
      </span>
      <button type="button" class="quiet" onClick={nextTheme} title="Change the theme">
        Theme: {theme.value}
      </button>
      <User />
    </div>
  );
}

function User() {
  const who = session.value;
  if (!who || who === "unknown" || !who.user) return null;
  return (
    <span class="user">
      {who.user.name} ({who.role})
      <button type="button" class="quiet" onClick={() => void signOut()}>
        Sign out
      </button>
    </span>
  );
}
