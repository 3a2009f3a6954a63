/** What requests carry: parameters and the fields of bodies. By the English of the API document. */
export const requests: Record<string, string> = {
  "As it stands in `media_url`.": "Seperti yang tertulis di `media_url`.",
  "How many entries, 1 to 100.": "Berapa entri, 1 sampai 100.",
  "`next_cursor` of the page before.": "`next_cursor` dari halaman sebelumnya.",
  "A key to make.": "Key yang akan dibuat.",
  "Only from these addresses or ranges; left out: anywhere.":
    "Hanya dari alamat atau rentang ini; tanpa isian: dari mana saja.",
  "Only these devices; left out: all.": "Hanya perangkat ini; tanpa isian: semua.",
  "The id of a device.": "ID perangkat.",
  "Ends by itself after this many seconds, 60 to 315360000 (ten years); left out: never.":
    "Berakhir sendiri setelah sekian detik, 60 sampai 315360000 (sepuluh tahun); tanpa isian: tidak pernah.",
  "What you call it, up to 100 characters.": "Nama pemberian Anda, paling banyak 100 karakter.",
  "What it may do; left out: `messages`.": "Apa yang boleh dilakukannya; tanpa isian: `messages`.",
  "What a key may do: send and read what it sent, or everything else.":
    "Apa yang boleh dilakukan sebuah key: mengirim dan membaca kirimannya sendiri, atau semua yang lain.",
  "For sandbox devices: a `sk_test_` key.": "Untuk perangkat sandbox: key `sk_test_`.",
  "The key's id (not the secret).": "ID key (bukan secret-nya).",
  "What to block.": "Apa yang diblokir.",
  "Why, up to 200 characters.": "Alasannya, paling banyak 200 karakter.",
  "An address or a CIDR range; not one that holds your own address.":
    "Alamat atau rentang CIDR; tidak boleh mencakup alamat Anda sendiri.",
  "The range's id.": "ID rentang.",
  "A number to check.": "Nomor yang dicek.",
  "Left out: `whatsapp`.": "Tanpa isian: `whatsapp`.",
  "A network, as `POST /v1/messages` takes it.": "Jaringan, seperti pada `POST /v1/messages`.",
  "The number: digits with the country code, no `+`, no leading `0`.":
    "Nomornya: angka dengan kode negara, tanpa `+`, tanpa `0` di depan.",
  "Through which device. Left out: the only one of that channel that the key may use.":
    "Lewat perangkat mana. Tanpa isian: satu-satunya perangkat saluran itu yang boleh dipakai key.",
  "Stands in a name or an address; up to 100 characters.": "Ada di dalam nama atau alamat; paling banyak 100 karakter.",
  "The contact's id.": "ID kontak.",
  "What to change; what is left out stays.": "Apa yang diubah; yang tidak disebut tetap seperti semula.",
  "What they are filed under: up to 20 labels of up to 50 characters.":
    "Label pengelompokannya: paling banyak 20 label, masing-masing paling banyak 50 karakter.",
  "What you call them, up to 100 characters; empty: what they call themselves.":
    "Nama yang Anda berikan, paling banyak 100 karakter; kosong: nama yang mereka pakai sendiri.",
  "What is worth knowing, up to 4000 characters; empty: nothing.":
    "Hal yang perlu diketahui, paling banyak 4000 karakter; kosong: tidak ada.",
  "Stands in a name or an address.": "Ada di dalam nama atau alamat.",
  "On this channel.": "Di saluran ini.",
  "A network.": "Sebuah jaringan.",
  "Of this device.": "Milik perangkat ini.",
  "`open` or `resolved`.": "`open` atau `resolved`.",
  "`true`: with something unread.": "`true`: yang masih punya pesan belum dibaca.",
  "`me`, `nobody`, or the id of an account.": "`me`, `nobody`, atau ID sebuah akun.",
  "The conversation's id.": "ID percakapan.",
  "To whom.": "Kepada siapa.",
  "The id of an account; `null`: to nobody.": "ID sebuah akun; `null`: tidak kepada siapa pun.",
  "What to note.": "Apa yang dicatat.",
  "The note, up to 4000 characters.": "Catatannya, paling banyak 4000 karakter.",
  "The delivery's id.": "ID pengiriman webhook.",
  "A device to add.": "Perangkat yang ditambahkan.",
  "On which channel.": "Di saluran mana.",
  "Whether it keeps to its network's pace; left out, it does where the network has one. Sandbox devices have none.":
    "Apakah ia mengikuti laju aman jaringannya; tanpa isian, ya bila jaringannya punya laju. Perangkat sandbox tidak punya.",
  "Whether a device keeps to its network's pace.": "Apakah sebuah perangkat mengikuti laju aman jaringannya.",
  "Simulated: reaches simulated people only, needs no linking.":
    "Simulasi: hanya menjangkau orang simulasi dan tidak perlu ditautkan.",
  "What the channel needs: tokens and ids, as strings. Kept sealed, never shown again. WhatsApp and sandbox devices need none.":
    "Yang dibutuhkan salurannya: token dan ID, sebagai string. Disimpan tersegel dan tidak pernah ditampilkan lagi. WhatsApp dan perangkat sandbox tidak membutuhkan apa pun.",
  "The device's id, the `session_id` of sends.": "ID perangkat, yaitu `session_id` dalam kiriman.",
  "The device's id.": "ID perangkat ini.",
  "What to change of a device; what is left out stays.":
    "Apa yang diubah pada perangkat; yang tidak disebut tetap seperti semula.",
  "Whether it keeps to its network's pace. When it is turned off, what waited for its turn goes out at once; on WhatsApp that costs accounts.":
    "Apakah ia mengikuti laju aman jaringannya. Bila dimatikan, yang menunggu giliran langsung dikirim; di WhatsApp, akun bisa hilang karenanya.",
  "Settings that take the place of those of the same names; the others stay. They must be of the same account.":
    "Setelan yang menggantikan setelan bernama sama; yang lain tetap. Harus milik akun yang sama.",
  "How to link.": "Cara menautkan.",
  "Scan a QR with the phone, or type a code into it.": "Pindai QR dengan ponsel, atau ketik kode di ponsel.",
  "How a device is linked.": "Cara sebuah perangkat ditautkan.",
  "The account's own number; needed with `pairing_code`.": "Nomor akun itu sendiri; wajib dengan `pairing_code`.",
  "With `button`, which needs it: the id of the button.": "Untuk `button`, yang mewajibkannya: ID tombolnya.",
  "What the link ends with.": "Bagian akhir tautannya.",
  "What the invited one chooses.": "Apa yang dipilih orang yang diundang.",
  "What you are called, up to 100 characters.": "Nama Anda, paling banyak 100 karakter.",
  "A password, 10 to 200 characters.": "Kata sandi, 10 sampai 200 karakter.",
  "The beginning of the message's id, its job's, your `client_ref`, or the address; a whole id finds it at once.":
    "Awal ID pesan, ID job-nya, `client_ref` Anda, atau alamatnya; ID yang utuh langsung ditemukan.",
  "In this state.": "Yang berstatus ini.",
  "Where a message stands.": "Sampai di mana sebuah pesan.",
  "Through this device.": "Lewat perangkat ini.",
  "Made from then on, RFC 3339.": "Dibuat sejak saat itu, RFC 3339.",
  "Made before then, RFC 3339.": "Dibuat sebelum saat itu, RFC 3339.",
  "The `job_id` of a send.": "`job_id` dari sebuah kiriman.",
  "What became of a message whose fate is unknown.": "Apa yang terjadi pada pesan yang nasibnya tidak diketahui.",
  "`sent`: the recipient has it. `failed`: they do not.": "`sent`: sudah sampai di penerima. `failed`: tidak sampai.",
  "What it is called, up to 255 characters.": "Namanya, paling banyak 255 karakter.",
  "`in` or `out`.": "`in` atau `out`.",
  "1 to 255 printable characters, quoted or not. Its scope is the API key and this path.":
    "1 sampai 255 karakter yang dapat dicetak, dengan atau tanpa tanda kutip. Berlaku untuk API key dan path ini.",
  "A message to send.": "Pesan yang dikirim.",
  "Your own reference, up to 255 characters; it comes back in every event of this message.":
    "Referensi Anda sendiri, paling banyak 255 karakter; disertakan dalam setiap peristiwa pesan ini.",
  "What it says; only media need none.": "Isinya; hanya media yang boleh tanpa isi.",
  "The content of a message. Lengths are the channel's: `GET /v1/devices/{id}/capabilities`.":
    "Isi pesan. Panjangnya mengikuti salurannya: `GET /v1/devices/{id}/capabilities`.",
  "With `button`: one to three, of any kinds.": "Untuk `button`: satu sampai tiga tombol, jenis apa saja.",
  "A button.": "Sebuah tombol.",
  "With `cta_copy`, which needs it: what is copied.": "Untuk `cta_copy`, yang mewajibkannya: teks yang disalin.",
  "With `quick_reply`, which needs it: comes back as `button_id` when it is pressed.":
    "Untuk `quick_reply`, yang mewajibkannya: kembali sebagai `button_id` saat tombolnya ditekan.",
  "What stands on it.": "Tulisan pada tombol.",
  "`quick_reply` (left out), `cta_url` or `cta_copy`.": "`quick_reply` (bila tidak diisi), `cta_url`, atau `cta_copy`.",
  "The kinds of buttons.": "Jenis tombol.",
  "With `cta_url`, which needs it: the page it opens.": "Untuk `cta_url`, yang mewajibkannya: halaman yang dibuka.",
  "With media: the text below it.": "Untuk media: teks di bawahnya.",
  "With `button`: `text` sends numbered lines instead of buttons, which every phone shows.":
    "Untuk `button`: `text` mengirim baris bernomor sebagai pengganti tombol, yang tampil di setiap ponsel.",
  "With `document`: the name it is shown under. Left out: the name in the address.":
    "Untuk `document`: nama yang ditampilkan. Tanpa isian: nama di dalam alamatnya.",
  "With `button`: small and grey, below the text.": "Untuk `button`: teks kecil abu-abu di bawah isi.",
  "On Telegram: how `text` or `caption` is marked up. Left out: not at all, whatever is in it. Markup that Telegram cannot read fails the job with `content_invalid`. What you put into marked-up text from elsewhere you must escape.":
    "Di Telegram: cara `text` atau `caption` diformat. Tanpa isian: tidak diformat sama sekali, apa pun isinya. Format yang tidak terbaca oleh Telegram menggagalkan job dengan `content_invalid`. Teks dari tempat lain yang Anda sisipkan harus di-escape.",
  "How a text is marked up.": "Cara sebuah teks diformat.",
  "With `text` and `button`, which need it: the text, not blank, without U+0000. At most 65536 characters, and what the channel takes: one that is longer than that is refused with the figure.":
    "Untuk `text` dan `button`, yang mewajibkannya: teksnya, tidak kosong, tanpa U+0000. Paling banyak 65536 karakter dan sebanyak yang diterima salurannya: yang lebih panjang ditolak dengan menyebut angkanya.",
  "With `button`: bold, above the text.": "Untuk `button`: teks tebal di atas isi.",
  "With `audio`: send it as a voice note.": "Untuk `audio`: dikirim sebagai pesan suara.",
  "After this many seconds it is not sent any more: 1 to 604800 (7 days). Left out: 86400.":
    "Setelah sekian detik pesan tidak dikirim lagi: 1 sampai 604800 (7 hari). Tanpa isian: 86400.",
  "With `image`, `video`, `document`, `audio`: where the file is, http or https, on a public address. With `button`: a picture above the buttons. It is fetched when the message is sent; if it cannot be, the job fails and says why.":
    "Untuk `image`, `video`, `document`, `audio`: letak berkasnya, http atau https, di alamat publik. Untuk `button`: gambar di atas tombol. Diambil saat pesan dikirim; bila tidak bisa, job gagal dan menyebutkan sebabnya.",
  "The message it answers: a `message_id` of the same device.":
    "Pesan yang dibalas: `message_id` dari perangkat yang sama.",
  "`human_agent`: a person, and no program, answers. On Messenger and Instagram it allows seven days instead of 24 hours; Meta must have granted the app the feature, and forbids anything else under it.":
    "`human_agent`: yang membalas adalah manusia, bukan program. Di Messenger dan Instagram, ini memberi waktu tujuh hari, bukan 24 jam; Meta harus sudah memberikan fitur itu kepada aplikasinya, dan melarang isi lain di bawahnya.",
  "What is claimed of a message.": "Apa yang dinyatakan tentang sebuah pesan.",
  "To whom. WhatsApp: digits with the country code, no `+`, no leading `0`. Telegram: a chat id, an `@username` or the number of a contact. Messenger, Instagram: the id that webhooks give in `from`.":
    "Kepada siapa. WhatsApp: angka dengan kode negara, tanpa `+`, tanpa `0` di depan. Telegram: ID chat, `@username`, atau nomor sebuah kontak. Messenger, Instagram: ID yang diberikan webhook di `from`.",
  "What kind of message. What a device's channel can send: `GET /v1/devices/{id}/capabilities`.":
    "Jenis pesan. Yang bisa dikirim saluran sebuah perangkat: `GET /v1/devices/{id}/capabilities`.",
  "The types of `POST /v1/messages`.": "Jenis-jenis untuk `POST /v1/messages`.",
  "The message's id.": "ID pesan.",
  "A message to send through the official WhatsApp.": "Pesan yang dikirim lewat WhatsApp Official.",
  'With `template`: `{"header_image" | "header_video" | "header_document": url, "header_text", "body_variables": […] or {name: value}, "button_variables": [{"index", "type": "url" | "quick_reply" | "copy_code", "value"}]}`, or Meta\'s own array of components, passed on.':
    'Untuk `template`: `{"header_image" | "header_video" | "header_document": url, "header_text", "body_variables": […] atau {nama: nilai}, "button_variables": [{"index", "type": "url" | "quick_reply" | "copy_code", "value"}]}`, atau array components milik Meta sendiri, yang diteruskan apa adanya.',
  'With `contacts`: `[{"name", "phones": […]}]`.': 'Untuk `contacts`: `[{"name", "phones": […]}]`.',
  "With `interactive`, which needs it: Meta's `interactive` object. It goes to Meta as the same JSON text.":
    "Untuk `interactive`, yang mewajibkannya: objek `interactive` milik Meta. Sampai di Meta sebagai teks JSON yang sama.",
  "With `reaction`: the emoji; empty or left out takes it back.":
    "Untuk `reaction`: emojinya; kosong atau tanpa isian berarti dicabut.",
  "With `document`: the name it is shown under.": "Untuk `document`: nama yang ditampilkan.",
  "With `template`, which needs it: its language.": "Untuk `template`, yang mewajibkannya: bahasanya.",
  'With `location`: `{"latitude", "longitude", "name"?, "address"?}`.':
    'Untuk `location`: `{"latitude", "longitude", "name"?, "address"?}`.',
  "With `image`, `video`, `document`, `audio`, `sticker`, which need it: where the file is, http or https, on a public address.":
    "Untuk `image`, `video`, `document`, `audio`, `sticker`, yang mewajibkannya: letak berkasnya, http atau https, di alamat publik.",
  "With `reaction` and `read`, which need it: the message it is about, by our `message_id` or by Meta's `wamid`.":
    "Untuk `reaction` dan `read`, yang mewajibkannya: pesan yang dimaksud, dengan `message_id` kami atau `wamid` Meta.",
  "The same by Meta's id of the number.": "Sama, dengan ID nomor itu di Meta.",
  "Through which device. Left out: the only one that the key may use.":
    "Lewat perangkat mana. Tanpa isian: satu-satunya yang boleh dipakai key.",
  "With `template`, which needs it: its name in Meta's manager.":
    "Untuk `template`, yang mewajibkannya: namanya di pengelola Meta.",
  "With `text`, which needs it: the text. With media: the caption; with `audio` it follows as a second message.":
    "Untuk `text`, yang mewajibkannya: teksnya. Untuk media: caption-nya; untuk `audio`, teks itu menyusul sebagai pesan kedua.",
  "Digits with the country code, no `+`, no leading `0`; or a business-scoped user id (`ID.1349…`).":
    "Angka dengan kode negara, tanpa `+`, tanpa `0` di depan; atau business-scoped user ID (`ID.1349…`).",
  "What kind of message. All but `template` and `read` are allowed only within 24 hours of the recipient's last message.":
    "Jenis pesan. Semua selain `template` dan `read` hanya boleh dalam 24 jam sejak pesan terakhir penerima.",
  "The types of `POST /v1/meta/messages`.": "Jenis-jenis untuk `POST /v1/meta/messages`.",
  "With `read`: also show that an answer is being typed.": "Untuk `read`: juga tampilkan bahwa balasan sedang diketik.",
  "With `audio`: a voice note (Ogg with Opus).": "Untuk `audio`: pesan suara (Ogg dengan Opus).",
  "Whose templates.": "Template milik siapa.",
  "Of which device. Left out: of the only one on the official WhatsApp that the key may use.":
    "Milik perangkat mana. Tanpa isian: satu-satunya perangkat WhatsApp Official yang boleh dipakai key.",
  "A template to send.": "Template yang dikirim.",
  "Which template, by the id that its page shows.": "Template mana, dengan ID yang tampil di halamannya.",
  "To whom, as in `POST /v1/messages`.": "Kepada siapa, seperti pada `POST /v1/messages`.",
  "`text` sends numbered lines instead of the template's buttons, as in `POST /v1/messages`.":
    "`text` mengirim baris bernomor sebagai pengganti tombol template, seperti pada `POST /v1/messages`.",
  "What stands in place of `{{1}}`, `{{2}}`, …, in this order. More than the template has places for is not an error. Each is shown as it is written: what WhatsApp would read as markup in it is kept from that by an invisible character (U+2060) on both sides.":
    "Isi pengganti `{{1}}`, `{{2}}`, …, sesuai urutan. Lebih banyak dari tempat yang ada di template bukanlah kesalahan. Masing-masing tampil apa adanya: yang akan dibaca WhatsApp sebagai format dicegah dengan karakter tak terlihat (U+2060) di kedua sisinya.",
  "What somebody signs in with.": "Dengan apa seseorang masuk.",
  "With a second factor: the six digits of the app, or a recovery code.":
    "Bila kode dua langkah aktif: enam angka dari aplikasi, atau sebuah kode pemulihan.",
  "The e-mail; upper and lower case are the same.": "Email-nya; huruf besar dan kecil dianggap sama.",
  "The password.": "Kata sandinya.",
  "The language of your dashboard.": "Bahasa dashboard Anda.",
  "A language we answer in.": "Bahasa yang kami pakai untuk menjawab.",
  "The password there is, and another.": "Kata sandi sekarang, dan penggantinya.",
  "The present one.": "Yang sekarang.",
  "The new one, 10 to 200 characters.": "Yang baru, 10 sampai 200 karakter.",
  "Proof that it is you.": "Bukti bahwa ini memang Anda.",
  "Your password.": "Kata sandi Anda.",
  "A first code.": "Kode pertama.",
  "The six digits that the app shows.": "Enam angka yang ditampilkan aplikasi.",
  "A cursor of `GET /v1/events`, to begin after.": "Cursor dari `GET /v1/events`; dimulai setelahnya.",
  "The last `id` received; goes before `after`.": "`id` terakhir yang diterima; didahulukan dari `after`.",
  "A template.": "Sebuah template.",
  "Up to three; their texts, addresses and codes may carry placeholders too.":
    "Paling banyak tiga; teks, alamat, dan kodenya juga boleh memuat placeholder.",
  "Below the text.": "Di bawah teks.",
  "The `template_id` it gets, if it is to have a certain one. Left out: the next. It cannot be changed.":
    "`template_id` yang didapatnya, bila harus tertentu. Tanpa isian: nomor berikutnya. Tidak dapat diubah.",
  "A picture, film or file above it all. What it is, the end of the address says: `.mp4` a film; `.pdf` and the like a file; anything else a picture. With buttons it must be a picture; a sound cannot be. Not an address of `POST /v1/media`, which ends.":
    "Gambar, film, atau berkas di atas semuanya. Jenisnya ditentukan akhir alamatnya: `.mp4` film; `.pdf` dan sejenisnya berkas; yang lain gambar. Bila ada tombol, harus gambar. Suara tidak bisa. Bukan alamat dari `POST /v1/media`, karena alamat itu berakhir.",
  "What you call it.": "Nama pemberian Anda.",
  "The text, with `{{1}}`, `{{2}}`, … where variables go.": "Teksnya, dengan `{{1}}`, `{{2}}`, … di tempat variabel.",
  "Above the text.": "Di atas teks.",
  "The template's id.": "ID template.",
  "To whom to show it.": "Kepada siapa ditampilkan.",
  "`24h`, `7d` or `30d`. Left out: `24h`.": "`24h`, `7d`, atau `30d`. Tanpa isian: `24h`.",
  "An account to be made.": "Akun yang akan dibuat.",
  "The e-mail: the name to sign in with. No two accounts of a server have the same.":
    "Email-nya: nama untuk masuk. Tidak ada dua akun dengan email yang sama di satu server.",
  "What it may do.": "Apa yang boleh dilakukannya.",
  "What a person may do: the inbox, all but owners and plan, everything.":
    "Apa yang boleh dilakukan seseorang: inbox, semua selain pemilik dan paket, atau semuanya.",
  "The account's id.": "ID akun.",
  "May not sign in; its sessions end.": "Tidak boleh masuk; semua sesinya berakhir.",
  "An endpoint to add.": "Endpoint yang ditambahkan.",
  "Only events of this device; left out: of all.": "Hanya peristiwa perangkat ini; tanpa isian: semua perangkat.",
  "Which events: names, or wildcards such as `message.*`; left out: all.":
    "Peristiwa mana: nama, atau wildcard seperti `message.*`; tanpa isian: semua.",
  "Sent with every webhook: at most 20, values of up to 1024 characters. Kept sealed, never shown again.":
    "Dikirim bersama setiap webhook: paling banyak 20, nilainya paling banyak 1024 karakter. Disimpan tersegel, tidak pernah ditampilkan lagi.",
  "Send `X-Hub-Signature-256` too: the HMAC-SHA256 of the body under the secret as it is written, in hexadecimal.":
    "Kirim `X-Hub-Signature-256` juga: HMAC-SHA256 dari body dengan secret seperti tertulis, dalam heksadesimal.",
  "One delivery at a time, in the order of the events: one that fails holds up those after it until it is delivered or parked.":
    "Satu per satu, sesuai urutan peristiwa: yang gagal menahan yang di belakangnya sampai terkirim atau disisihkan.",
  'Send the reply in an answer: your server answers `message.received` with `{"reply": {…}}`, the body of a `POST /v1/messages` without `to`, and it goes to that chat, once, however often the webhook is delivered.':
    'Kirim balasan yang ada dalam jawaban: server Anda menjawab `message.received` dengan `{"reply": {…}}`, yaitu body `POST /v1/messages` tanpa `to`, dan itu dikirim ke chat tersebut, sekali saja, berapa kali pun webhook-nya dikirim.',
  "Where events go: https; http only to addresses the server's `egress.allow` names.":
    "Ke mana peristiwa dikirim: https; http hanya ke alamat yang disebut `egress.allow` milik server.",
  "The endpoint's id.": "ID endpoint.",
  "What to change of an endpoint; what is left out stays.":
    "Apa yang diubah pada endpoint; yang tidak disebut tetap seperti semula.",
  "Only events of this device; an empty text: of all.": "Hanya peristiwa perangkat ini; teks kosong: semua perangkat.",
  "Which events; an empty list: all.": "Peristiwa mana; daftar kosong: semua.",
  "All its headers, in place of those it has; `{}`: none.": "Semua header-nya, menggantikan yang ada; `{}`: tidak ada.",
  "Send `X-Hub-Signature-256` too.": "Kirim `X-Hub-Signature-256` juga.",
  "One delivery at a time, in the order of the events.": "Satu per satu, sesuai urutan peristiwa.",
  "Send the replies in its answers.": "Kirim balasan yang ada dalam jawabannya.",
  "Where events go from now on, those that wait included. The record of failures begins anew.":
    "Ke mana peristiwa dikirim mulai sekarang, termasuk yang sedang menunggu. Catatan kegagalan dimulai dari awal.",
  "Only those that stand there.": "Hanya yang berstatus ini.",
  "Where a delivery stands.": "Sampai di mana sebuah pengiriman.",
  "Only of this event, or of those a wildcard covers.": "Hanya peristiwa ini, atau yang tercakup sebuah wildcard.",
  "Made then or later, RFC 3339.": "Dibuat saat itu atau sesudahnya, RFC 3339.",
  "Made before, RFC 3339.": "Dibuat sebelumnya, RFC 3339.",
  "The time to make up for.": "Rentang waktu yang disusulkan.",
  "From then on, RFC 3339.": "Sejak saat itu, RFC 3339.",
  "Before then, RFC 3339; left out: until now.": "Sebelum saat itu, RFC 3339; tanpa isian: sampai sekarang.",
  "What to change of the workspace; what is left out stays.":
    "Apa yang diubah pada workspace; yang tidak disebut tetap seperti semula.",
  "The language of texts nobody asked for in another: webhooks, events.":
    "Bahasa teks yang tidak diminta dalam bahasa lain: webhook, peristiwa.",
  "Its name, up to 100 characters.": "Namanya, paling banyak 100 karakter.",
  "The zone in which its people are shown times, by its name in the IANA's database.":
    "Zona waktu yang dipakai untuk orang-orangnya, dengan nama dari basis data IANA.",
};
