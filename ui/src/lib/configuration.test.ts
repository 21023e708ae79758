import { expect, test } from "vitest";
import { parsed, planned } from "./configuration";

const NOW = {
  version: "1.0",
  recipe_types: [],
  job_types: [{ name: "copy", version: "1", title: "Copy", priority: 5 }],
  errors: [{ name: "bad", title: "Bad" }],
};

test("what is given and differs is changed, what is not given stays, what is read-only is ignored", () => {
  const wanted = {
    job_types: [
      { name: "copy", version: "1", priority: 7, id: 12 },
      { name: "copy", version: "2" },
    ],
    errors: [{ name: "bad", title: "Bad" }],
  };
  const [changed, made, same] = planned(NOW, wanted);
  expect(changed).toEqual({
    kind: "job_types",
    label: "copy 1",
    isNew: false,
    changes: [{ pointer: "/priority", was: 5, is: 7 }],
  });
  expect([made?.label, made?.isNew]).toEqual(["copy 2", true]);
  expect(same?.changes).toEqual([]);
});

test.each(["{", "[]", '{"errors": 5}'])("%s is no configuration", (text) => {
  expect(() => parsed(text)).toThrow(SyntaxError);
});
