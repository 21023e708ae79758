import { answered, api } from "../api/client";
import type { TriggerRule, TriggerRuleDetails, TriggerRuleEdit } from "../api/schema";
import { Badge, Empty, Facts, Head, Json, Link, Loaded, Panel, Time, Trouble, TroubleMark } from "../components/basics";
import { Choice, Filters, given } from "../components/filters";
import { type Column, List, listed } from "../components/table";
import { Editor } from "../forms/editor";
import type { Root } from "../forms/schema";
import { useQuery } from "../lib/query";
import { place } from "../lib/router";
import type { Parts } from "../routes";

const nameOf = (rule: TriggerRule): string => rule.title || rule.name || `Rule ${rule.id}`;

const state = (rule: TriggerRule) =>
  rule.archived ? (
    <Badge means="ended">archived</Badge>
  ) : (
    <Badge means={rule.is_active ? "good" : "warn"}>{rule.is_active ? "active" : "paused"}</Badge>
  );

const COLUMNS: Column<TriggerRule>[] = [
  {
    title: "Trigger rule",
    order: "name",
    kind: "wide",
    cell: (rule) => <Link to={`/trigger-rules/${rule.id}`}>{nameOf(rule)}</Link>,
  },
  { title: "Type", order: "type", cell: (rule) => rule.type },
  {
    title: "State",
    cell: (rule) => (
      <>
        {state(rule)}
        <TroubleMark of={rule.trouble} />
      </>
    ),
  },
  { title: "Created", order: "created", kind: "low", cell: (rule) => <Time at={rule.created} /> },
  { title: "Last change", order: "last_modified", cell: (rule) => <Time at={rule.last_modified} /> },
];

/** What starts jobs and recipes. */
export function TriggerRules() {
  const query = place.value.query;
  const { cursor: _, ...page } = listed(query, "name");
  const { type } = given(query, "type");
  const rules = useQuery(
    `trigger rules?${query}`,
    () => answered(api.GET("/trigger-rules/", { params: { query: { ...page, ...(type ? { type: [type] } : {}) } } })),
    15,
  );
  const types = useQuery("NewTriggerRule", () =>
    answered(api.GET("/schemas/{schema_name}/", { params: { path: { schema_name: "NewTriggerRule" } } })),
  );
  const installed = ((types.data as Root | undefined)?.oneOf ?? []).map((one) => one.title ?? "");
  return (
    <>
      <Head title="Trigger rules" name="Trigger rules" />
      <Filters names={["type"]}>
        <Choice name="type" label="Type" options={installed.map((name) => [name, name] as const)} isLate />
      </Filters>
      <List
        label="Trigger rules"
        noun="trigger rule"
        order="name"
        query={rules}
        columns={COLUMNS}
        empty={
          <Empty title="No trigger rule fits">
            Rules come with the <Link to="/job-types">job types</Link> and recipe types that they start.
          </Empty>
        }
      />
    </>
  );
}

/** One trigger rule: those of the clock are changed here, others with what they start. */
export function TriggerRulePage({ parts }: { parts: Parts }) {
  const path = { trigger_rule_id: Number(parts["id"]) };
  const rule = useQuery(
    `trigger rule ${path.trigger_rule_id}`,
    () => answered(api.GET("/trigger-rules/{trigger_rule_id}/", { params: { path } })),
    10,
  );
  return (
    <Loaded query={rule}>
      {(found) => (found.type === "CLOCK" && !found.archived ? <ClockRule rule={found} /> : <Fixed rule={found} />)}
    </Loaded>
  );
}

function ClockRule({ rule }: { rule: TriggerRuleDetails }) {
  const path = { trigger_rule_id: rule.id };
  return (
    <Editor
      schema="TriggerRuleEdit"
      title={nameOf(rule)}
      trail={["/trigger-rules", "Trigger rules"]}
      needs="admin"
      current={rule}
      aside={() => <Trouble of={rule.trouble} since={rule.trouble_since} />}
      effect={(_, changed) => (
        <p>
          {changed["is_active"] === false
            ? "It does not fire any more, until it is active again."
            : "configuration" in changed
              ? "It fires by the new schedule, counted from 0:00 UTC, from now on."
              : "It goes on firing as it does."}
        </p>
      )}
      save={async (_, changed) => {
        const body = changed as TriggerRuleEdit;
        await answered(api.PATCH("/trigger-rules/{trigger_rule_id}/", { params: { path }, body }));
        return "/trigger-rules";
      }}
    />
  );
}

function Fixed({ rule }: { rule: TriggerRuleDetails }) {
  return (
    <>
      <Head
        name={nameOf(rule)}
        trail={<Link to="/trigger-rules">Trigger rules</Link>}
        title={
          <>
            {nameOf(rule)} {state(rule)}
          </>
        }
      />
      <Trouble of={rule.trouble} since={rule.trouble_since} />
      {rule.description && <p class="lead">{rule.description}</p>}
      <p class="lead">A rule that starts a job type or a recipe type is changed on the page of that type.</p>
      <div class="columns">
        <Panel title="About">
          <Facts
            of={[
              ["Type", rule.type],
              ["Name", <code>{rule.name}</code>],
              ["Created", <Time at={rule.created} />],
              ["Archived", <Time at={rule.archived} />],
              ["Last change", <Time at={rule.last_modified} />],
            ]}
          />
        </Panel>
        <Panel title="Configuration">
          <Json of={rule.configuration} label="Configuration" />
        </Panel>
      </div>
    </>
  );
}
