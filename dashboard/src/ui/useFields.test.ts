import { expect, test } from "vitest";
import { complaint, shownAll } from "./useFields";

const at = (field: string) => ({ field, code: "invalid", message: `about ${field}` }) as never;

test("an entry of a list is complained about at its input", () => {
  expect(complaint([at("allow_ips[1]")], "allow_ips")).toBe("about allow_ips[1]");
  expect(complaint([at("settings.token")], "settings")).toBe("about settings.token");
  expect(complaint([at("allow_ips_too")], "allow_ips")).toBeUndefined();
});

test("a complaint that no input shows is not passed over", () => {
  expect(shownAll([at("name"), at("device_ids[0]")], ["name", "device_ids"])).toBe(true);
  expect(shownAll([at("name"), at("expires_in")], ["name", "device_ids"])).toBe(false);
});

test("an error without fields is for no input", () => {
  expect(shownAll([], ["name"])).toBe(false);
});
