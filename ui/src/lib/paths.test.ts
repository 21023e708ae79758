import { expect, test } from "vitest";
import { match, placeOf, search } from "./paths";

test("a pattern gives the parts of a path their names", () => {
  expect(match("/jobs/:id", "/jobs/52")).toEqual({ id: "52" });
  expect(match("/jobs/:id", "/jobs/a%20b/")).toEqual({ id: "a b" });
  expect(match("/", "/")).toEqual({});
});

test("a pattern fits no path of another length or other words", () => {
  expect(match("/jobs/:id", "/jobs")).toBeNull();
  expect(match("/jobs/:id", "/recipes/5")).toBeNull();
  expect(match("/jobs", "/jobs/5")).toBeNull();
});

test("a path is what is below the base, behind a proxy too", () => {
  const url = new URL("https://scale.example/api/ui/jobs?status=FAILED");
  const place = placeOf(url, "/api/ui/");
  expect(place?.path).toBe("/jobs");
  expect(place?.query.get("status")).toBe("FAILED");
  expect(placeOf(url, "/ui/")).toBeNull();
});

test("a changed filter begins at the first page, and keeps the other filters", () => {
  const query = new URLSearchParams("status=FAILED&cursor=abc&page_size=200");
  expect(search(query, { started: "P1D" })).toBe("?status=FAILED&page_size=200&started=P1D");
  expect(search(query, { status: null })).toBe("?page_size=200");
});

test("a link to a page keeps the filters and takes the place of the page before", () => {
  expect(search(new URLSearchParams("order=id&page=2"), { cursor: "next", page: null })).toBe("?order=id&cursor=next");
});
