import { expect, test } from "vitest";
import { changed, changeTo, UNCHANGED } from "./labels";

test("a change makes of the labels what was wanted", () => {
  const labels = ["lama", "grosir"];
  const wanted = ["grosir", "lunas"];
  expect(changed(labels, changeTo(labels, wanted))).toEqual(wanted);
});

test("what a colleague did meanwhile stays", () => {
  const mine = changeTo(["lama", "grosir"], ["grosir", "lunas"]);
  expect(changed(["lama", "grosir", "VIP"], mine)).toEqual(["grosir", "VIP", "lunas"]);
  expect(changed(["lama"], mine)).toEqual(["lunas"]);
});

test("what both added is there once", () => {
  expect(changed(["lunas"], changeTo([], ["lunas"]))).toEqual(["lunas"]);
});

test("no change leaves them", () => {
  expect(changed(["a", "b"], UNCHANGED)).toEqual(["a", "b"]);
});
