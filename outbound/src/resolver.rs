//! Names to addresses, and only to permitted ones. The connector gets exactly what was checked here and asks nobody
//! again, so a name that answers differently the next time gains nothing. IP literals never come here: `hop` checks them.

use std::{io, net::IpAddr, sync::Arc};

use domain::exchange::{Connection, IpFamily};
use futures_util::{FutureExt as _, future::BoxFuture};

use crate::policy::AddressPolicy;

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
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum ResolveError {
    #[error("the name `{name}` does not resolve")]
    Unknown { name: String },
    #[error("the address policy denies {address}, which `{name}` resolves to")]
    Denied { name: String, address: IpAddr },
    #[error("the name `{name}` has no {} address", family_name(*.family))]
    Family { name: String, family: IpFamily },
}

/// The resolver of a client.
#[derive(Clone)]
pub(crate) struct Resolver {
    pub(crate) policy: Arc<AddressPolicy>,
    pub(crate) lookup: Lookup,
    /// Names whose address the user gives.
    given: Arc<[(String, IpAddr)]>,
    family: IpFamily,
}

impl Resolver {
    pub(crate) fn new(policy: AddressPolicy, lookup: Lookup) -> Self {
        Self { policy: Arc::new(policy), lookup, given: Arc::new([]), family: IpFamily::Auto }
    }

    /// The same, as this connection wants it.
    pub(crate) fn of(&self, connection: &Connection) -> Self {
        let given = connection.resolve.as_slice().into();
        Self { given, family: connection.ip_family, ..self.clone() }
    }

    /// Where the name leads, at least to one address.
    pub(crate) async fn permitted(&self, name: &str) -> Result<Vec<IpAddr>, ResolveError> {
        let found = self.find(name).await;
        let name = name.to_owned();
        let Some(first) = found.first().copied() else { return Err(ResolveError::Unknown { name }) };
        let of_family: Vec<IpAddr> =
            found.into_iter().filter(|address| belongs(*address, self.family)).collect();
        if of_family.is_empty() {
            return Err(ResolveError::Family { name, family: self.family });
        }
        let permitted: Vec<IpAddr> =
            of_family.into_iter().filter(|address| self.policy.permits(*address)).collect();
        if permitted.is_empty() { Err(ResolveError::Denied { name, address: first }) } else { Ok(permitted) }
    }

    async fn find(&self, name: &str) -> Vec<IpAddr> {
        if let Some((_, address)) = self.given.iter().find(|(given, _)| given.eq_ignore_ascii_case(name)) {
            return vec![*address];
        }
        // The operating system's text ("Name or service not known") says nothing that ours does not.
        (self.lookup)(name.to_owned()).await.unwrap_or_else(|error| {
            tracing::debug!(%error, "a name does not resolve");
            Vec::new()
        })
    }
}

/// Whether an address is one of that version of IP.
pub(crate) fn belongs(address: IpAddr, family: IpFamily) -> bool {
    match family {
        IpFamily::Auto => true,
        IpFamily::V4 => address.is_ipv4(),
        IpFamily::V6 => address.is_ipv6(),
    }
}

pub(crate) fn family_name(family: IpFamily) -> &'static str {
    match family {
        IpFamily::Auto => "IP",
        IpFamily::V4 => "IPv4",
        IpFamily::V6 => "IPv6",
    }
}
