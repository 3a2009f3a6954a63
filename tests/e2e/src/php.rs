//! The document's PHP examples, as printed.

use serde_json::Value;
use tokio::process::Command;

/// Send a text.
pub const TEXT: &str = include_str!("../fixtures/kirim-teks.php");
/// Send buttons, with a picture above them.
pub const BUTTONS: &str = include_str!("../fixtures/kirim-tombol.php");
/// Send a template.
pub const TEMPLATE: &str = include_str!("../fixtures/kirim-template.php");
/// Send a picture.
pub const MEDIA: &str = include_str!("../fixtures/kirim-media.php");
/// Check a number.
pub const CHECK: &str = include_str!("../fixtures/cek-nomor.php");

/// Send a text through the official WhatsApp.
pub const META_TEXT: &str = include_str!("../fixtures/meta-teks.php");
/// Send a picture through the official WhatsApp.
pub const META_MEDIA: &str = include_str!("../fixtures/meta-media.php");
/// Send an approved template.
pub const META_TEMPLATE: &str = include_str!("../fixtures/meta-template.php");
/// Send an interactive message.
pub const META_INTERACTIVE: &str = include_str!("../fixtures/meta-interaktif.php");

/// Runs an example with only its hosts (ours, and the one that serves its picture) and its key replaced; what it printed.
pub async fn run(example: &str, base: &str, site: &str, key: &str) -> Value {
    let adapted = example
        .replace("https://api.cetar.ai", base)
        .replace("https://contoh.com", site)
        .replace("YOUR_API_KEY", key);
    assert!(adapted.contains(base) && adapted.contains(key), "the example names a host and a key");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("contoh.php");
    std::fs::write(&file, adapted).expect("written");
    let output = Command::new("php")
        .arg(&file)
        .output()
        .await
        .expect("php-cli is installed (`make test` installs it)");
    let printed = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&printed).unwrap_or_else(|_| panic!("PHP printed no JSON: {output:?}"))
}
