import { expect, test } from "vitest";
import type { OfficialTemplate } from "~/api/types";
import { components, fillable, preview, slots } from "./official";

function template(parts: object[]): OfficialTemplate {
  return {
    session_id: "dev_1",
    name: "tagihan",
    language: "id",
    status: "APPROVED",
    is_sendable: true,
    reason: null,
    category: "UTILITY",
    components: parts as OfficialTemplate["components"],
    updated_at: "2026-11-22T00:00:00Z",
  };
}
const BILL = template([
  { type: "HEADER", format: "IMAGE" },
  { type: "BODY", text: "Halo {{1}}, tagihan Anda {{2}}." },
  { type: "FOOTER", text: "Toko Maju" },
  {
    type: "BUTTONS",
    buttons: [
      { type: "QUICK_REPLY", text: "Sudah bayar" },
      { type: "URL", text: "Lihat", url: "https://contoh.com/tagihan/{{1}}" },
      { type: "URL", text: "Situs", url: "https://contoh.com" },
      { type: "COPY_CODE", text: "Salin kode" },
    ],
  },
]);

test("what an approved template needs is asked for in the order in which it is read", () => {
  expect(slots(BILL).map(({ kind, name, index }) => `${kind} ${name} ${index}`)).toEqual([
    "header_image  0",
    "body 1 0",
    "body 2 0",
    "url Lihat 1",
    "copy_code Salin kode 3",
  ]);
});

test("what was given is sent by its place", () => {
  expect(components(slots(BILL), ["https://contoh.com/a.jpg", "Budi", "Rp 1", "17", "HEMAT"])).toEqual({
    header_image: "https://contoh.com/a.jpg",
    body_variables: ["Budi", "Rp 1"],
    button_variables: [
      { index: 1, type: "url", value: "17" },
      { index: 3, type: "copy_code", value: "HEMAT" },
    ],
  });
});

test("named places are sent by their names", () => {
  const named = template([{ type: "BODY", text: "Halo {{nama}}, {{nama}} pesan {{barang}}." }]);
  expect(components(slots(named), ["Budi", "kopi"])).toEqual({ body_variables: { nama: "Budi", barang: "kopi" } });
  expect(preview(named, ["Budi", ""]).text).toBe("Halo Budi, Budi pesan {{barang}}.");
});

test("a template with nothing to fill in carries nothing", () => {
  expect(components(slots(template([{ type: "BODY", text: "Halo!" }])), [])).toBeUndefined();
});

test("a value fills its own part alone", () => {
  const titled = template([
    { type: "HEADER", format: "TEXT", text: "Untuk {{1}}" },
    { type: "BODY", text: "Halo {{1}}" },
  ]);
  expect(preview(titled, ["Toko", "Budi"])).toMatchObject({ title: "Untuk Toko", text: "Halo Budi" });
});

test("a header of a place cannot be filled in here", () => {
  expect(fillable(template([{ type: "HEADER", format: "LOCATION" }]))).toBe(false);
  expect(fillable(BILL)).toBe(true);
});
