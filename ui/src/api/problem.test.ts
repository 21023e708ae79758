import { expect, test } from "vitest";
import { apiError } from "./problem";

test("a problem of the API is told in full, and what is wrong with a field by its place", () => {
  const errors = [
    { pointer: "/name", detail: "It is taken." },
    { pointer: "/name", detail: "It is too long." },
  ];
  const error = apiError(400, "", { type: "about:blank", title: "Bad Request", status: 400, detail: "No.", errors });
  expect([error.status, error.title, error.message]).toEqual([400, "Bad Request", "No."]);
  expect(error.about("/name")).toBe("It is taken. It is too long.");
  expect(error.about("/title")).toBeUndefined();
});

test("what a proxy answers is told as well as it can be", () => {
  expect(apiError(502, "Bad Gateway", "upstream is gone").message).toBe("upstream is gone");
  expect(apiError(502, "", undefined).message).toBe("The answer was 502.");
});
