//! Quick-reply templates.
use cetar_model::{Channel, Content, NotFilled, Template};
use cetar_store::{NewTemplate, StoreError, TemplateRecord};

use crate::{Engine, auth::Caller};

/// Two that are made at the same moment want the same number; another try gives the next.
const TRIES: usize = 8;

/// A template could not be made.
#[derive(Debug, thiserror::Error)]
pub enum NewTemplateError {
    /// Its number is taken.
    #[error("there is a template with this id")]
    IdTaken,
    /// The database does not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A template could not be filled.
#[derive(Debug, thiserror::Error)]
pub enum FillError {
    /// None of this number in the caller's workspace.
    #[error("there is no such template")]
    NotFound,
    /// Not with these variables.
    #[error("the variables do not fill it")]
    NotFilled(NotFilled),
    /// What came out has no text.
    #[error("the text is empty")]
    Empty,
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Engine {
    /// Makes one, under the number wanted or the next.
    pub async fn add_template(
        &self,
        caller: &Caller,
        id: Option<i64>,
        name: String,
        template: Template,
    ) -> Result<TemplateRecord, NewTemplateError> {
        let (store, now) = (&self.inner.store, self.now());
        let new = NewTemplate { workspace: caller.workspace.id.clone(), id, name, template, now };
        for _ in 0..TRIES {
            match store.insert_template(new.clone()).await {
                Ok(id) => {
                    let NewTemplate { name, template, .. } = new;
                    return Ok(TemplateRecord { id, name, template, created_at: now, updated_at: now });
                }
                Err(StoreError::Conflict) if new.id.is_some() => return Err(NewTemplateError::IdTaken),
                Err(StoreError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Conflict.into())
    }

    /// Those of the caller's workspace with a higher number than `after`, ascending.
    pub async fn templates(
        &self,
        caller: &Caller,
        after: i64,
        limit: usize,
    ) -> Result<Vec<TemplateRecord>, StoreError> {
        self.inner.store.templates(&caller.workspace.id, after, limit).await
    }

    /// One of them.
    pub async fn template(&self, caller: &Caller, id: i64) -> Result<Option<TemplateRecord>, StoreError> {
        self.inner.store.template(&caller.workspace.id, id).await
    }

    /// Puts another in its place; `None` if there is none of this number.
    pub async fn change_template(
        &self,
        caller: &Caller,
        id: i64,
        name: String,
        template: Template,
    ) -> Result<Option<TemplateRecord>, StoreError> {
        let workspace = &caller.workspace.id;
        if !self.inner.store.update_template(workspace, id, name, template, self.now()).await? {
            return Ok(None);
        }
        self.inner.store.template(workspace, id).await
    }

    /// Whether it was there. What was sent by it stays as it was sent.
    pub async fn remove_template(&self, caller: &Caller, id: i64) -> Result<bool, StoreError> {
        self.inner.store.remove_template(&caller.workspace.id, id, self.now()).await
    }

    /// A template, and the message it becomes with these variables on this channel.
    pub async fn fill_template(
        &self,
        caller: &Caller,
        id: i64,
        variables: &[String],
        channel: Channel,
    ) -> Result<(Template, Content), FillError> {
        let template = self.template(caller, id).await?.ok_or(FillError::NotFound)?.template;
        let content = template.fill(variables, channel).map_err(FillError::NotFilled)?;
        let blank = content.text().is_some_and(|text| text.trim().is_empty());
        if blank { Err(FillError::Empty) } else { Ok((template, content)) }
    }
}
