/** Simulated phones and networks, and what comes in from a channel. By the English of the API document. */
export const simulated: Record<string, string> = {
  "What can come in.": "Apa yang bisa masuk.",
  "What can come in from a channel.": "Apa yang bisa masuk dari sebuah kanal.",
  "The types.": "Jenis-jenisnya.",
  "Those of them that carry a caption.": "Di antaranya, yang boleh disertai caption.",
  "Messages of groups.": "Pesan dari grup.",
  "What the owner writes on the account's own phone: `message.echo`.":
    "Yang ditulis pemilik di ponsel akun itu sendiri: `message.echo`.",
  "Senders whose number is told later, if at all: `from_lid`.":
    "Pengirim yang nomornya baru diberitahukan kemudian, kalaupun ada: `from_lid`.",
  "How linking a sandbox device goes.": "Jalannya penautan sebuah perangkat sandbox.",
  "Of a sandbox device, and of no other: how it goes, so that every end can be tried. `linked`; or, by the `reason` that is told, `link_expired` (the QR is replaced three times, each after five seconds; nobody uses it), `passkey_required`, `already_linked` or `banned`; or, with `pairing_code`, `too_many_attempts`. Left out: `linked`.":
    "Hanya untuk perangkat sandbox: bagaimana jalannya, agar setiap akhir bisa dicoba. `linked`; atau, menurut `reason` yang diberitahukan, `link_expired` (QR diganti tiga kali, masing-masing setelah lima detik, dan tidak dipakai siapa pun), `passkey_required`, `already_linked`, atau `banned`; atau, dengan `pairing_code`, `too_many_attempts`. Bila kosong: `linked`.",
  "What is done on a simulated phone.": "Apa yang dilakukan di ponsel simulasi.",
  "What is done on a simulated phone: in the shape of the webhook that follows.":
    "Apa yang dilakukan di ponsel simulasi: dalam bentuk webhook yang menyusul.",
  "Whose phone: an address as in `to` of a send. Needed where a person writes.":
    "Ponsel siapa: alamat seperti `to` dalam kiriman. Wajib bila seseorang menulis.",
  "What they write, by the `type` of webhooks; `button` presses. Or what happens to the account, by the `reason` that is told of it: `disconnected` and `restricted` pass, the others end the link. What the channel does not have is refused; `receives` of the device's capabilities lists it.":
    "Apa yang ditulis, menurut `type` di webhook; `button` menekan tombol. Atau apa yang terjadi pada akun, menurut `reason` yang diberitahukan: `disconnected` dan `restricted` berlalu, yang lain mengakhiri tautan. Yang tidak ada di kanalnya ditolak; `receives` dalam kemampuan perangkat memuat daftarnya.",
  "With `text`, `edited` and `poll` (the question), which need it: what is written. With media: the caption. With `reaction`: the emoji; empty or left out takes it back. With `button`: what stands on it.":
    "Untuk `text`, `edited`, dan `poll` (pertanyaannya), yang mewajibkannya: apa yang ditulis. Untuk media: caption. Untuk `reaction`: emojinya; kosong atau tidak diisi menariknya kembali. Untuk `button`: tulisan pada tombol.",
  "With media, which need it: the `media_url` that `POST /v1/media` answered.":
    "Untuk media, yang mewajibkannya: `media_url` dari jawaban `POST /v1/media`.",
  "The message it is about, which the webhook tells as `about`: with `button` the one that carries it; with `reaction`, `poll_vote`, `edited` and `deleted`, which need it, one of the same chat.":
    "Pesan yang dimaksud, di webhook disebut `about`: untuk `button` pesan yang memuatnya; untuk `reaction`, `poll_vote`, `edited`, dan `deleted`, yang mewajibkannya, pesan dari chat yang sama.",
  "The message it answers, of the same chat: ours or theirs.":
    "Pesan yang dibalas, dari chat yang sama: milik kita atau milik mereka.",
  'With `location`, which needs it: `{"latitude", "longitude", "name"?, "address"?}`.':
    'Untuk `location`, yang mewajibkannya: `{"latitude", "longitude", "name"?, "address"?}`.',
  'With `contact`, which needs it: `[{"name", "phones": […]}]`.':
    'Untuk `contact`, yang mewajibkannya: `[{"name", "phones": […]}]`.',
  'With `poll`, which needs it, and `poll_vote`: `{"options": […], "several"?}`, 2 to 12 answers, or those chosen.':
    'Untuk `poll`, yang mewajibkannya, dan `poll_vote`: `{"options": […], "several"?}`, 2 sampai 12 jawaban, atau yang dipilih.',
  "With `unsupported`, which needs it: the network's name of the kind, such as `order`, `view_once` or `undecryptable`.":
    "Untuk `unsupported`, yang mewajibkannya: nama jenisnya di jaringan, misalnya `order`, `view_once`, atau `undecryptable`.",
  "The name they gave themselves. Left out: `Sandbox`.": "Nama yang dipakai orang itu sendiri. Bila kosong: `Sandbox`.",
  "They write it in this group: on WhatsApp `120363025246125888@g.us`, on Telegram `-1001234567890`.":
    "Ditulis di grup ini: di WhatsApp `120363025246125888@g.us`, di Telegram `-1001234567890`.",
  "The owner writes it, on the account's own phone: it comes as `message.echo`.":
    "Pemilik yang menulis, di ponsel akun itu sendiri: datang sebagai `message.echo`.",
  "With `echo`, which needs it outside a group: to whom.":
    "Untuk `echo`, yang mewajibkannya di luar grup: kepada siapa.",
  "`from` is an alias (a LID) whose number the network does not tell yet.":
    "`from` adalah alias (LID) yang nomornya belum diberitahukan jaringan.",
  "With `from_lid`: the number behind it. The network tells it two seconds later: `contact.resolved`.":
    "Untuk `from_lid`: nomor di baliknya. Jaringan memberitahukannya dua detik kemudian: `contact.resolved`.",
  "With `disconnected` and `restricted`: how long it lasts. Left out: 30.":
    "Untuk `disconnected` dan `restricted`: berapa lama. Bila kosong: 30.",
};
