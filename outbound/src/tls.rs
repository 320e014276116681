//! TLS: one provider, the operating system's roots, and a verifier that remembers what it saw even when it refuses.

use std::sync::Arc;

use chrono::DateTime;
use domain::exchange::TlsPeer;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, NamedGroup, SignatureScheme,
    client::{
        ClientSessionStore, Resumption, Tls12ClientSessionValue, Tls13ClientSessionValue,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime},
};

use crate::probe::Probe;

/// The provider is passed, never installed, so this crate does not depend on what `main` did.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// The TLS half of a client.
pub(crate) fn config(verifier: Arc<dyn ServerCertVerifier>, accept_invalid: bool) -> ClientConfig {
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .expect("ring supports TLS 1.2 and 1.3")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Recording { verifier, accept_invalid }))
        .with_no_client_auth();
    config.resumption = Resumption::store(Arc::new(Forgetful));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config
}

/// A session store that keeps nothing: every connection makes a full handshake and shows its certificate. Being asked
/// tells that TCP is connected and that the handshake begins, which nothing else in reqwest's public API does.
#[derive(Debug)]
struct Forgetful;

impl ClientSessionStore for Forgetful {
    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        Probe::tls_began();
        None
    }

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        Probe::tls_began();
        None
    }

    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        Probe::tls_began();
        None
    }

    fn set_kx_hint(&self, _: ServerName<'static>, _: NamedGroup) {}
    fn set_tls12_session(&self, _: ServerName<'static>, _: Tls12ClientSessionValue) {}
    fn remove_tls12_session(&self, _: &ServerName<'static>) {}
    fn insert_tls13_ticket(&self, _: ServerName<'static>, _: Tls13ClientSessionValue) {}
}

/// Records the leaf certificate, then decides.
#[derive(Debug)]
struct Recording {
    verifier: Arc<dyn ServerCertVerifier>,
    accept_invalid: bool,
}

impl ServerCertVerifier for Recording {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verdict = self.verifier.verify_server_cert(leaf, intermediates, name, ocsp, now);
        if let Some(peer) = describe(leaf, verdict.as_ref().err()) {
            Probe::certificate_shown(peer);
        }
        if self.accept_invalid { Ok(ServerCertVerified::assertion()) } else { verdict }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Probe::tls_version("TLSv1.2");
        self.verifier.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Probe::tls_version("TLSv1.3");
        self.verifier.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

/// What people want to know of a certificate; `None` when it is not X.509.
fn describe(leaf: &CertificateDer<'_>, error: Option<&rustls::Error>) -> Option<TlsPeer> {
    let (_, certificate) = x509_parser::parse_x509_certificate(leaf).ok()?;
    let mut peer = TlsPeer {
        version: None,
        subject: certificate.subject().to_string(),
        issuer: certificate.issuer().to_string(),
        expires_at: DateTime::from_timestamp(certificate.validity().not_after.timestamp(), 0)?,
        verify_error: None,
    };
    peer.verify_error = error.map(|error| explain(error, Some(&peer)));
    Some(peer)
}

/// One sentence about a failed handshake.
pub(crate) fn explain(error: &rustls::Error, peer: Option<&TlsPeer>) -> String {
    match error {
        rustls::Error::InvalidCertificate(problem) => explain_certificate(problem, peer),
        rustls::Error::InvalidMessage(_) => "what the server speaks on this port is not TLS".to_owned(),
        rustls::Error::AlertReceived(alert) => format!("the server refused the TLS handshake: {alert:?}"),
        rustls::Error::PeerIncompatible(_) => {
            "the server supports no TLS version or cipher that we accept".to_owned()
        }
        _ => format!("the TLS handshake failed: {error}"),
    }
}

fn explain_certificate(problem: &CertificateError, peer: Option<&TlsPeer>) -> String {
    use CertificateError as E;
    match problem {
        E::Expired | E::ExpiredContext { .. } => match peer {
            Some(peer) => format!("the certificate has expired on {}", peer.expires_at.format("%Y-%m-%d")),
            None => "the certificate has expired".to_owned(),
        },
        E::NotValidYet | E::NotValidYetContext { .. } => "the certificate is not valid yet".to_owned(),
        E::UnknownIssuer => "the certificate was issued by nobody that this system trusts".to_owned(),
        E::Revoked => "the certificate has been revoked".to_owned(),
        E::NotValidForName => "the certificate is for another name".to_owned(),
        E::NotValidForNameContext { expected, .. } => {
            format!("the certificate is not for `{}`", expected.to_str())
        }
        E::BadEncoding => "the certificate is malformed".to_owned(),
        _ => format!("the certificate does not verify: {problem}"),
    }
}
