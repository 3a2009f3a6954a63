//! The page that explains every code is written from the code.

use std::{fmt::Write as _, path::Path};

use cetar_model::{DownReason, FailureCode, Language};
use cetar_server::ErrorCode;

/// The page as it should be.
fn page() -> String {
    let mut page = String::from(
        "# Errors\n\n\
         Written from the code; `CETAR_TEST_WRITE=1 cargo test -p cetar-server reference` brings it up to date. Messages are Indonesian, \
         or English with `Accept-Language: en`.\n\n\
         ## Answers of the API\n\n\
         `error.code` of an answer that is no success. `error.fields` lists every bad field; `error.request_id` finds the line in the log.\n\n\
         | status | code | means, and what to do |\n|---|---|---|\n",
    );
    let mut codes = ErrorCode::ALL.to_vec();
    codes.sort_by_key(|code| (code.status(), code.as_str()));
    for code in codes {
        let (status, message) = (code.status().as_u16(), code.message(Language::English));
        let _ = writeln!(page, "| {status} | `{code}` | {message} |");
    }
    page.push_str(
        "\n## Messages that failed\n\n\
         `error.code` of a job or of `message.failed` and `message.unknown`. Where the network gave a code of its own, it is in `provider_code`.\n\n\
         | code | means, and what to do |\n|---|---|\n",
    );
    for code in FailureCode::ALL {
        let _ = writeln!(page, "| `{code}` | {} |", code.message(Language::English));
    }
    page.push_str(
        "\n## Devices that are not well\n\n\
         `reason` and `next_action` of a device and of `session.state`; `held_reason` of a job that waits for its device (one that waits for its turn says `pace`).\n\n\
         | reason | next action | means, and what to do |\n|---|---|---|\n",
    );
    for reason in DownReason::ALL {
        let message = reason.message(Language::English);
        let _ = writeln!(page, "| `{reason}` | `{}` | {message} |", reason.next_action());
    }
    page
}

#[test]
fn every_code_is_explained_in_the_reference() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/errors.md");
    #[expect(clippy::disallowed_methods, reason = "a test's own setting")]
    let write = std::env::var("CETAR_TEST_WRITE").is_ok();
    if write {
        std::fs::write(&path, page()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page(),
        "docs/reference/errors.md is not current: CETAR_TEST_WRITE=1 cargo test -p cetar-server reference"
    );
}
