/** What each operation of the API does, in Indonesian, by its `operationId`: its name, and more of it. The API document is English. */
interface Said {
  name: string;
  about?: string;
}

export const OPERATIONS: Record<string, Said> = {
  sendMessage: {
    name: "Kirim pesan",
    about:
      "Mengirim lewat perangkat yang tertaut. Jawaban 200 berarti pesannya sudah di disk: pasti dikirim, atau job-nya mengatakan mengapa tidak. Dengan `Idempotency-Key`, permintaan yang sama dalam 24 jam dijawab dengan job yang sama dan tidak pernah terkirim dua kali.",
  },
  listMessages: {
    name: "Daftar pesan",
    about:
      "Masuk dan keluar, dari yang terbaru. Satu halaman boleh pendek, bahkan kosong, bila hanya sedikit yang cocok; `has_more` mengatakan apakah masih ada.",
  },
  getMessage: {
    name: "Baca pesan",
    about: "Masuk atau keluar: isinya, permintaan yang menyebabkannya, dan webhook yang disebabkannya.",
  },
  uploadMedia: {
    name: "Simpan berkas untuk dikirim",
    about:
      "Body-nya adalah berkas itu sendiri, apa adanya; jenisnya dikenali dari isinya. `media_url` dalam jawaban dipakai dalam kiriman.\n\nHarus tiba dalam setengah jam, dan tidak boleh diam 30 detik. Paling banyak 32 sekaligus untuk satu workspace.",
  },
  checkNumber: {
    name: "Cek nomor",
    about:
      "Menanyakan ke WhatsApp apakah sebuah nomor punya akun; di Telegram, apakah pemiliknya membagikannya ke bot. Setiap perangkat punya jatah pertanyaan agar akunnya tidak dibatasi; jawaban diingat hingga sepuluh menit dan tidak dihitung lagi.",
  },
  showTyping: {
    name: "Tunjukkan bahwa balasan sedang ditulis",
    about:
      "Selama jaringan menampilkannya: beberapa detik, atau sampai ada pesan; minta lagi bila lebih lama. Langsung tampil atau tidak sama sekali, tanpa antrean. Saluran yang bisa: `GET /v1/devices/{id}/capabilities`.",
  },
  getMedia: {
    name: "Baca media",
    about:
      "Alamatnya adalah `media_url` dari webhook: bertanda tangan dan berlaku tujuh hari, tanpa key. Media yang masih dibaca dari jaringannya ditunggu hingga 20 detik. `Range` dan `If-None-Match` dipatuhi.",
  },
  sendOfficialMessage: {
    name: "Kirim lewat WhatsApp Official",
    about:
      "Masuk antrean, lalu dikirim lewat Cloud API Meta. Jenis bebas boleh dalam 24 jam setelah pesan terakhir penerima; bila diketahui sudah lewat, jawabannya `outside_24h_window`; bila tidak diketahui, Meta yang memutuskan dan job-nya mengatakannya.",
  },
  listOfficialTemplates: {
    name: "Daftar template dari Meta",
    about:
      "Milik nomor WhatsApp Official yang terlihat oleh key, seperti saat Meta terakhir ditanya (setiap jam, dan lewat `POST /v1/meta/templates/sync`) atau memberi tahu. Menurut perangkat, nama, dan bahasa.",
  },
  syncOfficialTemplates: {
    name: "Ambil template dari Meta",
    about:
      "Menanyakan semua template milik akun bisnis WhatsApp nomor itu kepada Meta, sekarang. Template juga datang sendiri: setiap jam, dan ketika Meta memberi tahu hasil penilaian.",
  },
  getJob: {
    name: "Baca job",
    about: "Riwayat pesan yang diterima untuk dikirim: sampai di mana, setiap percobaan, dan sebabnya bila gagal.",
  },
  listJobs: { name: "Daftar job", about: "Yang dikirim, dari yang terbaru, dapat disaring." },
  cancelJob: {
    name: "Batalkan job dalam antrean",
    about: "Menarik pesan yang belum keluar. Begitu `sending`, tidak dapat ditarik lagi.",
  },
  resolveJob: {
    name: "Putuskan job yang tidak diketahui",
    about:
      "Bila sebuah pesan mungkin sudah terkirim, mengirim ulang tidak aman, dan tidak ada yang tahu, oranglah yang memutuskan. Tanda terima yang datang kemudian tetap berlaku.",
  },
  retryJob: {
    name: "Ulangi job yang gagal atau tidak diketahui",
    about:
      "Memasukkan pesan ke antrean untuk percobaan baru. Job yang `unknown` mungkin sudah terkirim: tanyakan dulu kepada penerima.",
  },
  sendTemplate: {
    name: "Kirim template",
    about: "Mengisi template balasan cepat dan mengirimnya, dengan media dan tombolnya, seperti `POST /v1/messages`.",
  },
  listTemplates: { name: "Daftar template", about: "Menurut ID, dari yang terkecil." },
  createTemplate: { name: "Buat template", about: "Balasan cepat yang dikirim dengan `POST /v1/send-template`." },
  getTemplate: { name: "Baca template" },
  updateTemplate: {
    name: "Ubah template",
    about: "Seluruhnya: yang tidak disebut hilang. ID-nya tetap, dan yang sudah terkirim tetap seperti saat dikirim.",
  },
  deleteTemplate: {
    name: "Hapus template",
    about: "ID-nya tidak diberikan ke template lain dengan sendirinya. Yang sudah terkirim tetap seperti saat dikirim.",
  },
  listConversations: {
    name: "Daftar percakapan",
    about:
      "Dari setiap saluran, aktivitas terbaru lebih dulu. Percakapan yang sementara itu bergerak naik ke atas, sehingga dapat muncul di dua halaman.",
  },
  getConversation: { name: "Baca percakapan", about: "Seperti dalam daftarnya." },
  listConversationMessages: { name: "Daftar pesan sebuah percakapan", about: "Dari yang terbaru, masuk dan keluar." },
  markConversationRead: {
    name: "Tandai percakapan sudah dibaca",
    about: "Tidak ada lagi yang belum dibaca di dalamnya, bagi semua orang. Pihak lain tidak diberi tahu apa-apa.",
  },
  assignConversation: {
    name: "Tugaskan percakapan",
    about: "Kepada seseorang dari workspace, atau kepada siapa pun tidak.",
  },
  resolveConversation: { name: "Selesaikan percakapan", about: "Selesai, sampai pihak lain menulis lagi." },
  reopenConversation: { name: "Buka lagi percakapan", about: "Ternyata belum selesai." },
  listNotes: { name: "Daftar catatan sebuah percakapan", about: "Dari yang terbaru." },
  createNote: {
    name: "Catat sesuatu di samping percakapan",
    about: "Untuk rekan; pihak lain tidak pernah melihatnya.",
  },
  listContacts: { name: "Daftar kontak", about: "Dari yang terbaru." },
  getContact: { name: "Baca kontak", about: "Seseorang di sebuah saluran." },
  updateContact: { name: "Ubah kontak", about: "Bagaimana Anda menyebutnya, dan apa yang Anda tahu tentangnya." },
  eraseContact: {
    name: "Hapus kontak beserta semuanya",
    about:
      "Orangnya, setiap percakapan dengannya dan seluruh isinya, yang menunggu dikirim kepadanya, dan yang dikatakan log pengiriman tentangnya. Tidak dapat dibatalkan. Berkas tetap ada sampai dibersihkan dari penyimpanan media; yang ditulisnya di grup tetap ada tanpa penulis.",
  },
  listDevices: {
    name: "Daftar perangkat",
    about: "Dari yang terlama. Key tanpa lingkup `admin` melihat perangkat yang boleh dipakainya mengirim.",
  },
  createDevice: {
    name: "Tambah perangkat",
    about:
      "Perangkat WhatsApp ditautkan sesudahnya dengan `POST /v1/devices/{id}/link`; perangkat sandbox langsung tersambung.",
  },
  getDevice: { name: "Baca perangkat", about: "Keadaannya saat ini, dengan buktinya." },
  updateDevice: {
    name: "Ubah perangkat",
    about:
      "Namanya, atau setelannya: token yang diperbarui diberikan di sini. Setelan baru dicoba sebelum disimpan, dan langsung berlaku; perangkat yang keluar karena token lamanya tersambung lagi, dan yang menunggu dikirim.",
  },
  deleteDevice: {
    name: "Hapus perangkat",
    about: "Mengeluarkan dan menghapusnya. Pesannya yang menunggu gagal sebagai `device_removed`; yang lalu tetap ada.",
  },
  getDeviceCapabilities: {
    name: "Apa yang dapat dikirim perangkat",
    about:
      "Jenis, panjang, dan ukuran dari salurannya. Yang tidak cocok ditolak sebelum masuk antrean, dengan menyebut field yang berlebihan.",
  },
  linkDevice: {
    name: "Tautkan perangkat",
    about:
      "Memulai penautan; yang sedang berjalan untuk perangkat ini berakhir. Ikuti `…/link/events` untuk QR atau kode yang harus ditampilkan.",
  },
  watchDeviceLink: {
    name: "Ikuti penautan perangkat",
    about:
      "Server-sent events: `qr`, `code`, `connecting`, lalu `linked` atau `failed`, dan alirannya berakhir. Dimulai dengan peristiwa terakhir; kosong bila tidak ada penautan. Setiap 15 detik sunyi datang sebuah komentar.",
  },
  getDeviceCallback: {
    name: "Baca alamat yang dipanggil jaringan",
    about:
      "Yang ditempelkan di setelan aplikasi Meta, untuk WhatsApp Official, Messenger, dan Instagram. Perangkat yang jaringannya tidak memanggil tidak punya: 404.",
  },
  logoutDevice: {
    name: "Keluarkan perangkat",
    about: "Mengakhiri tautan, juga di jaringan bila menjawab. Harus ditautkan lagi sebelum dapat mengirim.",
  },
  pauseDevice: { name: "Jeda perangkat", about: "Berhenti sampai dilanjutkan. Pesannya menunggu, berurutan." },
  resumeDevice: { name: "Lanjutkan perangkat", about: "Perangkat yang dijeda berjalan lagi." },
  restartDevice: {
    name: "Mulai ulang perangkat",
    about: "Mengakhiri sesinya dan memulai yang baru dengan tautan yang sama. Pesannya menunggu sementara itu.",
  },
  usePhone: {
    name: "Pakai ponsel orang simulasi",
    about:
      "Dari perangkat sandbox: orangnya menulis apa pun yang bisa dibawa kanalnya, atau menekan tombol, dan itu masuk seperti dari jaringan lain, dengan webhook-nya. Atau sesuatu terjadi pada akunnya, dan keadaan perangkat serta peristiwa `session.state` mengatakannya.",
  },
  listApiKeys: { name: "Daftar API key", about: "Dari yang terbaru, termasuk yang dicabut." },
  createApiKey: {
    name: "Buat API key",
    about:
      "Rahasianya hanya ada dalam jawaban ini. Sebuah key tidak membuat key yang boleh lebih banyak: `device_ids`, `allow_ips`, dan `expires_in` yang dikosongkan sama dengan milik key yang meminta.",
  },
  revokeApiKey: { name: "Cabut API key", about: "Langsung tidak berlaku. Tetap ada dalam daftar, sebagai dicabut." },
  listWebhooks: { name: "Daftar endpoint webhook", about: "Dari yang terlama." },
  createWebhook: {
    name: "Tambah endpoint webhook",
    about: "Peristiwa dikirim sedikitnya sekali, bertanda tangan. Secret-nya hanya ada dalam jawaban ini.",
  },
  getWebhook: {
    name: "Baca endpoint webhook",
    about: "Bagaimana disetel, dan keadaannya: aktif, sedang gagal, dijeda, atau dimatikan.",
  },
  updateWebhook: {
    name: "Ubah endpoint webhook",
    about: "Hanya yang disebut. Secret diganti dengan `POST /v1/webhooks/{id}/rotate-secret`.",
  },
  deleteWebhook: { name: "Hapus endpoint webhook", about: "Yang sedang menuju ke sana dibuang." },
  listDeliveries: {
    name: "Daftar pengiriman sebuah endpoint",
    about: "Dari yang terbaru: yang terkirim, yang menunggu, yang gagal untuk selamanya. Disimpan 30 hari.",
  },
  getDelivery: {
    name: "Baca pengiriman webhook",
    about: "Isinya, dan setiap percobaan dengan permintaannya serta jawaban server Anda.",
  },
  resendDelivery: {
    name: "Kirim ulang webhook",
    about:
      "Apa pun yang terjadi dengannya, dengan percobaan baru dan `webhook-id` yang sama. Yang sedang berjalan dibiarkan.",
  },
  testWebhook: {
    name: "Kirim peristiwa uji",
    about:
      "Sebuah `endpoint.test`, hanya ke endpoint ini dan apa pun langganannya, bertanda tangan dan diulang seperti yang lain. Baca pengiriman dalam jawabannya sesaat kemudian untuk melihat jawaban server Anda.",
  },
  pauseWebhook: {
    name: "Jeda endpoint webhook",
    about: "Tidak ada lagi yang dikirim sampai dilanjutkan. Peristiwanya disimpan, dan dikirim saat itu.",
  },
  resumeWebhook: { name: "Lanjutkan endpoint webhook", about: "Yang disimpan untuknya dikirim sekarang." },
  enableWebhook: {
    name: "Aktifkan endpoint yang dimatikan",
    about:
      "Dengan catatan bersih. Yang menunggu saat dimatikan dikirim sekarang; yang terjadi sesudahnya disusulkan dengan `POST /v1/webhooks/{id}/recover`.",
  },
  recoverWebhook: {
    name: "Kirim yang terlewat",
    about:
      "Untuk saat server Anda hidup lagi. Yang seharusnya terkirim dalam waktu itu dan belum, langsung dikirim, dari yang terlama dan dengan percobaan baru: yang menunggu percobaan berikutnya, yang gagal untuk selamanya, dan yang terjadi selagi endpoint dimatikan. Yang sudah diterima tidak dikirim lagi. Peristiwa disimpan 30 hari.",
  },
  rotateWebhookSecret: {
    name: "Ganti secret webhook",
    about:
      "Secret baru hanya ada dalam jawaban ini. Selama 24 jam setiap kiriman membawa kedua tanda tangan, sehingga tidak ada yang tertolak selagi Anda menggantinya. Paling banyak tiga secret sekaligus: yang tertua gugur.",
  },
  listEvents: {
    name: "Ambil peristiwa",
    about:
      "Yang diceritakan webhook, sebagai satu aliran, dari yang terlama: setiap peristiwa perangkat milik key, dalam urutan yang tidak pernah berubah dan sama bagi setiap pembaca; tidak ada yang terlewat. Tanpa `after` dimulai dari peristiwa terlama yang disimpan.\n\nSimpan `next_cursor` dan kembalilah dengannya: di sini selalu diberikan. `has_more` mengatakan apakah langsung bertanya lagi. Kursor yang peristiwanya sudah tidak disimpan ditolak dengan `cursor_expired`: ada yang terlewat, dan jalannya adalah memulai tanpa `after`.",
  },
  followEvents: {
    name: "Ikuti peristiwa",
    about:
      "Server-sent events: setiap `data` adalah satu peristiwa seperti dalam `GET /v1/events`, setiap `id` adalah kursornya. Pembaca yang menyambung lagi dengan `Last-Event-ID` (peramban melakukannya sendiri) atau `?after=` melanjutkan dan tidak melewatkan apa pun; tanpa keduanya dimulai dari yang terjadi sejak sekarang.\n\nBerakhir ketika server berhenti, key tidak berlaku lagi, atau pembaca tertinggal dari yang disimpan. Pembaca yang dua menit tidak membaca apa pun diputus, dan melanjutkan setelah menyambung lagi. Paling banyak 32 aliran untuk semua key satu workspace, dan 16 untuk tiap orang di dalamnya.",
  },
  getWorkspace: { name: "Baca workspace", about: "Workspace tempat key ini berada." },
  updateWorkspace: { name: "Ubah workspace", about: "Namanya, bahasa webhook-nya, dan zona waktunya." },
  getPlan: { name: "Baca paket", about: "Apa yang boleh dilakukan workspace ini." },
  getUsage: {
    name: "Baca angka-angka",
    about:
      "Yang terkirim, masuk, dan gagal dalam rentang yang berakhir sekarang, di samping rentang sebelumnya; yang menunggu; keadaan perangkat dan webhook.",
  },
  getChecklist: { name: "Baca langkah pertama", about: "Sebagaimana sungguh terjadi." },
  listBlockedIps: { name: "Daftar alamat yang diblokir", about: "Dari yang terlama." },
  blockIp: {
    name: "Blokir alamat",
    about: "Key dan orang dari sana ditolak dengan `ip_blocked`, dalam satu detik.",
  },
  unblockIp: { name: "Buka blokir alamat", about: "Diterima lagi dalam satu detik." },
  createSession: {
    name: "Masuk",
    about:
      "Menyetel cookie `cetar_session`: hanya untuk situs ini, tidak terjangkau skrip. Berakhir setelah 12 jam tanpa dipakai, dan setelah 30 hari. Permintaan yang mengubah sesuatu membawa `csrf_token` dari jawabannya dalam `X-CSRF-Token`. Percobaan dibatasi menurut nama dan alamat.",
  },
  getSession: { name: "Baca sesi", about: "Siapa yang masuk, dan apa yang boleh dilakukannya." },
  updateSession: { name: "Ubah diri sendiri", about: "Milik orang yang sedang masuk." },
  deleteSession: { name: "Keluar", about: "Sesinya tidak berlaku lagi, siapa pun yang menyalin cookie-nya." },
  changePassword: { name: "Ganti kata sandi", about: "Sesi Anda yang lain berakhir." },
  beginTotp: {
    name: "Mulai kode dua langkah",
    about:
      "Berlaku setelah `POST /v1/session/totp/confirm` diberi sebuah kodenya. Memulai lagi menggantikan yang belum dikonfirmasi; yang sudah aktif harus dimatikan dulu.",
  },
  confirmTotp: {
    name: "Aktifkan kode dua langkah",
    about: "Sejak ini masuk memerlukan kode. Kode pemulihan hanya ada dalam jawaban ini.",
  },
  endTotp: { name: "Matikan kode dua langkah", about: "Memerlukan kata sandi." },
  getInvitation: { name: "Baca undangan", about: "Tidak memerlukan apa pun selain token dari tautannya." },
  acceptInvitation: {
    name: "Terima undangan",
    about: "Langsung masuk, seperti `POST /v1/session`. Tautannya habis terpakai.",
  },
  listUsers: { name: "Daftar pengguna", about: "Dari yang terlama, termasuk yang diundang dan belum datang." },
  inviteUser: {
    name: "Undang pengguna",
    about:
      "Jawabannya berisi tautan untuk dikirim kepadanya, tempat ia memilih nama dan kata sandi; berlaku tujuh hari. Hanya pemilik yang membuat pemilik.",
  },
  inviteUserAgain: {
    name: "Buat tautan undangan baru",
    about: "Untuk orang yang belum datang. Tautan sebelumnya berakhir.",
  },
  updateUser: {
    name: "Ubah pengguna",
    about:
      "Berlaku dalam satu detik, juga di tempat orangnya sedang masuk. Hanya pemilik yang mengubah pemilik, dan yang terakhir tetap pemilik.",
  },
  deleteUser: { name: "Hapus pengguna", about: "Sesinya berakhir. Jejak audit menyimpan alamat surelnya." },
  listAuditLog: {
    name: "Daftar jejak audit",
    about:
      "Semua yang mengubah sesuatu pada workspace, dan siapa yang masuk; dari yang terbaru. Yang dikirim ada di pesan.",
  },
  getHealth: {
    name: "Apakah proses hidup",
    about: "Menjawab selama masih dapat menjawab. Bila gagal: mulai ulang.",
  },
  getReadiness: {
    name: "Apakah permintaan dapat diterima",
    about:
      "Bertanya kepada database, disk di bawahnya, dan para pekerja, paling banyak sekali sedetik. 503 berarti: untuk sementara kirim permintaan ke tempat lain.",
  },
  getMetrics: {
    name: "Metrik",
    about:
      "Teks Prometheus. Dengan `Authorization: Bearer` dan token metriknya; tanpa itu hanya untuk pemanggil di mesin ini, dan untuk tidak seorang pun bila ada proxy di depan.",
  },
  getOpenApi: { name: "Dokumen ini" },
};

/** What the audit log names besides operations of the API. */
export const AUDITED: Record<string, string> = {
  signIn: "Masuk",
  signInRefused: "Ditolak masuk",
};

/** The chapters of the reference. */
export const TAGS: Record<string, string> = {
  messages: "Pesan",
  jobs: "Job",
  templates: "Template",
  conversations: "Percakapan",
  contacts: "Kontak",
  devices: "Perangkat",
  "api-keys": "API key",
  webhooks: "Webhook",
  events: "Peristiwa",
  workspace: "Workspace",
  session: "Sesi",
  users: "Pengguna",
  server: "Server",
};
