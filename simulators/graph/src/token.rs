//! How long a token lasts: `GET /debug_token`, told to the app it is of, and Instagram's own way.

use std::collections::HashMap;

use axum::http::{HeaderMap, header};
use serde_json::{Value, json};

use crate::{
    GraphError,
    state::{Kind, State},
};

/// The id of the one app there is.
pub(crate) const APP: &str = "555000111222333";

/// `GET /refresh_access_token` of Instagram's own API: another token in place of one that is a day old. This stand-in takes the old one
/// no more.
pub(crate) fn renewed(state: &mut State, query: &HashMap<String, String>) -> Result<Value, GraphError> {
    let wanted = query.get("grant_type").is_some_and(|kind| kind == "ig_refresh_token");
    let token = query.get("access_token").filter(|_| wanted).cloned();
    let token = token.ok_or_else(|| GraphError::missing("access_token"))?;
    let id = state.by_token(&token).filter(|account| account.kind == Kind::Instagram);
    let id = id.ok_or_else(GraphError::token)?.id.clone();
    let (new, seconds) = state.renewals.remove(&id).ok_or_else(|| {
        GraphError::new(400, 100, "The access token is less than 24 hours old and cannot be refreshed")
    })?;
    for account in state.accounts.iter_mut().filter(|account| account.id == id) {
        account.token.clone_from(&new);
    }
    Ok(json!({ "access_token": new, "token_type": "bearer", "expires_in": seconds }))
}

/// What Meta tells of `input_token`.
pub(crate) fn inspected(
    state: &State,
    headers: &HeaderMap,
    query: &HashMap<String, String>,
) -> Result<Value, GraphError> {
    let inspected = query.get("input_token").ok_or_else(|| GraphError::missing("input_token"))?;
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let asking = bearer.strip_prefix("Bearer ").unwrap_or_default();
    // Every account here is of the same app, however many secrets a test gives it.
    let is_app = |secret: &str| asking == format!("{APP}|{secret}");
    if !state.accounts.iter().any(|account| is_app(&account.app_secret)) {
        return Err(GraphError::new(400, 190, "Invalid OAuth access token signature."));
    }
    let Some(account) = state.by_token(inspected) else {
        let error = json!({ "code": 190, "message": "Error validating access token", "subcode": 463 });
        return Ok(json!({ "data": { "error": error, "is_valid": false, "scopes": [] } }));
    };
    let ends = state.token_ends.get(&account.id).copied().unwrap_or_default();
    Ok(json!({ "data": {
        "app_id": APP, "type": "SYSTEM_USER", "application": "Toko", "is_valid": true, "expires_at": ends,
        "data_access_expires_at": 0, "user_id": "1", "scopes": ["whatsapp_business_messaging"],
    } }))
}
