/** Events, and the webhooks that bring them. By the English of the API document. */
export const webhooks: Record<string, string> = {
  "A delivery with its body and every attempt.": "Sebuah pengiriman beserta body dan setiap percobaannya.",
  "One event on its way to one endpoint.": "Satu peristiwa dalam perjalanannya ke satu endpoint.",
  "Attempts so far.": "Percobaan sejauh ini.",
  "The endpoint it goes to.": "Endpoint tujuannya.",
  "The event's name.": "Nama peristiwanya.",
  "The event; the header `webhook-id` of every attempt.": "Peristiwanya; header `webhook-id` pada setiap percobaan.",
  "When it was delivered or given up.": "Kapan terkirim atau dihentikan.",
  "What was wrong with the last attempt: `status`, `timeout`, `connect`, `tls`, `dns`, `refused_address`, `crashed`, `unreadable` or `other`.":
    "Apa yang salah pada percobaan terakhir: `status`, `timeout`, `connect`, `tls`, `dns`, `refused_address`, `crashed`, `unreadable`, atau `other`.",
  "The HTTP status of the last attempt; `null` where no answer came.":
    "Status HTTP percobaan terakhir; `null` bila tidak ada jawaban.",
  "When it is tried next, at the earliest; `null` where it is not.":
    "Kapan dicoba lagi, paling cepat; `null` bila tidak dicoba lagi.",
  "`pending`: waits for its next attempt; `sending`; `delivered`; `failed`: given up, unless you send it again.":
    "`pending`: menunggu percobaan berikutnya; `sending`; `delivered`; `failed`: dihentikan, kecuali Anda mengirimnya lagi.",
  "The exact body of every attempt.": "Body yang sama persis pada setiap percobaan.",
  "Every attempt, oldest first.": "Setiap percobaan, dari yang terlama.",
  "One attempt to deliver.": "Satu percobaan mengirim webhook.",
  "Its number, from 1.": "Nomornya, mulai dari 1.",
  "How long it took, in milliseconds.": "Berapa lama, dalam milidetik.",
  "What went wrong; `null` where nothing did.": "Apa yang salah; `null` bila tidak ada.",
  "What went wrong with an attempt.": "Apa yang salah pada sebuah percobaan.",
  "As in `last_error`.": "Seperti pada `last_error`.",
  "What is known of it.": "Apa yang diketahui tentangnya.",
  "When the next attempt was to follow; `null` where none was.":
    "Kapan percobaan berikutnya akan menyusul; `null` bila tidak ada.",
  "What became of the reply in it; `null` where there was none, or the endpoint does not send replies.":
    "Apa yang terjadi pada balasan di dalamnya; `null` bila tidak ada balasan, atau endpoint itu tidak mengirim balasan.",
  "What became of the reply in an answer.": "Apa yang terjadi pada balasan di dalam sebuah jawaban.",
  "With `refused`: why.": "Pada `refused`: sebabnya.",
  "Why a reply was not sent.": "Mengapa sebuah balasan tidak dikirim.",
  "The code that `POST /v1/messages` would have answered.": "Kode yang akan menjadi jawaban `POST /v1/messages`.",
  "What is wrong and what to do, in the workspace's language.":
    "Apa yang salah dan apa yang harus dilakukan, dalam bahasa workspace.",
  "With `queued`: to ask about it, `GET /v1/jobs/{job_id}`. However often the webhook was delivered, it is this one.":
    "Pada `queued`: untuk menanyakannya, `GET /v1/jobs/{job_id}`. Berapa kali pun webhook-nya dikirim, job-nya tetap yang ini.",
  "`queued`: it is on its way; `refused`: it was not sent, and will not be; `passed_over`: an earlier attempt was answered well, so that this one's reply was not looked at.":
    "`queued`: sedang dikirim; `refused`: tidak dikirim dan tidak akan dikirim; `passed_over`: percobaan sebelumnya sudah dijawab dengan baik, sehingga balasan yang ini tidak dilihat.",
  "What became of a reply in an answer.": "Apa yang terjadi pada sebuah balasan di dalam jawaban.",
  "What was asked; `null` where the server was stopped during it.":
    "Apa yang diminta; `null` bila server dihentikan saat itu.",
  "What was asked of the receiver. Its body is the delivery's.":
    "Apa yang diminta dari penerima. Body-nya adalah body pengiriman itu.",
  "Its headers; signatures and the values of your own headers are not shown.":
    "Header-nya; tanda tangan dan nilai header Anda sendiri tidak ditampilkan.",
  "Where it went.": "Ke mana dikirim.",
  "The first 16 KiB of the answer.": "16 KiB pertama dari jawabannya.",
  "When it began.": "Kapan dimulai.",
  "The HTTP status of the answer; `null` where none came.": "Status HTTP jawabannya; `null` bila tidak ada.",
  "An event: the members of the webhook's body, and `id`, `sequence`, `created_at` beside them.":
    "Sebuah peristiwa: isi body webhook, ditambah `id`, `sequence`, `created_at`.",
  "On which channel; `null` where it is of none.": "Di saluran mana; `null` bila bukan milik saluran mana pun.",
  "The particulars, as in the webhook. Events of a message have `sequence`, its position in its conversation.":
    "Rinciannya, seperti di webhook. Peristiwa pesan punya `sequence`, urutannya dalam percakapan.",
  "What happened.": "Apa yang terjadi.",
  "What happened; `erased` is what is left of an event of a person whose data were erased.":
    "Apa yang terjadi; `erased` adalah yang tersisa dari peristiwa seseorang yang datanya dihapus.",
  "Its id; the webhook's `webhook-id`.": "ID-nya; `webhook-id` pada webhook.",
  "Its place in the workspace's stream: ascending, for every reader the same.":
    "Urutannya dalam aliran workspace: menaik, sama bagi setiap pembaca.",
  "On which device; `null` where it is of none.": "Di perangkat mana; `null` bila bukan milik perangkat mana pun.",
  "A webhook endpoint; its secret is shown once, when it is added or changed.":
    "Sebuah endpoint webhook; secret-nya ditampilkan sekali, saat ditambahkan atau diganti.",
  "Attempts that failed since the last that succeeded.": "Percobaan yang gagal sejak yang terakhir berhasil.",
  "Only events of this device; `null`: of all.": "Hanya peristiwa perangkat ini; `null`: semua perangkat.",
  "When it was switched off; `null` while it is on.": "Kapan dinonaktifkan; `null` selama aktif.",
  "Why it was switched off: `gone` (it answered 410), `failing` (every attempt of five days failed), `unreadable` (its secret or its headers cannot be opened).":
    "Mengapa dinonaktifkan: `gone` (menjawab 410), `failing` (setiap percobaan selama lima hari gagal), `unreadable` (secret atau header-nya tidak bisa dibuka).",
  "Which events: names or wildcards; empty: all.": "Peristiwa mana: nama atau wildcard; kosong: semua.",
  "When the first of them ended.": "Kapan yang pertama dari kegagalan itu berakhir.",
  "The names of the headers it is sent; their values are not shown.":
    "Nama header yang dikirim; nilainya tidak ditampilkan.",
  "`X-Hub-Signature-256` is sent too.": "`X-Hub-Signature-256` dikirim juga.",
  "What that means and what to do; `null` where nothing.":
    "Apa artinya dan apa yang harus dilakukan; `null` bila tidak ada.",
  "Nothing is sent to it before; `null`: at once.":
    "Sebelum saat itu tidak ada yang dikirim ke sana; `null`: langsung.",
  "When it was paused.": "Kapan dijeda.",
  "A reply in its answer is sent.": "Balasan di dalam jawabannya dikirim.",
  "How it is: `active`; `failing` (nothing has succeeded since `failing_since`; after ten failures in a row it is only probed until it is back); `paused`; `disabled`.":
    "Keadaannya: `active`; `failing` (tidak ada yang berhasil sejak `failing_since`; setelah sepuluh kegagalan berturut-turut hanya dicoba sesekali sampai pulih); `paused`; `disabled`.",
  "How a webhook endpoint is.": "Keadaan sebuah endpoint webhook.",
  "Where events go.": "Ke mana peristiwa dikirim.",
  "The endpoint, and its secret, shown this once.": "Endpoint itu beserta secret-nya, ditampilkan hanya kali ini.",
  "Signs every delivery (Standard Webhooks). Copy it now.":
    "Menandatangani setiap pengiriman (Standard Webhooks). Salin sekarang.",
  "What is made up for.": "Apa yang disusulkan.",
  "Events that happened while the endpoint was disabled, and are delivered now.":
    "Peristiwa yang terjadi selama endpoint nonaktif, dan sekarang dikirim.",
  "Deliveries that waited or had failed for good, and are due now.":
    "Pengiriman yang menunggu atau sudah dihentikan, dan sekarang dikirim.",
};
