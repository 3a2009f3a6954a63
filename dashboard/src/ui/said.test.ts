import { expect, test } from "vitest";
import { ApiError, failure } from "~/api/errors";
import { id } from "~/i18n/id";
import { phrase } from "~/i18n/phrase";
import { said } from "./said";

const t = (key: Parameters<typeof phrase>[1], params?: Parameters<typeof phrase>[2]) => phrase(id, key, params);

test("the server's own words are passed on", () => {
  expect(said(new ApiError(409, "device_not_linked", "Perangkat belum ditautkan."), t)).toBe(
    "Perangkat belum ditautkan.",
  );
});

test("each bad field is named with what is wrong with it", () => {
  const fields = [
    { field: "media_url", code: "invalid_url", message: "harus diawali https" },
    { field: "content.text", code: "too_long", message: "terlalu panjang" },
  ] as never;
  const error = new ApiError(422, "validation_failed", "Lihat error.fields.", fields);
  expect(said(error, t)).toBe("media_url: harus diawali https\ncontent.text: terlalu panjang");
});

test("a refusal by what stands between is told in words, though HTTP/2 has none", () => {
  const proxy = (status: number) => failure(new Response("<html>", { status, statusText: "" }), "<html>");
  expect(said(proxy(413), t)).toBe(id.error.tooLarge);
  expect(said(proxy(418), t)).toContain("418");
});

test("no answer is said to be that, not what the browser calls it", () => {
  expect(said(new ApiError(0, "unreachable", "Failed to fetch"), t)).toBe(id.error.offline);
});
