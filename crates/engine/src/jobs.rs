//! Asking about a job, and changing its course.
use cetar_model::{Health, JobId};
use cetar_store::{Change, Job, StoreError};

use crate::auth::Caller;

/// A job as shown: with the reason it waits, read off its device.
#[derive(Debug, Clone)]
pub struct JobView {
    /// The job.
    pub job: Job,
    /// Its device's health, if the job waits for the device.
    pub held: Option<Health>,
}

impl crate::Engine {
    /// One job of a device the caller may use; `None` if there is none.
    pub async fn job(&self, caller: &Caller, id: &JobId) -> Result<Option<JobView>, StoreError> {
        todo!()
    }
    /// Takes a queued message back.
    pub async fn cancel(&self, caller: &Caller, id: &JobId) -> Result<Change, StoreError> {
        todo!()
    }
    /// Another round for a failed or unknown one.
    pub async fn retry(&self, caller: &Caller, id: &JobId) -> Result<Change, StoreError> {
        todo!()
    }
    /// A person says whether an unknown one was sent.
    pub async fn resolve(&self, caller: &Caller, id: &JobId, sent: bool) -> Result<Change, StoreError> {
        todo!()
    }
}
