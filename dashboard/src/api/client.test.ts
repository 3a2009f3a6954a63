import { expect, test, vi } from "vitest";

vi.stubGlobal("location", { origin: "http://127.0.0.1" });
const { all } = await import("./client");

test("a list that is shown whole has what is on its last page", async () => {
  const asked: (string | undefined)[] = [];
  const found = await all(async ({ after }) => {
    asked.push(after);
    const from = Number(after ?? 0);
    const more = from + 2 < 5;
    return {
      data: [from, from + 1].filter((each) => each < 5),
      has_more: more,
      next_cursor: more ? `${from + 2}` : null,
    };
  });
  expect(found).toEqual([0, 1, 2, 3, 4]);
  expect(asked).toEqual([undefined, "2", "4"]);
});
