//! The words of the product: ids, channels, messages, jobs, device states and their legal moves,
//! the retry decision. Pure: no tokio, no I/O, no clock. Everything else speaks in these words.

mod address;
mod buttons;
mod card;
mod channel;
mod circuit;
mod content;
mod device;
mod event;
mod failure;
mod ids;
mod job;
mod media;
mod message;
mod official;
mod plan;
mod received;
mod role;
mod send;
mod simulated;
mod template;
mod time;

pub use address::{Chat, Moved, PhoneNumber, PhoneNumberError};
pub use buttons::{Button, Buttons, MAX_BUTTONS};
pub use card::{Card, Coordinate, Location};
pub use channel::{Channel, UnknownWord};
pub use circuit::{
    CIRCUIT_OPENS_AFTER, DISABLED_AFTER, DeliveryState, EndpointState, circuit_is_open, is_given_up,
    probe_after,
};
pub use content::{Content, ContentKind, Markup};
pub use device::{DeviceState, DownReason, Health, LinkMethod, NextAction, PaceMode};
pub use event::{
    ContactData, ContactResolvedData, Event, EventData, EventType, MessageError, SessionStateData,
    StatusData, Subscription,
};
pub use failure::{FailureCode, Language};
pub use ids::{
    ApiKeyId, AuditId, BlockId, ContactId, ConversationId, DeliveryId, DeviceId, EndpointId, EventId,
    IdError, IdSource, JobId, MediaId, MessageId, NodeId, NoteId, UserId, WorkspaceId,
};
pub use job::{
    AttemptOutcome, Decision, JobState, MAX_ATTEMPTS, MAX_CRASHES, backoff, decide, ends_the_process,
};
pub use media::{Media, MediaSource};
pub use message::{Direction, Fate, MessageState, MessageTag, OfPart, Receipt, Writer};
pub use official::{
    Filling, KnownTemplate, NOT_FOUND, OfficialTemplate, TemplateButton, TemplateButtonVariable,
    TemplateChange, TemplateHeader, TemplateNews, TemplateParts, TemplateVariable,
};
pub use plan::Plan;
pub use received::{MediaData, PollData, ReceivedData};
pub use role::Role;
pub use send::{BoxError, SendError, Sent};
pub use simulated::{Disturbance, LinkOutcome};
pub use template::{MAX_FILLED, MAX_PLACEHOLDERS, NotFilled, Template, TemplateMedium, TooFewVariables};
pub use time::{Clock, Timestamp};
