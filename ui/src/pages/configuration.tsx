import { answered, api } from "../api/client";
import { may } from "../api/session";
import { Head, Link, Loaded } from "../components/basics";
import { Export } from "../components/configuration-export";
import { Import } from "../components/configuration-import";
import { useQuery } from "../lib/query";

/** Recipe types, job types and errors as a file: out, and in once it is seen what that changes. */
export function ConfigurationPage() {
  const now = useQuery("configuration", () => answered(api.GET("/configuration/")));
  return (
    <>
      <Head title="Configuration" name="Configuration" trail={<Link to="/system">System</Link>} />
      <Loaded query={now}>
        {(found) => (
          <>
            <Export of={found} />
            {may("admin") && <Import now={found} query={now} />}
          </>
        )}
      </Loaded>
    </>
  );
}
