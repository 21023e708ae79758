import { useState } from "preact/hooks";
import { answered, api, apiRoot } from "../api/client";
import { ApiError } from "../api/problem";
import { signIn } from "../api/session";
import { Problem } from "../components/basics";
import { Field } from "../components/field";
import { useQuery } from "../lib/query";

/** Where access is controlled: who is there? */
export function SignIn() {
  const [error, setError] = useState<ApiError>();
  const [isBusy, setBusy] = useState(false);
  const ways = useQuery("ways", () => answered(api.GET("/session/methods/")));
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    setBusy(true);
    try {
      await signIn(String(form.get("name")), String(form.get("password")));
    } catch (problem) {
      if (!(problem instanceof ApiError)) throw problem;
      setError(problem);
      setBusy(false);
    }
  };
  return (
    <main class="sign-in">
      <form onSubmit={submit}>
        <h1>Sign in to Scale</h1>
        {error && <Problem error={error} />}
        <Field label="Name" name="name" pointer="/name" error={error} autocomplete="username" isRequired />
        <Field
          label="Password"
          name="password"
          isSecret
          pointer="/password"
          error={error}
          autocomplete="current-password"
          isRequired
        />
        <button type="submit" class="primary" disabled={isBusy}>
          Sign in
        </button>
        {ways.data?.has_oidc && <a href={`${apiRoot}/session/oidc/`}>Sign in with your organization’s account</a>}
      </form>
    </main>
  );
}
