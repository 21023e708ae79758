import { expect, test } from "vitest";
import { placeOf } from "./words";

test("a place in a document is told in words", () => {
  expect(placeOf("/title")).toBe("Title");
  expect(placeOf("/json_config/files_to_ingest/0/data_types")).toBe("Configuration, Files to ingest 1, Data types");
  expect(placeOf("")).toBe("All of it");
});
