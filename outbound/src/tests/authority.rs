//! Certificates for the tests' servers and clients.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::{
    RootCertStore, ServerConfig,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier},
    pki_types::{CertificateDer, PrivateKeyDer},
    server::WebPkiClientVerifier,
};
use tokio_rustls::TlsAcceptor;

/// A certificate authority that the tests' verifier trusts.
pub(super) struct Authority {
    root: CertificateDer<'static>,
    /// The same as PEM text.
    pub(super) pem: String,
    issuer: Issuer<'static, KeyPair>,
}

pub(super) enum Certificate {
    For(&'static str),
    Expired(&'static str),
    SelfSigned(&'static str),
}

impl Authority {
    pub(super) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let root = params.self_signed(&key).unwrap();
        Self { root: root.der().clone(), pem: root.pem(), issuer: Issuer::new(params, key) }
    }

    /// A certificate for a client and its key, as PEM texts.
    pub(super) fn client(&self, name: &str) -> (String, String) {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    pub(super) fn verifier(&self) -> Arc<dyn ServerCertVerifier> {
        let roots = Arc::new(self.roots());
        WebPkiServerVerifier::builder_with_provider(roots, crate::tls::provider()).build().unwrap()
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.clone()).unwrap();
        roots
    }

    /// With `clients`, only those that this authority certified are served.
    pub(super) fn acceptor(
        &self,
        certificate: &Certificate,
        protocols: &[&[u8]],
        clients: bool,
    ) -> TlsAcceptor {
        let (Certificate::For(name) | Certificate::Expired(name) | Certificate::SelfSigned(name)) =
            *certificate;
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.not_after = rcgen::date_time_ymd(2100, 1, 15);
        if matches!(certificate, Certificate::Expired(_)) {
            params.not_after = rcgen::date_time_ymd(2024, 1, 15);
        }
        let key = KeyPair::generate().unwrap();
        let leaf = match certificate {
            Certificate::SelfSigned(_) => params.self_signed(&key),
            _ => params.signed_by(&key, &self.issuer),
        };
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let builder = ServerConfig::builder_with_provider(crate::tls::provider())
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = if clients {
            let roots = Arc::new(self.roots());
            let provider = crate::tls::provider();
            builder.with_client_cert_verifier(
                WebPkiClientVerifier::builder_with_provider(roots, provider).build().unwrap(),
            )
        } else {
            builder.with_no_client_auth()
        };
        let mut config = builder.with_single_cert(vec![leaf.unwrap().der().clone()], key).unwrap();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        TlsAcceptor::from(Arc::new(config))
    }
}
