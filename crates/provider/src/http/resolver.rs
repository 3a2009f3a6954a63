//! Names to addresses, with those that may not be called taken out: what was checked is what is dialled, so a name that
//! answers differently the second time gains nothing.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::addresses::{Egress, Encryption, Refusal};

/// Looks names up. The operating system in production; tests bring their own.
#[async_trait]
pub trait Resolver: Send + Sync + 'static {
    /// All addresses of a name.
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// The operating system's resolver, `/etc/hosts` included.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        // The port is not used: the caller sets the URL's.
        Ok(tokio::net::lookup_host((name, 0)).await?.map(|address| address.ip()).collect())
    }
}

/// The name could not be looked up.
#[derive(Debug, thiserror::Error)]
#[error("the name cannot be resolved: {0}")]
pub(super) struct Unresolved(String);

/// Hands the client only addresses it may dial.
pub(super) struct GuardedResolver {
    pub(super) resolver: Arc<dyn Resolver>,
    pub(super) egress: Arc<Egress>,
    pub(super) encryption: Encryption,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (resolver, egress, encryption) = (self.resolver.clone(), self.egress.clone(), self.encryption);
        Box::pin(async move {
            let found =
                resolver.resolve(name.as_str()).await.map_err(|error| Unresolved(error.to_string()))?;
            let dialled = permitted(&egress, encryption, found)?;
            Ok(Box::new(dialled.into_iter()) as Addrs)
        })
    }
}

/// Those that may be dialled. A name with public and private addresses is called at the public ones.
fn permitted(
    egress: &Egress,
    encryption: Encryption,
    found: Vec<IpAddr>,
) -> Result<Vec<SocketAddr>, Box<dyn std::error::Error + Send + Sync>> {
    let mut refusal: Option<Refusal> = None;
    let mut dialled = Vec::with_capacity(found.len());
    for address in found {
        match egress.judge(address, encryption) {
            // Port 0: the client puts in the URL's, or the scheme's.
            Ok(()) => dialled.push(SocketAddr::new(address, 0)),
            Err(why) => refusal = refusal.or(Some(why)),
        }
    }
    match refusal {
        _ if !dialled.is_empty() => Ok(dialled),
        Some(why) => Err(why.into()),
        None => Err(Unresolved("it has no address".to_owned()).into()),
    }
}
