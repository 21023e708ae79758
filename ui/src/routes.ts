import type { ComponentType } from "preact";
import { match } from "./lib/paths";
import { ConfigurationPage } from "./pages/configuration";
import { Dashboard } from "./pages/dashboard";
import { ErrorPage, Errors, NewErrorPage } from "./pages/errors";
import { AnyFilePage, ProductPage, SourcePage } from "./pages/file";
import { Products, Sources } from "./pages/files";
import { IngestPage } from "./pages/ingest";
import { Ingests } from "./pages/ingests";
import { JobPage } from "./pages/job";
import { JobTypePage } from "./pages/job-type";
import { JobTypeEditorPage, NewJobTypePage } from "./pages/job-type-editor";
import { JobTypes } from "./pages/job-types";
import { Jobs } from "./pages/jobs";
import { MapPage } from "./pages/map";
import { Metrics } from "./pages/metrics";
import { NodePage, Nodes } from "./pages/nodes";
import { EditRecipeTypePage, NewRecipeTypePage } from "./pages/recipe-type-editor";
import { RecipeTypePage, RecipeTypes } from "./pages/recipe-types";
import { RecipePage, Recipes } from "./pages/recipes";
import { NewScanPage, ScanEditorPage } from "./pages/scan-editor";
import { ScanPage, Scans } from "./pages/scans";
import { NewStrikePage, StrikeEditorPage } from "./pages/strike-editor";
import { StrikePage, Strikes } from "./pages/strikes";
import { System } from "./pages/system";
import { TriggerRulePage, TriggerRules } from "./pages/trigger-rules";
import { NewWorkspacePage, WorkspaceEditorPage } from "./pages/workspace-editor";
import { WorkspacePage, Workspaces } from "./pages/workspaces";

export type Parts = Record<string, string>;

/** Every page of the interface, by the pattern of its path. */
export const ROUTES: readonly (readonly [string, ComponentType<{ parts: Parts }>])[] = [
  ["/", Dashboard],
  ["/jobs", Jobs],
  ["/jobs/:id", JobPage],
  ["/recipes", Recipes],
  ["/recipes/:id", RecipePage],
  ["/map", MapPage],
  ["/sources", Sources],
  ["/sources/:id", SourcePage],
  ["/products", Products],
  ["/products/:id", ProductPage],
  ["/files/:id", AnyFilePage],
  ["/ingests", Ingests],
  ["/ingests/:id", IngestPage],
  ["/nodes", Nodes],
  ["/nodes/:id", NodePage],
  ["/job-types", JobTypes],
  ["/job-types/new", NewJobTypePage],
  ["/job-types/:id", JobTypePage],
  ["/job-types/:id/edit", JobTypeEditorPage],
  ["/strikes", Strikes],
  ["/strikes/new", NewStrikePage],
  ["/strikes/:id", StrikePage],
  ["/strikes/:id/edit", StrikeEditorPage],
  ["/workspaces", Workspaces],
  ["/workspaces/new", NewWorkspacePage],
  ["/workspaces/:id", WorkspacePage],
  ["/workspaces/:id/edit", WorkspaceEditorPage],
  ["/recipe-types", RecipeTypes],
  ["/recipe-types/new", NewRecipeTypePage],
  ["/recipe-types/:id", RecipeTypePage],
  ["/recipe-types/:id/edit", EditRecipeTypePage],
  ["/metrics", Metrics],
  ["/scans", Scans],
  ["/scans/new", NewScanPage],
  ["/scans/:id", ScanPage],
  ["/scans/:id/edit", ScanEditorPage],
  ["/errors", Errors],
  ["/errors/new", NewErrorPage],
  ["/errors/:id", ErrorPage],
  ["/trigger-rules", TriggerRules],
  ["/trigger-rules/:id", TriggerRulePage],
  ["/system", System],
  ["/configuration", ConfigurationPage],
];

/** What the navigation shows, in groups. */
export const NAVIGATION: readonly (readonly (readonly [string, string])[])[] = [
  [
    ["/", "Dashboard"],
    ["/jobs", "Jobs"],
    ["/recipes", "Recipes"],
  ],
  [
    ["/ingests", "Ingests"],
    ["/sources", "Sources"],
    ["/products", "Products"],
    ["/map", "Map"],
  ],
  [
    ["/job-types", "Job types"],
    ["/recipe-types", "Recipe types"],
    ["/trigger-rules", "Trigger rules"],
    ["/errors", "Errors"],
  ],
  [
    ["/strikes", "Strikes"],
    ["/scans", "Scans"],
    ["/workspaces", "Workspaces"],
  ],
  [
    ["/nodes", "Nodes"],
    ["/metrics", "Metrics"],
    ["/system", "System"],
  ],
];

/** The page of a path, and the parts of the path that it is about. */
export function routed(path: string) {
  for (const [pattern, page] of ROUTES) {
    const parts = match(pattern, path);
    if (parts) return { page, parts };
  }
  return undefined;
}
