//! Names to addresses, and only to permitted ones. The connector gets exactly what was checked here and asks nobody
//! again, so a name that answers differently the next time gains nothing. IP literals never come here: `hop` checks them.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use futures_util::{FutureExt as _, future::BoxFuture};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::{policy::AddressPolicy, probe::Probe};

/// Asks for the addresses of a name.
pub(crate) type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync>;

/// The operating system's resolver.
pub(crate) fn system() -> Lookup {
    Arc::new(|name| {
        async move { Ok(tokio::net::lookup_host((name, 0)).await?.map(|address| address.ip()).collect()) }
            .boxed()
    })
}

/// Why a name leads nowhere.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ResolveError {
    #[error("the name `{name}` does not resolve")]
    Unknown { name: String },
    #[error("the address policy denies {address}, which `{name}` resolves to")]
    Denied { name: String, address: IpAddr },
}

/// The resolver of every client.
#[derive(Clone)]
pub(crate) struct Resolver {
    pub(crate) policy: Arc<AddressPolicy>,
    pub(crate) lookup: Lookup,
}

impl Resolver {
    async fn permitted(self, name: String) -> Result<Vec<IpAddr>, ResolveError> {
        // The operating system's text ("Name or service not known") says nothing that ours does not.
        let found = (self.lookup)(name.clone()).await.unwrap_or_else(|error| {
            tracing::debug!(%error, "a name does not resolve");
            Vec::new()
        });
        let Some(first) = found.first().copied() else { return Err(ResolveError::Unknown { name }) };
        let permitted: Vec<IpAddr> =
            found.into_iter().filter(|address| self.policy.permits(*address)).collect();
        if permitted.is_empty() { Err(ResolveError::Denied { name, address: first }) } else { Ok(permitted) }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let permitted = self.clone().permitted(name.as_str().to_owned());
        Box::pin(async move {
            Probe::dns_began();
            let addresses = permitted.await?;
            Probe::dns_ended(&addresses);
            // Port 0 is replaced by the URL's.
            Ok(Box::new(addresses.into_iter().map(|ip| SocketAddr::new(ip, 0))) as Addrs)
        })
    }
}
