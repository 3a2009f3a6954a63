import type { Channel } from "~/api/types";
import type { Key } from "~/i18n/phrase";

export interface SampleRequest {
  id: string;
  name: Key;
  path: string;
  /** The channels whose devices can carry it. */
  channels: readonly Channel[];
  body: Record<string, unknown>;
}

const TO = "6281234567890";
const UNOFFICIAL: readonly Channel[] = ["whatsapp", "telegram", "messenger", "instagram"];
const OFFICIAL: readonly Channel[] = ["whatsapp-official"];

function interactive(content: Record<string, unknown>) {
  return { to: TO, type: "interactive", content };
}

const REPLY = {
  type: "button",
  header: { type: "text", text: "🎉 PROMO SPESIAL" },
  body: { text: "Apakah Anda ingin mengambil diskon 50% hari ini?" },
  footer: { text: "Berlaku hingga besok" },
};

/** Every request of the public documentation. */
export const REQUESTS: readonly SampleRequest[] = [
  {
    id: "text",
    name: "samples.text",
    path: "/v1/messages",
    channels: UNOFFICIAL,
    body: { channel: "whatsapp", type: "text", to: TO, content: { text: "Halo! Ini pesan teks dari Cetar API." } },
  },
  {
    id: "button",
    name: "samples.button",
    path: "/v1/messages",
    channels: UNOFFICIAL,
    body: {
      channel: "whatsapp",
      type: "button",
      to: TO,
      media_url: "https://contoh.com/promo.jpg",
      content: {
        title: "🎉 PROMO SPESIAL",
        text: "Apakah Anda ingin mengambil diskon 50% hari ini?",
        footer: "Berlaku hingga besok",
        buttons: [
          { id: "AMBIL_PROMO", text: "Ya, Ambil!" },
          { type: "cta_url", text: "Kunjungi Website", url: "https://www.cetar.ai" },
          { type: "cta_copy", text: "Salin Kode", copy_code: "PROMO50" },
        ],
      },
    },
  },
  {
    id: "template",
    name: "samples.template",
    path: "/v1/send-template",
    channels: UNOFFICIAL,
    body: { to: TO, template_id: 123, variables: ["Budi Santoso", "Rp 500.000"] },
  },
  {
    id: "media",
    name: "samples.media",
    path: "/v1/messages",
    channels: UNOFFICIAL,
    body: {
      channel: "whatsapp",
      type: "image",
      to: TO,
      media_url: "https://contoh.com/gambar.jpg",
      content: { caption: "🎉 Promo Spesial Hari Ini! Diskon 50%." },
    },
  },
  {
    id: "check-number",
    name: "samples.check",
    path: "/v1/check-number",
    channels: ["whatsapp"],
    body: { channel: "whatsapp", phone: TO },
  },
  {
    id: "meta-text",
    name: "samples.metaText",
    path: "/v1/meta/messages",
    channels: OFFICIAL,
    body: { to: TO, type: "text", text: "Halo! Ini balasan cepat via WhatsApp Official API." },
  },
  {
    id: "meta-media",
    name: "samples.metaMedia",
    path: "/v1/meta/messages",
    channels: OFFICIAL,
    body: {
      to: TO,
      type: "image",
      media_url: "https://contoh.com/promo.jpg",
      text: "🎉 Promo Spesial Hari Ini! Diskon 50%.",
    },
  },
  {
    id: "meta-template",
    name: "samples.metaTemplate",
    path: "/v1/meta/messages",
    channels: OFFICIAL,
    body: {
      to: TO,
      type: "template",
      template_name: "hello_world",
      language: "id",
      components: {
        header_image: "https://contoh.com/promo.jpg",
        body_variables: ["Budi Santoso", "Rp 500.000", "25 Maret 2026"],
      },
    },
  },
  {
    id: "meta-interactive",
    name: "samples.metaInteractive",
    path: "/v1/meta/messages",
    channels: OFFICIAL,
    body: interactive({
      ...REPLY,
      action: {
        buttons: [
          { type: "reply", reply: { id: "AMBIL_PROMO", title: "Ya, Ambil!" } },
          { type: "reply", reply: { id: "TOLAK_PROMO", title: "Tidak, Makasih" } },
        ],
      },
    }),
  },
  {
    // Meta takes a link only under its own type, whatever the public documentation's snippet says.
    id: "meta-url",
    name: "samples.metaUrl",
    path: "/v1/meta/messages",
    channels: OFFICIAL,
    body: interactive({
      ...REPLY,
      type: "cta_url",
      action: { name: "cta_url", parameters: { display_text: "Kunjungi Website", url: "https://www.cetar.ai" } },
    }),
  },
  {
    id: "meta-list",
    name: "samples.metaList",
    path: "/v1/meta/messages",
    channels: OFFICIAL,
    body: interactive({
      type: "list",
      header: { type: "text", text: "Menu Utama" },
      body: { text: "Silakan pilih layanan di bawah ini." },
      footer: { text: "Cetar Automation" },
      action: {
        button: "Lihat Daftar Menu",
        sections: [
          {
            title: "Produk & Layanan",
            rows: [
              { id: "MENU_PRODUK", title: "Daftar Produk", description: "Lihat katalog lengkap" },
              { id: "MENU_HARGA", title: "Pricelist", description: "Daftar harga terbaru" },
            ],
          },
        ],
      },
    }),
  },
];
