//! The scene most tests begin with: a server, a WhatsApp account linked to it, a key, a webhook.

use cetar_simulator_whatsapp_web::Simulator;
use serde_json::Value;

use crate::{Database, Gateway, Home, Receiver, within};

/// The account's own number.
pub const OWNER: &str = "628111000111";

/// Someone who is written to.
pub const BUDI: &str = "6281234567890";

/// A WhatsApp device that sends as fast as it can: tests have no time for manners.
pub const UNPACED: &[&str] = &["--channel", "whatsapp", "--name", "CS-1", "--pace", "off"];

/// Someone else.
pub const ANA: &str = "6281234567891";

/// Everything in place to send a first message.
pub struct Scene {
    /// WhatsApp.
    pub simulator: Simulator,
    /// The data directory.
    pub home: Home,
    /// The server.
    pub gateway: Gateway,
    /// The customer's server.
    pub receiver: Receiver,
    /// Its signing secret.
    pub secret: String,
    /// A key that may send.
    pub key: String,
    /// The linked device.
    pub device: String,
}

impl Scene {
    /// Sets it, linking by QR as `cetar device link` shows it.
    pub async fn set(database: &Database) -> Self {
        Self::set_in(|simulator| Home::new(database, &simulator.url())).await
    }

    /// The same, in a home that the test furnishes.
    pub async fn set_in(furnish: impl FnOnce(&Simulator) -> Home) -> Self {
        let simulator = Simulator::start().await;
        // Whom nobody named is not on WhatsApp.
        let _people = [simulator.peer(BUDI), simulator.peer(ANA)];
        let home = furnish(&simulator);
        let gateway = home.serve().await;
        let mut receiver = Receiver::start().await;
        let secret = home.cli("webhook add", &["--url", receiver.url()]).await.ok();
        let key = home.cli("key create", &["--name", "php"]).await.ok();
        let device = home.cli("device add", UNPACED).await.ok();
        link_by_qr(&home, &simulator, &device).await;
        connected(&mut receiver, &device).await;
        Self { simulator, home, gateway, receiver, secret, key, device }
    }

    /// Starts the server again on the same data, as a person would after a crash.
    pub async fn restart(self) -> Self {
        let gateway = self.home.serve().await;
        Self { gateway, ..self }
    }
}

/// Links the device the way a person does: reads the QR off the terminal with the phone.
pub async fn link_by_qr(home: &Home, simulator: &Simulator, device: &str) {
    let (mut command, _stdin, mut printed) = home.start("device link", &[device, "--json"]);
    let qr = within("a QR in the terminal", async {
        loop {
            let line = printed.recv().await.expect("`device link` shows a QR");
            if let Some(data) = field(&line, "qr", "data") {
                return data;
            }
        }
    })
    .await;
    within("the phone to link", simulator.phone(OWNER).scan(&qr)).await.expect("the phone links");
    let status = within("`device link` to end", command.wait()).await.expect("it ends");
    assert!(status.success(), "`device link` ends well");
}

/// Links the device by the eight characters shown.
pub async fn link_by_code(home: &Home, simulator: &Simulator, device: &str) {
    let (mut command, _stdin, mut printed) =
        home.start("device link", &[device, "--pairing-code", OWNER, "--json"]);
    let code = within("a code in the terminal", async {
        loop {
            let line = printed.recv().await.expect("`device link` shows a code");
            if let Some(code) = field(&line, "code", "code") {
                return code;
            }
        }
    })
    .await;
    within("the phone to link", simulator.phone(OWNER).enter_code(&code)).await.expect("the phone links");
    let status = within("`device link` to end", command.wait()).await.expect("it ends");
    assert!(status.success(), "`device link` ends well");
}

/// `data` or `code` of a line such as `{"event":"qr","data":"…"}`.
fn field(line: &str, event: &str, name: &str) -> Option<String> {
    let line: Value = serde_json::from_str(line).ok()?;
    (line["event"] == event).then(|| line[name].as_str().map(str::to_owned)).flatten()
}

/// Waits until the device says that it is connected.
pub async fn connected(receiver: &mut Receiver, device: &str) -> Value {
    state(receiver, device, "connected").await
}

/// Waits until the device says that it is in this state.
pub async fn state(receiver: &mut Receiver, device: &str, state: &str) -> Value {
    let what = format!("{device} to be {state}");
    let told = |json: &Value| {
        json["event"] == "session.state" && json["session_id"] == device && json["data"]["state"] == state
    };
    receiver.next(&what, |webhook| told(&webhook.json)).await.json
}
