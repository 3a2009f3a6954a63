//! The names of those who write, where a network's call does not tell them.
use std::{
    collections::{BTreeSet, HashMap},
    future::Future,
    pin::pin,
};

use cetar_model::Chat;
use cetar_provider::{InboundMessage, Session};
use futures::{StreamExt as _, stream};

/// So many are asked for at once.
const AT_ONCE: usize = 16;

/// Asks for the names of all who wrote these messages, each once and side by side, until `enough`: the network waits for its answer
/// meanwhile. Who is not named by then has no name for now; where a later message of theirs brings one, it is theirs everywhere.
pub(super) async fn ask(
    session: &dyn Session,
    messages: &[InboundMessage],
    enough: impl Future<Output = ()>,
) -> HashMap<Chat, String> {
    let nameless = messages.iter().filter(|message| message.sender_name.is_none() && !message.echo);
    let people: BTreeSet<Chat> = nameless.map(|message| message.from.clone()).collect();
    let asked = people.into_iter().map(|person| async move {
        let name = session.name_of(&person).await;
        (person, name)
    });
    let (mut asked, mut enough) = (stream::iter(asked).buffer_unordered(AT_ONCE), pin!(enough));
    let mut names = HashMap::new();
    loop {
        tokio::select! {
            // What is there is taken before it is given up.
            biased;
            told = asked.next() => match told {
                Some((person, name)) => names.extend(name.map(|name| (person, name))),
                None => return names,
            },
            () = &mut enough => {
                tracing::debug!("some who wrote are not named: the network does not say in time");
                return names;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;
    use cetar_model::{Content, DeviceState, Health, PhoneNumber, SendError, Sent, Timestamp};
    use cetar_provider::{ByteStream, CheckError, DownloadError, NumberCheck, Outbound, SessionEnd};
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::lock;

    /// A network that says at once what even ones are called, never what odd ones are, and nothing of `0`.
    #[derive(Default)]
    struct Network(Mutex<Vec<String>>);

    #[async_trait]
    impl Session for Network {
        async fn run(&self, _stop: CancellationToken) -> SessionEnd {
            SessionEnd::Stopped
        }

        fn health(&self) -> Health {
            Health::new(DeviceState::Connected, None)
        }

        async fn send(&self, _message: &Outbound) -> Result<Sent, SendError> {
            Err(SendError::NotSent("not asked for".into()))
        }

        async fn check(&self, _number: &PhoneNumber) -> Result<NumberCheck, CheckError> {
            Err(CheckError::NotSupported)
        }

        async fn download(&self, _reference: &str) -> Result<ByteStream, DownloadError> {
            Err(DownloadError::Gone("nothing is there".into()))
        }

        async fn logout(&self) -> Result<(), SendError> {
            Ok(())
        }

        async fn name_of(&self, person: &Chat) -> Option<String> {
            lock(&self.0).push(person.to_string());
            match person.as_str().parse::<u32>() {
                Ok(0) => None,
                Ok(number) if number.is_multiple_of(2) => Some(format!("Nama {number}")),
                _ => std::future::pending().await,
            }
        }
    }

    fn message(from: &str, sender_name: Option<&str>, echo: bool) -> InboundMessage {
        InboundMessage {
            remote_id: "m".to_owned(),
            chat: Chat::new(from),
            from: Chat::new(from),
            from_alias: false,
            group: false,
            echo,
            sender_name: sender_name.map(str::to_owned),
            content: Content::Text { text: "Halo".to_owned() },
            reply_to: None,
            raw: None,
            sent_at: Timestamp::from_secs(1_709_650_000),
        }
    }

    #[tokio::test]
    async fn who_is_named_in_time_is_named_and_nobody_waits_for_the_others() {
        let network = Network::default();
        let mut messages: Vec<_> =
            ["2", "1", "4", "2", "0"].map(|from| message(from, None, false)).into_iter().collect();
        messages.push(message("6", Some("Sudah ada"), false));
        messages.push(message("8", None, true));
        let names = ask(&network, &messages, async {}).await;
        let expected = [("2", "Nama 2"), ("4", "Nama 4")];
        assert_eq!(names, expected.map(|(person, name)| (Chat::new(person), name.to_owned())).into());
        let mut asked = lock(&network.0).clone();
        asked.sort_unstable();
        assert_eq!(asked, ["0", "1", "2", "4"], "each once, and only whose name is not told");
    }

    #[tokio::test]
    async fn where_all_are_named_nobody_waits_at_all() {
        let messages: Vec<_> =
            (0..100).map(|number| message(&(2 * number).to_string(), None, false)).collect();
        let names = ask(&Network::default(), &messages, std::future::pending()).await;
        assert_eq!(names.len(), 99);
    }
}
