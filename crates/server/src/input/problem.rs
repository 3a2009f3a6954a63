//! What can be wrong with a field.

mod simulated;

use std::time::Duration;

use cetar_engine::accept::NoSuchMedium;
use cetar_model::{Channel, Language, PhoneNumberError, TooFewVariables};
use cetar_provider::{Length, Unit};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::Text;

/// One bad field.
#[derive(Debug, Clone)]
pub(crate) struct FieldProblem {
    /// Its path: `content.buttons[1].url`.
    pub(crate) field: String,
    /// What is wrong.
    pub(crate) problem: Problem,
}

/// One bad field, in the answer's language.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FieldError {
    /// The path of the field: `content.text`, `events[1]`; or the name of a header.
    #[schema(example = "to")]
    pub(crate) field: String,
    /// What is wrong with it, in one word.
    #[schema(example = "leading_zero")]
    pub(crate) code: &'static str,
    /// What is wrong with it and what to do.
    #[schema(
        example = "Nomor diawali 0. Pakai kode negara: gunakan 628…, bukan 08…. Contoh: 6281234567890."
    )]
    pub(crate) message: String,
    /// The values it may have, where they are few.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) allowed: Vec<String>,
}

impl FieldProblem {
    pub(crate) fn describe(self, language: Language) -> FieldError {
        let message = self.problem.message().into(language);
        FieldError { field: self.field, code: self.problem.code(), message, allowed: self.problem.allowed() }
    }
}

/// The types of JSON, as fields want them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JsonType {
    Text,
    Integer,
    Boolean,
    Object,
    Array,
}

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Problem {
    Required,
    WrongType(JsonType),
    Empty,
    TooLong {
        /// In characters.
        max: usize,
    },
    /// More entries than a list may have.
    TooMany {
        /// So many.
        max: usize,
    },
    /// Fewer entries than a list must have.
    TooFew {
        /// The fewest.
        min: usize,
    },
    /// Longer than the channel takes, in the unit its network counts in.
    TooLongFor(Length),
    OutOfRange {
        min: u64,
        max: u64,
    },
    /// U+0000, which no network carries and PostgreSQL cannot store.
    NulCharacter,
    /// Fewer characters than it must have.
    TooShort {
        /// The fewest.
        min: usize,
    },
    /// Not an e-mail address.
    Email,
    /// Somebody has this e-mail already.
    EmailTaken,
    /// No account here has this id.
    NoSuchUser,
    /// No time zone of the IANA's database.
    TimeZone,
    /// It would shut out the one who asks.
    OwnAddress,
    /// Not one of these words.
    Unknown {
        allowed: Vec<String>,
    },
    /// A field that this body does not have, where a slip of the pen must not go unnoticed.
    UnknownField {
        known: &'static [&'static str],
    },
    /// A word of the contract that this version does not serve yet.
    NotAvailable {
        allowed: Vec<String>,
    },
    /// The channel cannot carry this; where it is a kind, those it can.
    NotOnChannel {
        allowed: Vec<String>,
    },
    /// Nobody can send this on the channel; where it is a kind, those that can be.
    NotReceived {
        allowed: Vec<String>,
    },
    /// Not a group of this channel.
    GroupId(Channel),
    /// Only a simulated phone does as it is told.
    SandboxOnly,
    /// Not at an address that an upload was given.
    NotUploaded,
    /// A medium of another type than the message says.
    WrongMedium {
        /// Its media type.
        is: String,
        /// The beginning of what would do.
        should: &'static str,
    },
    /// Somebody else wrote the message that is to be changed.
    NotTheirs,
    /// Buttons of different kinds, where the channel takes one kind at a time.
    MixedButtons,
    Number(PhoneNumberError),
    TelegramRecipient,
    ScopedId(Channel),
    /// Not an id of the form `prefix_…`.
    Id {
        prefix: &'static str,
    },
    IdempotencyKey,
    IpRange,
    /// Wider than the ranges of the key that asks.
    OutsideOwnRanges,
    /// A channel's setting, in the provider's own (English) words.
    Setting(String),
    /// In the engine's own (English) words.
    Url(String),
    /// Not an address beginning with `http://` or `https://`.
    NotHttpUrl,
    /// The same value as another entry's.
    Duplicate,
    /// No template of this id in the workspace.
    NoSuchTemplate,
    /// A template of this id is there already.
    TemplateIdTaken,
    /// Fewer variables than the template has places for.
    TooFewVariables(TooFewVariables),
    /// A part of a template is not something the channel can carry.
    TemplatePart {
        /// Its field in the template.
        part: String,
        /// What is wrong with it.
        problem: Box<Self>,
    },
    /// Not a medium that a template can have there.
    TemplateMedium,
    /// An address of ours, which ends, where it is to be good for longer.
    EndingAddress,
    /// Not a placeholder, though it looks like one.
    Placeholder,
    /// No message of this id on the device that the network knows.
    NoSuchMessage,
    /// An address of ours that leads to no medium.
    NoSuchMedium(NoSuchMedium),
    NoSuchDevice,
    OtherChannel(Channel),
    /// In a reply, which goes where the message came from: another value.
    SettledByEvent,
    Cursor,
    /// Not RFC 3339.
    Time,
    /// Not later than another field.
    NotAfter {
        other: &'static str,
    },
    HeaderName,
    HeaderReserved,
    HeaderTwice,
    HeaderValue,
    /// Several would do.
    Choose {
        allowed: Vec<String>,
    },
}

impl Problem {
    pub(crate) fn unknown<T: Copy>(words: &[T], as_str: impl Fn(T) -> &'static str) -> Self {
        Self::Unknown { allowed: words.iter().map(|word| as_str(*word).to_owned()).collect() }
    }

    const fn code(&self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::WrongType(_) => "wrong_type",
            Self::Empty | Self::Number(PhoneNumberError::Empty) => "empty",
            Self::TooLong { .. } | Self::TooMany { .. } | Self::TooLongFor(_) => "too_long",
            Self::OutOfRange { .. } => "out_of_range",
            Self::NulCharacter => "nul_character",
            Self::TooShort { .. } | Self::TooFew { .. } => "too_short",
            Self::Email => "invalid_email",
            Self::EmailTaken => "email_taken",
            Self::NoSuchUser => "no_such_user",
            Self::TimeZone => "unknown_time_zone",
            Self::OwnAddress => "own_address",
            Self::Unknown { .. } => "unknown_value",
            Self::UnknownField { .. } => "unknown_field",
            Self::NotAvailable { .. } => "not_available",
            Self::NotOnChannel { .. } | Self::NotReceived { .. } => "not_on_channel",
            Self::GroupId(_) => "invalid_group",
            Self::SandboxOnly => "sandbox_only",
            Self::NotUploaded => "not_uploaded",
            Self::NotTheirs => "not_theirs",
            Self::TemplatePart { problem, .. } => problem.code(),
            Self::TemplateMedium | Self::WrongMedium { .. } => "wrong_medium",
            Self::EndingAddress => "address_ends",
            Self::MixedButtons => "mixed_buttons",
            Self::Number(PhoneNumberError::Plus) => "plus_sign",
            Self::Number(PhoneNumberError::LeadingZero) => "leading_zero",
            Self::Number(PhoneNumberError::NotDigits) => "not_digits",
            Self::Number(PhoneNumberError::Length) => "wrong_length",
            Self::TelegramRecipient | Self::ScopedId(_) => "invalid_recipient",
            Self::Id { .. } => "invalid_id",
            Self::IdempotencyKey => "invalid_header",
            Self::IpRange => "invalid_ip_range",
            Self::OutsideOwnRanges => "outside_own_ranges",
            Self::Setting(_) => "invalid_setting",
            Self::Url(_) | Self::NotHttpUrl => "invalid_url",
            Self::Duplicate => "duplicate",
            Self::NoSuchTemplate => "no_such_template",
            Self::TemplateIdTaken => "id_taken",
            Self::TooFewVariables(_) => "too_few_variables",
            Self::Placeholder => "invalid_placeholder",
            Self::NoSuchMessage => "no_such_message",
            Self::NoSuchMedium(NoSuchMedium::Ended) => "media_link_expired",
            Self::NoSuchMedium(NoSuchMedium::NotHere) => "no_such_medium",
            Self::NoSuchDevice => "no_such_device",
            Self::OtherChannel(_) => "other_channel",
            Self::SettledByEvent => "not_for_a_reply",
            Self::Cursor => "invalid_cursor",
            Self::Time => "invalid_time",
            Self::NotAfter { .. } => "not_after",
            Self::HeaderName => "invalid_header_name",
            Self::HeaderReserved => "reserved_header",
            Self::HeaderTwice => "duplicate_header",
            Self::HeaderValue => "invalid_header_value",
            Self::Choose { .. } => "ambiguous",
        }
    }

    fn allowed(self) -> Vec<String> {
        match self {
            Self::Unknown { allowed }
            | Self::NotAvailable { allowed }
            | Self::NotOnChannel { allowed }
            | Self::NotReceived { allowed }
            | Self::Choose { allowed } => allowed,
            _ => Vec::new(),
        }
    }

    #[expect(clippy::too_many_lines, reason = "it is the table of our words, one entry a problem")]
    fn message(&self) -> Text {
        match self {
            Self::Required => Text::new("Wajib diisi.", "Required."),
            Self::WrongType(wanted) => wrong_type(*wanted),
            Self::Empty => Text::new("Tidak boleh kosong.", "Must not be empty."),
            Self::TooLong { max } => {
                Text::new(format!("Paling banyak {max} karakter."), format!("At most {max} characters."))
            }
            Self::TooMany { max } => {
                Text::new(format!("Paling banyak {max} buah."), format!("At most {max} of them."))
            }
            Self::TooFew { min } => {
                Text::new(format!("Paling sedikit {min} buah."), format!("At least {min} of them."))
            }
            Self::OutOfRange { min, max } => {
                Text::new(format!("Harus antara {min} dan {max}."), format!("Must be from {min} to {max}."))
            }
            Self::NulCharacter => Text::new(
                "Mengandung karakter NUL (U+0000), yang tidak dapat dikirim.",
                "Contains the NUL character (U+0000), which cannot be sent.",
            ),
            Self::Unknown { allowed } => unknown(&allowed.join(", ")),
            Self::UnknownField { known } => {
                let list = known.join(", ");
                Text::new(
                    format!("Field ini tidak dikenal. Yang ada: {list}."),
                    format!("There is no such field. There are: {list}."),
                )
            }
            Self::NotAvailable { allowed } if allowed.is_empty() => {
                Text::new("Belum tersedia di versi ini.", "Not available in this version yet.")
            }
            Self::NotAvailable { allowed } => {
                let list = allowed.join(", ");
                Text::new(
                    format!("Belum tersedia di versi ini. Yang tersedia: {list}."),
                    format!("Not available in this version yet. Available: {list}."),
                )
            }
            Self::TooLongFor(Length { max, unit }) => {
                let (indonesian, english) = match unit {
                    Unit::Characters => ("karakter", "characters"),
                    Unit::Utf16 => {
                        ("satuan UTF-16 (emoji dihitung dua)", "UTF-16 units (an emoji counts as two)")
                    }
                    Unit::Bytes => ("byte UTF-8", "bytes of UTF-8"),
                };
                Text::new(
                    format!("Paling banyak {max} {indonesian} di kanal ini."),
                    format!("At most {max} {english} on this channel."),
                )
            }
            Self::NotOnChannel { allowed } if allowed.is_empty() => Text::new(
                "Kanal ini tidak dapat membawa bagian ini. Hapus, atau untuk tombol kirim \"fallback\": \"text\" di content.",
                "This channel cannot carry this part. Leave it out, or for buttons send \"fallback\": \"text\" in content.",
            ),
            Self::NotOnChannel { allowed } => {
                let list = allowed.join(", ");
                Text::new(
                    format!("Kanal ini tidak dapat mengirim jenis tersebut. Pakai: {list}."),
                    format!("This channel cannot send that type. Use: {list}."),
                )
            }
            Self::NotReceived { .. }
            | Self::GroupId(_)
            | Self::SandboxOnly
            | Self::NotUploaded
            | Self::WrongMedium { .. }
            | Self::NotTheirs => self.of_a_simulated_phone(),
            Self::TooShort { min } => {
                Text::new(format!("Paling sedikit {min} karakter."), format!("At least {min} characters."))
            }
            Self::Email => Text::new(
                "Bukan alamat email. Contoh: budi@contoh.com.",
                "Not an e-mail address. Example: budi@example.com.",
            ),
            Self::EmailTaken => Text::new(
                "Email ini sudah dipakai sebuah akun di server ini. Pakai email lain.",
                "An account on this server has this e-mail already. Use another.",
            ),
            Self::NoSuchUser => Text::new(
                "Tidak ada akun dengan ID ini di workspace Anda; lihat GET /v1/users.",
                "There is no account with this id in your workspace; see GET /v1/users.",
            ),
            Self::TimeZone => Text::new(
                "Zona waktu tidak dikenal. Gunakan nama IANA, misalnya Asia/Jakarta, Asia/Makassar atau Asia/Jayapura.",
                "Not a known time zone. Use an IANA name like Asia/Jakarta, Asia/Makassar or Asia/Jayapura.",
            ),
            Self::OwnAddress => Text::new(
                "Rentang ini memuat alamat Anda sendiri; Anda akan terblokir. Pilih rentang lain.",
                "This range holds your own address: you would shut yourself out. Choose another.",
            ),
            Self::MixedButtons => Text::new(
                "Di kanal ini semua tombol satu pesan harus sejenis.",
                "On this channel all buttons of a message must be of one kind.",
            ),
            Self::Number(problem) => number(*problem),
            Self::TelegramRecipient => Text::new(
                "Untuk Telegram: chat id (angka, grup diawali '-'), @username, atau nomor telepon dengan kode negara. Contoh: 123456789, @budi_santoso.",
                "For Telegram: a chat id (digits, groups begin with '-'), an @username, or a phone number with its country code. Examples: 123456789, @budi_santoso.",
            ),
            Self::ScopedId(channel) => Text::new(
                format!("Untuk {channel}: id penerima sebagaimana diterima di webhook, hanya angka."),
                format!("For {channel}: the recipient's scoped id as webhooks give it, digits only."),
            ),
            Self::Id { prefix } => Text::new(
                format!("Bukan ID yang sah: {prefix}_ diikuti 32 karakter 0-9 dan a-f."),
                format!("Not a valid id: {prefix}_ and 32 characters of 0-9 and a-f."),
            ),
            Self::IdempotencyKey => Text::new(
                "Harus satu nilai, 1 sampai 255 karakter ASCII yang tampak, boleh di antara tanda kutip.",
                "Must be one value of 1 to 255 printable ASCII characters, quoted or not.",
            ),
            Self::IpRange => Text::new(
                "Bukan alamat IP atau rentang CIDR. Contoh: 203.0.113.7 atau 203.0.113.0/24.",
                "Not an IP address or a CIDR range. Examples: 203.0.113.7 or 203.0.113.0/24.",
            ),
            Self::OutsideOwnRanges => Text::new(
                "Di luar rentang API key yang Anda pakai. Pilih rentang di dalamnya, atau kosongkan agar sama.",
                "Outside of the ranges of the API key that you use. Choose one within them, or leave it out to have the same.",
            ),
            Self::Setting(problem) | Self::Url(problem) => {
                Text::new(format!("Tidak dapat dipakai: {problem}."), format!("Cannot be used: {problem}."))
            }
            Self::NotHttpUrl => Text::new(
                "Harus berupa URL lengkap yang diawali http:// atau https://, tanpa nama pengguna. Contoh: https://contoh.com/promo.jpg.",
                "Must be a whole URL beginning with http:// or https://, without a user name. Example: https://contoh.com/promo.jpg.",
            ),
            Self::Duplicate => Text::new(
                "Sudah dipakai di atasnya. Setiap ID harus berbeda.",
                "Used above already. Each id must be different.",
            ),
            Self::NoSuchTemplate => Text::new(
                "Tidak ada template dengan ID ini. Salin ID-nya dari halaman Broadcast, Template, atau lihat GET /v1/templates.",
                "There is no template with this id. Copy the id from the page Broadcast, Template, or see GET /v1/templates.",
            ),
            Self::TemplateIdTaken => Text::new(
                "ID ini sudah dipakai template lain. Pilih ID lain, atau kosongkan agar diberi ID berikutnya.",
                "Another template has this id. Choose another, or leave it out to be given the next.",
            ),
            Self::TooFewVariables(TooFewVariables { needed, missing }) => {
                let list =
                    missing.iter().map(|number| format!("{{{{{number}}}}}")).collect::<Vec<_>>().join(", ");
                Text::new(
                    format!("Template ini memerlukan {needed} variabel. Yang belum ada: {list}."),
                    format!("This template needs {needed} variables. Missing: {list}."),
                )
            }
            Self::TemplatePart { part, problem } => {
                let Text { indonesian, english } = problem.message();
                Text::new(
                    format!("{part} di template: {indonesian}"),
                    format!("{part} of the template: {english}"),
                )
            }
            Self::TemplateMedium => Text::new(
                "Template bisa memuat gambar, film (.mp4), atau berkas (.pdf dan sejenisnya); dengan tombol hanya gambar. Suara tidak bisa, karena tidak ada kanal yang menampilkan teks di bawahnya.",
                "A template can have a picture, a film (.mp4) or a file (.pdf and the like); with buttons only a picture. Not a sound: no channel shows a text below one.",
            ),
            Self::EndingAddress => Text::new(
                "Alamat media di server ini berakhir setelah 7 hari, jadi template ini akan berhenti terkirim. Taruh file di situs Anda sendiri dan pakai alamat itu.",
                "Addresses of media on this server end after 7 days, and then the template could not be sent any more. Put the file on a site of your own and use that address.",
            ),
            Self::Placeholder => Text::new(
                "Placeholder ditulis {{1}}, {{2}}, … sampai {{100}}; di URL hanya setelah nama situs. Contoh: https://contoh.com/pesanan?no={{1}}.",
                "Placeholders are written {{1}}, {{2}}, … up to {{100}}; in a URL only after the site's name. Example: https://contoh.com/pesanan?no={{1}}.",
            ),
            Self::NoSuchMessage => Text::new(
                "Tidak ada pesan dengan ID ini di device yang sama, atau jaringan belum mengenalnya.",
                "There is no message with this id on the same device, or its network does not know it yet.",
            ),
            Self::NoSuchMedium(NoSuchMedium::Ended) => Text::new(
                "Alamat media di server ini sudah kedaluwarsa (7 hari). Unggah lagi dengan POST /v1/media, lalu pakai alamatnya yang baru.",
                "This address of a medium on this server has expired (7 days). Upload the file again with POST /v1/media and use its new address.",
            ),
            Self::NoSuchMedium(NoSuchMedium::NotHere) => Text::new(
                "Alamat ini di server ini, tetapi file-nya tidak ada. Salin ulang alamat lengkapnya, atau unggah lagi dengan POST /v1/media.",
                "This address is on this server, but there is no such file. Copy the whole address again, or upload the file again with POST /v1/media.",
            ),
            Self::NoSuchDevice => Text::new(
                "Tidak ada device dengan ID ini; lihat GET /v1/devices.",
                "There is no device with this id; see GET /v1/devices.",
            ),
            Self::OtherChannel(channel) => Text::new(
                format!("Device ini ada di kanal {channel}. Samakan channel, atau pilih device lain."),
                format!("This device is on the channel {channel}. Give that channel, or another device."),
            ),
            Self::SettledByEvent => Text::new(
                "Balasan selalu menuju chat asal pesan, lewat device yang sama. Hapus field ini.",
                "A reply goes to the chat of its message, through the same device. Leave this out.",
            ),
            Self::Cursor => Text::new(
                "Bukan kursor dari daftar ini. Kirim balik next_cursor apa adanya.",
                "Not a cursor of this list. Send next_cursor back as it came.",
            ),
            Self::Time => Text::new(
                "Bukan waktu RFC 3339. Contoh: 2026-11-22T08:00:00+07:00 atau 2026-11-22T01:00:00Z.",
                "Not a time in RFC 3339. Examples: 2026-11-22T08:00:00+07:00 or 2026-11-22T01:00:00Z.",
            ),
            Self::NotAfter { other } => Text::new(
                format!("Harus lebih akhir daripada {other}."),
                format!("Must be later than {other}."),
            ),
            Self::HeaderName => Text::new(
                "Bukan nama header: 1 sampai 64 karakter huruf, angka, atau tanda hubung. Contoh: X-Api-Key.",
                "Not a header name: 1 to 64 letters, digits or dashes. Example: X-Api-Key.",
            ),
            Self::HeaderReserved => Text::new(
                "Header ini diisi oleh Cetar atau oleh koneksi HTTP. Pakai nama lain, misalnya X-Api-Key.",
                "This header is set by Cetar or belongs to the HTTP connection. Use another name, such as X-Api-Key.",
            ),
            Self::HeaderTwice => Text::new(
                "Header ini disebut dua kali; huruf besar dan kecil tidak dibedakan. Sebutkan sekali.",
                "This header is given twice; upper and lower case are the same. Give it once.",
            ),
            Self::HeaderValue => Text::new(
                "Nilai header: 1 sampai 1024 karakter ASCII yang tampak, tanpa ganti baris.",
                "A header value has 1 to 1024 printable ASCII characters, no line breaks.",
            ),
            Self::Choose { allowed } => {
                let list = allowed.join(", ");
                Text::new(format!("Sebutkan salah satu: {list}."), format!("Name one of: {list}."))
            }
        }
    }
}

fn unknown(list: &str) -> Text {
    Text::new(format!("Nilai tidak dikenal. Pilihan: {list}."), format!("Not a known value. One of: {list}."))
}

fn wrong_type(wanted: JsonType) -> Text {
    match wanted {
        JsonType::Text => Text::new("Harus berupa teks (string) di antara tanda kutip.", "Must be a string."),
        JsonType::Integer => {
            Text::new("Harus berupa bilangan bulat, tanpa tanda kutip.", "Must be an integer.")
        }
        JsonType::Boolean => Text::new("Harus true atau false, tanpa tanda kutip.", "Must be true or false."),
        JsonType::Object => Text::new("Harus berupa objek { … }.", "Must be an object { … }."),
        JsonType::Array => Text::new("Harus berupa array [ … ].", "Must be an array [ … ]."),
    }
}

fn number(problem: PhoneNumberError) -> Text {
    match problem {
        PhoneNumberError::Empty => Text::new("Tidak boleh kosong.", "Must not be empty."),
        PhoneNumberError::Plus => Text::new(
            "Nomor ditulis tanpa '+'. Contoh: 6281234567890.",
            "Write the number without '+'. Example: 6281234567890.",
        ),
        PhoneNumberError::LeadingZero => Text::new(
            "Nomor diawali 0. Pakai kode negara: gunakan 628…, bukan 08…. Contoh: 6281234567890.",
            "The number begins with 0. Use the country code: 628…, not 08…. Example: 6281234567890.",
        ),
        PhoneNumberError::NotDigits => Text::new(
            "Nomor hanya berisi angka 0-9, tanpa spasi, tanda hubung, atau huruf. Contoh: 6281234567890.",
            "A number has the digits 0-9 only, no blanks, dashes or letters. Example: 6281234567890.",
        ),
        PhoneNumberError::Length => Text::new(
            "Nomor terdiri dari 7 sampai 15 angka, dengan kode negara. Contoh: 6281234567890.",
            "A number has 7 to 15 digits, country code included. Example: 6281234567890.",
        ),
    }
}

/// Whole seconds of an upper or lower bound.
pub(super) const fn seconds(bound: Duration) -> u64 {
    bound.as_secs()
}
