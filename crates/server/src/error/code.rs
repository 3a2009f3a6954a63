//! The codes of refusals and their words. Which status each has is said beside the answers, in [`super`].

use cetar_model::Language;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $word:literal, $indonesian:literal, $english:literal;)*) => {
        /// The `error.code` of an answer. Codes are never renamed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ErrorCode { $($(#[$doc])* $variant,)* }

        impl ErrorCode {
            /// Every code there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word in the answer.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// What it means and what to do, where nothing more precise is known.
            pub const fn message(self, language: Language) -> &'static str {
                match self { $(Self::$variant => language.pick($indonesian, $english),)* }
            }
        }
    };
}

codes! {
    /// No `Authorization: Bearer …`.
    ApiKeyMissing = "api_key_missing",
        "API key tidak disertakan. Kirim header Authorization: Bearer sk_live_….",
        "No API key given. Send the header Authorization: Bearer sk_live_….";
    /// Not the form of a key: a typo, a cut, another service's key.
    ApiKeyMalformed = "api_key_malformed",
        "API key salah ketik atau terpotong. Salin ulang key lengkapnya: sk_live_ atau sk_test_ diikuti 36 karakter.",
        "The API key is mistyped or cut. Copy the whole key again: sk_live_ or sk_test_ and 36 characters.";
    /// The form of a key, but none of ours.
    ApiKeyInvalid = "api_key_invalid",
        "API key tidak dikenal. Buat key baru, atau periksa apakah key ini milik server lain.",
        "The API key is not known. Make a new one, or check whether it belongs to another server.";
    /// Revoked.
    ApiKeyRevoked = "api_key_revoked",
        "API key sudah dicabut. Pakai key lain atau buat yang baru.",
        "The API key was revoked. Use another one or make a new one.";
    /// Past its end.
    ApiKeyExpired = "api_key_expired",
        "API key sudah kedaluwarsa. Buat key baru.",
        "The API key has expired. Make a new one.";
    /// No session, or one that holds no more.
    NotSignedIn = "not_signed_in",
        "Anda belum masuk, atau sesi Anda sudah berakhir. Masuk lagi.",
        "You are not signed in, or your session has ended. Sign in again.";
    /// Which of the two is wrong is not told.
    WrongCredentials = "wrong_credentials",
        "Email atau kata sandi salah. Periksa keduanya, atau minta pemilik mengatur ulang dengan cetar user reset-password.",
        "The e-mail or the password is wrong. Check both, or have the owner reset it with cetar user reset-password.";
    /// The password is right, the code is missing, wrong or used.
    TotpRequired = "totp_required",
        "Masukkan kode 6 angka dari aplikasi autentikator Anda, atau salah satu kode pemulihan.",
        "Enter the six digits of your authenticator app, or one of your recovery codes.";
    /// A second factor is on, and another is begun.
    TotpOn = "totp_already_on",
        "Kode dua langkah sudah aktif. Matikan dulu (perlu kata sandi), lalu mulai lagi.",
        "A second factor is on already. Switch it off first (that takes the password), then begin again.";
    /// Too many tries to sign in.
    SignInLimited = "sign_in_limited",
        "Terlalu banyak percobaan masuk. Coba lagi setelah Retry-After detik.",
        "Too many tries to sign in. Try again after Retry-After seconds.";
    /// A request that changes something, by a session, without its token.
    CsrfTokenMissing = "csrf_token_missing",
        "Header X-CSRF-Token tidak ada atau salah. Ambil lagi dari GET /v1/session.",
        "The header X-CSRF-Token is missing or wrong. Take it from GET /v1/session again.";
    /// The person's role does not include this.
    RoleMissing = "role_missing",
        "Peran Anda tidak mencakup ini. Minta kepada pemilik workspace.",
        "Your role does not include this. Ask the owner of the workspace.";
    /// Used, replaced or past its end.
    InvitationEnded = "invitation_ended",
        "Undangan ini sudah dipakai, diganti, atau kedaluwarsa (7 hari). Minta tautan baru.",
        "This invitation was used, replaced or has ended (7 days). Ask for a new link.";
    /// Nobody would be left who may do everything.
    LastOwner = "last_owner",
        "Ini pemilik terakhir workspace. Jadikan orang lain pemilik dulu.",
        "This is the last owner of the workspace. Make somebody else an owner first.";
    /// The invited one has chosen a password already.
    NotInvited = "not_invited",
        "Orang ini sudah menerima undangannya. Kata sandinya diatur ulang dengan cetar user reset-password.",
        "This person has accepted their invitation. Their password is reset with cetar user reset-password.";
    /// The plan lacks this.
    PlanFeatureMissing = "plan_feature_missing",
        "Paket langganan Anda tidak mendukung fitur ini.",
        "Your plan does not include this feature.";
    /// The address may not use this key, or is blocked.
    IpBlocked = "ip_blocked",
        "Alamat IP Anda tidak diizinkan memakai API key ini.",
        "Your IP address is not allowed to use this API key.";
    /// The key may not use that device.
    DeviceNotAllowed = "device_not_allowed",
        "API key ini tidak boleh memakai device tersebut. Lihat GET /v1/devices; key sk_test_ hanya memakai device sandbox, key sk_live_ hanya device sungguhan.",
        "This API key may not use that device. See GET /v1/devices; sk_test_ keys use sandbox devices only, sk_live_ keys real ones only.";
    /// The key lacks the scope.
    ScopeMissing = "scope_missing",
        "API key ini tidak punya scope yang diperlukan.",
        "This API key lacks the scope needed.";
    /// The key is bound to devices, addresses or a time.
    KeyTooNarrow = "key_too_narrow",
        "API key ini terikat pada device, alamat IP, atau masa berlaku tertentu, jadi tidak boleh mengurus hal milik seluruh workspace. Pakai key tanpa batasan itu, atau masuk ke dashboard.",
        "This API key is bound to devices, addresses or a time, so it may not deal with what belongs to the whole workspace. Use a key without these bounds, or sign in to the dashboard.";
    /// `/metrics` from elsewhere without its token.
    MetricsNotAllowed = "metrics_not_allowed",
        "/metrics hanya dengan token-nya (metrics.token); tanpa token hanya dari mesin ini sendiri, dan tidak di belakang proxy.",
        "/metrics is for who has its token (metrics.token); without it, for this machine alone, and not behind a proxy.";
    /// No such object here, or no such path.
    NotFound = "not_found",
        "Tidak ditemukan. Periksa alamat dan ID-nya.",
        "Not found. Check the address and the id.";
    /// The path exists, with another method.
    MethodNotAllowed = "method_not_allowed",
        "Metode HTTP ini tidak berlaku untuk alamat tersebut; lihat header Allow.",
        "This HTTP method does not apply to that address; see the Allow header.";
    /// The body is larger than `limits.body_bytes`.
    BodyTooLarge = "body_too_large",
        "Body request terlalu besar.",
        "The request body is too large.";
    /// The body is not a JSON object.
    InvalidJson = "invalid_json",
        "Payload JSON tidak valid.",
        "The payload is not valid JSON.";
    /// Some fields are missing or wrong; `fields` lists them all.
    ValidationFailed = "validation_failed",
        "Ada field yang kosong atau salah; lihat error.fields.",
        "Some fields are missing or wrong; see error.fields.";
    /// No device of that channel that the key may use.
    NoDevice = "no_device",
        "Belum ada device di kanal ini yang boleh dipakai API key Anda. Tambahkan dan tautkan device dulu; key sk_test_ hanya memakai device sandbox, key sk_live_ hanya device sungguhan.",
        "There is no device on this channel that your API key may use. Add and link one first; sk_test_ keys use sandbox devices only, sk_live_ keys real ones only.";
    /// Several devices would do.
    SessionIdRequired = "session_id_required",
        "Ada beberapa device di kanal ini. Sebutkan salah satunya di session_id.",
        "There are several devices on this channel. Name one of them in session_id.";
    /// Never linked, or logged out.
    DeviceNotLinked = "device_not_linked",
        "Device belum ditautkan atau sudah keluar. Tautkan lagi dengan QR atau kode, lalu kirim ulang.",
        "The device was never linked, or is logged out. Link it by QR or code, then send again.";
    /// Only simulated people have a phone here.
    PeopleAreReal = "people_are_real",
        "Hanya device sandbox yang punya ponsel simulasi; di device ini orangnya sungguhan.",
        "Only sandbox devices have a simulated phone; on this device the people are real.";
    /// Linked, and to be logged out before it is linked anew.
    DeviceAlreadyLinked = "device_already_linked",
        "Device ini masih tertaut. Keluarkan dulu (logout) bila memang ingin menautkannya lagi.",
        "The device is linked. Log it out first if you do want to link it anew.";
    /// The account of these settings is another device's.
    AccountInUse = "account_in_use",
        "Akun ini sudah dipakai device lain di server ini. Pakai device itu, atau hapus dulu device tersebut.",
        "Another device on this server has this account. Use that device, or remove it first.";
    /// The person has not allowed this account to write to them.
    RecipientNotOptedIn = "recipient_not_opted_in",
        "Penerima belum mengizinkan akun ini mengiriminya pesan. Minta penerima membuka percakapan dulu, lalu kirim ulang.",
        "The recipient has not allowed this account to write to them. Ask them to begin the conversation, then send again.";
    /// Nobody wrote within the network's window for free-form messages.
    OutsideWindow = "outside_24h_window",
        "Jendela 24 jam Meta sudah tertutup: penerima tidak menulis dalam 24 jam terakhir. Kirim template yang sudah disetujui (type: template).",
        "Meta's 24-hour window is shut: the recipient has not written within the last 24 hours. Send an approved template (type: template).";
    /// Meta has not approved the template, or not any more.
    TemplateRefused = "template_refused",
        "Template ini belum atau tidak lagi disetujui Meta. Lihat statusnya di GET /v1/meta/templates atau di WhatsApp Manager.",
        "Meta has not approved this template, or not any more. Look at its status in GET /v1/meta/templates or in WhatsApp Manager.";
    /// A callback that no secret of ours signed, or a wrong verify token.
    CallbackNotVerified = "callback_not_verified",
        "Panggilan ini tidak membawa rahasia akun mana pun di sini. Periksa pengaturan device.",
        "This call does not carry the secret of any account here. Look at the device's settings.";
    /// The same key came with another body.
    IdempotencyKeyReused = "idempotency_key_reused",
        "Idempotency-Key ini sudah dipakai untuk isi yang berbeda. Pakai key baru untuk pesan baru.",
        "This Idempotency-Key was used with another body. Use a new key for a new message.";
    /// Only a queued job can be cancelled.
    JobNotCancellable = "job_not_cancellable",
        "Job hanya bisa dibatalkan selama masih queued dan pasti belum terkirim (tanpa percobaan unknown di history).",
        "A job can be cancelled only while it is queued and certainly not sent (no unknown attempt in its history).";
    /// Only a failed or unknown job can be retried.
    JobNotRetryable = "job_not_retryable",
        "Job hanya bisa diulang bila failed atau unknown.",
        "A job can be retried only when it is failed or unknown.";
    /// Only an unknown job can be resolved.
    JobNotResolvable = "job_not_resolvable",
        "Job hanya bisa diputuskan bila unknown.",
        "A job can be resolved only when it is unknown.";
    /// A disabled endpoint is sent nothing.
    WebhookDisabled = "webhook_disabled",
        "Webhook ini dinonaktifkan. Aktifkan dulu dengan POST /v1/webhooks/{id}/enable, lalu ulangi.",
        "This webhook is disabled. Enable it first with POST /v1/webhooks/{id}/enable, then ask again.";
    /// Events after this cursor are not kept any more, or the cursor is from before a backup was restored.
    CursorExpired = "cursor_expired",
        "Event setelah kursor ini tidak disimpan lagi, atau kursor ini berasal dari sebelum backup dipulihkan; ada event yang terlewat. Mulai lagi tanpa after (atau tanpa Last-Event-ID), dari event tertua yang masih ada.",
        "Events after this cursor are not kept any more, or the cursor is from before a backup was restored: some were missed. Begin again without after (or Last-Event-ID), from the oldest event that is kept.";
    /// The workspace has as many event streams open as it may.
    TooManyStreams = "too_many_streams",
        "Terlalu banyak stream event terbuka di workspace ini. Tutup yang tidak dipakai, lalu coba lagi.",
        "Too many event streams are open in this workspace. Close those not in use, then try again.";
    /// More requests than the limit in the last 60 seconds.
    RateLimited = "rate_limited",
        "Anda melebihi batas request per menit. Coba lagi setelah Retry-After detik.",
        "You are over the limit of requests a minute. Try again after Retry-After seconds.";
    /// More questions about numbers than the device may ask without risk to its account.
    CheckLimited = "check_number_limited",
        "Device ini sudah terlalu banyak memeriksa nomor; lebih dari itu WhatsApp bisa membatasi akunnya. Coba lagi setelah Retry-After detik, atau pakai device lain.",
        "This device has checked too many numbers; WhatsApp could restrict its account for more. Try again after Retry-After seconds, or use another device.";
    /// Not an address of ours, or changed.
    MediaLinkInvalid = "media_link_invalid",
        "Alamat media ini tidak sah. Pakai media_url persis seperti diterima di webhook.",
        "This media address is not valid. Use media_url exactly as the webhook gave it.";
    /// Past its end.
    MediaLinkExpired = "media_link_expired",
        "Alamat media ini sudah kedaluwarsa (7 hari). Simpan file saat webhook tiba.",
        "This media address has expired (7 days). Keep the file when the webhook arrives.";
    /// The network will not give it any more, or it was deleted here.
    MediaLost = "media_lost",
        "File ini tidak dapat diambil lagi dari jaringannya, atau sudah dihapus di server ini. Minta pengirim mengirim ulang.",
        "This file cannot be read from its network any more, or was deleted on this server. Ask the sender to send it again.";
    /// Still on its way from its network.
    MediaNotReady = "media_not_ready",
        "File ini masih diambil dari jaringannya. Coba lagi setelah Retry-After detik.",
        "This file is still being read from its network. Try again after Retry-After seconds.";
    /// Our fault.
    Internal = "internal_error",
        "Kesalahan pada server kami. Sebutkan request_id bila melaporkannya.",
        "Something went wrong on our side. Name the request_id when you report it.";
    /// The database does not take it just now.
    Unavailable = "service_unavailable",
        "Server sedang tidak bisa menyimpan. Coba lagi sebentar lagi; dengan Idempotency-Key yang sama, pengulangan selalu aman.",
        "The server cannot store anything just now. Try again shortly; under the same Idempotency-Key that is always safe.";
    /// The database went away in the middle of a commit, and did not come back in time to be asked.
    OutcomeUnknown = "outcome_unknown",
        "Database terputus tepat saat menyimpan, jadi belum diketahui apakah permintaan ini tersimpan. Periksa dulu apakah hasilnya sudah ada (pesan: GET /v1/messages); pengiriman hanya boleh diulang dengan Idempotency-Key yang sama.",
        "The database went away while it was storing this, so whether it is stored is not known. Look whether it is there (a message: GET /v1/messages) before you ask again; repeat a send only under the same Idempotency-Key.";
    /// More requests at once than this server works on.
    Overloaded = "overloaded",
        "Server sedang sangat sibuk. Tidak ada yang dikirim; coba lagi sebentar lagi.",
        "The server is very busy. Nothing was sent; try again shortly.";
    /// The process is stopping.
    ShuttingDown = "shutting_down",
        "Server sedang dimatikan atau dimulai ulang. Tidak ada yang dikirim; coba lagi sebentar lagi.",
        "The server is stopping or restarting. Nothing was sent; try again shortly.";
    /// The network did not answer a question that needs its answer now.
    NetworkUnavailable = "network_unavailable",
        "Jaringan device ini tidak menjawab. Periksa keadaan device, lalu coba lagi.",
        "The device's network did not answer. Check the device's state, then try again.";
}
