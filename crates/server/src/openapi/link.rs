//! Where to go on from an answer, for programs that read the document: `links`.

use utoipa::openapi::{RefOr, link::Link, path::Operation};

/// An operation, the member of its `data` that is an id, and the operations that take that id in their path.
const LINKS: &[(&str, &str, &[&str])] = &[
    ("sendMessage", "job_id", &["getJob", "cancelJob", "retryJob", "resolveJob"]),
    (
        "createDevice",
        "id",
        &[
            "getDevice",
            "linkDevice",
            "logoutDevice",
            "restartDevice",
            "pauseDevice",
            "updateDevice",
            "resumeDevice",
            "deleteDevice",
        ],
    ),
    ("createApiKey", "id", &["revokeApiKey"]),
    ("createWebhook", "id", &["deleteWebhook"]),
];

/// Adds those of this operation.
pub(super) fn add(operation: &mut Operation) {
    let of = LINKS.iter().find(|(id, ..)| operation.operation_id.as_deref() == Some(*id));
    let Some((_, member, targets)) = of else { return };
    if let Some(RefOr::T(response)) = operation.responses.responses.get_mut("200") {
        for target in *targets {
            let id = format!("$response.body#/data/{member}");
            let link = Link::builder().operation_id(*target).parameter("id", id).build();
            response.links.insert((*target).to_owned(), RefOr::T(link));
        }
    }
}
