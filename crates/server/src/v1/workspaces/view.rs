//! A tenant with its plan.

use cetar_store::Workspace;
use serde::Serialize;
use utoipa::ToSchema;

use crate::v1::{plan::read::PlanData, workspace::read::WorkspaceData};

/// A tenant and what it may do.
#[derive(Serialize, ToSchema)]
#[schema(as = Tenant)]
pub(crate) struct TenantData {
    #[serde(flatten)]
    workspace: WorkspaceData,
    /// What it may do.
    plan: PlanData,
}

impl From<Workspace> for TenantData {
    fn from(workspace: Workspace) -> Self {
        Self { plan: workspace.plan.clone().into(), workspace: workspace.into() }
    }
}
