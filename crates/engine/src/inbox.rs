//! The inbox: what colleagues do with conversations, and what they know about people.
use std::collections::HashMap;

use cetar_model::{ContactId, ConversationId, MessageId, NoteId};
use cetar_store::{
    Contact, ContactChange, Conversation, ConversationChange, ConversationFilter, Delivery, InboxMessage,
    InboxPlace, LoggedMessage, MessageFilter, MessageRest, Note, StoreError,
};

use crate::{
    Engine,
    auth::{Caller, Permission},
};

/// Deliveries shown with a message, at most: a handful of events to a handful of endpoints, unless many were sent again.
const DELIVERIES: usize = 100;

/// Where a message came from, and whom it was told.
#[derive(Debug, Clone)]
pub struct MessageTrail {
    /// The request that asked for it, and what else a list does not show.
    pub rest: MessageRest,
    /// The webhooks it caused, newest first, at most 100; `None` for a caller who may not see webhooks.
    pub deliveries: Option<Vec<Delivery>>,
}

impl Engine {
    /// The conversations that fit, newest activity first, at most `limit`; and where to go on, if there is more to look at. A page may
    /// be short, or empty, where few of many fit. A key that is tied to devices sees theirs.
    pub async fn conversations(
        &self,
        caller: &Caller,
        filter: &ConversationFilter,
        limit: usize,
    ) -> Result<(Vec<Conversation>, Option<InboxPlace>), StoreError> {
        let filter = ConversationFilter { devices: caller.ties().to_vec(), ..filter.clone() };
        self.inner.store.conversations(&caller.workspace.id, &filter, limit).await
    }

    /// One of them.
    pub async fn conversation(
        &self,
        caller: &Caller,
        id: &ConversationId,
    ) -> Result<Option<Conversation>, StoreError> {
        let found = self.inner.store.conversation(&caller.workspace.id, id).await?;
        Ok(found.filter(|one| caller.is_tied_to(&one.device)))
    }

    /// Its messages before a position, newest first, at most `limit`; `None` if there is no such conversation.
    pub async fn conversation_messages(
        &self,
        caller: &Caller,
        id: &ConversationId,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Option<Vec<InboxMessage>>, StoreError> {
        if self.conversation(caller, id).await?.is_none() {
            return Ok(None);
        }
        self.inner.store.conversation_messages(&caller.workspace.id, id, before, limit).await.map(Some)
    }

    /// Does something with it, and tells the stream. `None` if there is no such conversation, or nobody to give it to.
    pub async fn change_conversation(
        &self,
        caller: &Caller,
        id: &ConversationId,
        change: ConversationChange,
    ) -> Result<Option<Conversation>, StoreError> {
        if self.conversation(caller, id).await?.is_none() {
            return Ok(None);
        }
        if !self.inner.store.change_conversation(&caller.workspace.id, id, change, self.now()).await? {
            return Ok(None);
        }
        self.progressed();
        self.conversation(caller, id).await
    }

    /// Notes something beside a conversation; `None` if there is no such conversation.
    pub async fn add_note(
        &self,
        caller: &Caller,
        conversation: &ConversationId,
        text: String,
    ) -> Result<Option<Note>, StoreError> {
        if self.conversation(caller, conversation).await?.is_none() {
            return Ok(None);
        }
        let now = self.now();
        let note =
            Note { id: self.inner.ids.make(now), author: caller.name().to_owned(), text, created_at: now };
        let added = self.inner.store.add_note(&caller.workspace.id, conversation, note.clone()).await?;
        self.progressed();
        Ok(added.then_some(note))
    }

    /// Its notes before one of them, newest first; `None` if there is no such conversation.
    pub async fn notes(
        &self,
        caller: &Caller,
        conversation: &ConversationId,
        before: Option<&NoteId>,
        limit: usize,
    ) -> Result<Option<Vec<Note>>, StoreError> {
        if self.conversation(caller, conversation).await?.is_none() {
            return Ok(None);
        }
        self.inner.store.notes(&caller.workspace.id, conversation, before, limit).await.map(Some)
    }

    /// Messages that fit, newest first, at most `limit`; and where to go on. Those of devices that the caller does not see are left out.
    pub async fn message_log(
        &self,
        caller: &Caller,
        filter: &MessageFilter,
        limit: usize,
    ) -> Result<(Vec<LoggedMessage>, Option<MessageId>), StoreError> {
        let (mut found, next) = self.inner.store.message_log(&caller.workspace.id, filter, limit).await?;
        let devices = self.devices_of(&caller.workspace.id).await?;
        let mut seen = HashMap::new();
        for message in &found {
            if !seen.contains_key(&message.device) {
                let visible = self.sees_messages_of(caller, &message.device, &devices).await?;
                seen.insert(message.device.clone(), visible);
            }
        }
        found.retain(|message| seen.get(&message.device) == Some(&true));
        Ok((found, next))
    }

    /// One message; `None` if there is none of a device that the caller sees.
    pub async fn message(
        &self,
        caller: &Caller,
        id: &MessageId,
    ) -> Result<Option<(LoggedMessage, MessageTrail)>, StoreError> {
        let Some(message) = self.inner.store.message(&caller.workspace.id, id).await? else {
            return Ok(None);
        };
        let devices = self.devices_of(&caller.workspace.id).await?;
        if !self.sees_messages_of(caller, &message.device, &devices).await? {
            return Ok(None);
        }
        Ok(self.message_trail(caller, id).await?.map(|trail| (message, trail)))
    }

    /// Where a message that the caller sees came from, and whom it was told; `None` if it is gone.
    pub async fn message_trail(
        &self,
        caller: &Caller,
        id: &MessageId,
    ) -> Result<Option<MessageTrail>, StoreError> {
        let (store, workspace) = (&self.inner.store, &caller.workspace.id);
        let Some(rest) = store.message_rest(workspace, id).await? else { return Ok(None) };
        if !caller.can(Permission::Manage) {
            return Ok(Some(MessageTrail { rest, deliveries: None }));
        }
        let mut deliveries = store.message_deliveries(workspace, id, DELIVERIES).await?;
        if !caller.ties().is_empty() {
            let endpoints = self.endpoints(caller).await?;
            deliveries.retain(|it| endpoints.iter().any(|endpoint| endpoint.id == it.endpoint));
        }
        Ok(Some(MessageTrail { rest, deliveries: Some(deliveries) }))
    }

    /// People before one of them, newest first, at most `limit`; and where to go on. A page of a search may be short, or empty.
    pub async fn contacts(
        &self,
        caller: &Caller,
        search: Option<&str>,
        before: Option<&ContactId>,
        limit: usize,
    ) -> Result<(Vec<Contact>, Option<ContactId>), StoreError> {
        self.inner.store.contacts(&caller.workspace.id, search, before, limit).await
    }

    /// One of them.
    pub async fn contact(&self, caller: &Caller, id: &ContactId) -> Result<Option<Contact>, StoreError> {
        self.inner.store.contact(&caller.workspace.id, id).await
    }

    /// Changes what is known about somebody; `None` if there is nobody of that id.
    pub async fn change_contact(
        &self,
        caller: &Caller,
        id: &ContactId,
        change: ContactChange,
    ) -> Result<Option<Contact>, StoreError> {
        if !self.inner.store.change_contact(&caller.workspace.id, id, change).await? {
            return Ok(None);
        }
        self.contact(caller, id).await
    }

    /// Forgets somebody, with everything they wrote and were written, pictures and files included. Whether they were there.
    pub async fn erase_contact(&self, caller: &Caller, id: &ContactId) -> Result<bool, StoreError> {
        let erased = self.inner.store.erase_contact(&caller.workspace.id, id, self.now()).await?;
        self.progressed();
        Ok(erased)
    }
}
