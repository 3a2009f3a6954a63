import { describe, expect, it } from "vitest";
import { groupOf, isTheirs, kindOf, roles, writer } from "./simulated";

const ALL = { types: [], captioned: [], groups: true, echoes: true, from_lid: true };

describe("the simulated phone", () => {
  it("offers the roles that the channel knows", () => {
    expect(roles(ALL)).toEqual(["customer", "group", "owner", "alias"]);
    expect(roles({ ...ALL, groups: false, from_lid: false })).toEqual(["customer", "owner"]);
    expect(roles(undefined)).toEqual(["customer"]);
  });

  it("says who writes and where", () => {
    const [person, group] = ["6281234560001", groupOf("whatsapp")];
    expect(writer("customer", person, "whatsapp")).toEqual({ from: person });
    expect(writer("group", person, "whatsapp")).toEqual({ from: person, group_id: group });
    expect(writer("owner", person, "whatsapp")).toEqual({ echo: true, to: person });
    expect(writer("alias", person, "whatsapp")).toMatchObject({ from_lid: true, phone: person });
  });

  it("sends a file as what it is", () => {
    const types = ["image", "sticker", "document"];
    expect(kindOf({ type: "image/png" }, types)).toBe("image");
    expect(kindOf({ type: "image/webp" }, types)).toBe("sticker");
    expect(kindOf({ type: "audio/mpeg" }, types)).toBe("audio");
    expect(kindOf({ type: "application/pdf" }, types)).toBe("document");
    expect(kindOf({ type: "" }, types)).toBe("document");
  });

  it("lets people change only what they wrote", () => {
    const theirs = { direction: "in", echo: false, sender: "6281" } as const;
    expect(isTheirs(theirs, "customer", "6281")).toBe(true);
    expect(isTheirs(theirs, "customer", "6282")).toBe(false);
    expect(isTheirs(theirs, "owner", "6281")).toBe(false);
    expect(isTheirs({ direction: "out", echo: true, sender: null }, "owner", "6281")).toBe(true);
  });
});
