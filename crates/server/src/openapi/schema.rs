//! Schemas of the model's words, which knows nothing of OpenAPI.

use cetar_model::{
    Channel, ContentKind, DeviceState, DownReason, FailureCode, Language, LinkMethod, MessageState,
    NextAction,
};
use utoipa::openapi::{ArrayBuilder, Object, ObjectBuilder, Schema, Type, schema::SchemaType};

/// The scopes of a key.
pub(crate) const SCOPES: [&str; 2] = ["messages", "admin"];

fn one_of(values: impl IntoIterator<Item = &'static str>) -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(values)).build()
}

fn one_of_or_null(values: impl IntoIterator<Item = &'static str>) -> Object {
    let values = values.into_iter().map(serde_json::Value::from).chain([serde_json::Value::Null]);
    ObjectBuilder::new()
        .schema_type(SchemaType::Array(vec![Type::String, Type::Null]))
        .enum_values(Some(values))
        .build()
}

fn words<T: Copy>(all: &[T], as_str: impl Fn(T) -> &'static str) -> Vec<&'static str> {
    all.iter().map(|word| as_str(*word)).collect()
}

pub(crate) fn channel() -> Object {
    one_of(words(Channel::ALL, Channel::as_str))
}

pub(crate) fn channels() -> Schema {
    ArrayBuilder::new().items(channel()).build().into()
}

/// The channels of `POST /v1/messages`: the official WhatsApp has an endpoint of its own.
pub(crate) fn send_channel() -> Object {
    one_of(words(Channel::ALL, Channel::as_str).into_iter().filter(|word| *word != "whatsapp-official"))
}

/// The types this version sends.
pub(crate) fn send_type() -> Object {
    one_of([ContentKind::Text.as_str()])
}

pub(crate) fn content_kind() -> Object {
    one_of(words(ContentKind::ALL, ContentKind::as_str))
}

pub(crate) fn message_state() -> Object {
    one_of(words(MessageState::ALL, MessageState::as_str))
}

pub(crate) fn device_state() -> Object {
    one_of(words(DeviceState::ALL, DeviceState::as_str))
}

pub(crate) fn down_reason() -> Object {
    one_of_or_null(words(DownReason::ALL, DownReason::as_str))
}

pub(crate) fn next_action() -> Object {
    one_of_or_null(words(NextAction::ALL, NextAction::as_str))
}

pub(crate) fn failure_code() -> Object {
    one_of(words(FailureCode::ALL, FailureCode::as_str))
}

pub(crate) fn link_method() -> Object {
    one_of(words(LinkMethod::ALL, LinkMethod::as_str))
}

pub(crate) fn language() -> Object {
    one_of(words(Language::ALL, Language::as_str))
}

pub(crate) fn scopes() -> Schema {
    ArrayBuilder::new().items(one_of(SCOPES)).build().into()
}
