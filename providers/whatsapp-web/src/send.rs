//! One attempt to send, and the questions that go with it.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use cetar_model::{BoxError, Chat, Content, DownReason, FailureCode, PhoneNumber};
use cetar_provider::{CheckError, NumberCheck, Outbound, SendError, Sent};
use futures::channel::oneshot;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use wacore::iq::devices::RemoveCompanionDeviceSpec;
use waproto::whatsapp as wa;
use whatsapp_rust::{
    Client, ClientError, ContactError, ErrorChainExt, IqError, Jid, NodeFilter, SendOptions,
    download::MediaType,
    wacore_binary::{JidExt as _, Node, NodeValue},
};

use crate::{
    acks::{Acks, Answer},
    convert::{self, Answered, Refused},
    health::{HealthBoard, Line},
    media::{Uploads, media_type},
    recipients::Recipients,
    settings::Settings,
    store::{SessionStore, promptly},
    transport::{Wire, WireState},
};

/// A running client, for those who use it from outside its loop.
pub(crate) struct Live {
    pub(crate) client: Arc<Client>,
    pub(crate) wire: WireState,
    pub(crate) store: Arc<SessionStore>,
    pub(crate) board: Arc<HealthBoard>,
    pub(crate) acks: Arc<Acks>,
    pub(crate) recipients: Arc<Recipients>,
    pub(crate) uploads: Arc<Uploads>,
    pub(crate) settings: Arc<Settings>,
    /// Asks the loop to look whether WhatsApp still answers.
    pub(crate) doubt: Notify,
    /// Cancelled once WhatsApp confirmed that we ended the link.
    pub(crate) unlinked: CancellationToken,
}

impl Live {
    /// The connection that can send, or why there is none. whatsapp-rust would take a message for a dropped socket and
    /// let it go out some time later, so nothing may reach it then.
    pub(crate) fn ready(&self) -> Result<u64, DownReason> {
        match (self.wire.now(), self.board.line()) {
            (_, Line::Silent) => Err(DownReason::NoAnswer),
            (_, Line::Over(reason)) => Err(reason),
            (Wire::Ready(number), Line::Up | Line::Down(_)) => Ok(number),
            (Wire::Closed | Wire::Failed | Wire::Open(_), _) => Err(DownReason::Disconnected),
        }
    }

    /// Sends and waits for WhatsApp's own word that it has the message.
    pub(crate) async fn send(&self, message: &Outbound) -> Result<Sent, SendError> {
        let mut wire = self.wire.subscribe();
        let number = self.ready().map_err(SendError::AccountDown)?;
        let stanza = Stanza::default();
        let lost = wire.wait_for(|wire| *wire != Wire::Ready(number));
        tokio::select! {
            biased;
            outcome = self.within_time(message, &stanza) => outcome,
            _ended = lost => Err(match stanza.made() {
                Some(_) => SendError::Unknown("the connection ended before WhatsApp answered".into()),
                None => SendError::AccountDown(DownReason::Disconnected),
            }),
        }
    }

    async fn within_time(&self, message: &Outbound, stanza: &Stanza) -> Result<Sent, SendError> {
        let chat = message.to.as_str();
        let to = convert::recipient(chat, self.store.is_alias(chat)).ok_or_else(|| {
            rejected(
                FailureCode::RejectedByNetwork,
                None,
                Some("the address is neither a number nor a group"),
            )
        })?;
        // Its medium first: nothing of the message itself is out before it is whole.
        let prepared = tokio::time::timeout(self.settings.media_timeout, self.prepare(message, &to));
        let content = prepared.await.map_err(|_elapsed| {
            SendError::NotSent("WhatsApp's media server did not take the medium in time".into())
        })??;
        let attempt = promptly(self.attempt(message, to, content, stanza));
        if let Ok(outcome) = tokio::time::timeout(self.settings.send_timeout, attempt).await {
            return outcome;
        }
        self.doubt.notify_one();
        Err(match stanza.made() {
            Some(stanza) if self.is_for_us_alone(&stanza) => for_nobody(),
            Some(_) => SendError::Unknown("WhatsApp did not acknowledge the message in time".into()),
            None => SendError::NotSent(
                "the recipient's account, devices and keys could not be had in time".into(),
            ),
        })
    }

    fn is_for_us_alone(&self, stanza: &Node) -> bool {
        is_for_own_devices_alone(stanza, &[self.client.pn(), self.client.lid()])
    }

    /// The message in WhatsApp's words, its medium uploaded.
    async fn prepare(&self, message: &Outbound, to: &Jid) -> Result<wa::Message, SendError> {
        let answers = match &message.reply_to {
            Some(id) => Some(self.answered(id, &message.to, to).await?),
            None => None,
        };
        match &message.content {
            Content::Text { text } => Ok(convert::text(text, answers)),
            Content::Buttons(buttons) => {
                let picture = match &buttons.media {
                    Some(media) => Some(self.upload(media, MediaType::Image).await?),
                    None => None,
                };
                Ok(convert::buttons(buttons, picture.as_deref(), answers))
            }
            Content::Image { media, .. }
            | Content::Video { media, .. }
            | Content::Document { media, .. }
            | Content::Audio { media, caption: None, .. } => {
                let sealed = self.upload(media, media_type(message.content.kind())?).await?;
                convert::media(&message.content, &sealed, answers).ok_or_else(not_supported)
            }
            Content::Audio { caption: Some(_), .. }
            | Content::Sticker { .. }
            | Content::ButtonPress { .. }
            | Content::Formatted { .. }
            | Content::Location(_)
            | Content::Contacts { .. }
            | Content::Reaction { .. }
            | Content::Poll { .. }
            | Content::PollVote { .. }
            | Content::Edited { .. }
            | Content::Deleted { .. }
            | Content::Template(_)
            | Content::Interactive { .. }
            | Content::Seen { .. }
            | Content::Unsupported { .. } => Err(not_supported()),
        }
    }

    /// The message that is answered, with who wrote it.
    async fn answered(&self, id: &str, chat: &Chat, to: &Jid) -> Result<Answered, SendError> {
        let writer = self.store.host().writer_of(chat, id).await;
        let writer = writer.map_err(|error| SendError::NotSent(error.into()))?;
        let own = if to.is_lid() { self.client.lid() } else { None }.or_else(|| self.client.pn());
        Ok(Answered::new(id.to_owned(), writer, to, own))
    }

    async fn attempt(
        &self,
        message: &Outbound,
        to: Jid,
        content: wa::Message,
        stanza: &Stanza,
    ) -> Result<Sent, SendError> {
        let to = self.account_of(to).await?;
        let id = convert::remote_id(&message.id);
        let mut waiter = self.acks.expect(&id, message.to.as_str());
        stanza.will_be(self.client.wait_for_sent_node(NodeFilter::tag("message").attr("id", id.clone())));
        let options = SendOptions::default().with_message_id(id.clone());
        let written = self.client.send_message_with_options(to, content, options).await;
        // Looked at before the answer, with which the connection may end.
        let for_us_alone = stanza.made().is_some_and(|stanza| self.is_for_us_alone(&stanza));
        let answer = match written {
            Ok(_written) => waiter.answer().await,
            Err(error) => waiter.try_answer().ok_or_else(|| failed(error))?,
        };
        // Only now, so that nobody takes WhatsApp's answer for one to the next attempt.
        if for_us_alone { Err(for_nobody()) } else { answered(answer, id) }
    }

    /// Shows typing. To a number without an account nothing is shown, as nothing will be sent.
    pub(crate) async fn typing(&self, chat: &Chat) -> Result<(), SendError> {
        self.ready().map_err(SendError::AccountDown)?;
        let Some(to) = convert::recipient(chat.as_str(), self.store.is_alias(chat.as_str())) else {
            return Ok(());
        };
        let to = self.account_of(to).await?;
        let shown = self.client.chatstate().send_composing(&to).await;
        shown.map_err(|error| SendError::NotSent(error.to_string().into()))
    }

    /// Where a message to this address goes. One to a number without an account would be lost without a word, so it is asked
    /// before; once per number.
    async fn account_of(&self, to: Jid) -> Result<Jid, SendError> {
        if !to.is_pn() {
            return Ok(to);
        }
        let known = self.recipients.account_of(&to.user, self.store.host().now());
        let account = match known {
            Some(known) => known,
            None => self.ask_for(&to).await.map_err(|unanswered| match unanswered {
                Unanswered::Down => SendError::AccountDown(DownReason::Disconnected),
                Unanswered::TooMany(wait) => SendError::SlowDown { retry_after: Some(wait) },
                Unanswered::Failed(error) => SendError::NotSent(error),
            })?,
        };
        account.map(Jid::pn).ok_or_else(|| rejected(FailureCode::RecipientNotOnWhatsapp, None, None))
    }

    /// Asks WhatsApp, unless it was asked too much a moment ago.
    async fn ask_for(&self, to: &Jid) -> Result<Option<String>, Unanswered> {
        let now = || self.store.host().now();
        if let Some(wait) = self.recipients.quiet_for(now()) {
            return Err(Unanswered::TooMany(wait));
        }
        let answer = self.look_up(to).await;
        if let Err(Unanswered::TooMany(wait)) = &answer {
            self.recipients.be_quiet(now() + *wait);
        }
        answer
    }

    /// Asks WhatsApp under which number it knows the account of this one, and remembers the answer.
    async fn look_up(&self, to: &Jid) -> Result<Option<String>, Unanswered> {
        let asked = self.client.contacts().is_on_whatsapp(std::slice::from_ref(to)).await;
        let found = asked.map_err(|error| match error {
            ContactError::Iq(IqError::ServerError { code: TOO_MANY, backoff, .. }) => {
                Unanswered::TooMany(ask_again(backoff))
            }
            error if error.is_transport_unavailable() => Unanswered::Down,
            error => Unanswered::Failed(error.into()),
        })?;
        // An error for a person is no word on whether they have an account.
        if let Some(error) = found.iter().find_map(|result| result.contact_error.as_ref()) {
            return Err(match error.code {
                Some(TOO_MANY) => Unanswered::TooMany(ask_again(error.backoff)),
                _ => Unanswered::Failed(format!("WhatsApp did not look the number up: {error:?}").into()),
            });
        }
        let registered = found.into_iter().find(|result| result.is_registered);
        let account = registered.map(|result| {
            // It may answer by LID, and say the number beside it.
            let number = [Some(result.jid), result.pn_jid].into_iter().flatten().find(Jid::is_pn);
            number.map_or_else(|| to.user.to_string(), |number| number.user.to_string())
        });
        self.recipients.learn(&to.user, account.as_deref(), self.store.host().now());
        Ok(account)
    }

    /// Ends the link on WhatsApp's side. The library's own `logout` forgets it on ours whether or not WhatsApp heard of it; this
    /// says which.
    pub(crate) async fn unlink(&self) -> Result<(), SendError> {
        self.ready().map_err(SendError::AccountDown)?;
        let Some(own) = self.client.pn() else { return Err(SendError::AccountDown(DownReason::LoggedOut)) };
        let asked = self.client.execute(RemoveCompanionDeviceSpec::new(&own));
        match tokio::time::timeout(self.settings.send_timeout, asked).await {
            Ok(Ok(())) => {
                self.unlinked.cancel();
                Ok(())
            }
            Ok(Err(IqError::ServerError { code, text, .. })) => {
                Err(rejected(FailureCode::RejectedByNetwork, Some(code.to_string()), Some(&text)))
            }
            // The end of the connection can overtake the answer.
            Ok(Err(_)) if self.board.line() == Line::Over(DownReason::LoggedOut) => Ok(()),
            Ok(Err(error)) => Err(SendError::Unknown(error.to_string().into())),
            Err(_elapsed) => {
                self.doubt.notify_one();
                Err(SendError::Unknown("WhatsApp did not confirm in time".into()))
            }
        }
    }

    /// Whether a number has an account, asked afresh.
    pub(crate) async fn check(&self, number: &PhoneNumber) -> Result<NumberCheck, CheckError> {
        self.ready().map_err(CheckError::AccountDown)?;
        let asked = Jid::pn(number.as_str());
        let account = match tokio::time::timeout(self.settings.send_timeout, self.ask_for(&asked)).await {
            Ok(Ok(account)) => account,
            Ok(Err(Unanswered::Down)) => return Err(CheckError::AccountDown(DownReason::Disconnected)),
            Ok(Err(Unanswered::TooMany(_))) => {
                return Err(CheckError::Failed("WhatsApp takes no more such questions for now (429)".into()));
            }
            Ok(Err(Unanswered::Failed(error))) => return Err(CheckError::Failed(error)),
            Err(_elapsed) => {
                self.doubt.notify_one();
                return Err(CheckError::Failed("WhatsApp did not answer in time".into()));
            }
        };
        Ok(NumberCheck {
            is_registered: account.is_some(),
            jid: account.map(|number| Jid::pn(number).to_string()),
        })
    }
}

/// What goes out in one attempt, once whatsapp-rust has made it: before that nothing of the message can be on its way.
#[derive(Default)]
struct Stanza(Mutex<Making>);

#[derive(Default)]
enum Making {
    #[default]
    NotBegun,
    Begun(oneshot::Receiver<Arc<Node>>),
    Made(Arc<Node>),
}

impl Stanza {
    /// The library tells of it, just before it is written to the connection.
    fn will_be(&self, told: oneshot::Receiver<Arc<Node>>) {
        *self.making() = Making::Begun(told);
    }

    fn made(&self) -> Option<Arc<Node>> {
        let mut making = self.making();
        if let Making::Begun(told) = &mut *making
            && let Ok(Some(node)) = told.try_recv()
        {
            *making = Making::Made(node);
        }
        match &*making {
            Making::Made(node) => Some(Arc::clone(node)),
            Making::NotBegun | Making::Begun(_) => None,
        }
    }

    fn making(&self) -> MutexGuard<'_, Making> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn for_nobody() -> SendError {
    SendError::NotSent("the message could not be encrypted for any device of the recipient".into())
}

/// Whether a message to somebody else is encrypted for devices of this account only. whatsapp-rust leaves out each device for which
/// it fails to encrypt, be it because its keys cannot be had or because the database is away; WhatsApp takes what is left of the
/// message, and says so. Facts: wacore 0.7.0, `send/dm.rs` (`prepare_dm_stanza`), `send/encrypt.rs` ("Skipping").
fn is_for_own_devices_alone(stanza: &Node, own: &[Option<Jid>]) -> bool {
    let is_own = |jid: &Jid| own.iter().flatten().any(|own| own.is_same_user_as(jid));
    let to = stanza.attrs.get("to").and_then(NodeValue::to_jid);
    if to.is_none_or(|to| to.is_group() || is_own(&to)) {
        return false;
    }
    let Some(participants) = stanza.get_optional_child("participants") else { return false };
    let devices =
        participants.get_children_by_tag("to").map(|to| to.attrs.get("jid").and_then(NodeValue::to_jid));
    // What cannot be read is taken for somebody else's.
    devices.into_iter().all(|device| device.is_some_and(|device| is_own(&device)))
}

/// WhatsApp did not say whether a number has an account.
enum Unanswered {
    /// The connection ended.
    Down,
    /// It was asked too much lately; for so long it is asked no more.
    TooMany(Duration),
    /// Anything else.
    Failed(BoxError),
}

/// WhatsApp's code for too many questions.
const TOO_MANY: u16 = 429;
/// How long it is asked no more where it does not say. An estimate: it publishes none of its limits.
const ASK_AGAIN: Duration = Duration::from_mins(1);

/// The most that it is taken at its word: a figure that is far beyond this is most likely not one of seconds.
const AT_MOST: Duration = Duration::from_hours(1);

/// How long it is asked no more, by the seconds that it said.
fn ask_again(said: Option<u32>) -> Duration {
    said.map_or(ASK_AGAIN, |seconds| Duration::from_secs(seconds.into()).min(AT_MOST))
}

fn not_supported() -> SendError {
    rejected(FailureCode::ContentNotSupported, None, None)
}

fn rejected(code: FailureCode, provider_code: Option<String>, detail: Option<&str>) -> SendError {
    SendError::Rejected { code, provider_code, detail: detail.map(str::to_owned) }
}

fn answered(answer: Answer, remote_id: String) -> Result<Sent, SendError> {
    match answer {
        Ok(()) => Ok(Sent { remote_id }),
        Err(code) => Err(match convert::refusal(&code) {
            Refused::ForGood(failure) => rejected(failure, Some(code), None),
            Refused::Overloaded => SendError::SlowDown { retry_after: None },
            Refused::Unavailable => SendError::NotSent("WhatsApp cannot take messages now (503)".into()),
        }),
    }
}

/// Certain that no frame of the message went out.
fn not_sent(error: &(impl ErrorChainExt + ?Sized), text: String) -> SendError {
    if error.is_transport_unavailable() {
        SendError::AccountDown(DownReason::Disconnected)
    } else {
        SendError::NotSent(text.into())
    }
}

/// What a failed call of whatsapp-rust means. Its steps before the frame (devices, keys, encryption) fail as `Iq` and
/// `Internal`; writing the frame fails as `Client`.
fn failed(error: whatsapp_rust::SendError) -> SendError {
    use whatsapp_rust::SendError as E;
    match error {
        E::NotLoggedIn | E::Client(ClientError::NotConnected | ClientError::NotLoggedIn) => {
            SendError::AccountDown(DownReason::Disconnected)
        }
        E::Iq(IqError::ServerError { code: TOO_MANY, backoff, .. }) => {
            SendError::SlowDown { retry_after: Some(ask_again(backoff)) }
        }
        E::Iq(error) => not_sent(&error, error.to_string()),
        E::InvalidRequest(problem) => rejected(FailureCode::RejectedByNetwork, None, Some(&problem)),
        E::Internal(error) => SendError::NotSent(error.to_string().into()),
        // A frame that failed half-way may have arrived.
        other => SendError::Unknown(BoxError::from(other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use whatsapp_rust::anyhow;

    #[test]
    fn an_error_of_the_library_says_how_certain_it_is() {
        use whatsapp_rust::SendError as E;
        let down = |error| matches!(failed(error), SendError::AccountDown(DownReason::Disconnected));
        let not_sent = |error| matches!(failed(error), SendError::NotSent(_));
        assert!(down(E::NotLoggedIn));
        assert!(down(E::Client(ClientError::NotConnected)));
        assert!(down(E::Iq(IqError::NotConnected)));
        assert!(down(E::Iq(IqError::InternalChannelClosed)));
        assert!(not_sent(E::Iq(IqError::Timeout)));
        let limited = |backoff| {
            E::Iq(IqError::ServerError {
                code: 429,
                text: "rate-overlimit".into(),
                error_type: None,
                backoff,
            })
        };
        let wait = |error| match failed(error) {
            SendError::SlowDown { retry_after } => retry_after,
            other => panic!("{other:?}"),
        };
        assert_eq!(wait(limited(Some(7))), Some(Duration::from_secs(7)));
        assert_eq!(wait(limited(None)), Some(ASK_AGAIN));
        assert_eq!(wait(limited(Some(u32::MAX))), Some(AT_MOST));
        assert!(not_sent(E::Internal(anyhow::anyhow!("no session"))));
        let broken = ClientError::Socket(whatsapp_rust::socket::error::SocketError::SocketClosed);
        assert!(matches!(failed(E::Client(broken)), SendError::Unknown(_)));
        assert!(matches!(failed(E::InvalidRequest("x".into())), SendError::Rejected { .. }));
    }

    #[test]
    fn a_message_that_no_device_of_its_recipient_can_read_is_told_from_others() {
        use whatsapp_rust::NodeBuilder;
        let own = [Some(Jid::pn_device("6281", 3)), Some(Jid::lid_device("1900", 3))];
        let stanza = |to: &str, devices: &[&str]| {
            let to = NodeBuilder::new("message").attr("to", to.parse::<Jid>().unwrap());
            let device = |jid: &&str| NodeBuilder::new("to").attr("jid", jid.parse::<Jid>().unwrap()).build();
            to.children([NodeBuilder::new("participants").children(devices.iter().map(device)).build()])
                .build()
        };
        for (to, devices, expected) in [
            ("6282@s.whatsapp.net", &["6282@s.whatsapp.net", "6281@s.whatsapp.net"][..], false),
            ("6282@s.whatsapp.net", &["6282:7@s.whatsapp.net"], false),
            ("6282@s.whatsapp.net", &["6281@s.whatsapp.net"], true),
            ("2900@lid", &["1900@lid", "1900:4@lid"], true),
            ("2900@lid", &["1900@lid", "2900@lid"], false),
            // To oneself, and to a group, whose members have its key.
            ("6281@s.whatsapp.net", &["6281@s.whatsapp.net"], false),
            ("120363000000000001@g.us", &["6281@s.whatsapp.net"], false),
        ] {
            assert_eq!(is_for_own_devices_alone(&stanza(to, devices), &own), expected, "{to} {devices:?}");
        }
        let direct = NodeBuilder::new("message").attr("to", "6282@s.whatsapp.net".parse::<Jid>().unwrap());
        assert!(!is_for_own_devices_alone(&direct.build(), &own), "with one ciphertext, for the recipient");
    }

    #[test]
    fn a_refusal_carries_whatsapps_code() {
        let of = |code: &str| match answered(Err(code.into()), "X".into()) {
            Err(SendError::Rejected { code, provider_code, .. }) => (code, provider_code),
            other => panic!("{other:?}"),
        };
        assert_eq!(of("463"), (FailureCode::AccountRestricted, Some("463".into())));
        assert_eq!(of("479"), (FailureCode::RejectedByNetwork, Some("479".into())));
        let answer = |code: &str| answered(Err(code.into()), "X".into());
        assert!(matches!(answer("429"), Err(SendError::SlowDown { .. })));
        assert!(matches!(answer("503"), Err(SendError::NotSent(_))));
        assert_eq!(answered(Ok(()), "X".into()).unwrap().remote_id, "X");
    }
}
