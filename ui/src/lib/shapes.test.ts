import { expect, test } from "vitest";
import { shapeOfGeoJson } from "./geojson";
import { bboxOf, numbersOf, shapeOfText } from "./searched";
import { around, boxOf, copies, inOnePiece, nothing } from "./shapes";
import { shapeOfWkt, wktOfArea } from "./wkt";

test("every kind of WKT is read, with heights and without", () => {
  expect(shapeOfWkt("POINT (1 -2.5)").points).toEqual([[1, -2.5]]);
  expect(shapeOfWkt("POINT Z (1 2 3)").points).toEqual([[1, 2]]);
  expect(shapeOfWkt("MULTIPOINT ((1 2), (3 4))").points).toEqual(shapeOfWkt("MULTIPOINT (1 2, 3 4)").points);
  expect(shapeOfWkt("LINESTRING (1 2, 3e1 4)").lines).toEqual([
    [
      [1, 2],
      [30, 4],
    ],
  ]);
  expect(shapeOfWkt("POLYGON ((0 0, 9 0, 9 9, 0 0), (1 1, 2 1, 2 2, 1 1))").polygons[0]).toHaveLength(2);
  const both = shapeOfWkt(
    "GEOMETRYCOLLECTION (POINT (1 2), MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), ((5 5, 6 5, 6 6, 5 5))))",
  );
  expect([both.points.length, both.polygons.length]).toEqual([1, 2]);
  expect(shapeOfWkt("POLYGON EMPTY")).toEqual(nothing());
});

test("what is no WKT is refused", () => {
  for (const text of ["", "POINT", "POINT (1)", "POINT (1 2", "POINT (1 2) 3", "CIRCLE (1 2)", "POINT (a b)"]) {
    expect(() => shapeOfWkt(text)).toThrow(SyntaxError);
    expect(shapeOfText(text)).toBeNull();
  }
});

test("GeoJSON is read whatever it is wrapped in, and what is none is not", () => {
  const point = { type: "Point", coordinates: [1, 2, 3] };
  const feature = { type: "Feature", geometry: point, properties: {} };
  for (const one of [point, feature, { type: "FeatureCollection", features: [feature] }]) {
    expect(shapeOfGeoJson(one)?.points).toEqual([[1, 2]]);
  }
  expect(shapeOfGeoJson({ type: "Feature", geometry: null })).toEqual(nothing());
  for (const one of [null, 5, {}, { type: "Point" }, { type: "Point", coordinates: ["a"] }, { type: "Polygon" }]) {
    expect(shapeOfGeoJson(one)).toBeNull();
  }
});

test("a footprint that is cut at the antimeridian is seen in one piece, on both sides of the map", () => {
  const cut = shapeOfWkt(
    "MULTIPOLYGON (((170 0, 180 0, 180 5, 170 5, 170 0)), ((-180 0, -175 0, -175 5, -180 5, -180 0)))",
  );
  const whole = inOnePiece(cut);
  expect(boxOf(whole)).toEqual({ west: 170, south: 0, east: 185, north: 5 });
  expect(copies(whole).map((one) => boxOf(one)?.west)).toEqual([-190, 170]);
});

test("what goes round the earth, or lies far from the antimeridian, stays as it is", () => {
  const belt = shapeOfWkt("POLYGON ((-180 0, 180 0, 180 5, -180 5, -180 0))");
  expect(inOnePiece(belt)).toBe(belt);
  expect(copies(shapeOfWkt("POINT (10 50)"))).toHaveLength(1);
  expect(copies(nothing())).toEqual([]);
});

test("the box around boxes holds them all", () => {
  const one = { west: 0, south: 1, east: 2, north: 3 };
  expect(around([one, { west: -5, south: 2, east: 1, north: 9 }])).toEqual({ west: -5, south: 1, east: 2, north: 9 });
  expect(around([])).toBeNull();
});

test("a box that was drawn is what the API takes, also across the antimeridian", () => {
  expect(bboxOf({ west: -10.123456, south: 35, east: 4.5, north: 44 })).toBe("-10.1235,35,4.5,44");
  expect(bboxOf({ west: 170, south: -10, east: 190, north: 10 })).toBe("170,-10,-170,10");
  expect(bboxOf({ west: -190, south: -10, east: -170, north: 10 })).toBe("170,-10,-170,10");
  expect(bboxOf({ west: -250, south: -10, east: 250, north: 10 })).toBe("-180,-10,180,10");
});

test("a box of an address is drawn where it is", () => {
  expect(numbersOf("170,-10,-170,10")).toEqual([170, -10, -170, 10]);
  for (const text of ["", "1,2,3", "1,2,3,x", "1,,3,4"]) expect(numbersOf(text)).toBeNull();
});

test("an area that was drawn is a polygon, and two where it reaches across the antimeridian", () => {
  expect(
    wktOfArea([
      [0, 0],
      [9, 0],
      [9, 9],
    ]),
  ).toBe("POLYGON ((0 0, 9 0, 9 9, 0 0))");
  const across = wktOfArea([
    [170, 0],
    [190, 0],
    [190, 10],
    [170, 10],
  ]);
  const whole = inOnePiece(shapeOfWkt(across));
  expect([across.startsWith("MULTIPOLYGON"), boxOf(whole)]).toEqual([
    true,
    { west: 170, south: 0, east: 190, north: 10 },
  ]);
});
