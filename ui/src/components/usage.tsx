import type { ResourceUsage } from "../api/schema";
import { decimal, mib } from "../lib/format";
import { Meter } from "./basics";

/** Resources: what is used and what is given to jobs, of what there is. */
export function Usage({ of }: { of: ResourceUsage }) {
  const kinds = [
    ["CPUs", "cpus", decimal],
    ["Memory", "mem", mib],
    ["Disk", "disk", mib],
  ] as const;
  return (
    <>
      {kinds.map(([label, kind, said]) => {
        const [used, given, total] = [of.used[kind], of.scheduled[kind], of.total[kind]];
        const text = `${said(used)} used, ${said(given)} given of ${said(total)}`;
        return <Meter key={kind} label={label} share={used / (total || 1)} behind={given / (total || 1)} text={text} />;
      })}
    </>
  );
}
