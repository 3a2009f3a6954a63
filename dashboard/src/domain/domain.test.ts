import { expect, test } from "vitest";
import { grouped } from "./address";
import { testDevice } from "./device";
import { filled, placeholders } from "./placeholders";
import { SAMPLE_LANGUAGES } from "./samples/languages";
import { REQUESTS } from "./samples/requests";

test("phone numbers are grouped, other addresses stay", () => {
  expect(grouped("6281234567890", "whatsapp")).toBe("+62 812 3456 7890");
  expect(grouped("6281234567890", "whatsapp-official")).toBe("+62 812 3456 7890");
  expect(grouped("@toko_bot", "telegram")).toBe("@toko_bot");
});

test.each(["telegram", "messenger", "instagram"] as const)("an id of %s is no phone number", (channel) => {
  expect(grouped("123456789", channel)).toBe("123456789");
});

test("placeholders are filled in by their number, in any order", () => {
  expect(placeholders("{{2}} dan {{1}}, {{2}}")).toEqual([1, 2]);
  expect(filled("Halo {{1}}, tagihan {{2}}", ["Budi", ""])).toBe("Halo Budi, tagihan {{2}}");
});

test("every sample has every language, and quotes do not end its body early", () => {
  for (const language of SAMPLE_LANGUAGES)
    for (const request of REQUESTS)
      expect(language.write({ url: "https://contoh.com/v1/messages", body: request.body })).toContain("YOUR_API_KEY");
  const body = { text: "It's \\ `fine`" };
  const [php, curl, , , go] = SAMPLE_LANGUAGES.map((language) => language.write({ url: "https://contoh.com", body }));
  expect(php).toContain("It\\'s");
  expect(curl).toContain("It'\\''s");
  expect(go).toContain('\\"text\\"');
});

test("something is tried out on simulated people, where there are some", () => {
  const [real, simulated] = [{ sandbox: false }, { sandbox: true }];
  expect(testDevice([real, simulated])).toBe(simulated);
  expect(testDevice([real])).toBe(real);
  expect(testDevice([])).toBeUndefined();
});
