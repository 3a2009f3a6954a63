//! Why a message failed: a code, what it means and what to do next, in the user's language.

use crate::channel::words;

words! {
    /// The languages we answer in.
    pub enum Language {
        /// Indonesian, the default.
        Indonesian = "id",
        /// English.
        English = "en",
    }
}

impl Language {
    /// One of two texts.
    pub const fn pick<T: Copy>(self, indonesian: T, english: T) -> T {
        match self {
            Self::Indonesian => indonesian,
            Self::English => english,
        }
    }
}

words! {
    /// The `error.code` of a message that failed or may have failed.
    pub enum FailureCode {
        /// The number has no WhatsApp account.
        RecipientNotOnWhatsapp = "recipient_not_on_whatsapp",
        /// The network knows no such chat.
        RecipientNotFound = "recipient_not_found",
        /// The person does not want messages of this account.
        RecipientBlocked = "recipient_blocked",
        /// The person's account is closed.
        RecipientGone = "recipient_gone",
        /// The person has not begun a conversation with this account, and the network lets nobody else begin one.
        RecipientNotOptedIn = "recipient_not_opted_in",
        /// The account is not, or no longer, in that group or channel, or may not write there.
        NotAMember = "not_a_member",
        /// The network cannot read the message as it was written.
        ContentInvalid = "content_invalid",
        /// The network does not take these buttons.
        ButtonsInvalid = "buttons_invalid",
        /// The network refused the message; its own code stands beside.
        RejectedByNetwork = "rejected_by_network",
        /// WhatsApp's reach-out lock (463): no first messages to strangers for a while.
        AccountRestricted = "account_restricted",
        /// The network cannot carry this kind of content.
        ContentNotSupported = "content_not_supported",
        /// The file behind `media_url` could not be fetched.
        MediaUnreachable = "media_unreachable",
        /// The address of `media_url`, or one it leads to, may not be called.
        MediaAddressRefused = "media_address_refused",
        /// The file is larger than the channel, or this server, takes.
        MediaTooLarge = "media_too_large",
        /// The file is of a type that the channel does not take as this kind of message.
        MediaTypeNotSupported = "media_type_not_supported",
        /// Meta's 24-hour window is shut.
        Outside24hWindow = "outside_24h_window",
        /// Meta's template is not there, not approved, paused, or its variables do not fit.
        TemplateRefused = "template_refused",
        /// The recipient wants no such messages, or Meta spares them more of them.
        RecipientOptedOut = "recipient_opted_out",
        /// The account itself may not send: payment, display name, registration, a lock.
        AccountProblem = "account_problem",
        /// It did not go out before its expiry.
        Expired = "expired",
        /// Every attempt failed before anything reached the network.
        AttemptsExhausted = "attempts_exhausted",
        /// Written, never confirmed, and not safe to send again.
        OutcomeUnknown = "outcome_unknown",
        /// The process ended while working on it, several times in a row.
        WorkerCrashed = "worker_crashed",
        /// A person settled an unknown outcome as not sent.
        ResolvedAsFailed = "resolved_as_failed",
        /// The device was removed while the message waited.
        DeviceRemoved = "device_removed",
    }
}

impl FailureCode {
    /// What happened and what to do next.
    #[expect(clippy::too_many_lines, reason = "a table: two lines a code")]
    pub const fn message(self, language: Language) -> &'static str {
        match self {
            Self::RecipientNotOnWhatsapp => language.pick(
                "Nomor tujuan tidak terdaftar di WhatsApp. Periksa nomornya, atau hubungi lewat kanal lain.",
                "The recipient is not on WhatsApp. Check the number, or use another channel.",
            ),
            Self::RecipientNotFound => language.pick(
                "Jaringan tidak mengenal tujuan ini. Periksa to; di Telegram orangnya harus lebih dulu memulai percakapan dengan bot.",
                "The network knows no such chat. Check to; on Telegram the person must have begun a conversation with the bot.",
            ),
            Self::RecipientBlocked => language.pick(
                "Penerima memblokir akun ini. Hanya penerima yang bisa membuka blokirnya; mengirim ulang tidak membantu.",
                "The recipient has blocked this account. Only they can undo that; sending again will not help.",
            ),
            Self::RecipientGone => language.pick(
                "Akun penerima sudah ditutup. Hubungi lewat kanal lain.",
                "The recipient's account is closed. Use another channel.",
            ),
            Self::RecipientNotOptedIn => language.pick(
                "Penerima belum memulai percakapan dengan akun ini. Minta penerima membuka tautan bot dan menekan Start, lalu kirim ulang.",
                "The recipient has not begun a conversation with this account. Ask them to open the bot's link and press Start, then send again.",
            ),
            Self::NotAMember => language.pick(
                "Akun ini bukan (lagi) anggota grup atau channel tersebut, atau tidak boleh menulis di sana. Undang akun ini lagi, lalu kirim ulang.",
                "This account is not (or no longer) in that group or channel, or may not write there. Invite it again, then send again.",
            ),
            Self::ContentInvalid => language.pick(
                "Jaringan tidak dapat membaca isi pesan ini; history menyebut alasannya. Perbaiki isinya, lalu kirim sebagai pesan baru.",
                "The network cannot read this message as it is written; the history names the reason. Mend the content and send it as a new message.",
            ),
            Self::ButtonsInvalid => language.pick(
                "Jaringan menolak tombol pesan ini, biasanya karena URL-nya; history menyebut alasannya. Perbaiki tombolnya, lalu kirim sebagai pesan baru.",
                "The network does not take this message's buttons, mostly because of a URL; the history names the reason. Mend them and send a new message.",
            ),
            Self::RejectedByNetwork => language.pick(
                "Jaringan menolak pesan ini. Lihat provider_code untuk alasannya; mengirim ulang pesan yang sama tidak membantu.",
                "The network refused this message. See provider_code for its reason; sending the same again will not help.",
            ),
            Self::AccountRestricted => language.pick(
                "WhatsApp sementara membatasi akun ini untuk memulai percakapan baru. Balasan tetap terkirim; coba lagi setelah pembatasan berakhir.",
                "WhatsApp has restricted this account from starting new chats for a while. Replies still go out; try again when the restriction ends.",
            ),
            Self::ContentNotSupported => language.pick(
                "Kanal ini tidak dapat mengirim jenis isi tersebut. Kirim sebagai jenis lain.",
                "This channel cannot carry that kind of content. Send it as another type.",
            ),
            Self::MediaUnreachable => language.pick(
                "File di media_url tidak dapat diambil. Pastikan tautannya langsung ke file dan dapat dibuka siapa saja tanpa login; lihat provider_code dan history, lalu kirim ulang.",
                "The file at media_url could not be fetched. The link must lead straight to the file and open for anyone without a sign-in; see provider_code and history, then send again.",
            ),
            Self::MediaAddressRefused => language.pick(
                "Alamat media_url (atau pengalihannya) mengarah ke jaringan privat, yang tidak boleh dipanggil. Taruh file di alamat publik, atau izinkan jaringannya di egress.allow.",
                "The address of media_url, or of its redirect, leads into a private network, which may not be called. Put the file at a public address, or allow the network in egress.allow.",
            ),
            Self::MediaTooLarge => language.pick(
                "File terlalu besar untuk kanal ini atau untuk server ini (media.max_bytes). Perkecil, atau kirim sebagai document bila batasnya lebih besar.",
                "The file is too large for this channel or for this server (media.max_bytes). Make it smaller, or send it as a document where that may be larger.",
            ),
            Self::MediaTypeNotSupported => language.pick(
                "Isi file bukan jenis yang diterima kanal ini untuk type tersebut; history menyebut jenis yang ditemukan dan yang diterima. Ubah type atau filenya.",
                "The file's content is not of a kind this channel takes as that type; the history names what it is and what is taken. Change the type or the file.",
            ),
            Self::Outside24hWindow => language.pick(
                "Jendela 24 jam Meta sudah tertutup. Kirim template yang sudah disetujui.",
                "Meta's 24-hour window is shut. Send an approved template.",
            ),
            Self::TemplateRefused => language.pick(
                "Meta menolak template ini: nama atau bahasanya tidak ada, belum disetujui, dijeda, atau variabelnya tidak cocok. Lihat provider_code dan history, periksa template di Meta Business Manager, lalu kirim ulang.",
                "Meta refused this template: its name or language does not exist, it is not approved, it is paused, or the variables do not fit. See provider_code and history, look at the template in Meta Business Manager, then send again.",
            ),
            Self::RecipientOptedOut => language.pick(
                "Penerima tidak mau menerima pesan seperti ini, atau Meta sedang membatasinya. Jangan kirim ulang yang sama; tunggu sampai mereka menulis.",
                "The recipient wants no such messages, or Meta spares them more of them for now. Do not send the same again; wait until they write.",
            ),
            Self::AccountProblem => language.pick(
                "Akun Meta ini belum boleh mengirim: pembayaran, nama tampilan, pendaftaran nomor, atau penguncian. Lihat provider_code, selesaikan di Meta Business Manager, lalu gunakan retry.",
                "This Meta account may not send: payment, display name, registration of the number, or a lock. See provider_code, settle it in Meta Business Manager, then use retry.",
            ),
            Self::Expired => language.pick(
                "Pesan kedaluwarsa sebelum jaringan mengonfirmasinya. Lihat history job: bila ada percobaan unknown, tanyakan penerima dulu; lalu gunakan retry.",
                "The message expired before the network confirmed it. See the job's history: if an attempt is unknown, ask the recipient first; then use retry.",
            ),
            Self::AttemptsExhausted => language.pick(
                "Semua percobaan gagal sebelum mencapai jaringan. Periksa koneksi server, lalu kirim ulang lewat retry.",
                "Every attempt failed before it reached the network. Check the server's connection, then use retry.",
            ),
            Self::OutcomeUnknown => language.pick(
                "Pesan mungkin sudah terkirim, tetapi jaringan belum mengonfirmasi. Tanyakan penerima, lalu gunakan resolve atau retry.",
                "The message may have been sent, but the network did not confirm it. Ask the recipient, then use resolve or retry.",
            ),
            Self::WorkerCrashed => language.pick(
                "Proses berhenti berulang kali saat mengerjakan pesan ini, jadi pesan disisihkan. Laporkan, lalu coba retry.",
                "The process ended repeatedly while working on this message, so it was set aside. Report it, then try retry.",
            ),
            Self::ResolvedAsFailed => language.pick(
                "Seseorang menandai pesan ini tidak terkirim. Gunakan retry untuk mengirimnya.",
                "A person marked this message as not sent. Use retry to send it.",
            ),
            Self::DeviceRemoved => language.pick(
                "Device dihapus sebelum jaringan mengonfirmasi pesan. Lihat history job: bila ada percobaan unknown, tanyakan penerima dulu; lalu kirim lewat device lain.",
                "The device was removed before the network confirmed the message. See the job's history: if an attempt is unknown, ask the recipient first; then send it through another device.",
            ),
        }
    }
}
