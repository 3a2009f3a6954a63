//! A stand-in for Meta's Graph API over real HTTP: the Cloud API of `WhatsApp`, Messenger and Instagram. For tests and local work only.
//!
//! Written from Meta's documentation, not from our client: it checks the token and every body as Meta does, enforces Meta's limits and
//! counts whoever breaks them, fails as scripted (at once, later by a status, or by never answering), and calls the callback with
//! signed bodies in Meta's own escaped JSON.

mod cloud_api;
mod error;
mod fault;
mod limits;
mod media;
mod messaging;
mod server;
mod state;
mod templates;
mod token;
mod webhook;
mod window;

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use error::GraphError;
pub use fault::Fault;
pub use state::{Account, Kind, Recorded};
pub use webhook::{escaped, signature};

use state::Shared;

/// A running stand-in. Dropping it stops it.
pub struct Simulator {
    url: String,
    shared: Arc<Shared>,
    stop: CancellationToken,
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Simulator {
    /// Starts it on a free port of loopback.
    ///
    /// # Errors
    /// If loopback has no port to give.
    pub async fn start() -> std::io::Result<Self> {
        // Another user of this process may have installed it already.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let shared = Arc::new(Shared::new(url.clone()));
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let router = server::router(Arc::clone(&shared));
        let stopped = stop.clone();
        tasks.spawn(async move {
            let serving = axum::serve(listener, router);
            tokio::select! {
                _ended = async { serving.await } => {}
                () = stopped.cancelled() => {}
            }
        });
        tasks.spawn(webhook::send_statuses(Arc::clone(&shared), stop.clone()));
        Ok(Self { url, shared, stop })
    }

    /// Where it is, without a slash at its end: both the Graph API's and Instagram's address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Makes an account known.
    pub fn add(&self, account: Account) {
        self.shared.lock().accounts.push(account);
    }

    /// Where webhooks go from now on.
    pub fn set_callback(&self, url: impl Into<String>) {
        self.shared.lock().callback = Some(url.into());
    }

    /// What becomes of sends to this recipient (digits without a plus, or an id) from now on; once for each time it is said.
    pub fn script(&self, recipient: &str, fault: Fault) {
        self.shared.lock().faults.entry(recipient.to_owned()).or_default().push_back(fault);
    }

    /// Every request that was made, oldest first.
    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.lock().requests.clone()
    }

    /// The bodies of the sends that were taken, oldest first, as they came.
    pub fn taken(&self) -> Vec<String> {
        self.shared.lock().taken.clone()
    }

    /// How many sends were taken.
    pub fn taken_count(&self) -> usize {
        self.shared.lock().taken.len()
    }

    /// The most messages of one number that were taken within any one second.
    pub fn busiest_second(&self) -> usize {
        self.shared.lock().limits.busiest
    }

    /// How often a limit of Meta's was broken.
    pub fn violations(&self) -> usize {
        self.shared.lock().limits.violations
    }

    /// Raises a number's throughput to 1,000 a second.
    pub fn raise(&self, id: &str) {
        self.shared.lock().limits.raise(id);
    }

    /// From now on free-form messages to who has not written within 24 hours fail, as at Meta. Until then the window is always open.
    pub fn keep_windows(&self) {
        self.shared.lock().windows.kept = true;
    }

    /// Moves the clock that windows go by.
    pub fn pass(&self, time: Duration) {
        self.shared.lock().windows.ahead += time.as_secs();
    }

    /// Says that an account's token ends at this moment, in Unix seconds. It is only said; [`revoke`](Self::revoke) ends it.
    pub fn end_token_at(&self, id: &str, seconds: i64) {
        self.shared.lock().token_ends.insert(id.to_owned(), seconds);
    }

    /// From now on an account of Instagram's own login may exchange its token for this one, which lasts so long; once.
    pub fn let_renew(&self, id: &str, token: &str, lasts: Duration) {
        self.shared.lock().renewals.insert(id.to_owned(), (token.to_owned(), lasts.as_secs()));
    }

    /// Revokes an account's token: 190 from now on.
    pub fn revoke(&self, id: &str) {
        for account in self.shared.lock().accounts.iter_mut().filter(|account| account.id == id) {
            account.token.clear();
        }
    }

    /// Gives an account another token.
    pub fn renew(&self, id: &str, token: &str) {
        for account in self.shared.lock().accounts.iter_mut().filter(|account| account.id == id) {
            token.clone_into(&mut account.token);
        }
    }

    /// Adds a template to a business account, in the form the API lists it.
    pub fn add_template(&self, waba: &str, template: Value) {
        self.shared.lock().templates.push((waba.to_owned(), template));
    }

    /// Says that a template's review stands elsewhere now, and tells the callback so, as Meta does; what that answered.
    ///
    /// # Errors
    /// If the callback cannot be reached, or none is set.
    pub async fn review_template(
        &self,
        account: &Account,
        name: &str,
        (status, reason): (&str, &str),
    ) -> Result<u16, String> {
        let mut frame = None;
        for (waba, template) in &mut self.shared.lock().templates {
            if *waba == account.waba && template["name"] == name {
                template["status"] = status.into();
                template["rejected_reason"] = reason.into();
                frame = Some(templates::review(waba, template, reason));
            }
        }
        self.tell(account, &frame.ok_or("there is no such template")?).await
    }

    /// Keeps a file, as if a person had sent it; its id.
    pub fn add_media(&self, content_type: &str, bytes: impl Into<bytes::Bytes>) -> String {
        self.shared.lock().media.add(content_type, bytes.into())
    }

    /// The next address of a file is given out when its five minutes are over.
    pub fn stale_media_once(&self) {
        self.shared.lock().media.stale_once();
    }

    /// From now on every file is said to be at this address.
    pub fn place_media_at(&self, url: impl Into<String>) {
        self.shared.lock().media.place_at(url.into());
    }

    /// How often a file was asked for by its address, with or without success.
    pub fn file_requests(&self) -> usize {
        self.shared.lock().media.asked
    }

    /// A person's name, as asked for by their page-scoped id.
    pub fn set_profile(&self, id: &str, profile: Value) {
        self.shared.lock().profiles.insert(id.to_owned(), profile);
    }

    /// Asks the callback whether it is ours, as Meta does when it is set up; what it answered, if it was 200.
    ///
    /// # Errors
    /// If it cannot be reached, or no callback is set.
    pub async fn verify(&self, verify_token: &str) -> Result<(u16, String), String> {
        webhook::verify(&self.shared, verify_token).await
    }

    /// Calls the callback with this JSON, escaped as Meta does and signed by the account's secret; the status it answered.
    ///
    /// # Errors
    /// If it cannot be reached, or no callback is set.
    pub async fn tell(&self, account: &Account, body: &Value) -> Result<u16, String> {
        self.shared.lock().windows.note(account, body);
        let body = escaped(body);
        let signature = signature(&account.app_secret, body.as_bytes());
        self.tell_raw(body, Some(signature)).await
    }

    /// Calls the callback with these very bytes and this signature.
    ///
    /// # Errors
    /// If it cannot be reached, or no callback is set.
    pub async fn tell_raw(&self, body: String, signature: Option<String>) -> Result<u16, String> {
        webhook::post(&self.shared, body, signature).await
    }

    /// The frame around one message to a `WhatsApp` number.
    pub fn message(account: &Account, from: &str, id: &str, message: Value) -> Value {
        let mut message = message;
        message["from"] = from.into();
        message["id"] = id.into();
        message["timestamp"] = webhook::now().to_string().into();
        Self::change(
            account,
            json!({
                "contacts": [{"profile": {"name": "Budi Santoso"}, "wa_id": from}],
                "messages": [message],
            }),
        )
    }

    /// The frame around one change of the field `messages` of a `WhatsApp` number.
    pub fn change(account: &Account, value: Value) -> Value {
        let change = webhook::change(account, value);
        json!({
            "object": "whatsapp_business_account",
            "entry": [{"id": account.waba, "changes": [change]}],
        })
    }

    /// The frame around one item of a Messenger or Instagram chat.
    pub fn item(account: &Account, from: &str, item: Value) -> Value {
        let mut item = item;
        let millis = webhook::now() * 1_000;
        item["sender"] = json!({"id": from});
        item["recipient"] = json!({"id": account.id});
        item["timestamp"] = millis.into();
        let object = if account.kind == Kind::Instagram { "instagram" } else { "page" };
        json!({"object": object, "entry": [{"id": account.id, "time": millis, "messaging": [item]}]})
    }
}
