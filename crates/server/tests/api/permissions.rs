//! Who may do what: every operation of the document, asked by everyone there is.

use axum::http::Method;
use cetar_model::Role;
use cetar_server::Face;
use cetar_store::Scope;
use serde_json::Value;

use crate::{
    app::App,
    people::{Browser, browser},
};

/// What an agent may do, beside what anybody may. Everything that is not here is refused to them.
const AGENT: &[&str] = &[
    "sendMessage",
    "sendTemplate",
    "sendOfficialMessage",
    "listOfficialTemplates",
    "checkNumber",
    "uploadMedia",
    "showTyping",
    "listTemplates",
    "getTemplate",
    "listJobs",
    "getJob",
    "cancelJob",
    "retryJob",
    "resolveJob",
    "listDevices",
    "getDevice",
    "getDeviceCapabilities",
    "listEvents",
    "followEvents",
    "listMessages",
    "getMessage",
    "listConversations",
    "getConversation",
    "listConversationMessages",
    "markConversationRead",
    "assignConversation",
    "resolveConversation",
    "reopenConversation",
    "listNotes",
    "createNote",
    "listContacts",
    "getContact",
];
/// Of that, what a key with the scope `messages` may not.
const AGENT_NOT_KEY: &[&str] = &[
    "listConversations",
    "getConversation",
    "listConversationMessages",
    "markConversationRead",
    "assignConversation",
    "resolveConversation",
    "reopenConversation",
    "listNotes",
    "createNote",
    "listContacts",
    "getContact",
];
/// What is about the one who is signed in: no key is.
const OWN: &[&str] = &[
    "getSession",
    "updateSession",
    "deleteSession",
    "changePassword",
    "beginTotp",
    "confirmTotp",
    "endTotp",
];
/// What needs no credentials.
const OPEN: &[&str] = &["createSession", "getInvitation", "acceptInvitation"];

/// An operation of the document.
struct Operation {
    id: String,
    method: Method,
    path: String,
}

fn operations() -> Vec<Operation> {
    let document = serde_json::to_value(cetar_server::openapi()).unwrap();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        if !path.starts_with("/v1/") {
            continue;
        }
        for (method, operation) in item.as_object().unwrap() {
            operations.push(Operation {
                id: operation["operationId"].as_str().unwrap().to_owned(),
                method: method.to_uppercase().parse().unwrap(),
                path: path.replace("{id}", "dev_0199c3a0b6f47c3e9d3a5b1c2d3e4f50").replace("{token}", "x"),
            });
        }
    }
    assert!(operations.len() > 50, "{}", operations.len());
    // Last, because it ends the session.
    operations.sort_by_key(|operation| operation.id == "deleteSession");
    operations
}

enum Who<'a> {
    Nobody,
    Key(&'a str),
    Person(&'a Browser),
}

/// Whether it was let in, whatever came of it then.
async fn let_in(app: &App, operation: &Operation, who: &Who<'_>) -> Result<(), String> {
    let ask = app.ask(operation.method.clone(), &operation.path);
    let ask = match who {
        Who::Nobody => ask,
        Who::Key(key) => ask.bearer(key),
        Who::Person(browser) => browser.with(ask),
    };
    let response = ask.begin().await;
    let status = response.status().as_u16();
    if !matches!(status, 401 | 403) {
        return Ok(());
    }
    let body = http_body_util::BodyExt::collect(response.into_body()).await.unwrap().to_bytes();
    let body: Value = serde_json::from_slice(&body).unwrap();
    Err(format!("{status} {}", body["error"]["code"].as_str().unwrap()))
}

#[tokio::test]
async fn everyone_may_do_what_the_table_says_and_nothing_else() {
    let app = App::with(Face::Public, |options| options.requests_per_minute = 1_000_000).await;
    let [agent, admin, owner] = [
        browser(&app, Role::Agent).await,
        browser(&app, Role::Admin).await,
        browser(&app, Role::Owner).await,
    ];
    let messages = app.key_with(|key| key.scopes = vec![Scope::Messages]).await;
    let (test, live) = (
        app.admin_key().await,
        app.key_with(|key| (key.test, key.scopes) = (false, vec![Scope::Admin])).await,
    );
    for operation in operations() {
        let id = operation.id.as_str();
        let (open, own) = (OPEN.contains(&id), OWN.contains(&id));
        let of_agents = AGENT.contains(&id);
        let expected = |allowed: bool, code: &str| if allowed { Ok(()) } else { Err(code.to_owned()) };
        let key = |allowed: bool| {
            if own {
                expected(false, "401 not_signed_in")
            } else {
                expected(open || allowed, "403 scope_missing")
            }
        };
        let nobody = if own { "401 not_signed_in" } else { "401 api_key_missing" };
        for (name, who, expected) in [
            ("nobody", Who::Nobody, expected(open, nobody)),
            ("key messages", Who::Key(&messages), key(of_agents && !AGENT_NOT_KEY.contains(&id))),
            ("key test admin", Who::Key(&test), key(true)),
            ("key live admin", Who::Key(&live), key(true)),
            ("agent", Who::Person(&agent), expected(open || own || of_agents, "403 role_missing")),
            ("admin", Who::Person(&admin), Ok(())),
            ("owner", Who::Person(&owner), Ok(())),
        ] {
            let outcome = let_in(&app, &operation, &who).await;
            assert_eq!(outcome, expected, "{name}: {id}");
        }
    }
}

/// What a key with the scope `admin` that is tied to some devices may still do: what is about its own devices, and what it must know to
/// use them. Everything that is not here belongs to the whole workspace, or is about people; a new operation is refused to such keys
/// until it is written here.
const OF_SOME_DEVICES: &[&str] = &[
    "sendMessage",
    "sendTemplate",
    "sendOfficialMessage",
    "checkNumber",
    "uploadMedia",
    "showTyping",
    "usePhone",
    "listTemplates",
    "getTemplate",
    "listOfficialTemplates",
    "syncOfficialTemplates",
    "listJobs",
    "getJob",
    "cancelJob",
    "retryJob",
    "resolveJob",
    "createDevice",
    "listDevices",
    "getDevice",
    "getDeviceCapabilities",
    "getDeviceCallback",
    "updateDevice",
    "deleteDevice",
    "linkDevice",
    "watchDeviceLink",
    "logoutDevice",
    "pauseDevice",
    "resumeDevice",
    "restartDevice",
    "listEvents",
    "followEvents",
    "listMessages",
    "getMessage",
    "listConversations",
    "getConversation",
    "listConversationMessages",
    "markConversationRead",
    "assignConversation",
    "resolveConversation",
    "reopenConversation",
    "listNotes",
    "createNote",
    "createWebhook",
    "listWebhooks",
    "getWebhook",
    "updateWebhook",
    "deleteWebhook",
    "enableWebhook",
    "pauseWebhook",
    "resumeWebhook",
    "testWebhook",
    "recoverWebhook",
    "rotateWebhookSecret",
    "listDeliveries",
    "getDelivery",
    "resendDelivery",
    "createApiKey",
    "listApiKeys",
    "revokeApiKey",
    "getPlan",
    "getWorkspace",
];
/// Who may sign in: not for a key with any bounds at all.
const ACCOUNTS: &[&str] = &["inviteUser", "updateUser", "deleteUser", "inviteUserAgain"];

#[tokio::test]
async fn a_key_with_bounds_stays_within_them_whatever_its_scopes() {
    let app = App::with(Face::Public, |options| options.requests_per_minute = 1_000_000).await;
    let device = app.sandbox(cetar_model::Channel::Whatsapp).await;
    let admin = async |change: &dyn Fn(&mut cetar_engine::keys::NewKey)| {
        app.key_with(|key| {
            key.scopes = vec![Scope::Admin];
            change(key);
        })
        .await
    };
    let tied = admin(&|key| key.devices = vec![device.clone()]).await;
    let ranged = admin(&|key| key.allow_ips = vec!["203.0.113.0/24".parse().unwrap()]).await;
    let ending = admin(&|key| key.expires_in = Some(std::time::Duration::from_hours(1))).await;
    let mut seen = 0;
    for operation in operations() {
        let id = operation.id.as_str();
        if OPEN.contains(&id) || OWN.contains(&id) {
            continue;
        }
        let (within, accounts) = (OF_SOME_DEVICES.contains(&id), ACCOUNTS.contains(&id));
        seen += usize::from(within) + usize::from(accounts);
        for (name, key, refused) in
            [("tied", &tied, !within), ("ranged", &ranged, accounts), ("ending", &ending, accounts)]
        {
            let outcome = let_in(&app, &operation, &Who::Key(key)).await;
            let too_narrow = outcome == Err("403 key_too_narrow".to_owned());
            assert_eq!(too_narrow, refused, "{name}: {id}");
        }
    }
    assert_eq!(seen, OF_SOME_DEVICES.len() + ACCOUNTS.len(), "they are all there");
}
