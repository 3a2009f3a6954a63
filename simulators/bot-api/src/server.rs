//! The server, and the handles that tests hold.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::stream;
use http_body_util::BodyExt as _;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{net::TcpListener, sync::watch};
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

use crate::{
    Call, Fault, Group, Person,
    answer::Refused,
    calls,
    form::Form,
    state::{BotState, ChatState, Hook, Scripted, State},
    updates,
};

/// Most bytes of an upload: 50 MB and its form.
const LARGEST: usize = 52 << 20;

/// A running stand-in. Clones are the same one; it stops when the last is dropped.
#[derive(Clone)]
pub struct BotApi {
    pub(crate) shared: Arc<Shared>,
    _stop_on_drop: Arc<DropGuard>,
}

pub(crate) struct Shared {
    state: Mutex<State>,
    changes: watch::Sender<u64>,
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
    pub(crate) http: reqwest::Client,
    address: SocketAddr,
}

impl Shared {
    /// Works on the state and wakes those who wait for a change.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        let result = self.quietly(work);
        self.changes.send_modify(|count| *count += 1);
        result
    }

    /// The same and wakes nobody: for those who wait themselves.
    pub(crate) fn quietly<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Waits until this gives something.
    pub(crate) async fn until<T>(&self, mut look: impl FnMut(&mut State) -> Option<T>) -> T {
        let mut changes = self.changes();
        loop {
            changes.mark_unchanged();
            if let Some(found) = self.quietly(&mut look) {
                return found;
            }
            // The sender is `self`.
            let _still_there = changes.changed().await;
        }
    }
}

/// A bot, by its token.
#[derive(Clone)]
pub struct Bot {
    pub(crate) token: String,
    pub(crate) id: i64,
}

impl Bot {
    /// What its owner was given by `@BotFather`.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Its id as a user.
    pub fn id(&self) -> i64 {
        self.id
    }
}

impl BotApi {
    /// Starts on a free port of the loopback interface.
    pub async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        #[expect(clippy::expect_used, reason = "a test without its network has nothing to test")]
        let simulator = listener.and_then(Self::on).expect("a port for the simulated Bot API");
        simulator
    }

    /// Starts on this address.
    pub async fn start_on(address: SocketAddr) -> io::Result<Self> {
        Self::on(TcpListener::bind(address).await?)
    }

    fn on(listener: TcpListener) -> io::Result<Self> {
        // Another test of the same process may have installed it already.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        #[expect(clippy::disallowed_methods, reason = "it plays Telegram's servers, on loopback")]
        let http = reqwest::Client::builder().no_proxy().build().map_err(io::Error::other)?;
        let stop = CancellationToken::new();
        let state = State { next_id: 1000, ..State::default() };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            changes: watch::Sender::new(0),
            stop: stop.clone(),
            tasks: TaskTracker::new(),
            http,
            address: listener.local_addr()?,
        });
        shared.tasks.spawn(accept(Arc::clone(&shared), listener));
        Ok(Self { shared, _stop_on_drop: Arc::new(stop.drop_guard()) })
    }

    /// What takes the place of `https://api.telegram.org`.
    pub fn url(&self) -> String {
        format!("http://{}", self.shared.address)
    }

    /// A new bot of this name.
    pub fn bot(&self, username: &str) -> Bot {
        self.shared.with(|state| {
            let id = 7_000_000 + state.fresh();
            let token = format!("{id}:AAH{id:032}");
            state.bots.insert(token.clone(), BotState::new(id, username));
            Bot { token, id }
        })
    }

    /// Its owner revokes the token.
    pub fn revoke(&self, bot: &Bot) {
        self.with_bot(bot, |bot| bot.revoked = true);
    }

    /// Its owner is given another token; the old one is not taken any more.
    #[must_use]
    pub fn renew(&self, bot: &Bot) -> Bot {
        self.shared.with(|state| {
            let (id, fresh) = (bot.id, state.fresh());
            let token = format!("{id}:AAN{fresh:032}");
            let old = BotState { revoked: true, ..BotState::new(id, "") };
            if let Some(there) = state.bots.insert(bot.token.clone(), old) {
                state.bots.insert(token.clone(), BotState { revoked: false, ..there });
            }
            Bot { token, id }
        })
    }

    /// Somebody on Telegram.
    pub fn person(&self, id: i64, name: &str) -> Person {
        self.chat(id, "private", name, None);
        Person { api: self.clone(), id, name: name.to_owned() }
    }

    /// A group that the bot is in.
    pub fn group(&self, id: i64, title: &str, bot: &Bot) -> Group {
        self.chat(id, if id < -1_000_000_000_000 { "supergroup" } else { "group" }, title, None);
        self.with_bot(bot, |bot| bot.knows.insert(id));
        Group { api: self.clone(), id }
    }

    /// A public channel, under `@name`, that the bot may write in.
    pub fn channel(&self, id: i64, name: &str, bot: &Bot) -> Group {
        self.chat(id, "channel", name, Some(name));
        self.with_bot(bot, |bot| bot.knows.insert(id));
        Group { api: self.clone(), id }
    }

    fn chat(&self, id: i64, kind: &'static str, name: &str, username: Option<&str>) {
        self.shared.with(|state| {
            state.chats.entry(id).or_insert_with(|| ChatState {
                kind,
                name: name.to_owned(),
                username: username.map(str::to_owned),
                moved_to: None,
                gone: false,
                last_message: 0,
            });
        });
    }

    /// The next call of this method goes wrong so.
    pub fn fails_next(&self, method: &str, fault: Fault) {
        self.script(Some(method), None, fault);
    }

    /// The next message to this chat goes wrong so.
    pub fn fails_next_to(&self, chat: i64, fault: Fault) {
        self.script(None, Some(chat.to_string()), fault);
    }

    fn script(&self, method: Option<&str>, chat: Option<String>, fault: Fault) {
        let method = method.map(str::to_owned);
        self.shared.with(|state| state.faults.push_back(Scripted { method, chat, fault }));
    }

    /// From now on more than one message a second to a chat, thirty a second in all or twenty a minute to a group are refused.
    pub fn enforce_limits(&self) {
        self.shared.with(|state| state.enforce = true);
    }

    /// Every call so far, in order.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.quietly(|state| state.calls.clone())
    }

    /// Waits until so many calls of this method have come.
    pub async fn called(&self, method: &str, times: usize) -> Vec<Call> {
        self.shared
            .until(|state| {
                let calls: Vec<Call> =
                    state.calls.iter().filter(|call| call.method == method).cloned().collect();
                (calls.len() >= times).then_some(calls)
            })
            .await
    }

    /// Waits until the bot's webhook is this one, as Telegram was told.
    pub async fn hooked(&self, bot: &Bot) -> String {
        let token = bot.token.clone();
        self.shared
            .until(move |state| state.bots.get(&token)?.hook.as_ref().map(|hook| hook.url.clone()))
            .await
    }

    /// Somebody else gives the bot a webhook.
    pub fn hook(&self, bot: &Bot, url: &str) {
        self.with_bot(bot, |bot| {
            bot.hook = Some(Hook { url: url.to_owned(), secret: None });
            bot.question += 1;
        });
    }

    /// Somebody else takes the bot's webhook away.
    pub fn unhook(&self, bot: &Bot) {
        self.with_bot(bot, |bot| bot.hook = None);
    }

    /// How many updates of the bot are still to be confirmed.
    pub fn pending(&self, bot: &Bot) -> usize {
        self.with_bot(bot, |bot| bot.updates.len())
    }

    /// Waits until all updates are confirmed.
    pub async fn drained(&self, bot: &Bot) {
        let token = bot.token.clone();
        self.shared.until(move |state| state.bots.get(&token)?.updates.is_empty().then_some(())).await;
    }

    /// Tells up to so many updates again that were confirmed, the latest, as they were: what a client gets that ended between its commit
    /// and the confirmation. Those who are asking at the moment confirm them at once.
    pub fn retell(&self, bot: &Bot, most: usize) {
        self.with_bot(bot, |bot| {
            let waiting: Vec<_> = bot.updates.iter().map(|update| update["update_id"].clone()).collect();
            let confirmed = bot.told.iter().rev().filter(|update| !waiting.contains(&update["update_id"]));
            for update in confirmed.take(most) {
                bot.updates.push_front(update.clone());
            }
        });
    }

    /// How often a question for the bot's updates ended because somebody else asked.
    pub fn conflicts(&self, bot: &Bot) -> usize {
        self.with_bot(bot, |bot| bot.conflicts)
    }

    /// Tells an update of any kind, as it stands but for its id.
    pub fn tell(&self, bot: &Bot, kind: &str, body: Value) {
        updates::push(&self.shared, &bot.token, kind, body);
    }

    pub(crate) fn with_bot<T>(&self, bot: &Bot, work: impl FnOnce(&mut BotState) -> T) -> T {
        #[expect(clippy::expect_used, reason = "a bot comes from here and is never removed")]
        self.shared.with(|state| work(state.bots.get_mut(&bot.token).expect("the bot is known")))
    }
}

async fn accept(shared: Arc<Shared>, listener: TcpListener) {
    loop {
        let accepted = tokio::select! {
            () = shared.stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else { continue };
        let (here, stop) = (Arc::clone(&shared), shared.stop.clone());
        shared.tasks.spawn(async move {
            let service = service_fn(move |request| serve(Arc::clone(&here), request));
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            tokio::select! {
                () = stop.cancelled() => {}
                // A connection that was cut was meant to be.
                _cut = connection => {}
            }
        });
    }
}

/// The connection is to be closed without an answer.
#[derive(Debug)]
struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("cut")
    }
}

impl std::error::Error for Cut {}

async fn serve(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response, Cut> {
    let (head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    if let Some(rest) = path.strip_prefix("/file/bot") {
        let file = rest.split_once('/').and_then(|(token, path)| {
            shared.quietly(|state| {
                let known = state.bots.get(token).is_some_and(|bot| !bot.revoked);
                state.files.get(path).filter(|_| known).cloned()
            })
        });
        return Ok(file.map_or_else(|| StatusCode::NOT_FOUND.into_response(), IntoResponse::into_response));
    }
    let call = path.strip_prefix("/bot").and_then(|rest| rest.split_once('/'));
    let Some((token, method)) = call else { return Ok(Refused::new(404, "Not Found").into_response()) };
    let bytes = body.collect().await.map_err(|_cut| Cut)?.to_bytes();
    if bytes.len() > LARGEST {
        return Ok(Refused::new(413, "Request Entity Too Large").into_response());
    }
    let content_type = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let form = Form::read(head.uri.query(), content_type.unwrap_or_default(), &bytes);
    let Some(form) = form else { return Ok(Refused::bad("can't parse the request").into_response()) };
    let chat = form.text("chat_id");
    let fault = shared.with(|state| {
        state.calls.push(Call { method: method.to_owned(), params: form.record() });
        state.fault(method, chat.as_deref())
    });
    if let Some(refused) = fault.as_ref().and_then(Fault::refusal) {
        return Ok(refused.into_response());
    }
    match fault {
        Some(Fault::CutBefore) => return Err(Cut),
        Some(Fault::Proxy(status)) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
            return Ok((status, "<html>Bad Gateway</html>").into_response());
        }
        Some(Fault::Hang) => {
            shared.stop.cancelled().await;
            return Err(Cut);
        }
        _ => {}
    }
    let answer = calls::carry_out(&shared, token, method, &form).await;
    let response = answer.unwrap_or_else(IntoResponse::into_response);
    match fault {
        Some(Fault::CutAfter) => Err(Cut),
        Some(Fault::HangAfter) => {
            shared.stop.cancelled().await;
            Err(Cut)
        }
        Some(Fault::CutWithin) => Ok(halved(response).await),
        Some(Fault::LateAfter) => Ok(Refused::new(504, "Gateway Timeout").into_response()),
        _ => Ok(response),
    }
}

/// The first half of a body, under the length of the whole.
async fn halved(response: Response) -> Response {
    let (head, body) = response.into_parts();
    let bytes = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let half = bytes.slice(..bytes.len() / 2);
    let cut: Result<bytes::Bytes, io::Error> = Err(io::ErrorKind::ConnectionReset.into());
    let mut response = Response::from_parts(head, Body::from_stream(stream::iter([Ok(half), cut])));
    response.headers_mut().insert(header::CONTENT_LENGTH, bytes.len().into());
    response
}
