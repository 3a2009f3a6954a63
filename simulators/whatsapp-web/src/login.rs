//! Who is let in, as what; and what becomes of a device when its socket is gone.

use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;
use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Server};

use crate::companion::{Delivery, Registration};
use crate::log::{Event, Rule};
use crate::node::{conflict, leaf};
use crate::pairing::Pairing;
use crate::state::{Connection, DeviceId, Outgoing, Role, State};
use crate::wire::Handshake;

/// Not linked (any more).
const NOT_AUTHORIZED: u16 = 401;
/// The registration data makes no sense.
const BAD_REQUEST: u16 = 400;
const SERVICE_UNAVAILABLE: u16 = 503;

impl State {
    /// Lets a client in that finished its handshake, or gives the reason of the `<failure>` to send it
    /// away with.
    pub(crate) fn admit(
        &mut self,
        handshake: &Handshake,
        out: UnboundedSender<Outgoing>,
        kill: CancellationToken,
    ) -> Result<u64, u16> {
        if self.faults.unavailable {
            self.log.push(Event::Fault { fault: "unavailable" });
            return Err(SERVICE_UNAVAILABLE);
        }
        let payload = &handshake.payload;
        let role = match (payload.username, payload.device) {
            (Some(number), Some(device)) => self.log_in(handshake, number.to_string(), device)?,
            _ => self.register(handshake)?,
        };
        let login = match &role {
            Role::Device { number, device } => Some(DeviceId { number: number.clone(), device: *device }),
            Role::Stranger(_) => None,
        };
        let connection = self.new_connection(Connection { out, kill, role });
        self.log.push(Event::Connected { connection, pattern: handshake.pattern });
        match login {
            Some(device) => self.logged_in(connection, &device),
            None => self.offer_codes(connection),
        }
        Ok(connection)
    }

    fn register(&mut self, handshake: &Handshake) -> Result<Role, u16> {
        match Registration::parse(&handshake.payload, handshake.client_static) {
            Ok(registration) => Ok(Role::Stranger(Box::new(Pairing::new(registration)))),
            Err(why) => {
                self.violation(Rule::Registration, "an unregistered client", why);
                Err(BAD_REQUEST)
            }
        }
    }

    /// A login stands on the Noise key: it has to be the one the device was linked with.
    fn log_in(&mut self, handshake: &Handshake, number: String, device: u32) -> Result<Role, u16> {
        let claimed = format!("{number}:{device}@s.whatsapp.net");
        let id = u16::try_from(device).ok().map(|device| DeviceId { number, device });
        let linked = id.and_then(|id| Some((self.companion(&id)?.registration.noise_key, id)));
        let refused = match linked {
            Some((key, id)) if key == handshake.client_static => {
                return Ok(Role::Device { number: id.number, device: id.device });
            }
            Some(_) => Some("another Noise key than the one it was linked with"),
            // Also what a device meets that its owner removed: nothing the client did wrong.
            None => None,
        };
        if let Some(why) = refused {
            self.violation(Rule::Login, claimed.as_str(), why);
        }
        self.log.push(Event::LoginRefused { device: claimed, code: NOT_AUTHORIZED });
        Err(NOT_AUTHORIZED)
    }

    fn logged_in(&mut self, connection: u64, id: &DeviceId) {
        let jid = Jid::pn_device(id.number.as_str(), id.device).to_string();
        let lid = self.account(&id.number).jid(Server::Lid, id.device);
        let Some(companion) = self.companion(id) else { return };
        let before = companion.connection.replace(connection);
        companion.delivery = Delivery::Waiting;
        if let Some(before) = before.and_then(|before| self.connections.get(&before)) {
            before.end(conflict(None, "replaced"));
            self.log.push(Event::Replaced { device: jid.clone() });
        }
        let now = wacore::time::now_secs_u64();
        let success = NodeBuilder::new("success")
            .attr("t", now)
            .attr("lid", lid)
            .attr("props", "27")
            .attr("abprops", "1")
            .attr("creation", now)
            .attr("location", "sim")
            .build();
        // Clients put this in front of their next connection header.
        let routing = NodeBuilder::new("edge_routing").children([leaf("routing_info", [8, 2, 8, 5])]).build();
        let routing =
            NodeBuilder::new("ib").attr("from", crate::node::server_jid()).children([routing]).build();
        if let Some(connection) = self.connections.get(&connection) {
            connection.send(success);
            connection.send(routing);
        }
        self.log.push(Event::LoggedIn { device: jid });
    }

    /// The socket is gone: what it did not acknowledge waits for the next one.
    pub(crate) fn disconnected(&mut self, connection: u64, reason: String) {
        let Some(gone) = self.connections.remove(&connection) else { return };
        let mut name = None;
        if let Role::Device { number, device } = gone.role {
            name = Some(Jid::pn_device(number.as_str(), device).to_string());
            if let Some(companion) = self.companion(&DeviceId { number, device })
                && companion.connection == Some(connection)
            {
                companion.connection = None;
                companion.delivery = Delivery::Waiting;
            }
        }
        self.log.push(Event::Disconnected { connection, device: name, reason });
    }

    /// Unlinks a device. Its client is told, now or at its next login.
    pub(crate) fn remove_device(&mut self, id: &DeviceId, by_client: bool) {
        let Some(companion) = self.account(&id.number).companions.remove(&id.device) else { return };
        let device = Jid::pn_device(id.number.as_str(), id.device).to_string();
        self.log.push(Event::LoggedOut { device, by_client });
        if let Some(connection) = companion.connection.and_then(|it| self.connections.get(&it)) {
            connection.end(conflict(Some(NOT_AUTHORIZED), "device_removed"));
        }
        self.announce_devices(id);
    }
}
