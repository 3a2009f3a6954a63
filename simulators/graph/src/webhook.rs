//! What Meta tells the callback: signed, and in JSON whose non-ASCII and slashes are escaped, so that whoever signs the parsed form
//! instead of the bytes is found out.

use std::{
    fmt::Write as _,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use hmac::{Hmac, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio_util::sync::CancellationToken;

use crate::state::{Account, Shared};

/// Between two tries of a status that was not taken.
const AGAIN: Duration = Duration::from_millis(100);

/// `sha256=…` over these bytes.
pub fn signature(secret: &str, body: &[u8]) -> String {
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(body);
    format!("sha256={}", hex(&mac.finalize().into_bytes()))
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

/// JSON as Meta writes it.
pub fn escaped(value: &Value) -> String {
    let mut text = String::new();
    for character in value.to_string().chars() {
        match character {
            '/' => text.push_str("\\/"),
            ascii if ascii.is_ascii() => text.push(ascii),
            other => {
                let mut units = [0; 2];
                for unit in other.encode_utf16(&mut units) {
                    let _infallible = write!(text, "\\u{unit:04x}");
                }
            }
        }
    }
    text
}

#[expect(clippy::disallowed_methods, reason = "Meta's own clock")]
pub(crate) fn now() -> u64 {
    std::time::SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

pub(crate) fn change(account: &Account, value: Value) -> Value {
    let mut value = value;
    value["messaging_product"] = "whatsapp".into();
    value["metadata"] = json!({"display_phone_number": account.display, "phone_number_id": account.id});
    json!({"field": "messages", "value": value})
}

pub(crate) async fn verify(shared: &Shared, token: &str) -> Result<(u16, String), String> {
    let callback = shared.lock().callback.clone().ok_or("no callback is set")?;
    let url = format!("{callback}?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token={token}");
    let answer = shared.http.get(url).send().await.map_err(|error| error.to_string())?;
    let status = answer.status().as_u16();
    Ok((status, answer.text().await.map_err(|error| error.to_string())?))
}

pub(crate) async fn post(shared: &Shared, body: String, signature: Option<String>) -> Result<u16, String> {
    let callback = shared.lock().callback.clone().ok_or("no callback is set")?;
    let mut request = shared.http.post(callback).header("content-type", "application/json").body(body);
    if let Some(signature) = signature {
        request = request.header("x-hub-signature-256", signature);
    }
    let answer = request.send().await.map_err(|error| error.to_string())?;
    Ok(answer.status().as_u16())
}

/// Tells statuses as they come about; what is not answered with 200 is told again.
pub(crate) async fn send_statuses(shared: Arc<Shared>, stop: CancellationToken) {
    let _stopped = stop.run_until_cancelled(tell_for_ever(&shared)).await;
}

async fn tell_for_ever(shared: &Shared) {
    loop {
        let next = {
            let mut state = shared.lock();
            // Kept until there is somebody to be told.
            if state.callback.is_some() { state.due.pop_front() } else { None }
        };
        let Some((account, value)) = next else {
            tokio::select! {
                () = shared.told.notified() => {}
                () = tokio::time::sleep(AGAIN) => {}
            }
            continue;
        };
        let body = escaped(&value);
        let signed = signature(&account.app_secret, body.as_bytes());
        if post(shared, body, Some(signed)).await != Ok(200) {
            shared.lock().due.push_front((account, value));
            tokio::time::sleep(AGAIN).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_ascii_is_escaped_and_so_are_slashes() {
        let body = json!({"t": "äöå 😀 a@b.c https://x/y?z=1 100 % <b>"});
        assert_eq!(
            escaped(&body),
            r#"{"t":"\u00e4\u00f6\u00e5 \ud83d\ude00 a@b.c https:\/\/x\/y?z=1 100 % <b>"}"#
        );
        assert_eq!(serde_json::from_str::<Value>(&escaped(&body)).ok(), Some(body));
    }
}
