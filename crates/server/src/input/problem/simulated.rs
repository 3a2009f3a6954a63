//! What can be wrong with what a simulated phone is told to do.

use cetar_model::Channel;

use super::Problem;
use crate::error::Text;

impl Problem {
    /// The words for those that only a simulated phone has.
    pub(super) fn of_a_simulated_phone(&self) -> Text {
        match self {
            Self::NotReceived { allowed } if allowed.is_empty() => Text::new(
                "Tidak ada di kanal ini, jadi device sungguhan pun tidak akan menerimanya. Hapus field ini.",
                "There is no such thing on this channel, so no real device would receive it. Leave this field out.",
            ),
            Self::NotReceived { allowed } => {
                let list = allowed.join(", ");
                Text::new(
                    format!(
                        "Tidak ada di kanal ini, jadi device sungguhan pun tidak akan menerimanya. Yang ada: {list}."
                    ),
                    format!(
                        "There is no such thing on this channel, so no real device would receive it. There are: {list}."
                    ),
                )
            }
            Self::GroupId(channel) => group(*channel),
            Self::SandboxOnly => Text::new(
                "Hanya untuk device sandbox; ponsel device ini sungguhan. Hapus field ini.",
                "For sandbox devices only; the phone of this device is real. Leave this field out.",
            ),
            Self::NotUploaded => Text::new(
                "Orang simulasi mengirim file yang Anda unggah. Unggah dengan POST /v1/media, lalu pakai media_url dari jawabannya.",
                "A simulated person sends a file that you uploaded. Upload it with POST /v1/media and use the media_url of the answer.",
            ),
            Self::WrongMedium { is, should } => Text::new(
                format!(
                    "File-nya {is}, padahal tipe pesan ini membutuhkan {should}… Unggah file lain, atau pakai type lain (document menerima semua)."
                ),
                format!(
                    "The file is {is}, and a message of this type needs {should}… Upload another, or use another type (document takes any)."
                ),
            ),
            // What is left is `NotTheirs`.
            _ => Text::new(
                "Pesan itu bukan tulisan orang ini. Yang bisa diubah atau ditarik hanya pesan sendiri.",
                "That message was written by somebody else. Only one's own can be changed or taken back.",
            ),
        }
    }
}

fn group(channel: Channel) -> Text {
    let example = match channel {
        Channel::Telegram => "-1001234567890",
        _ => "120363025246125888@g.us",
    };
    Text::new(
        format!("Bukan ID grup di kanal ini. Contoh: {example}."),
        format!("Not the id of a group on this channel. Example: {example}."),
    )
}
