//! Whose turn it is, asked while jobs are claimed.
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use cetar_model::{Content, JobId, Timestamp};
use cetar_provider::Provider;
use cetar_store::{Due, InTurn};

use super::{Ask, Pacer, Turn, Wait};
use crate::lock;

/// The turns that one claim gives out. What it said of a job it says again, for the claim's transaction may be made twice.
pub(crate) struct Turns(Arc<Asked>);

struct Asked {
    pacer: Arc<Pacer>,
    /// In how many pieces it sends what.
    provider: Arc<dyn Provider>,
    now: Timestamp,
    /// Until when the network forbids first messages: another attempt would only make it worse.
    forbidden: Option<Timestamp>,
    random: [u32; 2],
    /// No turn is needed of a pacer that is off.
    said: Mutex<HashMap<JobId, Result<Option<Turn>, Wait>>>,
}

impl Turns {
    pub(crate) fn new(
        pacer: Arc<Pacer>,
        provider: Arc<dyn Provider>,
        now: Timestamp,
        forbidden: Option<Timestamp>,
        random: [u32; 2],
    ) -> Self {
        Self(Arc::new(Asked { pacer, provider, now, forbidden, random, said: Mutex::default() }))
    }

    /// What the claim asks.
    pub(crate) fn ask(&self) -> InTurn {
        let asked = Arc::clone(&self.0);
        InTurn {
            strangers: asked.pacer.counts_firsts(),
            turn: Arc::new(move |due: &Due<'_>| {
                let mut said = lock(&asked.said);
                let turn = said.entry(due.job.clone()).or_insert_with(|| asked.take(due));
                turn.as_ref().map(drop).map_err(|wait| wait.until())
            }),
        }
    }

    /// Hands out the turn of a job that was claimed. Those that nobody takes were not needed, and end with this.
    pub(crate) fn take(&self, job: &JobId) -> Option<Turn> {
        lock(&self.0.said).remove(job)?.ok().flatten()
    }

    /// When the first of those is due that were put off.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        lock(&self.0.said).values().filter_map(|said| said.as_ref().err()).map(|wait| wait.until()).min()
    }

    /// From when first messages may be sent again, if one of them was put off.
    pub(crate) fn firsts_from(&self) -> Option<Timestamp> {
        let said = lock(&self.0.said);
        let firsts = said.values().filter_map(|said| match said {
            Err(Wait::Firsts(until)) => Some(*until),
            Ok(_) | Err(Wait::Until(_)) => None,
        });
        firsts.max()
    }
}

impl Asked {
    fn take(&self, due: &Due<'_>) -> Result<Option<Turn>, Wait> {
        let is_first = due.is_stranger && self.pacer.group_of(due.chat).is_none();
        if let Some(until) = self.forbidden.filter(|_| is_first) {
            return Err(Wait::Firsts(until));
        }
        if !self.pacer.is_on() {
            return Ok(None);
        }
        let ask = Ask {
            chat: due.chat,
            characters: typed(due.content),
            messages: self.provider.pieces(due.content).max(1),
            is_first,
        };
        self.pacer.take(&ask, self.now, self.random).map(Some)
    }
}

/// The length of what a person would type; a picture is chosen, not typed.
fn typed(content: &Content) -> Option<usize> {
    match content {
        Content::Text { text } => Some(text.chars().count()),
        Content::Buttons(buttons) => Some(buttons.text.chars().count()),
        _ => None,
    }
}
