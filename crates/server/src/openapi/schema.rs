//! Schemas of the model's words, which knows nothing of OpenAPI. Each stands in the document once, by name.

use std::borrow::Cow;

use cetar_model::{self as model, FailureCode as Failures};
use cetar_provider::Unit;
use cetar_store as store;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};

use crate::v1::{
    deliveries::view::REPLY_STATUSES,
    devices::phone_act,
    messages::{content::BUTTON_TYPES, create::TYPES},
    meta::content::TYPES as OFFICIAL_TYPES,
};

macro_rules! words {
    ($($name:ident: $about:literal = $words:expr;)*) => {$(
        #[doc = $about]
        pub(crate) struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                one_of($about, $words)
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }
        }
    )*};
}

words! {
    Channel: "A network." = words(model::Channel::ALL, model::Channel::as_str);
    // The official WhatsApp has an endpoint of its own.
    SendChannel: "A network, as `POST /v1/messages` takes it." = words(model::Channel::ALL, model::Channel::as_str)
        .into_iter()
        .filter(|word| *word != model::Channel::WhatsappOfficial.as_str())
        .collect();
    OfficialType: "The types of `POST /v1/meta/messages`." = OFFICIAL_TYPES.to_vec();
    SendType: "The types of `POST /v1/messages`." = words(&TYPES, model::ContentKind::as_str);
    ButtonType: "The kinds of buttons." = BUTTON_TYPES.to_vec();
    ParseMode: "How a text is marked up." = words(model::Markup::ALL, model::Markup::as_str);
    MessageTag: "What is claimed of a message." = words(model::MessageTag::ALL, model::MessageTag::as_str);
    ContentType: "What kind of message." = words(model::ContentKind::ALL, model::ContentKind::as_str);
    LengthUnit: "What a length counts." = UNITS.map(Unit::as_str).to_vec();
    MessageStatus: "Where a message stands." = words(model::MessageState::ALL, model::MessageState::as_str);
    DeviceState: "How a device is." = words(model::DeviceState::ALL, model::DeviceState::as_str);
    DownReason: "Why a device is as it is." = words(model::DownReason::ALL, model::DownReason::as_str);
    NextAction: "What a person should do." = words(model::NextAction::ALL, model::NextAction::as_str);
    EventType: "What happened; `erased` is what is left of an event of a person whose data were erased." =
        words(model::EventType::ALL, model::EventType::as_str).into_iter().chain([store::ERASED]).collect();
    FailureCode: "Why a message failed." = words(Failures::ALL, Failures::as_str);
    LinkMethod: "How a device is linked." = words(model::LinkMethod::ALL, model::LinkMethod::as_str);
    LinkOutcome: "How linking a sandbox device goes." = words(model::LinkOutcome::ALL, model::LinkOutcome::as_str);
    PhoneType: "What is done on a simulated phone." = phone_act::types();
    PaceMode: "Whether a device keeps to its network's pace." = words(model::PaceMode::ALL, model::PaceMode::as_str);
    Language: "A language we answer in." = words(model::Language::ALL, model::Language::as_str);
    Role: "What a person may do: the inbox, all but owners and plan, everything." = words(model::Role::ALL, model::Role::as_str);
    DeliveryStatus: "Where a delivery stands." = words(model::DeliveryState::ALL, model::DeliveryState::as_str);
    ReplyStatus: "What became of a reply in an answer." = REPLY_STATUSES.to_vec();
    WebhookState: "How a webhook endpoint is." = words(model::EndpointState::ALL, model::EndpointState::as_str);
    KeyScope: "What a key may do: send and read what it sent, or everything else." = words(&SCOPES, store::Scope::as_str);
}

/// The id of a device, as bodies name it.
pub(crate) struct DeviceId;

impl PartialSchema for DeviceId {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("The id of a device."))
            .pattern(Some("^dev_[0-9a-f]{32}$"))
            .examples(["dev_0199c3a0b6f47c3e9d3a5b1c2d3e4f50"])
            .into()
    }
}

impl ToSchema for DeviceId {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("DeviceId")
    }
}

/// What lengths count.
const UNITS: [Unit; 3] = [Unit::Characters, Unit::Utf16, Unit::Bytes];

/// The scopes of a key.
pub(crate) const SCOPES: [store::Scope; 2] = [store::Scope::Messages, store::Scope::Admin];

fn one_of(about: &str, values: Vec<&'static str>) -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).description(Some(about)).enum_values(Some(values)).into()
}

fn words<T: Copy>(all: &[T], as_str: impl Fn(T) -> &'static str) -> Vec<&'static str> {
    all.iter().map(|word| as_str(*word)).collect()
}
