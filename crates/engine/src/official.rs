//! Templates that a network keeps and reviews: asked for, remembered, and looked at before a message by one is accepted.

use std::time::Duration;

use cetar_model::{Channel, DeviceId, KnownTemplate, OfficialTemplate};
use cetar_provider::{IdentifyError, Provider};
use cetar_store::{Device, OfficialRecord, StoreError};

use crate::{Engine, accept::AcceptError, auth::Caller, keeper};

/// How long a network's no is believed. Templates are approved, and paused ones go on, at any time; and a network that is asked with
/// every message of an application that does not stop closes its door to us.
const NO_LASTS: Duration = Duration::from_mins(5);
/// How long somebody who sends waits for the network's answer about a template.
const PATIENCE: Duration = Duration::from_secs(5);

/// Templates could not be asked for.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// No device to ask for.
    #[error(transparent)]
    Device(#[from] AcceptError),
    /// The network did not answer, or does not tell this account.
    #[error("the network did not tell: {0}")]
    Network(String),
    /// The database does not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What came of asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Synced {
    /// For which device.
    pub device: DeviceId,
    /// How many templates it has.
    pub templates: usize,
    /// How many of them can be sent.
    pub sendable: usize,
}

impl Engine {
    /// Asks the network for all templates of a device, and remembers them.
    pub async fn sync_templates(
        &self,
        caller: &Caller,
        device: Option<&DeviceId>,
    ) -> Result<Synced, SyncError> {
        let (device, provider) = self.choose_device(caller, Channel::WhatsappOfficial, device).await?;
        let templates = self.ask(&device, &*provider, None).await?.unwrap_or_default();
        let sendable = templates.iter().filter(|template| !template.is_refused()).count();
        Ok(Synced { device: device.id, templates: templates.len(), sendable })
    }

    /// The templates of those devices that the caller may see, by device, name and language, after this place.
    pub async fn official_templates(
        &self,
        caller: &Caller,
        after: (&str, &str, &str),
        limit: usize,
    ) -> Result<Vec<OfficialRecord>, StoreError> {
        let store = &self.inner.store;
        let devices = self.devices_of(&caller.workspace.id).await?;
        let sees = |id: &DeviceId| devices.iter().any(|device| device.id == *id && caller.may_see(device));
        let (device, name, language) = after;
        let mut after = (device.to_owned(), name.to_owned(), language.to_owned());
        let mut found = Vec::new();
        // A key may be for some devices only; what it may not see must not shorten the page.
        while found.len() < limit {
            let from = (after.0.as_str(), after.1.as_str(), after.2.as_str());
            let page = store.official_templates(&caller.workspace.id, from, limit).await?;
            let Some(last) = page.last() else { break };
            let template = &last.template;
            let (is_last, place) = (
                page.len() < limit,
                (last.device.to_string(), template.name.clone(), template.language.clone()),
            );
            found.extend(page.into_iter().filter(|record| sees(&record.device)));
            after = place;
            if is_last {
                break;
            }
        }
        found.truncate(limit);
        Ok(found)
    }

    /// Refuses what the network would refuse for sure, and notes the text as its reader sees it. A template that is not known, or whose
    /// refusal is not of late, is asked about once; where the network cannot be asked, it is the judge.
    pub(crate) async fn look_at_template(
        &self,
        device: &Device,
        provider: &dyn Provider,
        message: &mut OfficialTemplate,
    ) -> Result<(), AcceptError> {
        let known = self.known_template(device, provider, message).await?;
        let Some(known) = known else { return Ok(()) };
        if known.is_refused() {
            return Err(AcceptError::TemplateRefused { status: known.status, reason: known.reason });
        }
        message.text = provider.template_text(&known, message);
        Ok(())
    }

    async fn known_template(
        &self,
        device: &Device,
        provider: &dyn Provider,
        message: &OfficialTemplate,
    ) -> Result<Option<KnownTemplate>, AcceptError> {
        let (name, language) = (message.name.as_str(), message.language.as_str());
        let stored = self.inner.store.official_template(&device.id, name, language).await?;
        if let Some(stored) = stored
            && (!stored.template.is_refused() || self.now().since(stored.updated_at) < NO_LASTS)
        {
            return Ok(Some(stored.template));
        }
        let asked = tokio::select! {
            asked = self.ask(device, provider, Some((name, language))) => asked,
            () = self.pause(PATIENCE) => Err(SyncError::Network("it did not answer in time".to_owned())),
        };
        match asked {
            Ok(Some(told)) => {
                let is_it = |template: &KnownTemplate| template.name == name && template.language == language;
                Ok(told.into_iter().find(is_it))
            }
            Ok(None) => Ok(None),
            Err(SyncError::Network(why)) => {
                tracing::debug!(device = %device.id, why, "a template could not be asked about; its network judges");
                Ok(None)
            }
            Err(SyncError::Device(error)) => Err(error),
            Err(SyncError::Store(error)) => Err(error.into()),
        }
    }

    /// Asks, and remembers: for all, or for those of one name, of which the one in this language is noted as missing where it is.
    async fn ask(
        &self,
        device: &Device,
        provider: &dyn Provider,
        wanted: Option<(&str, &str)>,
    ) -> Result<Option<Vec<KnownTemplate>>, SyncError> {
        let account = keeper::account(self, device).await?;
        let asked_at = self.now();
        let name = wanted.map(|(name, _)| name);
        let told = provider.templates(&account, name).await.map_err(|error| match error {
            IdentifyError::Settings(error) => SyncError::Network(error.to_string()),
            IdentifyError::Network(why) => SyncError::Network(why),
        })?;
        let Some(mut told) = told else { return Ok(None) };
        if let Some((name, language)) = wanted
            && !told.iter().any(|template| template.name == name && template.language == language)
        {
            told.push(KnownTemplate::not_found(name, language));
        }
        self.inner.store.put_official_templates(&device.id, name, told.clone(), asked_at).await?;
        Ok(Some(told))
    }
}
